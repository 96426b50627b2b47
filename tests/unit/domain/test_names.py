"""Project names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import names
from app.errors import BadRequest


@pytest.mark.parametrize(
    "spelling", ["Larder.Demo", "larder_demo", "LARDER--demo", "larder-._demo"]
)
def test_every_spelling_has_one_normal_form(spelling: str) -> None:
    assert names.normalize(spelling) == "larder-demo"


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "a b", "a/b", "a\n", "é", "a" * 129, "..", "a\x00b", "\uff41"]
)
def test_what_is_no_name_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(BadRequest, match="use ASCII letters"):
        names.normalize(name)


@given(st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,40}[a-zA-Z0-9])?", fullmatch=True))
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = names.normalize(name)
    assert names.normalize(once) == once


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_a_bad_request(text: str) -> None:
    try:
        names.normalize(text)
    except BadRequest:
        assert not names.is_valid(text)
