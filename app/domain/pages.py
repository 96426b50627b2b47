"""Pages as they are kept: rendered when something changes, so that reading costs next to nothing.

Every change of a project raises `gen` after it was written. Whoever renders reads `gen` first and
the files after it, so a page that says `page_gen = g` shows every change up to g. The serial is
raised together with `gen` and means the same to others (domain/serial.py).
"""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.dist_file import Blob
from app.domain.names import NormalizedName
from app.domain.project import ProjectStatus, Visibility
from app.domain.serial import UNCOUNTED


class Format(StrEnum):
    """A representation of a page that is stored."""

    JSON = "json"
    HTML = "html"


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """One representation of a page, ready to be stored and sent."""

    # SHA-256 of the plain bytes, shortened: what the ETag is made of.
    digest: str
    # gzip of the page, the only form that is kept: every installer accepts it.
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some bytes of an object."""

    start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class PageRef:
    """Where the current page of a project lies; exactly one of the three places is set."""

    digest: str
    # Every change up to this one is on the page.
    serial: int = UNCOUNTED
    inline: bytes | None = None
    # Sort key of a page item.
    item: str | None = None
    blob: Blob | None = None
    # Of the object: it holds both representations; None: all of it.
    part: Part | None = None


@dataclass(frozen=True, kw_only=True)
class Head:
    """The one small item that a reader of a project needs."""

    project: NormalizedName
    gen: int
    page_gen: int
    # Of the last change that was counted.
    serial: int
    visibility: Visibility
    status: ProjectStatus = ProjectStatus.ACTIVE
    pages: dict[Format, PageRef] = field(default_factory=dict)
    # Of a large page: where its index lies.
    index: PageRef | None = None
    # What has changed since the page was made, one entry for each generation (`change`).
    changes: frozenset[str] = frozenset()

    @property
    def changed(self) -> frozenset[str] | None:
        """Return the names of the files that changed since the page was made, None if unknown."""
        if len(self.changes) != self.gen - self.page_gen:
            return None
        named = [entry.split("/")[1:] for entry in self.changes]
        names = frozenset(name for one in named for name in one)
        return None if _ANYTHING in names else names


_ANYTHING = "*"


def change(attempt: str, filenames: Iterable[str] | None) -> str:
    """Return the entry of a change of files, or (None) of whatever it may be.

    `attempt` is unique: the same files may change again.
    """
    names = [_ANYTHING] if filenames is None else sorted(filenames)
    return "/".join([attempt, *names])


def pack(body: bytes) -> Rendered:
    """Compress a rendered page; equal pages give equal bytes."""
    return Rendered(
        digest=hashlib.sha256(body).hexdigest()[:32],
        body=gzip.compress(body, compresslevel=6, mtime=0),
    )
