"""The members of a zip archive: the header before the data, and the data (APPNOTE 4.3.7-8)."""

import struct
import zlib
from collections.abc import Iterator
from typing import IO

from app.domain import zip_extra
from app.domain.malformed import Malformed
from app.domain.member_names import shown
from app.domain.zip_directory import STORED, Entry, Header

BLOCK = 128 * 1024

_LOCAL = struct.Struct("<4s5H3I2H")
_READ = 64 * 1024
_PLACEHOLDER = 0xFFFFFFFF


def find_data(content: IO[bytes], entry: Entry) -> int:
    """Return where the data of a member begins, after comparing its header with its entry.

    :raises Malformed: naming the field that the two give differently.
    """
    content.seek(entry.offset)
    raw = content.read(_LOCAL.size)
    if len(raw) < _LOCAL.size or not raw.startswith(b"PK\x03\x04"):
        raise Malformed(f"{shown(entry.name)} is not where the central directory says")
    fields: tuple[int, ...] = _LOCAL.unpack(raw)[1:]
    name_size, extra_size = fields[8:]
    name, extra = content.read(name_size), content.read(extra_size)
    if name != entry.name:
        raise Malformed(f"{shown(entry.name)} has another name before its data: {shown(name)}")
    header = _without_zip64(Header(*fields[:8]), zip_extra.parse(extra, name), entry)
    for field, local, central in zip(Header._fields, header, entry.header, strict=True):
        if local != central:
            raise Malformed(
                f"{shown(name)} has {field} {local} before its data,"
                f" {central} in the central directory"
            )
    return entry.offset + _LOCAL.size + name_size + extra_size


def _without_zip64(header: Header, extra: dict[int, bytes], entry: Entry) -> Header:
    """Return `header` with sizes that a writer, not knowing them yet, left room for in 64 bits.

    Python's zipfile does so when told `force_zip64`, as a widely used build tool does.
    """
    if zip_extra.ZIP64 not in extra:
        return header
    sizes = (entry.header.size, entry.header.packed)
    if extra[zip_extra.ZIP64] != struct.pack("<2Q", *sizes):
        raise Malformed(f"{shown(entry.name)} has other sizes in its ZIP64 field")
    if (header.packed, header.size) == (_PLACEHOLDER, _PLACEHOLDER):
        return header._replace(packed=entry.header.packed, size=entry.header.size)
    return header


def blocks(content: IO[bytes], entry: Entry, data: int) -> Iterator[bytes]:
    """Yield what a member holds, whose data begins at `data`, in blocks of bounded size.

    :raises Malformed: unless it is exactly what its size, packed size and checksum say.
    """
    content.seek(data)
    unpacked = _stored if entry.header.method == STORED else _inflated
    size = checksum = 0
    for block in unpacked(content, entry):
        size += len(block)
        if size > entry.header.size:
            break
        checksum = zlib.crc32(block, checksum)
        yield block
    if size != entry.header.size:
        raise Malformed(f"{shown(entry.name)} does not unpack to {entry.header.size} bytes")
    if checksum != entry.header.checksum:
        raise Malformed(f"{shown(entry.name)} does not have the checksum that the archive says")


def _stored(content: IO[bytes], entry: Entry) -> Iterator[bytes]:
    left = entry.header.packed
    while block := content.read(min(left, BLOCK)):
        left -= len(block)
        yield block


def _inflated(content: IO[bytes], entry: Entry) -> Iterator[bytes]:
    inflater, left, pending = zlib.decompressobj(-zlib.MAX_WBITS), entry.header.packed, b""
    while not inflater.eof:
        if not pending:
            pending = content.read(min(left, _READ))
            left -= len(pending)
        try:
            block = inflater.decompress(pending, BLOCK)
        except zlib.error as error:
            raise Malformed(f"{shown(entry.name)} is damaged ({error})") from error
        # Without input comes at most what the last block had no room for, and with it the end.
        if not (pending or inflater.eof):
            raise Malformed(f"the compressed data of {shown(entry.name)} is cut off")
        pending = inflater.unconsumed_tail
        yield block
    if left or inflater.unused_data:
        raise Malformed(f"something follows the compressed data of {shown(entry.name)}")
