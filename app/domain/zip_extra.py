"""Extra fields of zip members (APPNOTE 4.5)."""

import struct

from app.domain.malformed import Malformed
from app.domain.member_names import shown

ZIP64 = 0x0001
# All that tools in use write takes less than a tenth of it.
MAX_SIZE = 1024
# They give a member a second name, a second comment or a cipher.
_REFUSED = {0x7075: "Unicode path", 0x6375: "Unicode comment", 0x9901: "encryption"}
_FIELD = struct.Struct("<2H")


def parse(extra: bytes, name: bytes) -> dict[int, bytes]:
    """Return the extra fields of the member `name` by their numbers.

    :raises Malformed: if they are cut off, one stands there twice, or readers would differ on it.
    """
    fields: dict[int, bytes] = {}
    at = 0
    if len(extra) > MAX_SIZE:
        raise Malformed(f"{shown(name)} has more than {MAX_SIZE} bytes of extra fields")
    while at < len(extra):
        if len(extra) - at < _FIELD.size:
            raise Malformed(f"the extra fields of {shown(name)} are cut off")
        number, size = _FIELD.unpack_from(extra, at)
        at += _FIELD.size + size
        if at > len(extra):
            raise Malformed(f"the extra fields of {shown(name)} are cut off")
        if number in _REFUSED:
            raise Malformed(f"{shown(name)} has an extra field for {_REFUSED[number]}")
        if number in fields:
            raise Malformed(f"{shown(name)} has the extra field {number:#06x} twice")
        fields[number] = extra[at - size : at]
    return fields
