"""One header block of a tar archive (POSIX.1-1988 ustar, and GNU tar's form of it)."""

import re
from typing import NamedTuple

from app.domain.malformed import Malformed
from app.domain.member_names import shown

SIZE = 512
_CHECKSUM = slice(148, 156)
# Mode, owner, group, time and device decide nothing, but some readers stop where one is no number.
_OTHER_NUMBERS = ((100, 108), (108, 116), (116, 124), (136, 148), (329, 337), (337, 345))
_BINARY = (b"\x80", b"\xff")
_USTAR = b"ustar\x0000"
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*\Z")


class Header(NamedTuple):
    """The fields that decide what becomes of a member."""

    name: bytes
    size: int
    type: bytes
    target: bytes


def parse(block: bytes) -> Header:
    """Read a header block.

    :raises Malformed: if its checksum is wrong, or readers would differ on its name or size.
    """
    name = _text(block[0:100])
    if _number(block[_CHECKSUM], name) != sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" "):
        raise Malformed(f"the header of {shown(name)} has a wrong checksum")
    for start, end in _OTHER_NUMBERS:
        if not block.startswith(_BINARY, start):
            _number(block[start:end], name)
    if prefix := _text(block[345:500]):
        # GNU tar keeps times there, which some readers nevertheless take for the front of a name.
        if block[257:265] != _USTAR:
            raise Malformed(f"the header of {shown(name)} has a prefix, but is no ustar header")
        name = prefix + b"/" + name
    return Header(name, _number(block[124:136], name), block[156:157], _text(block[157:257]))


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes, name: bytes) -> int:
    # GNU tar's binary form of a size is needed only for those that no archive here may have.
    match = _OCTAL.match(field)
    if not match:
        raise Malformed(f"the header of {shown(name)} holds a number that is not octal")
    return int(match[1] or b"0", 8)
