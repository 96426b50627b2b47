"""Projects as the JSON API tells them: made when somebody asks, for hardly anybody does."""

import gzip
from dataclasses import dataclass
from datetime import datetime

from app.domain import access, json_api, releases
from app.domain.dist_file import DistFile
from app.domain.json_api import Subject
from app.domain.names import NormalizedName
from app.domain.pages import Rendered, pack
from app.domain.project import ProjectRole
from app.domain.releases import ReleaseFiles
from app.domain.token import Claims
from app.errors import NotFound
from app.features.access.service import visit
from app.store.stores import Stores

_MAX_SHOWN = 60
# Those the public index knows too.
_TOLD_ROLES = (ProjectRole.OWNER, ProjectRole.MAINTAINER)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The releases of a project, the oldest first, for one reader."""

    project: NormalizedName
    # Whether the reader has shown a credential.
    is_known: bool
    # Every change up to this one is in it.
    serial: int
    releases: list[ReleaseFiles]


def read(
    project: NormalizedName, *, claims: Claims | None, stores: Stores, now: datetime
) -> Listing:
    """Return the releases of `project`, if this reader may see it.

    :raises Unauthorized, NotFound: if not.
    """
    visitor = visit(claims, project, stores=stores, now=now)
    head = visitor.found.head
    # Without a page nothing was ever published, whatever was tried.
    if head is None or not head.pages:
        raise access.absent(visitor.actor, project)
    access.require_read(visitor.actor, project, visibility=head.visibility, role=visitor.found.role)
    # It was read before the files, so they show at least all up to its serial.
    files = stores.files.of(project) if head.status.offers_files else []
    return Listing(
        project=project,
        is_known=visitor.actor is not None,
        serial=head.serial,
        releases=releases.group(files),
    )


def describe(listing: Listing, version: str | None, *, url: str, stores: Stores) -> Rendered:
    """Return the document of one release, or of the latest together with a list of all.

    `url` is the address of this index.

    :raises NotFound: if there is no such release.
    """
    release = _choose(listing, version)
    subject = Subject(
        project=listing.project,
        release=release,
        document=_document(release.first, stores=stores),
        owners=_owners(listing, stores=stores),
        serial=listing.serial,
    )
    return pack(json_api.render(subject, None if version else listing.releases, url=url))


def _choose(listing: Listing, version: str | None) -> ReleaseFiles:
    if version is None:
        release, missing = releases.latest(listing.releases), "release"
    else:
        release = releases.pick(listing.releases, version)
        missing = f"version {version[:_MAX_SHOWN]!r}"
    if release is None:
        raise NotFound(f"There is no {missing} of project {listing.project!r}.")
    return release


def _owners(listing: Listing, *, stores: Stores) -> list[tuple[ProjectRole, str]]:
    if not listing.is_known:
        return []  # the accounts of a private index are nobody else's business
    members = stores.projects.members(listing.project)
    return [(told, name) for told in _TOLD_ROLES for name in members if members[name] is told]


def _document(file: DistFile, *, stores: Stores) -> bytes:
    found = stores.access.look_up(None, file.project, filename=file.filename, with_metadata=True)
    if found.metadata is None:
        raise NotFound(f"{file.filename} was deleted a moment ago; ask again.")
    return gzip.decompress(stores.contents.metadata(found.metadata))
