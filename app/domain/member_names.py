"""Names of archive members: what may become a path on the disk of whoever unpacks."""

import functools
import re
import unicodedata
from collections.abc import Iterable
from enum import Enum

from app.domain import archive_limits
from app.errors import BadFile

MAX_LENGTH = 1024
MAX_DEPTH = 64
# All names are kept until the last member is read, so their sum bounds the memory.
MAX_TOTAL = 6 * 1024 * 1024

_SHOWN = 200
_RULES = (
    # U+2028 and U+2029 end a line for str.splitlines, with which installers read RECORD.
    (re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]"), "a control character"),
    (re.compile(r"\\"), "a backslash"),
    (re.compile(r"\A/"), "an absolute path"),
    # In every segment, because installers cut the first ones off paths below `.data`.
    (re.compile(r"(\A|/)[A-Za-z]:"), "a drive letter"),
    (re.compile(r"(\A|/)\.{0,2}(/|\Z)"), "an empty, '.' or '..' segment"),
)


class Kind(Enum):
    """What a member becomes when it is unpacked."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


def shown(name: bytes) -> str:
    r"""Return `name` fit for a sentence: one line, printable, not too long.

    >>> shown(b"larder/x.py"), shown(b"a\n\xff")
    ('larder/x.py', "'a\\n\\\\xff'")
    """
    text = name.decode(errors="backslashreplace")
    text = text if text.isprintable() and text else ascii(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def check(name: bytes) -> None:
    """Check that `name` is a relative path that means the same on every system.

    :raises BadFile: naming what it holds.
    """
    if len(name) > MAX_LENGTH:
        raise BadFile(f"the name {shown(name)} is longer than {MAX_LENGTH} bytes")
    if name.count(b"/") >= MAX_DEPTH:
        raise BadFile(f"{shown(name)} lies more than {MAX_DEPTH} folders deep")
    try:
        text = name.decode()
    except UnicodeDecodeError as error:
        raise BadFile(f"the name {shown(name)} is not UTF-8") from error
    for pattern, what in _RULES:
        if pattern.search(text):
            raise BadFile(f"the name {shown(name)} holds {what}")


class MemberNames:
    """The names of one archive, numbered in the order in which they were added."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._kinds: list[Kind] = []
        self._total = 0

    def __len__(self) -> int:
        """Return how many names were added."""
        return len(self._kinds)

    def add(self, name: bytes, kind: Kind) -> None:
        """Add the name of the next member; that of a folder comes without its final slash.

        :raises BadFile: if it is no safe path, was there before, or there are too many.
        """
        check(name)
        if name in self._numbers:
            raise BadFile(f"it holds {shown(name)} twice")
        self._total += len(name)
        if len(self) >= archive_limits.MAX_MEMBERS or self._total > MAX_TOTAL:
            raise BadFile(
                f"it holds more than {archive_limits.MAX_MEMBERS} members"
                f" or {MAX_TOTAL} bytes of names"
            )
        self._numbers[name] = len(self)
        self._kinds.append(kind)

    def number(self, name: bytes) -> int | None:
        """Return the number of the member of this name, None if there is none."""
        return self._numbers.get(name)

    def kind(self, name: bytes) -> Kind | None:
        """Return what the member of this name is, None if there is none."""
        number = self.number(name)
        return None if number is None else self._kinds[number]

    def check_licenses(self, paths: Iterable[str], folder: bytes) -> None:
        """Check that the licence files that the metadata names are there, below `folder`.

        :raises BadFile: naming one that is not (PEP 639, "License-File").
        """
        for path in paths:
            name = folder + b"/" + path.encode(errors="replace")
            if self.kind(name) not in {Kind.FILE, Kind.LINK}:
                raise BadFile(
                    f"its metadata names the licence file {shown(name)}, which is missing"
                )

    def files(self) -> list[tuple[int, bytes]]:
        """Return numbers and names of all members that are no folders."""
        return [(n, name) for name, n in self._numbers.items() if self._kinds[n] is not Kind.FOLDER]

    def check_tree(self) -> None:
        """Check that only folders have something below them, and links not in any spelling.

        :raises BadFile: naming the member that stands in the way of another.
        """
        for name in self._numbers:
            parent, _, _ = name.rpartition(b"/")
            while parent:
                if self.kind(parent) not in {None, Kind.FOLDER}:
                    raise _below(name, parent)
                parent, _, _ = parent.rpartition(b"/")
        links = {_folded(name): name for name in self._numbers if self.kind(name) is Kind.LINK}
        if links:
            self._check_folded(links)

    def _check_folded(self, links: dict[str, bytes]) -> None:
        for name in self._numbers:
            folded = _folded(name)
            end = folded.find("/")
            while end >= 0:
                if folded[:end] in links:
                    raise _below(name, links[folded[:end]])
                end = folded.find("/", end + 1)


def _below(name: bytes, parent: bytes) -> BadFile:
    return BadFile(f"it holds {shown(name)} below {shown(parent)}, which is no folder")


def _folded(name: bytes) -> str:
    """Return what is equal for names that are one name on some systems.

    Step by step, because normalising takes time in the square of the length.
    """
    return "/".join(map(_folded_step, name.decode().split("/")))


@functools.lru_cache(maxsize=4096)
def _folded_step(step: str) -> str:
    return step.lower() if step.isascii() else unicodedata.normalize("NFC", step.casefold())
