"""Handing out files and their core metadata."""

from datetime import datetime

from app.domain import access
from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.token import Claims
from app.errors import NotFound
from app.features.access import service as visitors
from app.features.access.service import Visit
from app.store.stores import Stores


def find(
    project: NormalizedName, filename: str, *, claims: Claims | None, stores: Stores, now: datetime
) -> DistFile:
    """Return a file, if this reader may have it.

    :raises Unauthorized, NotFound: if not.
    """
    visit = visitors.visit(claims, project, filename=filename, stores=stores, now=now)
    _require_read(visit, project)
    if visit.found.file is None:
        raise _no_such_file(project, filename)
    return visit.found.file


def find_metadata(
    project: NormalizedName, filename: str, *, claims: Claims | None, stores: Stores, now: datetime
) -> tuple[DistFile, bytes]:
    """Return a file and its METADATA document, gzipped (PEP 658), if this reader may have it.

    :raises Unauthorized, NotFound: if not.
    """
    visit = visitors.visit(
        claims, project, filename=filename, with_metadata=True, stores=stores, now=now
    )
    _require_read(visit, project)
    if visit.found.file is None or visit.found.metadata is None:
        raise _no_such_file(project, filename)
    return visit.found.file, visit.found.metadata


def link(file: DistFile, *, stores: Stores, now: datetime) -> str:
    """Return a link that downloads `file` from S3 and works for a while without a credential."""
    return stores.blobs.link(file.blob, now=now.timestamp())


def _require_read(visit: Visit, project: NormalizedName) -> None:
    head = visit.found.head
    access.require_read(
        visit.actor,
        project,
        visibility=head.visibility if head else None,
        role=visit.found.role,
    )


def _no_such_file(project: NormalizedName, filename: str) -> NotFound:
    return NotFound(f"There is no file {filename!r} in project {project!r}.")
