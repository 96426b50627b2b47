"""File names of wheels and sdists."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import filenames
from app.errors import BadRequest


def test_a_wheel_name_says_project_version_and_tags() -> None:
    dist = filenames.parse("larder_demo-1.0+local.1-2abc-py2.py3-none-any.whl")

    assert (dist.project, str(dist.version)) == ("larder-demo", "1.0+local.1")
    assert dist.kind == "bdist_wheel"


def test_an_sdist_name_says_project_and_version() -> None:
    dist = filenames.parse("larder_demo-2!1.0rc1.tar.gz")

    assert (dist.project, str(dist.version), dist.kind) == ("larder-demo", "2!1.0rc1", "sdist")


def test_leading_zeros_in_the_version_of_a_wheel_pass() -> None:
    assert str(filenames.parse("demo-2026.01.02-py3-none-any.whl").version) == "2026.1.2"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("demo-1.0-py3-none-any.whl", "demo-1.0.0-py3-none-any.whl"),
        ("demo-1.0-py2.py3-none-any.whl", "demo-1.0-py3.py2-none-any.whl"),
        ("demo-1.0.tar.gz", "demo-1.0.0.tar.gz"),
    ],
)
def test_two_spellings_of_one_file_have_one_identity(one: str, other: str) -> None:
    assert filenames.parse(one).identity == filenames.parse(other).identity


@pytest.mark.parametrize(
    "other",
    [
        "demo-1.1-py3-none-any.whl",
        "demo-1.0-1-py3-none-any.whl",
        "demo-1.0-py2-none-any.whl",
        "demo-1.0.tar.gz",
        "demo2-1.0-py3-none-any.whl",
    ],
)
def test_different_files_have_different_identities(other: str) -> None:
    first = filenames.parse("demo-1.0-py3-none-any.whl")
    assert first.identity != filenames.parse(other).identity


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("demo-1.0.zip", "neither a wheel"),
        ("demo.whl", "not a valid wheel name"),
        ("demo-x-py3-none-any.whl", "not a valid wheel name"),
        ("demo-1.0-py3-none-any-extra-more.whl", "not a valid wheel name"),
        ("Demo-1.0-py3-none-any.whl", "should start with 'demo-'"),
        ("larder.demo-1.0-py3-none-any.whl", "should start with 'larder_demo-'"),
        ("demo-1.0-py3-none-any(1).whl", "characters in its tags"),
        ("demo-1.0-py3-none-any .whl", "not allowed"),
        ("demo-v1-py3-none-any.whl", "should carry the version as '1'"),
        ("demo-1.0_rc1-py3-none-any.whl", "should carry the version as '1.0rc1'"),
        ("demo-1.0RC1-py3-none-any.whl", "should carry the version as '1.0rc1'"),
        ("larder-demo-1.0.tar.gz", "should be named 'larder_demo-1.0.tar.gz'"),
        ("demo-1.0-rc1.tar.gz", "not a valid sdist name|should be named"),
        ("demo.tar.gz", "not a valid sdist name"),
        ("../demo-1.0.tar.gz", "not allowed"),
        ("demo-1.0\n.tar.gz", "not allowed"),
        ("demo 1.0.tar.gz", "not allowed"),
        ("démo-1.0.tar.gz", "not allowed"),
        ("a" * 250 + "-1.tar.gz", "more than 255"),
        ("demo-" + "1" * 245 + ".zip", "neither"),
    ],
)
def test_a_wrong_name_is_refused_with_the_right_one(filename: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        filenames.parse(filename)


def test_a_version_of_thousands_of_digits_is_no_version() -> None:
    assert not filenames.same_version("1" * 5000, filenames.parse("demo-1.tar.gz").version)


@given(st.text(max_size=60).map(lambda text: text + ".whl") | st.text(max_size=60))
def test_any_text_is_a_file_name_or_a_bad_request(text: str) -> None:
    with contextlib.suppress(BadRequest):
        assert filenames.parse(text).filename == text
