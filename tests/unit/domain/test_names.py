"""Project names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

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
def test_a_name_is_normalised_as_the_library_does_it(name: str) -> None:
    once = names.normalize(name)
    assert once == canonicalize_name(name)
    assert names.normalize(once) == once


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_a_bad_request(text: str) -> None:
    try:
        names.normalize(text)
    except BadRequest:
        assert not names.is_valid(text)


@pytest.mark.parametrize(
    "name", ["simple", "Simple", "LEGACY", "requirements.txt", "pyproject_toml"]
)
def test_a_reserved_name_is_refused_to_new_projects_in_every_spelling(name: str) -> None:
    with pytest.raises(BadRequest, match="is reserved"):
        names.check_new(names.normalize(name))


@pytest.mark.parametrize("name", ["simple-tools", "requirements", "larder-demo", "0", "a" * 128])
def test_every_other_name_is_free_to_new_projects(name: str) -> None:
    names.check_new(names.normalize(name))


@pytest.mark.parametrize("other", ["toolkit", "TOOL-KIT", "too1kit", "t00lk1t", "too.ik_it"])
def test_names_that_are_easily_taken_for_each_other_have_one_look(other: str) -> None:
    assert names.look_alike(names.normalize(other)) == names.look_alike(names.normalize("tool.kit"))


@pytest.mark.parametrize("other", ["toolkits", "tolkit", "tool-kit2", "t001", "took1t"])
def test_names_that_a_reader_can_tell_apart_have_looks_of_their_own(other: str) -> None:
    assert names.look_alike(names.normalize(other)) != names.look_alike(names.normalize("tool-kit"))
