"""Publishing files: who may, what is inside, and the one transaction that makes them visible.

The order of the steps is the contract: see docs/internals/flows.md.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO

from app.domain import access, attestations, filenames, metadata, names, sdist, wheel
from app.domain.access import Actor
from app.domain.attestations import Attestation
from app.domain.digests import Measured
from app.domain.dist_file import Blob, DistFile
from app.domain.event import Event
from app.domain.filenames import DistName
from app.domain.metadata import CoreMetadata
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release, Visibility
from app.domain.publication import Prepared
from app.domain.publishing_session import PublishingSession
from app.errors import BadFile, Conflict, FileExists, Forbidden, Unavailable
from app.store.files import Obstacle, Publication, Standing
from app.store.stores import Stores

# Each attempt finds at least one item that another upload has written meanwhile, and those items
# are few: project, release, and the files.
_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who brought a file, with what, and when."""

    account: str
    # The User-Agent.
    client: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A file that may be published: its measures and what its metadata says."""

    measured: Measured
    document: bytes
    metadata: CoreMetadata


def require_upload(
    actor: Actor,
    dist: DistName,
    *,
    stores: Stores,
    now: datetime,
    owner: str | None = None,
    takes_files: bool = True,
) -> Standing:
    """Return how things stand for `dist`, if `actor` may publish it.

    `owner` is whose the project will be if it is new, by default the actor; `takes_files` is
    False for what publishes nothing and may be done to an archived project too.

    :raises Forbidden: naming what is missing, or the project that it would be taken for.
    :raises BadRequest: if the name of a new project is reserved.
    """
    standing = stores.files.survey(dist, actor.name, now=now)
    project = standing.project
    access.require_upload(actor, dist.project, exists=project is not None, role=standing.role)
    if takes_files and project is not None and not project.status.takes_files:
        raise Forbidden(
            f"Project {dist.project!r} is {project.status.value} and takes no files;"
            " one of its maintainers can make it active again."
        )
    if project is None and standing.kept_for not in {None, owner or actor.name}:
        raise Forbidden(
            f"The name {dist.project!r} is kept for an upload that another account has begun;"
            " ask its owner, or choose another name."
        )
    if project is None:
        names.check_new(dist.project)
        _require_own_look(actor, dist.project, standing.look_alike, stores=stores)
    return standing


def _require_own_look(
    actor: Actor, project: NormalizedName, other: NormalizedName | None, *, stores: Stores
) -> None:
    """Let nobody have a name that is easily taken for a project of somebody else."""
    if other is None or actor.account.is_admin:
        return
    role, record = stores.projects.role(other, actor.name), stores.projects.get(other)
    if role is ProjectRole.OWNER:
        return
    is_known = record and access.may_read(actor, other, visibility=record.visibility, role=role)
    shown = repr(other) if is_known else "that of another project"
    raise Forbidden(
        f"The name {project!r} looks like {shown}; choose another name, or let an owner of that"
        " project publish the first file."
    )


def existing(standing: Standing, dist: DistName, sha256: str) -> DistFile | None:
    """Return the file if these very bytes are published, None if the name is free.

    :raises FileExists: if the name belongs to other bytes, or did before a deletion.
    """
    file = standing.file
    if file is not None and file.sha256 == sha256:
        return file
    if file is not None:
        raise FileExists(
            f"File already exists ({dist.filename}, with different content); a published file never"
            f" changes, so publish a new version. The published one has sha256 {file.sha256}.",
            **{"filename": dist.filename, "published-sha256": file.sha256},
        )
    if standing.is_taken:
        raise FileExists(
            f"File already exists or existed before ({dist.filename}, maybe in another spelling);"
            " its name is never given again, so publish a new version.",
            filename=dist.filename,
        )
    return None


def inspect(dist: DistName, content: IO[bytes], measured: Measured) -> Inspected:
    """Read an archive to its last byte.

    :raises BadFile: if it may not be published, saying why.
    """
    read = wheel.read_metadata if dist.kind == filenames.WHEEL else sdist.read_metadata
    document = read(content, dist)
    core = metadata.parse(document)
    if core.project != dist.project or core.version != dist.version:
        raise BadFile(
            f"{dist.filename} holds the metadata of {core.name} {core.version};"
            " the file was renamed or damaged, build it again."
        )
    return Inspected(measured=measured, document=document, metadata=core)


def put(
    dist: DistName, content: IO[bytes], inspected: Inspected, *, origin: Origin, stores: Stores
) -> Prepared:
    """Put the bytes of a file into S3, under a key that belongs to this attempt alone."""
    blob = stores.blobs.put(
        f"files/{dist.project}/{secrets.token_hex(8)}/{dist.filename}",
        content,
        sha256=inspected.measured.sha256,
        media_type="application/octet-stream",
    )
    return prepare(dist, inspected, blob, origin=origin, stores=stores)


def prepare(
    dist: DistName, inspected: Inspected, blob: Blob, *, origin: Origin, stores: Stores
) -> Prepared:
    """Return the inspected file whose bytes lie at `blob`, ready to be published.

    A large METADATA document is put into S3 by this.
    """
    measured, core = inspected.measured, inspected.metadata
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
        requires_python=core.requires_python,
        uploaded_at=origin.at,
        uploaded_by=origin.account,
        uploaded_with=origin.client,
        blob=blob,
    )
    stored = stores.metadata.keep(
        dist.project, dist.filename, inspected.document, attempt=secrets.token_hex(8)
    )
    return Prepared(
        file=file, metadata=stored, name=core.name, summary=core.summary, fields=core.fields
    )


def attest(prepared: Prepared, stated: Sequence[Attestation]) -> Prepared:
    """Return the file with the attestations that came with it, if any did.

    :raises BadRequest: if one is about something else.
    """
    if not stated:
        return prepared
    file = prepared.file
    attestations.check_subject(stated, file.filename, file.sha256)
    publisher = attestations.publisher_of(stated)
    return replace(
        prepared,
        file=replace(file, attested=True),
        provenance=attestations.render_provenance(stated, publisher),
    )


def publish(
    files: Sequence[Prepared],
    standing: Standing,
    *,
    actor: Actor,
    stores: Stores,
    now: datetime,
    session: PublishingSession | None = None,
) -> list[DistFile]:
    """Publish files of one release in one transaction; return them as they are published.

    Where another upload has published identical bytes meanwhile, its file stands, and what this
    one has put into S3 is removed. `session` ends as published in the same transaction.

    :raises FileExists, Forbidden: and none of them is published.
    :raises Conflict: if two of them are one file, or `session` was changed or ended meanwhile.
    :raises Unavailable: if too many others write; repeating it is safe.
    """
    _check_distinct(files)
    waiting, published = list(files), list[DistFile]()
    owner = session.account if session else actor.name
    for _ in range(_ATTEMPTS):
        clashes = stores.files.add(_publication(waiting, standing, actor, session, now))
        if not clashes:
            return published + [one.file for one in waiting]
        if any(clash.obstacle is Obstacle.SESSION for clash in clashes):
            raise Conflict("The session was changed or ended meanwhile; look at its status.")
        taken = {clash.filename for clash in clashes if clash.obstacle is Obstacle.FILE}
        for one in list(waiting):
            dist = filenames.parse(one.file.filename)
            standing = require_upload(actor, dist, stores=stores, now=now, owner=owner)
            if dist.filename in taken:
                published.append(_winner(one, standing, dist))
                waiting.remove(one)
    raise Unavailable("Too many uploads at the same moment; nothing is lost, try again shortly.")


def withdraw(file: Prepared, *, stores: Stores) -> None:
    """Retire the object of a file, unless it was published after all.

    A METADATA document that was put there beside it is left for the sweep.
    """
    published = stores.files.get(file.file.project, file.file.filename)
    if published and published.blob == file.file.blob:
        return  # the answer to the transaction was lost on its way
    stores.blobs.retire(file.file.blob)


def _check_distinct(files: Sequence[Prepared]) -> None:
    """Let no two spellings of one file pass: they have one taken name, and it is written once."""
    spelled: dict[str, str] = {}
    for one in files:
        dist = filenames.parse(one.file.filename)
        other = spelled.setdefault(dist.identity, dist.filename)
        if other != dist.filename:
            raise Conflict(
                f"{other!r} and {dist.filename!r} are two spellings of one file; delete one.",
                filename=dist.filename,
            )


def _winner(file: Prepared, standing: Standing, dist: DistName) -> DistFile:
    winner = existing(standing, dist, file.file.sha256)
    if winner is None:
        raise Unavailable("The file is being changed at this moment; try again shortly.")
    return winner


def _publication(
    files: Sequence[Prepared],
    standing: Standing,
    actor: Actor,
    session: PublishingSession | None,
    now: datetime,
) -> Publication:
    new_project = standing.project is None and bool(files)
    return Publication(
        files=tuple(files),
        owner=session.account if session else actor.name,
        events=tuple(_events(files, actor, session, now, new_project=new_project)),
        release=None if standing.has_release or not files else _release(files[0]),
        project=_project(files[0]) if new_project else None,
        is_first_look=new_project and standing.look_alike is None,
        session=session,
        at=now,
    )


def _release(first: Prepared) -> Release:
    return Release(
        project=first.file.project,
        version=first.file.version,
        summary=first.summary,
        fields=first.fields,
        created_at=first.file.uploaded_at,
    )


def _project(first: Prepared) -> Project:
    return Project(
        name=first.file.project,
        display_name=first.name,
        visibility=Visibility.TEAM,
        created_at=first.file.uploaded_at,
    )


def _events(
    files: Sequence[Prepared],
    actor: Actor,
    session: PublishingSession | None,
    now: datetime,
    *,
    new_project: bool,
) -> Iterator[Event]:
    """Yield what happened; a session is one event, so that its transaction has room for files."""
    if not files:
        return
    first = files[0].file
    facts = {"token": actor.token.id, "client": first.uploaded_with}
    if session is None:
        facts |= {"filename": first.filename, "sha256": first.sha256}
    else:
        facts |= {"session": session.id, "version": session.version, "files": str(len(files))}
    actions = ["project.created"] if new_project else []
    for action in [*actions, "release.published" if session else "file.published"]:
        yield Event(
            id=secrets.token_hex(8),
            subject=f"project#{first.project}",
            action=action,
            actor=actor.name,
            at=now,
            facts=facts,
        )
