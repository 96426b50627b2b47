"""Accounts."""

import pytest

from app.domain import account
from app.errors import BadRequest


@pytest.mark.parametrize("name", ["a", "ada", "ci-bot.2", "a" * 50])
def test_a_good_name_passes(name: str) -> None:
    assert account.check_name(name) == name


@pytest.mark.parametrize("name", ["", "Ada", "a b", "-a", "a-", "a" * 51, "ada\n", "é", "a#b"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="not a valid account name"):
        account.check_name(name)


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "é" * 200])
def test_a_password_is_neither_short_nor_endless(password: str) -> None:
    with pytest.raises(BadRequest, match="password is too"):
        account.check_password(password)


def test_a_password_may_hold_any_character() -> None:
    assert account.check_password("пароль, зачем?") == "пароль, зачем?"
