"""Extended headers of tar archives (POSIX.1-2001 pax interchange format)."""

import re

from app.domain.malformed import Malformed

# Readers differ on names in other character sets and on how sparse files are unpacked.
_REFUSED = re.compile(rb"hdrcharset\Z|GNU\.sparse\.|SCHILY\.realsize\Z")
_LENGTH = re.compile(rb"([1-9][0-9]{0,7}) ")
# The rest, such as times and owners, may be many and is not kept.
_DECISIVE = frozenset((b"path", b"linkpath", b"size"))


def parse(data: bytes, *, is_global: bool) -> dict[bytes, bytes]:
    r"""Return those records of an extended header that decide what becomes of a member.

    >>> parse(b"11 path=x\n", is_global=False)
    Traceback (most recent call last):
    app.domain.malformed.Malformed: an extended header is cut off
    >>> parse(b"10 path=x\n", is_global=False)
    {b'path': b'x'}

    :raises Malformed: if one is wrong, stands there twice, or readers would differ on it.
    """
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        length = _LENGTH.match(data, at)
        end = at + int(length[1]) if length else 0
        # Beyond the end there is no end of line either.
        if not length or data[end - 1 : end] != b"\n":
            raise Malformed("an extended header is cut off")
        key, separator, value = data[length.end() : end - 1].partition(b"=")
        if not separator or key in records or _REFUSED.match(key):
            raise Malformed(f"an extended header holds {key[:50]!r} twice, or in an unsafe form")
        if key in _DECISIVE:
            records[key] = value
        at = end
    if is_global and records:
        raise Malformed("an extended header gives all members one name or size")
    return records
