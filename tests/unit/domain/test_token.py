"""Tokens."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from app.domain import token as tokens
from app.domain.token import Claims, Permission, Token
from app.errors import Unauthorized

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TOKEN = Token(
    id="1",
    account="ada",
    label="",
    permissions=frozenset({Permission.READ}),
    projects=None,
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    revoked_at=None,
    digest="d",
)
CLAIMS = Claims(token_id="1", account="ada", digest="d")


def with_(**changes: object) -> Token:
    from dataclasses import replace

    return replace(TOKEN, **changes)  # type: ignore[arg-type]


def test_a_token_can_be_recognised_by_a_scanner() -> None:
    assert re.fullmatch(r"larder_[\w.-]+_[0-9A-Za-z]{6}", tokens.wrap("ey.J-W_T.x"))


@given(st.from_regex(r"[\w.-]{1,80}", fullmatch=True).filter(str.isascii))
def test_unwrapping_undoes_wrapping(jwt: str) -> None:
    assert tokens.unwrap(tokens.wrap(jwt)) == jwt
    assert tokens.unwrap("pypi-" + tokens.wrap(jwt)) == jwt


@given(st.data())
def test_one_changed_character_is_noticed_without_a_key(data: st.DataObject) -> None:
    token = tokens.wrap("ey.J-W_T.x")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda char: char != token[place]))
    with pytest.raises(Unauthorized):
        tokens.unwrap(token[:place] + other + token[place + 1 :])


@given(st.text(max_size=100))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(Unauthorized):
        tokens.unwrap(text)


def test_an_endless_token_is_refused_before_it_is_read() -> None:
    with pytest.raises(Unauthorized):
        tokens.unwrap(tokens.wrap("a" * 5000))


def test_a_good_token_passes() -> None:
    TOKEN.check(CLAIMS, NOW)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (with_(revoked_at=NOW), "revoked"),
        (with_(expires_at=NOW), "expired"),
        (with_(digest="other"), "not known"),
        (with_(account="bob"), "not known"),
    ],
)
def test_a_token_that_is_not_good_any_more_is_refused(token: Token, reason: str) -> None:
    with pytest.raises(Unauthorized, match=reason):
        token.check(CLAIMS, NOW)


def test_a_token_without_end_stays_good() -> None:
    with_(expires_at=None).check(CLAIMS, NOW + timedelta(days=10_000))


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ("read", {"read"}),
        ("upload", {"read", "upload"}),
        ("manage", {"read", "upload", "manage"}),
        ("admin", {"read", "upload", "manage", "admin"}),
    ],
)
def test_a_permission_includes_the_lesser_ones(held: str, allowed: set[str]) -> None:
    token = with_(permissions=frozenset({Permission(held)}))
    assert {permission for permission in Permission if token.allows(permission)} == allowed


def test_a_narrow_token_covers_only_its_projects() -> None:
    token = with_(projects=frozenset({canonicalize_name("demo")}))
    assert token.covers(canonicalize_name("Demo"))
    assert not token.covers(canonicalize_name("other"))
