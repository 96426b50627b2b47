"""Publishing files that lie in a folder or on another index.

Each file is inspected and published like an upload, in a transaction of its own; the page is made
once a project is through. An import that ended anywhere is completed by repeating it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from app.domain import access, digests, manifest, transfer
from app.domain.access import Actor
from app.domain.digests import Measured
from app.domain.filenames import DistName
from app.domain.manifest import Manifest
from app.domain.names import NormalizedName
from app.domain.project import Project, Visibility
from app.domain.publication import Prepared
from app.domain.token import Permission
from app.domain.transfer import Batch, Fate, Offer, Outcome, Source, Step
from app.errors import (
    AppError,
    BadFile,
    BadRequest,
    FileExists,
    Forbidden,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from app.features.pages import service as pages
from app.features.publication import service as publication
from app.features.publication.service import Origin
from app.features.restoring import service as restoring
from app.features.restoring.service import Maker
from app.store.files import Standing
from app.store.folder import ImportFolder
from app.store.remote_index import RemoteIndex
from app.store.stores import Stores

# No account can have this name.
_ACTOR = "(import)"
# These end an import; every other refusal is of one file or one project.
_FATAL = (Unauthorized, Unavailable)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to import."""

    # Bytes.
    max_file_bytes: int
    # Who owns new projects; None: the only admin.
    owner: str | None = None
    # None: all.
    projects: frozenset[NormalizedName] | None = None
    # Nothing is written.
    is_dry: bool = False


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What is the same for all files of an import."""

    plan: Plan
    actor: Actor
    maker: Maker
    stores: Stores

    @property
    def now(self) -> datetime:
        return self.maker.at


def from_folder(root: Path, plan: Plan, *, stores: Stores, now: datetime) -> Iterator[Step]:
    """Import the wheels and sdists below a folder.

    :raises BadRequest: if it, or the owner, will not do.
    :raises Unavailable: if the storage is away; what was imported stays.
    """
    return _all(ImportFolder(root), plan, stores=stores, now=now)


def from_index(url: str, plan: Plan, *, stores: Stores, now: datetime) -> Iterator[Step]:
    """Import from another index, whose Simple API is at `url`.

    :raises BadRequest, Unauthorized: if it, or the owner, will not do.
    :raises Unavailable: if it or the storage is away; what was imported stays.
    """
    index = RemoteIndex(url, max_file_bytes=plan.max_file_bytes)
    return _all(index, plan, stores=stores, now=now)


def _all(source: Source, plan: Plan, *, stores: Stores, now: datetime) -> Iterator[Step]:
    owner = _owner(plan.owner, stores=stores)
    run = _Run(
        plan=plan,
        actor=access.machine(_ACTOR, Permission.UPLOAD, now=now),
        maker=Maker(actor=_ACTOR, client=source.label, owner=owner, at=now),
        stores=stores,
    )
    projects = source.projects() if plan.projects is None else sorted(plan.projects)
    for stray in source.strays() if plan.projects is None else []:
        yield Step(0, len(projects), stray)
    for number, project in enumerate(projects, 1):
        for fate in _project(project, source, run):
            yield Step(number, len(projects), fate)


def _owner(name: str | None, *, stores: Stores) -> str:
    if name is not None:
        if stores.accounts.get(name) is None:
            raise BadRequest(f"There is no account {name[:60]!r}.")
        return name
    admins = [account.name for account in stores.inventory.accounts() if account.is_admin]
    if len(admins) != 1:
        raise BadRequest(
            f"There are {len(admins)} admins, so say who owns new projects: --owner NAME."
        )
    return admins[0]


def _project(project: NormalizedName, source: Source, run: _Run) -> Iterator[Fate]:
    try:
        batch = source.batch(project)
        if batch.manifest and not run.plan.is_dry:
            yield from restoring.restore(batch.manifest, run.maker, stores=run.stores)
    except _FATAL:
        raise
    except AppError as refusal:
        yield Fate(project, Outcome.REFUSED, refusal.detail)
        return
    yield from batch.others
    try:
        for offer in batch.offers:
            yield _file(offer, batch, run)
    finally:
        # Also where nothing was published: an earlier run may have ended before this.
        if not run.plan.is_dry and not pages.is_current(project, stores=run.stores):
            pages.refresh(project, stores=run.stores)


def _file(offer: Offer, batch: Batch, run: _Run) -> Fate:
    subject = f"{batch.project}/{offer.filename}"
    try:
        dist = transfer.dist_of(offer.filename, batch.project)
        is_new = _publish(offer, dist, _standing(dist, batch.manifest, run), run)
    except _FATAL:
        raise
    except AppError as refusal:
        return Fate(subject, Outcome.REFUSED, refusal.detail)
    return Fate(subject, Outcome.PUBLISHED if is_new else Outcome.PRESENT)


def _standing(dist: DistName, described: Manifest | None, run: _Run) -> Standing:
    """Return how things stand for a file, if it may be published.

    An exported project that takes no files any more gets those that it had.
    """
    standing = run.stores.files.survey(dist, _ACTOR, now=run.now)
    if described and standing.project and standing.project.status is described.status:
        return standing
    return publication.require_upload(run.actor, dist, stores=run.stores, now=run.now)


def _publish(offer: Offer, dist: DistName, standing: Standing, run: _Run) -> bool:
    """Publish a file; return False if it is there already."""
    if offer.sha256 and publication.existing(standing, dist, offer.sha256):
        return False
    with offer.open() as content:
        measured = _measure(content, offer, run.plan)
        if publication.existing(standing, dist, measured.sha256):
            return False
        inspected = publication.inspect(dist, content, measured)
        provenance = _provenance(offer, measured)
        if run.plan.is_dry:
            return True
        prepared = publication.put(
            dist, content, inspected, origin=_origin(offer, run), stores=run.stores
        )
    file = replace(prepared.file, yanked=offer.yanked, attested=provenance is not None)
    prepared = replace(prepared, file=file, provenance=provenance)
    if standing.project is None:
        standing = replace(standing, project=_new_project(prepared, run))
    return _publish_prepared(prepared, standing, run)


def _measure(content: IO[bytes], offer: Offer, plan: Plan) -> Measured:
    measured = digests.measure(content)
    if measured.size > plan.max_file_bytes:
        raise TooLarge(f"It has more than {plan.max_file_bytes} bytes, the limit here.")
    if offer.sha256 not in {None, measured.sha256}:
        raise BadFile(
            f"Its sha256 is {measured.sha256}, not {offer.sha256}: it was changed or damaged."
        )
    return measured


def _provenance(offer: Offer, measured: Measured) -> bytes | None:
    if offer.provenance is None:
        return None
    return manifest.check_provenance(offer.provenance, offer.filename, measured.sha256)


def _origin(offer: Offer, run: _Run) -> Origin:
    return Origin(
        account=offer.uploaded_by or _ACTOR,
        client=run.maker.client if offer.uploaded_with is None else offer.uploaded_with,
        at=offer.uploaded_at or run.now,
    )


def _new_project(first: Prepared, run: _Run) -> Project:
    project = Project(
        name=first.file.project,
        display_name=first.name,
        visibility=Visibility.TEAM,
        created_at=first.file.uploaded_at,
    )
    restoring.claim(project, {}, run.maker, stores=run.stores)
    return project


def _publish_prepared(prepared: Prepared, standing: Standing, run: _Run) -> bool:
    """Publish, and leave nothing behind in S3 where somebody else came first."""
    try:
        [file] = publication.publish(
            [prepared], standing, actor=run.actor, stores=run.stores, now=run.now
        )
    except (FileExists, Forbidden):
        publication.withdraw(prepared, stores=run.stores)
        raise
    if file.blob == prepared.file.blob:
        return True
    publication.withdraw(prepared, stores=run.stores)
    return False
