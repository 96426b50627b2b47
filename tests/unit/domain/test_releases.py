"""Releases as their files make them."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from packaging.utils import canonicalize_name

from app.domain import releases
from app.domain.dist_file import Blob, DistFile

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def file(
    version: str, tag: str = "py3", *, minutes: int = 0, yanked: str | None = None
) -> DistFile:
    return DistFile(
        project=canonicalize_name("demo"),
        filename=f"demo-{version}-{tag}-none-any.whl",
        version=version,
        kind="bdist_wheel",
        size=1,
        sha256="",
        md5="",
        blake2_256="",
        metadata_sha256="",
        requires_python="",
        uploaded_at=NOON + timedelta(minutes=minutes),
        uploaded_by="ada",
        uploaded_with="",
        blob=Blob(key="k", version_id="v"),
        yanked=yanked,
    )


def test_files_of_equal_versions_are_one_release() -> None:
    found = releases.group([file("1.0.0", minutes=1), file("1.0", "py2"), file("0.9")])
    assert [len(release.files) for release in found] == [1, 2]
    assert found[1].first.version == "1.0"


def test_a_release_is_yanked_when_all_its_files_are() -> None:
    half = [file("1", yanked="bad"), file("1", "py2")]
    (release,) = releases.group(half)
    assert (release.is_yanked, release.yanked_reason) == (False, "")
    (release,) = releases.group([half[0], dataclasses.replace(half[1], yanked="")])
    assert (release.is_yanked, release.yanked_reason) == (True, "bad")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], None),
        ([file("1.9"), file("1.10")], "1.10"),
        ([file("1.0"), file("2.0rc1"), file("2.0.dev1")], "1.0"),
        ([file("1.0", yanked=""), file("2.0rc1")], "2.0rc1"),
        ([file("1.0", yanked=""), file("2.0rc1", yanked="")], "1.0"),
        ([file("1!1"), file("2")], "1!1"),
    ],
)
def test_the_latest_release_is_the_best_there_is(
    files: list[DistFile], expected: str | None
) -> None:
    latest = releases.latest(releases.group(files))
    assert (latest.first.version if latest else None) == expected


@pytest.mark.parametrize("version", ["", "x", "1.0 1", "9" * 5000])
def test_what_is_no_version_is_no_release(version: str) -> None:
    assert releases.pick(releases.group([file("1.0")]), version) is None
