"""Handing out the provenance of files."""

from datetime import datetime

from packaging.version import Version

from app.domain import access, filenames
from app.domain.names import NormalizedName
from app.domain.token import Claims
from app.errors import Forbidden, NotFound
from app.features.access.service import visit
from app.store.stores import Stores

_MAX_SHOWN = 60


def find(
    project: NormalizedName,
    version: str,
    filename: str,
    *,
    claims: Claims | None,
    stores: Stores,
    now: datetime,
) -> bytes:
    """Return the provenance object of a file, gzipped, if this reader may have the file.

    :raises Unauthorized, Forbidden, NotFound: if not, or if it came without attestations.
    """
    visitor = visit(
        claims,
        project,
        filename=filename if filenames.is_possible(filename) else None,
        with_provenance=True,
        stores=stores,
        now=now,
    )
    found = visitor.found
    if found.head is None:
        raise access.absent(visitor.actor, project)
    access.require_read(visitor.actor, project, visibility=found.head.visibility, role=found.role)
    if not found.head.status.offers_files:
        raise Forbidden(f"Project {project!r} is quarantined: its files are not handed out.")
    if found.file is None or not filenames.same_version(version, Version(found.file.version)):
        raise NotFound(
            f"There is no file {filename[: filenames.MAX_LENGTH]!r} in version"
            f" {version[:_MAX_SHOWN]!r} of project {project!r}."
        )
    if found.provenance is None:
        raise NotFound(f"{found.file.filename} was published without attestations.")
    return found.provenance
