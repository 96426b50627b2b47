"""Parts of a page that are compressed one by one and joined without being touched again.

Not every client reads a gzip file of several members (RFC 1952), but every one reads a single
member whose deflate stream (RFC 1951) is made of parts: each part ends at a whole byte, is not the
last of its stream, and refers to nothing before it, so any part may follow any other.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from app.domain.pages import Rendered

_LEVEL = 6
_RAW = -zlib.MAX_WBITS
# As `gzip.compress` writes it: deflate, no name, no time, of an unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# The last block, empty.
_END = b"\x03\x00"
HEADER_LENGTH = len(_HEADER)


class Segment(NamedTuple):
    """A part of a page."""

    # Deflated, up to a whole byte.
    packed: bytes | memoryview
    # Plain bytes.
    length: int
    # CRC-32 of the part, exclusive-or that of as many zeros.
    crc: int
    # SHA-256 of the plain bytes, in hexadecimal, shortened.
    digest: str


def compress(plain: bytes, level: int = _LEVEL) -> Segment:
    """Make a segment; equal bytes give equal segments."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, _RAW)
    return Segment(
        packed=deflater.compress(plain) + deflater.flush(zlib.Z_FULL_FLUSH),
        length=len(plain),
        crc=zlib.crc32(plain) ^ zlib.crc32(bytes(len(plain))),
        digest=hashlib.sha256(plain).hexdigest()[:32],
    )


def join(segments: Iterable[Segment]) -> Rendered:
    """Join segments into one gzip member; its digest is made of theirs."""
    body: list[bytes | memoryview] = [_HEADER]
    digests: list[str] = []
    crc = total = 0
    for packed, length, own, digest in segments:
        body.append(packed)
        digests.append(digest)
        total += length
        # A CRC is linear: crc(A + B) = crc(A + zeros) ^ crc(zeros) ^ crc(B).
        crc = zlib.crc32(bytes(length), crc) ^ own
    body += [_END, struct.pack("<2I", crc, total % 2**32)]
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()[:32]
    return Rendered(digest=digest, body=b"".join(body))
