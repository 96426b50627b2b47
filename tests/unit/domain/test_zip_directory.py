"""The central directory of zip archives."""

import io
import struct

import pytest

from app.domain import zip_directory, zip_end
from app.domain.malformed import Malformed
from app.domain.member_names import Kind
from app.domain.zip_directory import Entry
from tests.raw_archives import ZipMember, zip_archive


def entries(archive: bytes) -> list[Entry]:
    content = io.BytesIO(archive)
    listed = []
    for entry in zip_directory.entries(content, zip_end.find(content, len(archive))):
        content.seek(3)  # as somebody who reads a member meanwhile
        listed.append(entry)
    return listed


def test_every_entry_is_read_with_its_kind() -> None:
    folder = ZipMember(name=b"a/", method=0, attributes=0o40755 << 16 | 0x10)
    found = entries(zip_archive([folder, ZipMember(name=b"a/b", content=b"1")]))

    assert [(entry.path, entry.kind) for entry in found] == [
        (b"a", Kind.FOLDER),
        (b"a/b", Kind.FILE),
    ]
    assert found[1].offset == 32
    assert found[1].header.size == 1


def test_a_directory_longer_than_one_read_is_read_to_its_end() -> None:
    assert len(entries(zip_archive([ZipMember(name=b"%0200d" % n) for n in range(900)]))) == 900


@pytest.mark.parametrize(
    "member",
    [
        ZipMember(name="é".encode()),
        ZipMember(name=b"a", both={"flags": 0x0800}),
        ZipMember(name=b"a", both={"flags": 0x0006}),
        ZipMember(name=b"a", attributes=0),
        ZipMember(name=b"a", attributes=0o644 << 16),
        ZipMember(name=b"a/", method=0, attributes=0),
        ZipMember(name=b"a", extra=b"\x55\x54\x01\x00\x03"),
    ],
)
def test_what_build_tools_write_is_allowed(member: ZipMember) -> None:
    assert len(entries(zip_archive([member]))) == 1


ZIP64 = struct.pack("<2HQ", 1, 8, 0)


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (ZipMember(name=b"a", both={"flags": 1}), r"encrypted or has a data descriptor"),
        (ZipMember(name=b"a", both={"flags": 8}), r"data descriptor \(flags 0x0008\)"),
        (ZipMember(name=b"a", both={"flags": 0x2040}), "encrypted"),
        (ZipMember(name="é".encode(), both={"flags": 0}), "not marked as UTF-8"),
        (ZipMember(name=b"a", both={"method": 12}), "method 12"),
        (ZipMember(name=b"a", method=0, both={"size": 1}), "two sizes differ"),
        (ZipMember(name=b"a", attributes=0o120777 << 16), "a link or a special file"),
        (ZipMember(name=b"a", attributes=0o020666 << 16), "a link or a special file"),
        (ZipMember(name=b"a", attributes=0o040755 << 16), "name does not end with '/'"),
        (ZipMember(name=b"a", attributes=0x10), "name does not end with '/'"),
        (ZipMember(name=b"a/", content=b"1"), "a folder by its name"),
        (ZipMember(name=b"a/"), "a folder by its name"),
        (ZipMember(name=b"a", comment=b"hm"), "has a comment"),
        (ZipMember(name=b"a", disk=1), "on another disk"),
        (ZipMember(name=b"a", extra=ZIP64), "in ZIP64 form"),
        (ZipMember(name=b"a", extra=b"\x75\x70\x00\x00"), "Unicode path"),
    ],
)
def test_what_readers_differ_on_is_refused(member: ZipMember, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        entries(zip_archive([member]))


def test_a_directory_of_something_else_is_refused() -> None:
    archive = zip_archive([ZipMember(name=b"a")]).replace(b"PK\x01\x02", b"PK\x01\x03")
    with pytest.raises(Malformed, match="something else than entries"):
        entries(archive)


def test_more_or_fewer_entries_than_the_end_record_says_are_refused() -> None:
    members = [ZipMember(name=b"a"), ZipMember(name=b"b")]
    with pytest.raises(Malformed, match="more members than its end record says"):
        entries(zip_archive(members, here=1, count=1))
    with pytest.raises(Malformed, match="in the middle of an entry"):
        entries(zip_archive(members, here=3, count=3))
