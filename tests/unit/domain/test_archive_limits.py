"""Limits of archives."""

import io

import pytest

from app.domain import archive_limits, filenames, sdist, wheel
from app.domain.archive_limits import Expansion
from app.errors import BadFile
from tests import make

MB = 1_000_000


def test_a_large_archive_may_unpack_to_one_gibibyte_and_no_more() -> None:
    expansion = Expansion(1024 * MB)
    expansion.add(2**30)

    with pytest.raises(BadFile, match="more than 1073741824 bytes"):
        expansion.add(1)


def test_a_small_archive_may_unpack_to_64_mebibytes_whatever_its_ratio() -> None:
    expansion = Expansion(100)
    expansion.add(64 * 2**20)

    with pytest.raises(BadFile, match="more than 50 times its size"):
        expansion.add(1)


def test_beyond_that_fifty_times_the_size_is_the_limit() -> None:
    expansion = Expansion(2 * MB)
    expansion.add(100 * MB)

    with pytest.raises(BadFile, match="more than 50 times its size"):
        expansion.add(1)


def test_metadata_may_have_four_mebibytes() -> None:
    assert archive_limits.MAX_METADATA == 4 * 2**20


def test_what_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_limits, "MAX_SECONDS", -1)

    with pytest.raises(BadFile, match="takes more than -1 seconds"):
        sdist.read_metadata(io.BytesIO(make.sdist()), filenames.parse(make.sdist_name()))


def test_time_is_watched_while_a_member_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_limits, "MAX_SECONDS", -1)
    monkeypatch.setattr(Expansion, "add", lambda *_: None)  # a wheel says its sizes before

    with pytest.raises(BadFile, match="takes more than -1 seconds"):
        wheel.read_metadata(io.BytesIO(make.wheel()), filenames.parse(make.wheel_name()))
