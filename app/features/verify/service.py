"""Holds the whole index against itself: it changes nothing, and tells each fault it finds."""

import gzip
import hashlib
from collections.abc import Callable, Iterator

from app.domain import filenames
from app.domain.dist_file import DistFile
from app.domain.fault import Fault
from app.domain.project import Project
from app.errors import NotFound
from app.features.pages import service as pages
from app.store.stores import Stores

Progress = Callable[[str], None]


def verify(
    *, stores: Stores, progress: Progress = lambda _: None, read_all: bool = False
) -> Iterator[Fault]:
    """Yield every fault of the index; `progress` is told the name of each project.

    S3 keeps the SHA-256 of what came in one piece and checked it then; with `read_all`, and where
    it keeps none, the bytes themselves are read.
    """
    for project in stores.projects.all():
        progress(project.name)
        yield from _project(project, stores=stores, read_all=read_all)


def _project(project: Project, *, stores: Stores, read_all: bool) -> Iterator[Fault]:
    files = stores.files.of(project.name)
    for file in files:
        for detail in _file(file, stores=stores, read_all=read_all):
            yield Fault(subject=f"{project.name}/{file.filename}", detail=detail)
    if not pages.is_current(project.name, stores=stores):
        yield Fault(
            subject=project.name,
            detail="its page does not show its files as they are; `flask jobs run sweep` heals it",
        )


def _file(file: DistFile, *, stores: Stores, read_all: bool) -> Iterator[str]:
    yield from _object(file, stores=stores, read_all=read_all)
    yield from _document(file, stores=stores)
    taken = stores.files.taken_by(filenames.parse(file.filename).identity)
    if taken != file.sha256:
        yield "its name is not kept for it"


def _object(file: DistFile, *, stores: Stores, read_all: bool) -> Iterator[str]:
    found = stores.incoming.attributes(file.blob)
    if found is None:
        yield f"its object {file.blob.key} is missing"
        return
    newest = stores.incoming.find(file.blob.key)
    if newest is None or newest.blob != file.blob:
        yield f"its object {file.blob.key} is an old version, which the bucket will remove"
    if found.size != file.size:
        yield f"its object has {found.size} bytes, not {file.size}"
    elif read_all or found.sha256 is None:
        sha256 = stores.incoming.sha256(file.blob)
        if sha256 != file.sha256:
            yield f"its object has sha256 {sha256}, not {file.sha256}"
    elif found.sha256 != file.sha256:
        yield f"its object has sha256 {found.sha256}, not {file.sha256}"


def _document(file: DistFile, *, stores: Stores) -> Iterator[str]:
    stored = stores.metadata.of(file.project, file.filename)
    if stored is None:
        yield "its core metadata is missing"
        return
    try:
        document = gzip.decompress(stores.contents.metadata(stored))
    except (NotFound, OSError, EOFError):
        yield "its core metadata cannot be read"
        return
    if hashlib.sha256(document).hexdigest() != file.metadata_sha256:
        yield "its core metadata is not what its page says"
