"""Handing out files and their core metadata."""

from datetime import datetime

from app.domain import access, filenames
from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.token import Claims
from app.errors import Forbidden, NotFound
from app.features.access.service import visit
from app.store.access import Found
from app.store.stores import Stores


def find(
    project: NormalizedName, filename: str, *, claims: Claims | None, stores: Stores, now: datetime
) -> DistFile:
    """Return a file, if this reader may have it.

    :raises Unauthorized, NotFound: if not.
    """
    found = _look_up(project, filename, claims=claims, stores=stores, now=now)
    if found.file is None:
        raise _no_such_file(project, filename)
    return found.file


def find_metadata(
    project: NormalizedName, filename: str, *, claims: Claims | None, stores: Stores, now: datetime
) -> tuple[DistFile, bytes]:
    """Return a file and its METADATA document, gzipped (PEP 658), if this reader may have it.

    :raises Unauthorized, NotFound: if not.
    """
    found = _look_up(project, filename, claims=claims, stores=stores, now=now, with_metadata=True)
    if found.file is None or found.metadata is None:
        raise _no_such_file(project, filename)
    return found.file, stores.contents.metadata(found.metadata)


def link(file: DistFile, *, stores: Stores, now: datetime) -> str:
    """Return a link that downloads `file` from S3 and works for a while without a credential."""
    return stores.contents.link(file.blob, now=now.timestamp())


def _look_up(
    project: NormalizedName,
    filename: str,
    *,
    claims: Claims | None,
    stores: Stores,
    now: datetime,
    with_metadata: bool = False,
) -> Found:
    visitor = visit(
        claims,
        project,
        filename=filename if filenames.is_possible(filename) else None,
        with_metadata=with_metadata,
        stores=stores,
        now=now,
    )
    head = visitor.found.head
    if head is None:
        raise access.absent(visitor.actor, project)
    access.require_read(visitor.actor, project, visibility=head.visibility, role=visitor.found.role)
    if not head.status.offers_files:
        raise Forbidden(f"Project {project!r} is quarantined: its files are not handed out.")
    return visitor.found


def _no_such_file(project: NormalizedName, filename: str) -> NotFound:
    return NotFound(
        f"There is no file {filename[: filenames.MAX_LENGTH]!r} in project {project!r}."
    )
