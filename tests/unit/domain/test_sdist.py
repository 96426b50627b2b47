"""Sdists."""

import contextlib
import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import filenames, sdist
from app.errors import BadFile
from tests import make

DIST = filenames.parse(make.sdist_name())


def test_the_metadata_comes_out_byte_for_byte() -> None:
    content = io.BytesIO(make.sdist())

    assert sdist.read_metadata(content, DIST) == make.metadata()
    assert content.tell() == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", b"\x1f\x8b\x08", make.wheel(), make.sdist()[:-20], gzip.compress(b"x")],
)
def test_what_is_no_gzipped_tar_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile, match="not a readable gzipped tar archive"):
        sdist.read_metadata(io.BytesIO(content), DIST)


def test_a_renamed_sdist_is_refused() -> None:
    with pytest.raises(BadFile, match=r"must hold one top folder, 'larder_demo-1\.0'"):
        sdist.read_metadata(io.BytesIO(make.sdist(top="other-1.0")), DIST)


def test_a_second_top_folder_is_refused() -> None:
    with pytest.raises(BadFile, match="not 'more/x'"):
        sdist.read_metadata(io.BytesIO(make.sdist(members={"more/x": b""})), DIST)


def test_an_sdist_without_metadata_is_refused() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("larder_demo-1.0/setup.py"))
    with pytest.raises(BadFile, match=r"must hold larder_demo-1\.0/PKG-INFO"):
        sdist.read_metadata(io.BytesIO(target.getvalue()), DIST)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_metadata_that_is_no_regular_file_is_refused(kind: bytes) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("larder_demo-1.0/PKG-INFO")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(BadFile, match="must be a regular file"):
        sdist.read_metadata(io.BytesIO(target.getvalue()), DIST)


def test_metadata_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdist, "MAX_METADATA", 50)
    with pytest.raises(BadFile, match="larger than 50 bytes"):
        sdist.read_metadata(io.BytesIO(make.sdist()), DIST)


def test_an_archive_that_unpacks_beyond_the_limit_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sdist, "MAX_EXPANDED", 100_000)
    content = make.sdist(members={"larder_demo-1.0/zeros": bytes(1_000_000)})
    with pytest.raises(BadFile, match="unpacks to more than 100000 bytes"):
        sdist.read_metadata(io.BytesIO(content), DIST)


def test_a_checksum_that_does_not_fit_is_refused() -> None:
    content = bytearray(make.sdist())
    content[-6] ^= 1
    with pytest.raises(BadFile, match="CRC"):
        sdist.read_metadata(io.BytesIO(bytes(content)), DIST)


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdist, "MAX_MEMBERS", 1)
    with pytest.raises(BadFile, match="more than 1 members"):
        sdist.read_metadata(io.BytesIO(make.sdist()), DIST)


@given(st.data())
def test_a_damaged_sdist_is_read_or_refused_but_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(gzip.decompress(make.sdist()))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, 1600))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadFile):
        sdist.read_metadata(io.BytesIO(gzip.compress(bytes(content), 1)), DIST)
