"""The central directory of a zip archive, entry by entry (APPNOTE 4.3.12)."""

import stat
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from app.domain import zip_extra
from app.domain.malformed import Malformed
from app.domain.member_names import Kind, shown
from app.domain.zip_end import Directory

STORED, DEFLATED = 0, 8

_ENTRY = struct.Struct("<4sH5H3I5H2I")
_WINDOW = 64 * 1024
_UTF8 = 0x0800
# Besides, only the two bits that tell how hard the compressor tried: encryption (bit 0), data
# descriptors (3), patches (5) and masked headers (13) make a member mean different things.
_ALLOWED_FLAGS = _UTF8 | 0b110
_DOS_FOLDER = 0x10


class Header(NamedTuple):
    """The fields that a member has in the central directory and again before its data."""

    version: int
    flags: int
    method: int
    time: int
    date: int
    checksum: int
    packed: int
    size: int


class Entry(NamedTuple):
    """A member of the archive as the central directory describes it."""

    # As it stands in the archive: that of a folder ends with a slash.
    name: bytes
    header: Header
    offset: int

    @property
    def path(self) -> bytes:
        """The name without the slash that marks a folder."""
        return self.name.removesuffix(b"/")

    @property
    def kind(self) -> Kind:
        """What the member is, by its name."""
        return Kind.FOLDER if self.name.endswith(b"/") else Kind.FILE


def entries(content: IO[bytes], directory: Directory) -> Iterator[Entry]:
    """Read the entries one after the other; `content` may be moved between two of them.

    :raises Malformed: where one is wrong or asks for what wheels do not need.
    """
    window = _Window(content, directory)
    for _ in range(directory.members):
        signature, _, *fields = _ENTRY.unpack(window.take(_ENTRY.size))
        if signature != b"PK\x01\x02":
            raise Malformed("its central directory holds something else than entries")
        name_size, extra_size, comment_size, disk, _, attributes, offset = fields[8:]
        name, extra = window.take(name_size), window.take(extra_size)
        if comment_size or disk:
            raise Malformed(f"the entry of {shown(name)} has a comment or lies on another disk")
        entry = Entry(name, Header(*fields[:8]), offset)
        _check(entry, attributes)
        if zip_extra.parse(extra, name).keys() & {zip_extra.ZIP64}:
            raise Malformed(f"the size or place of {shown(name)} is in ZIP64 form")
        yield entry
    if not window.is_empty:
        raise Malformed("its central directory lists more members than its end record says")


def _check(entry: Entry, attributes: int) -> None:
    header, name = entry.header, shown(entry.name)
    if header.flags & ~_ALLOWED_FLAGS:
        raise Malformed(f"{name} is encrypted or has a data descriptor (flags {header.flags:#06x})")
    if not header.flags & _UTF8 and not entry.name.isascii():
        raise Malformed(f"the name {name} is not marked as UTF-8")
    if header.method not in {STORED, DEFLATED}:
        raise Malformed(f"{name} is compressed by method {header.method}, not by deflate")
    if header.method == STORED and header.packed != header.size:
        raise Malformed(f"{name} is not compressed, but its two sizes differ")
    _check_kind(entry, attributes)


def _check_kind(entry: Entry, attributes: int) -> None:
    name, file_type = shown(entry.name), stat.S_IFMT(attributes >> 16)
    if file_type not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise Malformed(f"{name} is a link or a special file")
    is_folder = file_type == stat.S_IFDIR or bool(attributes & _DOS_FOLDER)
    if is_folder and entry.kind is not Kind.FOLDER:
        raise Malformed(f"{name} is marked as a folder, but its name does not end with '/'")
    if entry.kind is Kind.FOLDER and (entry.header.size or file_type == stat.S_IFREG):
        raise Malformed(f"{name} is a folder by its name, but not by its size or mode")


class _Window:
    """Reads the directory piece by piece, wherever others have moved the file meanwhile."""

    def __init__(self, content: IO[bytes], directory: Directory) -> None:
        self._content = content
        self._next, self._end = directory.start, directory.end
        self._held, self._at = b"", 0

    @property
    def is_empty(self) -> bool:
        return self._next == self._end and self._at == len(self._held)

    def take(self, size: int) -> bytes:
        if len(self._held) - self._at < size:
            self._fill(size)
        taken = self._held[self._at : self._at + size]
        self._at += len(taken)
        if len(taken) < size:
            raise Malformed("its central directory ends in the middle of an entry")
        return taken

    def _fill(self, size: int) -> None:
        self._content.seek(self._next)
        more = self._content.read(min(max(size, _WINDOW), self._end - self._next))
        self._next += len(more)
        self._held, self._at = self._held[self._at :] + more, 0
