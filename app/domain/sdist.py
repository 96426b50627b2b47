"""Sdists: what the archive must hold to be published (source distribution format specification)."""

import gzip
import tarfile
import zlib
from typing import IO

from app.domain.filenames import DistName
from app.errors import BadFile

MAX_METADATA = 4 * 1024 * 1024
MAX_MEMBERS = 50_000
MAX_EXPANDED = 1024 * 1024 * 1024
_BLOCK = 1024 * 1024
# RecursionError: tarfile descends once for each of a chain of extension headers.
_UNREADABLE = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    RecursionError,
)


def read_metadata(content: IO[bytes], dist: DistName) -> bytes:
    """Return the PKG-INFO document of the sdist in `content`, which is rewound afterwards.

    :raises BadFile: if it is no gzipped tar archive, or lacks what every sdist has.
    """
    try:
        with gzip.GzipFile(fileobj=content) as unpacked:
            stream = _Bounded(unpacked, MAX_EXPANDED)
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
                document = _metadata_of(archive, dist)
            while stream.read(_BLOCK):  # the checksum stands at the very end
                pass
            return document
    except _UNREADABLE as error:
        raise BadFile(
            f"{dist.filename} is not a readable gzipped tar archive ({error}); build it again."
        ) from error
    finally:
        content.seek(0)


class _Bounded:
    """A stream that ends with a refusal where a small archive would unpack into a huge one."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise BadFile(f"The sdist unpacks to more than {MAX_EXPANDED} bytes.")
        return block


def _metadata_of(archive: tarfile.TarFile, dist: DistName) -> bytes:
    top = dist.filename.removesuffix(".tar.gz")
    document = None
    for number, member in enumerate(archive):
        if number >= MAX_MEMBERS:
            raise BadFile(f"{dist.filename} holds more than {MAX_MEMBERS} members.")
        if member.name.removeprefix("./").split("/", 1)[0] not in {top, "."}:
            raise BadFile(
                f"{dist.filename} must hold one top folder, {top!r} (PEP 625), not {member.name!r}."
            )
        if member.name.removeprefix("./") == f"{top}/PKG-INFO":
            if document is not None:
                raise BadFile(f"{dist.filename} holds more than one {top}/PKG-INFO.")
            document = _read(archive, member)
    if document is None:
        raise BadFile(f"{dist.filename} must hold {top}/PKG-INFO.")
    return document


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    reader = archive.extractfile(member) if member.isreg() else None
    if reader is None:
        raise BadFile(f"{member.name} must be a regular file.")
    document = reader.read(MAX_METADATA + 1)
    if len(document) > MAX_METADATA:
        raise BadFile(f"{member.name} is larger than {MAX_METADATA} bytes.")
    return document
