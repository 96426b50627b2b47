"""Publishing a file. The order of the steps is the contract: see docs/internals/flows.md."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from app.domain import access, digests, filenames, metadata, sdist, wheel
from app.domain.access import Actor
from app.domain.digests import Measured
from app.domain.dist_file import Blob, DistFile
from app.domain.event import Event
from app.domain.filenames import DistName
from app.domain.metadata import CoreMetadata
from app.domain.names import NormalizedName
from app.domain.project import Project, Release, Visibility
from app.domain.token import Claims, Permission
from app.domain.upload import Upload
from app.errors import BadFile, FileExists, TooLarge, Unavailable
from app.features.access import service as visitors
from app.features.simple import service as pages
from app.store.files import Clash, Publication
from app.store.stores import Stores

# Each attempt finds at least one item that another upload has written meanwhile, and those items
# are few: project, release, file.
_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A file that may be published: its measures and what its metadata says."""

    measured: Measured
    document: bytes
    metadata: CoreMetadata


def admit(claims: Claims | None, *, stores: Stores, now: datetime) -> Actor:
    """Let a client in that may upload something, before its file is received.

    :raises Unauthorized, Forbidden: if it may upload nothing at all.
    """
    actor = visitors.identify(claims, stores=stores, now=now)
    access.require_permission(actor, Permission.UPLOAD)
    return actor


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
    project = upload.project
    _require_upload(actor, project, stores=stores)
    measured = digests.measure(content)
    if measured.size > max_bytes:
        raise TooLarge(f"{upload.dist.filename} has more than {max_bytes} bytes, the limit here.")
    digests.check(measured, upload.digests)
    existing = _existing(upload.dist, measured, stores=stores)
    if existing is None:
        inspected = _inspect(upload, content, measured)
        existing = _store(
            upload, content, inspected, actor=actor, client=client, stores=stores, now=now
        )
    # Also for a file that was there: its first upload may have ended before its page was made.
    pages.refresh(project, stores=stores)
    return existing


def _require_upload(actor: Actor, project: NormalizedName, *, stores: Stores) -> bool:
    """Check the right to upload; return whether the project exists."""
    exists = stores.projects.get(project) is not None
    role = stores.projects.role(project, actor.name) if exists else None
    access.require_upload(actor, project, exists=exists, role=role)
    return exists


def _existing(dist: DistName, measured: Measured, *, stores: Stores) -> DistFile | None:
    """Return the file if these very bytes are published, None if the name is free.

    :raises FileExists: if the name belongs to other bytes, or did before a deletion.
    """
    # In this order: a file that another upload publishes between the two reads is then seen.
    taken = stores.files.is_taken(dist.identity)
    file = stores.files.get(dist.project, dist.filename)
    if file is not None and file.sha256 == measured.sha256:
        return file
    if file is not None:
        raise FileExists(
            f"File already exists ({dist.filename}, with different content: sha256 {file.sha256});"
            " a published file never changes, so publish a new version.",
            filename=dist.filename,
        )
    if taken:
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


def _store(
    upload: Upload,
    content: IO[bytes],
    inspected: Inspected,
    *,
    actor: Actor,
    client: str,
    stores: Stores,
    now: datetime,
) -> DistFile:
    """Put the bytes into S3 under a key of this attempt, then publish them in one transaction."""
    attempt = secrets.token_hex(8)
    blob = stores.blobs.put(
        f"files/{upload.project}/{attempt}/{upload.dist.filename}",
        content,
        sha256=inspected.measured.sha256,
        media_type="application/octet-stream",
    )
    file = _file(upload.dist, inspected, blob=blob, actor=actor, client=client, now=now)
    for _ in range(_ATTEMPTS):
        exists = _require_upload(actor, upload.project, stores=stores)
        clashes = stores.files.add(
            Publication(
                file=file,
                identity=upload.dist.identity,
                document=inspected.document,
                attempt=attempt,
                events=_events(file, actor, new_project=not exists),
                release=_release(file, inspected.metadata, stores=stores),
                project=None if exists else _project(inspected.metadata, now=now),
            )
        )
        if not clashes:
            return file
        if clashes & {Clash.FILE, Clash.NAME}:
            return _yield_to_winner(upload.dist, inspected.measured, blob, stores=stores)
    raise Unavailable("Too many uploads at the same moment; nothing is lost, try again shortly.")


def _yield_to_winner(dist: DistName, measured: Measured, blob: Blob, *, stores: Stores) -> DistFile:
    """Return the file of the upload that came first, if it is the same file."""
    try:
        winner = _existing(dist, measured, stores=stores)
    except FileExists:
        stores.blobs.discard(blob)
        raise
    if winner is None:
        raise Unavailable(f"{dist.filename} is being changed at this moment; try again shortly.")
    if winner.blob != blob:  # else it was this very attempt, its answer lost on the way
        stores.blobs.discard(blob)
    return winner


def _file(
    dist: DistName, inspected: Inspected, *, blob: Blob, actor: Actor, client: str, now: datetime
) -> DistFile:
    measured = inspected.measured
    return DistFile(
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


def _release(file: DistFile, core: CoreMetadata, *, stores: Stores) -> Release | None:
    """Return the release that the file begins, None if it is known already."""
    if stores.projects.has_release(file.project, file.version):
        return None
    return Release(
        project=file.project,
        version=file.version,
        summary=core.summary,
        fields=core.fields,
        created_at=file.uploaded_at,
    )


def _project(core: CoreMetadata, *, now: datetime) -> Project:
    return Project(
        name=core.project,
        display_name=core.name,
        visibility=Visibility.TEAM,
        created_at=now,
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
