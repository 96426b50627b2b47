"""Large pages, made of pieces: a change of one file costs one piece and not the page.

A piece is a run of files in the order of their names. A file begins a new piece where a hash of its
name says so, so the borders follow from the names alone: a page that was changed piece by piece is,
byte for byte, the page that rendering it anew would give.

What it takes to change a page again, its index, is kept beside it: where each piece lies in the
compressed bodies, and which versions it holds.
"""

import bisect
import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from packaging.utils import canonicalize_version
from packaging.version import Version

from app.domain import simple
from app.domain.dist_file import ListedFile
from app.domain.names import NormalizedName
from app.domain.pages import Format, Rendered, pack
from app.domain.segments import HEADER_LENGTH, Segment, compress, join
from app.domain.simple import SEPARATOR, Frame, ProjectPage

# Smaller pages are rendered whole: that costs no more, and they compress better.
LARGE = 100
# One name in so many begins a piece.
_MEAN = 24

_FORMS = tuple(Format)
_SEPARATORS = tuple(compress(SEPARATOR[form]) for form in _FORMS)

Fetch = Callable[[str, str | None], Sequence[ListedFile]]
"""Reads the files from one name on and up to another, which is left out (None: to the end)."""


class Piece(NamedTuple):
    """A run of files, rendered."""

    # The name of its first file.
    first: str
    # How many files there are.
    files: int
    # Each version of its files, after what is one for 1.0 and 1.0.0: " 1=1.0 1.1=1.1".
    versions: str
    # In each of `_FORMS`.
    segments: tuple[Segment, ...]


@dataclass(frozen=True, kw_only=True)
class Edition:
    """All that is stored of a project's page at one time."""

    pages: Mapping[Format, Rendered]
    # Of a large page: what it takes to change it.
    index: bytes = b""
    # What it was made of, if that is known and large.
    composition: "Composition | None" = field(default=None, compare=False)


def edition(page: ProjectPage) -> Edition:
    """Render a page, large or small; the same page always gives the same bytes."""
    if len(page.files) < LARGE:
        return Edition(pages={form: pack(simple.render(page, form)) for form in Format})
    return Composition.of(page.files, page.address).edition(page)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """All files of a large page, in pieces."""

    pieces: tuple[Piece, ...]
    # In order, each once (PEP 440).
    versions: tuple[str, ...]
    # The https address of the index, or empty.
    address: str

    @classmethod
    def of(cls, files: Sequence[ListedFile], address: str) -> "Composition":
        """Compose `files`, which are in the order of their names."""
        versions = tuple(simple.versions_of(files))
        return cls(pieces=tuple(_pieces(files, address)), versions=versions, address=address)

    @classmethod
    def read(
        cls, index: bytes, bodies: Mapping[Format, bytes], address: str
    ) -> "Composition | None":
        """Return what an edition was made of; None if it would be rendered differently now."""
        fields = json.loads(index)
        if fields["rendering"] != _rendering(address):
            return None
        pieces = tuple(_read_pieces(fields, [memoryview(bodies[form]) for form in _FORMS]))
        return cls(pieces=pieces, versions=tuple(fields["versions"].split()), address=address)

    @property
    def is_large(self) -> bool:
        """Return whether there are files enough for pieces."""
        return sum(piece.files for piece in self.pieces) >= LARGE

    def takes(self, changes: int) -> bool:
        """Tell whether to change so many files one by one costs less than to render all."""
        return changes <= max(1, len(self.pieces) // 4)

    def update(self, changed: Collection[str], fetch: Fetch) -> "Composition":
        """Return the composition after files were added, changed or removed.

        It costs a call of `fetch`, and a rendering, for each piece in which one of them lies.
        """
        pieces, above = list(self.pieces), None
        for name in sorted(changed, reverse=True):
            if above is None or name < above:
                above = _reread(pieces, name, fetch, self.address)
        versions = _versions(self.versions, self.pieces, pieces)
        return replace(self, pieces=tuple(pieces), versions=versions)

    def edition(self, frame: Frame) -> Edition:
        """Return the page with everything around the files as it is now."""
        # With all its versions it changes each time, so it is compressed fast rather than well.
        openings = [compress(simple.opening(frame, self.versions, form), 1) for form in _FORMS]
        pages = [self._page(frame, number, opening) for number, opening in enumerate(openings)]
        return Edition(
            pages=dict(zip(_FORMS, pages, strict=True)),
            index=self._index(openings),
            composition=self,
        )

    def _page(self, frame: Frame, number: int, opening: Segment) -> Rendered:
        parts, separator = [opening], _SEPARATORS[number]
        for piece in self.pieces:
            parts += (piece.segments[number], separator)
        parts[-1] = compress(simple.closing(frame, _FORMS[number]))
        return join(parts)

    def _index(self, openings: Sequence[Segment]) -> bytes:
        fields = {
            "rendering": _rendering(self.address),
            "versions": " ".join(self.versions),
            "openings": [len(opening.packed) for opening in openings],
            "pieces": [_fields(piece) for piece in self.pieces],
        }
        return json.dumps(fields, separators=(",", ":")).encode()


def _reread(pieces: list[Piece], name: str, fetch: Fetch, address: str) -> str:
    """Replace the piece in which `name` lies by what is there now; return where that begins.

    Where the file that began the piece is gone, there is no border any more.
    """
    low = max(0, bisect.bisect_right(pieces, name, key=lambda piece: piece.first) - 1)
    high = low + 1
    end = pieces[high].first if high < len(pieces) else None
    while True:
        begin = pieces[low].first if low else ""
        files = fetch(begin, end)
        if not low or (files and files[0].filename == begin):
            break
        low -= 1
    pieces[low:high] = _pieces(files, address)
    return begin


def _pieces(files: Sequence[ListedFile], address: str) -> Iterable[Piece]:
    borders = [at for at, file in enumerate(files) if at == 0 or _is_border(file.filename)]
    for begin, end in itertools.pairwise([*borders, len(files)]):
        yield _piece(files[begin:end], address)


def _is_border(filename: str) -> bool:
    return hashlib.sha256(filename.encode()).digest()[0] < 256 // _MEAN


def _piece(files: Sequence[ListedFile], address: str) -> Piece:
    return Piece(
        first=files[0].filename,
        files=len(files),
        versions="".join(
            f" {canonicalize_version(version)}={version}"
            for version in sorted({file.version for file in files})
        ),
        segments=tuple(compress(simple.entries(files, form, address=address)) for form in _FORMS),
    )


def _versions(
    known: Sequence[str], before: Sequence[Piece], after: Sequence[Piece]
) -> tuple[str, ...]:
    """Return the versions of a page, in order, after pieces were replaced."""
    versions, same = list(known), {id(piece) for piece in before} & {id(piece) for piece in after}
    tokens = [
        _tokens(piece for piece in pieces if id(piece) not in same) for pieces in (before, after)
    ]
    for version in {token.partition("=")[0] for token in tokens[0] ^ tokens[1]}:
        old, new = _spelling(before, version), _spelling(after, version)
        if old is not None:
            versions.remove(old)
        if new is not None:
            bisect.insort(versions, new, key=Version)
    return tuple(versions)


def _tokens(pieces: Iterable[Piece]) -> set[str]:
    return {token for piece in pieces for token in piece.versions.split()}


def _spelling(pieces: Iterable[Piece], version: str) -> str | None:
    """Return how the page writes a version, None if there is none."""
    wanted = f" {version}="
    holding = [piece for piece in pieces if wanted in piece.versions]
    found = [token for token in _tokens(holding) if token.startswith(wanted[1:])]
    return min(found).partition("=")[2] if found else None


def _fields(piece: Piece) -> list[Any]:
    segments = [(len(packed), *others) for packed, *others in piece.segments]
    return [piece.first, piece.files, piece.versions, *segments]


def _read_pieces(fields: dict[str, Any], bodies: Sequence[memoryview]) -> Iterable[Piece]:
    at = [HEADER_LENGTH + length for length in fields["openings"]]
    for first, files, versions, *described in fields["pieces"]:
        segments = []
        for number, (length, *others) in enumerate(described):
            packed = bodies[number][at[number] : at[number] + length]
            segments.append(Segment(packed, *others))
            at[number] += length + len(_SEPARATORS[number].packed)
        yield Piece(first, files, versions, tuple(segments))


_SAMPLE = ListedFile(
    project=NormalizedName("sample"),
    filename="sample-1.0+a-py3-none-any.whl",
    version="1.0+a",
    size=1,
    sha256="0",
    metadata_sha256="1",
    requires_python=">=3",
    uploaded_at=datetime(2026, 1, 1, tzinfo=UTC),
    yanked="<&>",
    attested=True,
)


@functools.cache
def _rendering(address: str) -> str:
    """Tell how a file is rendered now: a page must not mix that with what was before an update."""
    texts = [simple.entries([_SAMPLE], form, address=address) for form in Format]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]
