"""The records at the end of a zip archive, which say where its directory lies (APPNOTE 4.3.14-16).

Everything in the tail must be accounted for: what one reader skips there, another may read.
"""

import struct
from typing import IO, NamedTuple

from app.domain.malformed import Malformed

END = b"PK\x05\x06"
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_RECORDS64 = _END64.size + _LOCATOR.size
# Readers look for the end record as far back as the longest comment can reach.
REACH = _END.size + 0xFFFF
# What an end record may hold where a ZIP64 end record holds the same field in more bits.
_PLACEHOLDERS = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


class Directory(NamedTuple):
    """Where the central directory lies, and how many members it should list."""

    start: int
    end: int
    members: int


def find(content: IO[bytes], size: int) -> Directory:
    """Find the central directory of the zip archive of `size` bytes in `content`.

    :raises Malformed: unless directory, end records and comment fill the tail without a gap.
    """
    start = max(0, size - REACH - _RECORDS64)
    content.seek(start)
    tail = content.read(REACH + _RECORDS64)
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < _END.size:
        raise Malformed("it has no end record")
    fields = _end_record(tail[at:])
    if tail[:at][-_LOCATOR.size :].startswith(b"PK\x06\x07"):
        end, truth = start + at - _RECORDS64, _zip64(tail[:at], start + at)
    else:
        end, truth = start + at, fields
    for field, true, placeholder in zip(fields, truth, _PLACEHOLDERS, strict=True):
        if field not in {true, placeholder}:
            raise Malformed("its two end records differ")
    return _directory(truth, end)


def _end_record(tail: bytes) -> tuple[int, ...]:
    """Return disk, disk of the directory, members here, members, size and offset of directory."""
    _, *fields, comment_size = _END.unpack_from(tail)
    comment = tail[_END.size :]
    if len(comment) != comment_size:
        raise Malformed("its comment does not end with the file")
    # Readers that search differently would find another record in it.
    if b"PK" in comment:
        raise Malformed("its comment holds 'PK', with which the records of a zip archive begin")
    return tuple(fields)


def _zip64(before: bytes, end: int) -> tuple[int, ...]:
    """Return the same fields from the ZIP64 records that lie directly before the end record."""
    if len(before) < _RECORDS64:
        raise Malformed("its ZIP64 end record is cut off")
    signature, size, _, _, *fields = _END64.unpack(before[-_RECORDS64 : -_LOCATOR.size])
    _, disk, offset, disks = _LOCATOR.unpack(before[-_LOCATOR.size :])
    # 44 is the size of a record without the extensible data in which things can hide.
    if (signature, size) != (b"PK\x06\x06", _END64.size - 12):
        raise Malformed("its ZIP64 end record does not stand before its locator")
    if (disk, offset, disks) != (0, end - _RECORDS64, 1):
        raise Malformed("its ZIP64 locator points elsewhere")
    return tuple(fields)


def _directory(fields: tuple[int, ...], end: int) -> Directory:
    disk, directory_disk, here, count, size, start = fields
    if (disk, directory_disk) != (0, 0) or here != count:
        raise Malformed("it claims to have several parts")
    if start + size != end:
        raise Malformed("its central directory does not end where the end record begins")
    return Directory(start, end, count)
