"""Members of zip archives."""

import hashlib
import io
import struct
import zlib

import pytest

from app.domain import zip_directory, zip_end, zip_members
from app.domain.malformed import Malformed
from tests.raw_archives import ZipMember, deflate, zip_archive


def unpack(*members: ZipMember) -> bytes:
    """Return what the last of the members holds."""
    archive = zip_archive(members)
    content = io.BytesIO(archive)
    *_, entry = zip_directory.entries(content, zip_end.find(content, len(archive)))
    return b"".join(zip_members.blocks(content, entry, zip_members.find_data(content, entry)))


NOISE = hashlib.shake_128(b"noise").digest(300_000)
# A stored block that ends where a read of 64 KiB ends.
EXACT = b"\x01" + struct.pack("<2H", 65_531, 65_531 ^ 0xFFFF) + NOISE[:65_531]
ZIP64 = struct.pack("<2H", 1, 16)
WIDE = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}


@pytest.mark.parametrize("content", [b"", b"x", NOISE, bytes(3_000_000), NOISE[:65_536]])
@pytest.mark.parametrize("method", [0, 8])
def test_a_member_comes_out_as_it_went_in(content: bytes, method: int) -> None:
    assert unpack(ZipMember(name=b"a", content=content, method=method)) == content


def test_blocks_are_small_however_well_they_compress() -> None:
    archive = zip_archive([ZipMember(name=b"a", content=bytes(3_000_000))])
    content = io.BytesIO(archive)
    (entry,) = zip_directory.entries(content, zip_end.find(content, len(archive)))
    blocks = zip_members.blocks(content, entry, zip_members.find_data(content, entry))

    assert max(map(len, blocks)) <= zip_members.BLOCK


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 45),
        ("flags", 0x0800),
        ("method", 0),
        ("time", 1),
        ("date", 0x22),
        ("checksum", 1),
        ("packed", 1),
        ("size", 2),
    ],
)
def test_each_field_must_be_the_same_in_both_places(field: str, value: int) -> None:
    with pytest.raises(Malformed, match=f"a has {field} {value} before its data"):
        unpack(ZipMember(name=b"a", content=b"1", local={field: value}))


def test_the_name_must_be_the_same_in_both_places() -> None:
    with pytest.raises(Malformed, match="a has another name before its data: b"):
        unpack(ZipMember(name=b"a", local_name=b"b"))


@pytest.mark.parametrize("offset", [1, 2**31])
def test_a_member_must_be_where_the_directory_says(offset: int) -> None:
    with pytest.raises(Malformed, match="a is not where the central directory says"):
        unpack(ZipMember(name=b"a", offset=offset))


def test_a_header_that_is_cut_off_is_refused() -> None:
    archive = zip_archive([ZipMember(name=b"a")])
    content = io.BytesIO(archive)
    (entry,) = zip_directory.entries(content, zip_end.find(content, len(archive)))

    with pytest.raises(Malformed, match="a is not where"):
        zip_members.find_data(io.BytesIO(archive[:29]), entry)


def test_the_file_may_be_moved_before_a_member_is_unpacked() -> None:
    archive = zip_archive([ZipMember(name=b"a", content=b"1")])
    content = io.BytesIO(archive)
    (entry,) = zip_directory.entries(content, zip_end.find(content, len(archive)))
    data = zip_members.find_data(content, entry)
    content.seek(0)

    assert b"".join(zip_members.blocks(content, entry, data)) == b"1"


def test_extra_fields_before_the_data_are_checked() -> None:
    with pytest.raises(Malformed, match="extra fields of a are cut off"):
        unpack(ZipMember(name=b"a", local_extra=b"x"))


@pytest.mark.parametrize("local", [{}, WIDE])
def test_a_zip64_field_before_the_data_may_repeat_the_sizes(local: dict[str, int]) -> None:
    extra = ZIP64 + struct.pack("<2Q", 3, 3)
    member = ZipMember(name=b"a", content=b"123", method=0, local=local, local_extra=extra)

    assert unpack(member) == b"123"


@pytest.mark.parametrize(
    ("sizes", "local", "reason"),
    [
        (struct.pack("<2Q", 4, 3), {}, "other sizes in its ZIP64 field"),
        (struct.pack("<2Q", 3, 4), WIDE, "other sizes in its ZIP64 field"),
        (struct.pack("<2Q", 3, 3), {"size": 0xFFFFFFFF}, "a has size 4294967295"),
        (struct.pack("<2Q", 3, 3), {"packed": 4}, "a has packed 4"),
    ],
)
def test_a_zip64_field_that_says_something_else_is_refused(
    sizes: bytes, local: dict[str, int], reason: str
) -> None:
    with pytest.raises(Malformed, match=reason):
        unpack(
            ZipMember(name=b"a", content=b"123", method=0, local=local, local_extra=ZIP64 + sizes)
        )


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (ZipMember(name=b"a", content=b"1", data=deflate(b"1") + b"x"), "something follows"),
        (ZipMember(name=b"a", content=b"1", data=deflate(b"1") + bytes(70_000)), "something"),
        (ZipMember(name=b"a", content=NOISE[:65_531], data=EXACT + b"x"), "something follows"),
        (ZipMember(name=b"a", content=b"12", data=deflate(b"12")[:-1]), "is cut off"),
        (ZipMember(name=b"a", content=b"12", data=b""), "is cut off"),
        (ZipMember(name=b"a", content=b"12", data=b"\xff" * 9), "a is damaged"),
        (ZipMember(name=b"a", content=b"12", both={"size": 1}), "does not unpack to 1 bytes"),
        (ZipMember(name=b"a", content=b"12", both={"size": 3}), "does not unpack to 3 bytes"),
        (ZipMember(name=b"a", content=b"12", both={"checksum": 1}), "the checksum"),
        (ZipMember(name=b"a", content=b"12", method=0, both={"checksum": 1}), "the checksum"),
        (
            ZipMember(name=b"a", content=b"12", method=0, both={"size": 9999, "packed": 9999}),
            "does not unpack to 9999 bytes",
        ),
    ],
)
def test_data_that_is_not_what_its_header_says_is_refused(member: ZipMember, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        unpack(member)


def test_unpacking_stops_where_more_comes_than_was_said() -> None:
    bomb = deflate(bytes(50_000_000))
    member = ZipMember(name=b"a", data=bomb, both={"size": 10, "checksum": zlib.crc32(bytes(10))})
    archive = zip_archive([member])
    content = io.BytesIO(archive)
    (entry,) = zip_directory.entries(content, zip_end.find(content, len(archive)))
    blocks = zip_members.blocks(content, entry, zip_members.find_data(content, entry))

    with pytest.raises(Malformed, match="does not unpack to 10 bytes"):
        next(blocks)
