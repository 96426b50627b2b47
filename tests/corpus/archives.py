"""The archives of the corpus: right ones, in the names of a case, to be made wrong in one place."""

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from tests.corpus.case import Own
from tests.raw_archives import ZipMember, row, tar_member, zip_archive

CODE = b"x = 1\n"
WHEEL = b"Wheel-Version: 1.0\nTag: py3-none-any\n"
END = bytes(1024)
MIB = 1024 * 1024


def members(
    own: Own,
    files: Mapping[str, bytes] | None = None,
    *,
    rows: Iterable[str] = (),
    record: str | bytes | None = None,
) -> list[ZipMember]:
    """Return the members of a wheel: `x.py`, METADATA, WHEEL, those in `files`, and RECORD.

    In the names of files `{folder}` stands for the .dist-info folder. `rows` are added to RECORD,
    `record` replaces it.
    """
    contents = {
        "x.py": CODE,
        f"{own.folder}/METADATA": own.metadata(),
        f"{own.folder}/WHEEL": WHEEL,
        **{name.format(folder=own.folder): data for name, data in (files or {}).items()},
    }
    lines = [*(row(*item) for item in contents.items()), *rows, f"{own.folder}/RECORD,,"]
    text = "\n".join(lines) + "\n" if record is None else record
    contents[f"{own.folder}/RECORD"] = text if isinstance(text, bytes) else text.encode()
    return [ZipMember(name=name.encode(), content=data) for name, data in contents.items()]


def wheel(own: Own, files: Mapping[str, bytes] | None = None, **end: Any) -> bytes:
    """Return a wheel; `end` is for `zip_archive`."""
    return zip_archive(members(own, files), **end)


def with_first(own: Own, **changes: Any) -> bytes:
    """Return a wheel whose first member, `x.py`, is changed."""
    first, *others = members(own)
    for name, value in changes.items():
        setattr(first, name, value)
    return zip_archive([first, *others])


def with_member(own: Own, **of_member: Any) -> bytes:
    """Return a wheel with one member more, at its end, which RECORD does not list."""
    return zip_archive([*members(own), ZipMember(**of_member)])


def recorded(own: Own, *lines: str | bytes) -> bytes:
    """Return a wheel with this RECORD, in whose lines `{folder}` is the .dist-info folder.

    The lines of METADATA, WHEEL and RECORD itself follow by themselves.
    """
    rest = [
        row(f"{own.folder}/METADATA", own.metadata()),
        row(f"{own.folder}/WHEEL", WHEEL),
        f"{own.folder}/RECORD,,",
    ]
    encoded = [line if isinstance(line, bytes) else line.encode() for line in [*lines, *rest]]
    text = b"\n".join(encoded).replace(b"{folder}", own.folder.encode())
    return zip_archive(members(own, record=text))


def sdist(own: Own, *blocks: bytes, end: bytes = END, document: bytes | None = None) -> bytes:
    """Return an sdist of PKG-INFO and these members."""
    return packed(pkg_info(own, document), *blocks, end=end)


def packed(*blocks: bytes, end: bytes = END) -> bytes:
    """Return a gzipped tar archive of these blocks."""
    return gzip.compress(b"".join(blocks) + end, mtime=0)


def pkg_info(own: Own, document: bytes | None = None) -> bytes:
    """Return the member PKG-INFO."""
    return inside(own, "PKG-INFO", own.metadata() if document is None else document)


def inside(own: Own, path: str | bytes, content: bytes = b"", **of_member: Any) -> bytes:
    """Return a member below the sdist's top folder."""
    path = path if isinstance(path, bytes) else path.encode()
    return tar_member(own.top.encode() + b"/" + path, content, **of_member)


def renumbered(block: bytes, at: int, field: bytes) -> bytes:
    """Return a header block with other bytes at a place, and the checksum that fits."""
    changed = bytearray(block)
    changed[at : at + len(field)] = field
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)


def noise(size: int) -> bytes:
    """Return bytes that do not shrink."""
    return hashlib.shake_128(b"noise").digest(size)


def stored_block(content: bytes = b"", *, last: bool = False) -> bytes:
    """Return a deflate block of bytes as they are, up to 65,535 (RFC 1951, 3.2.4)."""
    return bytes([last]) + struct.pack("<2H", len(content), len(content) ^ 0xFFFF) + content


# A stream of deflate or gzip is read in pieces of 64 KiB, and unpacked in pieces of 128 KiB.
PIECE = 64 * 1024
# So many blocks of nothing fill more than a piece and unpack to nothing.
NOTHING = stored_block() * 15_000


def end_in_the_last_byte() -> bytes:
    """Return a deflate stream of which what is left at 128 KiB needs no further byte.

    One block of ten bytes 0xFF and 508 repetitions of 258 of them; the codes are fixed, and the
    last byte of them holds the end of the block too (RFC 1951, 3.2.6).
    """
    bits = "110" + 10 * "111111111" + 508 * "1100010100000" + "0000000"
    return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


@cache
def crowd(count: int) -> bytes:
    """Return a zip archive of so many empty files, up to 65,535, made in one go."""
    stem = struct.pack("<5H3I2H", 20, 0, 0, 0, 0x21, 0, 0, 0, 4, 0)
    names = [b"%04x" % number for number in range(count)]
    body = b"".join(b"PK\x03\x04" + stem + name for name in names)
    directory = b"".join(
        b"PK\x01\x02\x14\x03" + stem + struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, at * 34) + name
        for at, name in enumerate(names)
    )
    end = struct.pack("<4H2IH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def zeros(size: int) -> bytes:
    """Return a deflate stream of zeros that is small and quickly made."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = bytes(MIB)
    parts = [packer.compress(block) for _ in range(size // MIB)]
    return b"".join(parts) + packer.compress(bytes(size % MIB)) + packer.flush()
