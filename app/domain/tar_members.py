"""The members of a tar archive, in their order and without unpacking them.

Three forms are read: ustar, pax, and GNU tar with its long names.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.domain import pax, tar_header
from app.domain.archive_limits import MAX_MEMBERS
from app.domain.gzip_stream import GzipStream
from app.domain.malformed import Malformed
from app.domain.member_names import Kind, shown
from app.domain.tar_header import Header
from app.errors import BadFile

# Extension headers are read whole, and hold little more than one name. Reading their records costs
# far more time than skipping a file of their size, hence the limit on their sum.
MAX_EXTENSION = 1024 * 1024
MAX_EXTENSIONS = 16 * 1024 * 1024
# A member may have three extension headers: long name, long target, pax.
MAX_HEADERS = 4 * MAX_MEMBERS

FILE, OLD_FILE, HARD_LINK, SYMBOLIC_LINK, FOLDER = b"0", b"\0", b"1", b"2", b"5"
_KINDS = {
    FILE: Kind.FILE,
    OLD_FILE: Kind.FILE,
    HARD_LINK: Kind.LINK,
    SYMBOLIC_LINK: Kind.LINK,
    FOLDER: Kind.FOLDER,
}
_PAX, _PAX_GLOBAL = b"x", b"g"
_GNU = {b"L": b"path", b"K": b"linkpath"}
_READ = 64 * 1024


class Member(NamedTuple):
    """A member of the archive."""

    # That of a folder comes without its final slash.
    name: bytes
    type: bytes
    size: int
    # Where a link points to.
    target: bytes

    @property
    def kind(self) -> Kind:
        """What the member becomes when it is unpacked."""
        return _KINDS[self.type]


class TarReader:
    """Reads the tar archive in `stream` from its beginning to its very end."""

    def __init__(self, stream: GzipStream) -> None:
        self._stream = stream
        self._left = 0
        self._headers = 0
        self._extensions = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield one member after the other.

        :raises Malformed: if the archive is damaged, or readers would differ on it.
        :raises BadFile: if a member is neither file, folder nor link, or a header is too large.
        """
        extensions: dict[bytes, bytes] = {}
        seen: set[bytes] = set()
        while header := self._next():
            if header.type == _PAX_GLOBAL:
                pax.parse(self._extension(header), is_global=True)
            elif header.type == _PAX or header.type in _GNU:
                more = self._records(header)
                if header.type in seen or extensions.keys() & more.keys():
                    raise Malformed("two extended headers say different things of one member")
                seen.add(header.type)
                extensions |= more
            else:
                yield self._member(header, extensions)
                extensions, seen = {}, set()
        if seen:
            raise Malformed("its last extended header has no member")
        while block := self._stream.read_some(_READ):
            if block.count(0) != len(block):
                raise Malformed("something follows its end")

    def read(self) -> bytes:
        """Return what the member that was yielded last holds; call it once, and for small ones."""
        size, self._left = self._left, 0
        content = self._stream.read(size)
        self._stream.skip(-size % tar_header.SIZE)
        return content

    def _next(self) -> Header | None:
        self._stream.skip(self._left + -self._left % tar_header.SIZE)
        block = self._stream.read(tar_header.SIZE)
        self._left = 0
        if block.count(0) == len(block):
            # Two such blocks end an archive; after one, some readers go on.
            if self._stream.read(tar_header.SIZE).strip(b"\0"):
                raise Malformed("an empty block lies among its members")
            return None
        self._headers += 1
        if self._headers > MAX_HEADERS:
            raise BadFile(f"it holds more than {MAX_HEADERS} headers")
        header = tar_header.parse(block)
        self._left = header.size
        return header

    def _extension(self, header: Header) -> bytes:
        self._extensions += header.size
        if header.size > MAX_EXTENSION or self._extensions > MAX_EXTENSIONS:
            raise BadFile(
                f"it holds an extended header of more than {MAX_EXTENSION} bytes,"
                f" or more than {MAX_EXTENSIONS} bytes of them"
            )
        return self.read()

    def _records(self, header: Header) -> dict[bytes, bytes]:
        data = self._extension(header)
        if header.type in _GNU:
            return {_GNU[header.type]: data.rstrip(b"\0")}
        return pax.parse(data, is_global=False)

    def _member(self, header: Header, extensions: dict[bytes, bytes]) -> Member:
        name = extensions.get(b"path", header.name)
        if header.type not in _KINDS:
            raise BadFile(f"{shown(name)} is neither file, folder nor link (type {header.type!r})")
        if header.type not in {FILE, OLD_FILE} and header.size:
            raise Malformed(f"{shown(name)} is no file, but has a size")
        if extensions.get(b"size", b"%d" % header.size) != b"%d" % header.size:
            raise Malformed(f"{shown(name)} has two sizes")
        if header.type == FOLDER:
            name = name.removesuffix(b"/")
        target = extensions.get(b"linkpath", header.target)
        return Member(name, header.type, header.size, target)
