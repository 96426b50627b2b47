"""Builders: zip and tar archives field by field, so that each field can be made wrong."""

import base64
import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FOLDER = "larder_demo-1.0.dist-info"
METADATA = b"Metadata-Version: 2.4\nName: larder-demo\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nTag: py3-none-any\n"
_FIELDS = ("version", "flags", "method", "time", "date", "checksum", "packed", "size")


def deflate(content: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


@dataclass(kw_only=True)
class ZipMember:
    """A member that is right until something is changed; names of fields as in APPNOTE 4.3."""

    name: bytes
    content: bytes = b""
    method: int = 8
    # The packed bytes, if not those of `content`.
    data: bytes | None = None
    # Written in front of the member.
    gap: bytes = b""
    # Changes to the fields in both places, only before the data, only in the directory.
    both: Mapping[str, int] = field(default_factory=dict)
    local: Mapping[str, int] = field(default_factory=dict)
    central: Mapping[str, int] = field(default_factory=dict)
    local_name: bytes | None = None
    local_extra: bytes = b""
    extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    attributes: int = 0o100644 << 16
    offset: int | None = None

    def packed(self) -> bytes:
        if self.data is not None:
            return self.data
        return deflate(self.content) if self.method == 8 else self.content

    def fields(self, changes: Mapping[str, int]) -> bytes:
        values = {
            "version": 20,
            "flags": 0 if self.name.isascii() else 0x800,
            "method": self.method,
            "time": 0,
            "date": 0x21,
            "checksum": zlib.crc32(self.content),
            "packed": len(self.packed()),
            "size": len(self.content),
            **self.both,
            **changes,
        }
        return struct.pack("<5H3I", *(values[name] for name in _FIELDS))


def zip_archive(
    members: Iterable[ZipMember],
    *,
    gap: bytes = b"",
    comment: bytes = b"",
    zip64: Mapping[str, int] | None = None,
    **end: int,
) -> bytes:
    """Return a zip archive; `gap` lies before its directory, `end` changes its end record.

    With `zip64`, which may change its fields, it has a ZIP64 end record as well.
    """
    body, directory, count = b"", b"", 0
    for member in members:
        body += member.gap
        offset = len(body) if member.offset is None else member.offset
        name = member.name if member.local_name is None else member.local_name
        body += b"PK\x03\x04" + member.fields(member.local)
        body += struct.pack("<2H", len(name), len(member.local_extra)) + name + member.local_extra
        body += member.packed()
        directory += b"PK\x01\x02" + struct.pack("<H", 0x0314) + member.fields(member.central)
        directory += struct.pack(
            "<5H2I",
            *(len(member.name), len(member.extra), len(member.comment), member.disk, 0),
            *(member.attributes, offset),
        )
        directory += member.name + member.extra + member.comment
        count += 1
    start = len(body) + len(gap)
    records = b""
    if zip64 is not None:
        wide = {"signature": 0x06064B50, "length": 44, "disk": 0, "directory_disk": 0}
        wide |= {"here": count, "count": count, "size": len(directory), "start": start}
        wide |= {"locator_disk": 0, "offset": start + len(directory), "disks": 1, **zip64}
        first, second = list(wide.values())[:4], list(wide.values())[4:8]
        records = struct.pack("<IQ2H2I4Q", *first[:2], 45, 45, *first[2:], *second)
        records += struct.pack("<4sIQI", b"PK\x06\x07", *list(wide.values())[8:])
    values = {"disk": 0, "directory_disk": 0, "here": count, "count": count}
    values |= {"size": len(directory), "start": start, "comment": len(comment), **end}
    records += b"PK\x05\x06" + struct.pack("<4H2IH", *values.values())
    return body + gap + directory + records + comment


def row(path: str, content: bytes, algorithm: str = "sha256") -> str:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).decode()
    return f"{path},{algorithm}={digest.rstrip('=')},{len(content)}"


def wheel_members(
    files: Mapping[str, bytes] | None = None, *, rows: Iterable[str] = (), record: str | None = None
) -> list[ZipMember]:
    """Return the members of a wheel that holds `files`; `rows` are added to its RECORD."""
    contents = {
        "larder/x.py": b"x = 1\n",
        f"{FOLDER}/METADATA": METADATA,
        f"{FOLDER}/WHEEL": WHEEL,
        **(files or {}),
    }
    lines = [*(row(*item) for item in contents.items()), *rows, f"{FOLDER}/RECORD,,"]
    text = "\n".join(lines) + "\n" if record is None else record
    contents[f"{FOLDER}/RECORD"] = text.encode()
    return [ZipMember(name=name.encode(), content=data) for name, data in contents.items()]


def tar_member(
    name: bytes,
    content: bytes = b"",
    *,
    kind: bytes = b"0",
    target: bytes = b"",
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    size: bytes | None = None,
    checksum: bytes | None = None,
) -> bytes:
    """Return the header block of a member and what it holds, padded."""
    size = b"%011o\0" % len(content) if size is None else size
    before = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"0" * 11 + b"\0"
    after = kind + target.ljust(100, b"\0") + magic + bytes(80) + prefix.ljust(155, b"\0")
    after = after.ljust(356, b"\0")
    if checksum is None:
        checksum = b"%06o\0 " % (sum(before) + sum(after) + 8 * 32)
    return before + checksum + after + content + bytes(-len(content) % 512)


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """Return an extended header with these records."""
    text = b""
    for key, value in records:
        length = len(key) + len(value) + 3
        length += len(str(length + len(str(length))))
        text += b"%d %s=%s\n" % (length, key, value)
    return tar_member(b"PaxHeader", text, kind=kind)


def sdist(*members: bytes, end: bytes = bytes(1024)) -> bytes:
    """Return an sdist of PKG-INFO and `members`."""
    document = tar_member(b"larder_demo-1.0/PKG-INFO", METADATA)
    return gzip.compress(document + b"".join(members) + end, mtime=0)
