"""Members of tar archives."""

import gzip
import io

import pytest

from app.domain import tar_members
from app.domain.archive_limits import Expansion
from app.domain.gzip_stream import GzipStream
from app.domain.malformed import Malformed
from app.domain.member_names import Kind
from app.domain.tar_members import Member, TarReader
from app.errors import BadFile
from tests.raw_archives import pax, tar_member

END = bytes(1024)
FILE = tar_member(b"a", b"1")


def reader(*blocks: bytes, end: bytes = END) -> TarReader:
    content = io.BytesIO(gzip.compress(b"".join(blocks) + end))
    return TarReader(GzipStream(content, Expansion(10**9)))


def members(*blocks: bytes, end: bytes = END) -> list[Member]:
    return list(reader(*blocks, end=end))


def test_members_of_every_allowed_kind_are_read() -> None:
    found = members(
        tar_member(b"t/", kind=b"5"),
        tar_member(b"t/a", b"1" * 600),
        tar_member(b"t/b", b"1", kind=b"\0"),
        tar_member(b"t/c", kind=b"1", target=b"t/a"),
        tar_member(b"t/d", kind=b"2", target=b"a"),
    )

    assert [(member.name, member.kind, member.size, member.target) for member in found] == [
        (b"t", Kind.FOLDER, 0, b""),
        (b"t/a", Kind.FILE, 600, b""),
        (b"t/b", Kind.FILE, 1, b""),
        (b"t/c", Kind.LINK, 0, b"t/a"),
        (b"t/d", Kind.LINK, 0, b"a"),
    ]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513])
def test_what_a_member_holds_can_be_read_or_not(size: int) -> None:
    archive = reader(tar_member(b"0", b"x" * size), FILE, tar_member(b"c", b"y" * size))
    found = [archive.read() for member in archive if member.name != b"0"]

    assert found == [b"1", b"y" * size]


def test_extended_headers_give_names_and_targets() -> None:
    found = members(
        pax((b"comment", b"x"), kind=b"g"),
        pax((b"path", b"long/"), (b"mtime", b"1.5")),
        tar_member(b"a", kind=b"5"),
        pax((b"linkpath", b"far"), (b"size", b"0")),
        tar_member(b"b", kind=b"2", target=b"x"),
        tar_member(b"././@LongLink", b"gnu\0", kind=b"L"),
        tar_member(b"././@LongLink", b"gnu target\0", kind=b"K"),
        tar_member(b"c", kind=b"2", target=b"x"),
        FILE,
    )

    assert [(member.name, member.target) for member in found] == [
        (b"long", b""),
        (b"b", b"far"),
        (b"gnu", b"gnu target"),
        (b"a", b""),
    ]


@pytest.mark.parametrize("kind", [b"3", b"4", b"6", b"7", b"S", b"X", b"D", b"M", b"V", b"9"])
def test_devices_sparse_files_and_unknown_kinds_are_refused(kind: bytes) -> None:
    with pytest.raises(BadFile, match="a is neither file, folder nor link"):
        members(tar_member(b"a", kind=kind))


@pytest.mark.parametrize("kind", [b"1", b"2", b"5"])
def test_only_files_have_a_size(kind: bytes) -> None:
    with pytest.raises(Malformed, match="a is no file, but has a size"):
        members(tar_member(b"a", b"1", kind=kind))


LONG = tar_member(b"././@LongLink", b"x\0", kind=b"L")


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ((LONG, LONG, FILE), "two extended headers"),
        ((pax((b"mtime", b"1")), pax((b"path", b"x")), FILE), "two extended headers"),
        ((LONG, pax((b"path", b"x")), FILE), "two extended headers"),
        ((pax((b"path", b"x")), LONG, FILE), "two extended headers"),
        ((pax((b"path", b"x")),), "last extended header has no member"),
        ((pax((b"size", b"2")), FILE), "a has two sizes"),
        ((pax((b"size", b"01")), FILE), "a has two sizes"),
        ((pax((b"path", b"x"), kind=b"g"), FILE), "all members one name"),
        ((pax((b"GNU.sparse.major", b"1")), FILE), "unsafe form"),
        ((tar_member(b"PaxHeader", b"junk", kind=b"x"), FILE), "extended header is cut off"),
        ((tar_member(b"a", checksum=bytes(8)),), "wrong checksum"),
        ((FILE, bytes(512), FILE), "empty block lies among its members"),
        ((FILE, END, FILE), "something follows its end"),
        ((FILE, END, b"x"), "something follows its end"),
        ((tar_member(b"a", size=b"00000010000\0"),), "in the middle of a member"),
    ],
)
def test_what_is_damaged_or_ambiguous_is_refused(blocks: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        members(*blocks)


@pytest.mark.parametrize("end", [b"", bytes(511), bytes(512), bytes(1023)])
def test_an_archive_without_its_two_last_blocks_is_refused(end: bytes) -> None:
    with pytest.raises(Malformed, match="in the middle of a member"):
        members(FILE, end=end)


def test_more_empty_blocks_may_follow_the_end() -> None:
    assert len(members(FILE, end=bytes(300_000))) == 1


def test_the_number_of_headers_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tar_members.MAX_HEADERS == 200_000
    monkeypatch.setattr(tar_members, "MAX_HEADERS", 2)
    with pytest.raises(BadFile, match="more than 2 headers"):
        members(*[pax((b"comment", b"x"), kind=b"g")] * 3)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_the_size_of_an_extended_header_is_limited(kind: bytes) -> None:
    with pytest.raises(BadFile, match="extended header of more than 1048576 bytes"):
        members(tar_member(b"x", bytes(2**20 + 1), kind=kind), FILE)


def test_the_sum_of_extended_headers_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tar_members.MAX_EXTENSIONS == 2**24
    monkeypatch.setattr(tar_members, "MAX_EXTENSIONS", 20)
    with pytest.raises(BadFile, match="more than 20 bytes of them"):
        members(pax((b"path", b"first")), FILE, pax((b"path", b"second")), FILE)
