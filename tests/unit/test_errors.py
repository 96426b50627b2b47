"""The tree of errors."""

from app import errors


def test_the_code_of_an_error_is_its_name_in_kebab_case() -> None:
    assert errors.FileExists("x").code == "file-exists"
    assert errors.NotFound("x").code == "not-found"


def test_facts_are_kept_beside_the_sentence() -> None:
    error = errors.FileExists("It is there.", filename="a.whl")
    assert (str(error), error.facts) == ("It is there.", {"filename": "a.whl"})
