"""Publishing a file. The order of the steps is the contract: see docs/internals/flows.md."""

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from app.domain import access, digests, filenames, metadata, sdist, wheel
from app.domain.access import Actor
from app.domain.digests import Measured
from app.domain.dist_file import DistFile, StoredMetadata
from app.domain.event import Event
from app.domain.filenames import DistName
from app.domain.metadata import CoreMetadata
from app.domain.project import Project, Release, Visibility
from app.domain.refusal import Refusal
from app.domain.token import Claims, Permission
from app.domain.upload import Upload
from app.errors import AppError, BadFile, FileExists, Forbidden, TooLarge, Unavailable
from app.features.access.service import identify
from app.features.simple.service import refresh
from app.store.files import Clash, Publication, Standing
from app.store.stores import Stores

# Each attempt finds at least one item that another upload has written meanwhile, and those items
# are few: project, release, file.
_ATTEMPTS = 5
MAX_DETAIL = 1000


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A file that may be published: its measures and what its metadata says."""

    measured: Measured
    document: bytes
    metadata: CoreMetadata


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file that lies in S3 already, but that nobody can see yet."""

    file: DistFile
    dist: DistName
    inspected: Inspected
    stored_metadata: StoredMetadata


def admit(claims: Claims | None, *, stores: Stores, now: datetime) -> Actor:
    """Let a client in that may upload something, before its file is received.

    :raises Unauthorized, Forbidden: if it may upload nothing at all.
    """
    actor = identify(claims, stores=stores, now=now)
    access.require_permission(actor, Permission.UPLOAD)
    return actor


def remember_refusal(
    actor: Actor,
    refusal: AppError,
    *,
    filename: str,
    client: str,
    stores: Stores,
    now: datetime,
) -> None:
    """Keep the reason of a refusal for the token's owner, if that is possible right now."""
    record = Refusal(
        filename=filename[: filenames.MAX_LENGTH],
        status=refusal.status,
        detail=refusal.detail[:MAX_DETAIL],
        client=client,
        at=now,
    )
    with contextlib.suppress(Unavailable):  # the refusal itself matters more
        stores.refusals.add(actor.token.id, record)


def publish(
    upload: Upload,
    content: IO[bytes],
    *,
    actor: Actor,
    client: str,
    max_bytes: int,
    stores: Stores,
    now: datetime,
) -> DistFile:
    """Publish the file in `content`; when this returns, the next request of anybody sees it.

    Publishing identical bytes again changes nothing and returns the file as it stands. `client` is
    the User-Agent, `max_bytes` the largest file taken.

    :raises BadRequest, Forbidden, FileExists, TooLarge: and nothing is changed.
    :raises Unavailable: if the storage is away; repeating the upload completes it.
    """
    dist = upload.dist
    standing = _require_upload(actor, dist, stores=stores)
    measured = digests.measure(content)
    if measured.size > max_bytes:
        raise TooLarge(f"{dist.filename} has more than {max_bytes} bytes, the limit here.")
    digests.check(measured, upload.digests)
    file = _existing(standing, dist, measured)
    if file is None:
        inspected = _inspect(upload, content, measured)
        candidate = _put(
            dist, content, inspected, actor=actor, client=client, stores=stores, now=now
        )
        file = _add(candidate, standing, actor=actor, stores=stores)
    # Also for a file that was there: its first upload may have ended before its page was made.
    refresh(dist.project, stores=stores)
    return file


def _require_upload(actor: Actor, dist: DistName, *, stores: Stores) -> Standing:
    """Return how things stand for `dist`, if `actor` may publish it."""
    standing = stores.files.survey(dist, actor.name)
    exists = standing.project is not None
    access.require_upload(actor, dist.project, exists=exists, role=standing.role)
    if standing.project is not None and not standing.project.status.takes_files:
        raise Forbidden(
            f"Project {dist.project!r} is {standing.project.status.value} and takes no files;"
            " one of its maintainers can make it active again."
        )
    return standing


def _existing(standing: Standing, dist: DistName, measured: Measured) -> DistFile | None:
    """Return the file if these very bytes are published, None if the name is free.

    :raises FileExists: if the name belongs to other bytes, or did before a deletion.
    """
    file = standing.file
    if file is not None and file.sha256 == measured.sha256:
        return file
    if file is not None:
        raise FileExists(
            f"File already exists ({dist.filename}, with different content); a published file never"
            f" changes, so publish a new version. The published one has sha256 {file.sha256}.",
            filename=dist.filename,
        )
    if standing.is_taken:
        raise FileExists(
            f"File already exists or existed before ({dist.filename}, maybe in another spelling);"
            " its name is never given again, so publish a new version.",
            filename=dist.filename,
        )
    return None


def _inspect(upload: Upload, content: IO[bytes], measured: Measured) -> Inspected:
    read = wheel.read_metadata if upload.dist.kind == filenames.WHEEL else sdist.read_metadata
    document = read(content, upload.dist)
    core = metadata.parse(document)
    if core.project != upload.project or core.version != upload.dist.version:
        raise BadFile(
            f"{upload.dist.filename} holds the metadata of {core.name} {core.version};"
            " the file was renamed or damaged, build it again."
        )
    return Inspected(measured=measured, document=document, metadata=core)


def _put(
    dist: DistName,
    content: IO[bytes],
    inspected: Inspected,
    *,
    actor: Actor,
    client: str,
    stores: Stores,
    now: datetime,
) -> Candidate:
    """Put the bytes into S3, under a key that belongs to this attempt alone."""
    attempt, measured = secrets.token_hex(8), inspected.measured
    blob = stores.blobs.put(
        f"files/{dist.project}/{attempt}/{dist.filename}",
        content,
        sha256=measured.sha256,
        media_type="application/octet-stream",
    )
    file = DistFile(
        project=dist.project,
        filename=dist.filename,
        version=str(dist.version),
        kind=dist.kind,
        size=measured.size,
        sha256=measured.sha256,
        md5=measured.md5,
        blake2_256=measured.blake2_256,
        metadata_sha256=hashlib.sha256(inspected.document).hexdigest(),
        requires_python=inspected.metadata.requires_python,
        uploaded_at=now,
        uploaded_by=actor.name,
        uploaded_with=client,
        blob=blob,
    )
    stored = stores.metadata.keep(dist.project, dist.filename, inspected.document, attempt=attempt)
    return Candidate(file=file, dist=dist, inspected=inspected, stored_metadata=stored)


def _add(candidate: Candidate, standing: Standing, *, actor: Actor, stores: Stores) -> DistFile:
    """Publish in one transaction, or return the same file of an upload that came first."""
    for _ in range(_ATTEMPTS):
        clashes = stores.files.add(_publication(candidate, standing, actor))
        if not clashes:
            return candidate.file
        try:
            standing = _require_upload(actor, candidate.dist, stores=stores)
            if clashes & {Clash.FILE, Clash.NAME}:
                return _winner(candidate, standing, stores=stores)
        except (FileExists, Forbidden):
            _withdraw(candidate, stores=stores)
            raise
    raise Unavailable("Too many uploads at the same moment; nothing is lost, try again shortly.")


def _winner(candidate: Candidate, standing: Standing, *, stores: Stores) -> DistFile:
    winner = _existing(standing, candidate.dist, candidate.inspected.measured)
    if winner is None:
        raise Unavailable("The file is being changed at this moment; try again shortly.")
    _withdraw(candidate, stores=stores)
    return winner


def _withdraw(candidate: Candidate, *, stores: Stores) -> None:
    """Remove from S3 what this attempt has put there, unless it was published after all."""
    published = stores.files.get(candidate.dist.project, candidate.dist.filename)
    if published and published.blob == candidate.file.blob:
        return  # the answer to the transaction was lost on its way
    stores.blobs.discard(candidate.file.blob)
    if candidate.stored_metadata.blob:
        stores.blobs.discard(candidate.stored_metadata.blob)


def _publication(candidate: Candidate, standing: Standing, actor: Actor) -> Publication:
    file, core, new_project = candidate.file, candidate.inspected.metadata, standing.project is None
    return Publication(
        file=file,
        identity=candidate.dist.identity,
        metadata=candidate.stored_metadata,
        events=_events(file, actor, new_project=new_project),
        release=None if standing.has_release else _release(file, core),
        project=_project(file, core) if new_project else None,
    )


def _release(file: DistFile, core: CoreMetadata) -> Release:
    return Release(
        project=file.project,
        version=file.version,
        summary=core.summary,
        fields=core.fields,
        created_at=file.uploaded_at,
    )


def _project(file: DistFile, core: CoreMetadata) -> Project:
    return Project(
        name=file.project,
        display_name=core.name,
        visibility=Visibility.TEAM,
        created_at=file.uploaded_at,
    )


def _events(file: DistFile, actor: Actor, *, new_project: bool) -> tuple[Event, ...]:
    facts = {
        "filename": file.filename,
        "sha256": file.sha256,
        "token": actor.token.id,
        "client": file.uploaded_with,
    }
    actions = ["project.created"] if new_project else []
    return tuple(
        Event(
            id=secrets.token_hex(8),
            subject=f"project#{file.project}",
            action=action,
            actor=actor.name,
            at=file.uploaded_at,
            facts=facts,
        )
        for action in [*actions, "file.published"]
    )
