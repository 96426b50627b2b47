"""Wheels."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import filenames, wheel
from app.errors import BadFile
from tests import make

DIST = filenames.parse(make.wheel_name())


def test_the_metadata_comes_out_byte_for_byte() -> None:
    content = io.BytesIO(make.wheel(Summary="naïve"))

    assert wheel.read_metadata(content, DIST) == make.metadata(Summary="naïve")
    assert content.tell() == 0


@pytest.mark.parametrize("member", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_what_every_wheel_has_is_refused(member: str) -> None:
    with pytest.raises(BadFile, match=f"exactly one larder_demo-1.0.dist-info/{member}"):
        wheel.read_metadata(io.BytesIO(make.wheel(leave_out=(member,))), DIST)


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"PK\x03\x04", make.sdist(), make.wheel()[:-30], make.wheel()[40:]]
)
def test_what_is_no_zip_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile, match=r"not a readable zip archive|cannot be read"):
        wheel.read_metadata(io.BytesIO(content), DIST)


def test_a_renamed_wheel_is_refused() -> None:
    other = filenames.parse(make.wheel_name("Other", "1.0"))
    with pytest.raises(BadFile, match="dist-info of something else"):
        wheel.read_metadata(io.BytesIO(make.wheel()), other)


def test_two_dist_info_folders_are_refused() -> None:
    content = make.wheel(members={"other-1.0.dist-info/METADATA": b""})
    with pytest.raises(BadFile, match=r"exactly one \.dist-info folder, not 2"):
        wheel.read_metadata(io.BytesIO(content), DIST)


def test_metadata_beyond_the_limit_is_refused_whatever_the_archive_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wheel, "MAX_METADATA", 50)
    with pytest.raises(BadFile, match="larger than 50 bytes"):
        wheel.read_metadata(io.BytesIO(make.wheel()), DIST)


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "MAX_MEMBERS", 3)
    with pytest.raises(BadFile, match="more than 3 members"):
        wheel.read_metadata(io.BytesIO(make.wheel()), DIST)


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(make.wheel())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (found := content.find(signature, start)) >= 0:
            content[found + offset] |= 1
            start = found + 4
    with pytest.raises(BadFile, match="cannot be read"):
        wheel.read_metadata(io.BytesIO(bytes(content)), DIST)


@given(st.data())
def test_a_damaged_wheel_is_read_or_refused_but_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(make.wheel())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadFile):
        wheel.read_metadata(io.BytesIO(bytes(content)), DIST)


def test_a_checksum_that_does_not_fit_is_refused() -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make.wheel())) as old, zipfile.ZipFile(stored, "w") as new:
        for member in old.infolist():
            new.writestr(zipfile.ZipInfo(member.filename), old.read(member))
    content = stored.getvalue().replace(b"A demonstration.", b"a demonstration.")
    with pytest.raises(BadFile, match="not a readable zip archive"):
        wheel.read_metadata(io.BytesIO(content), DIST)
