"""Publishing sessions: announced files, bytes that go straight into S3, inspection, publication.

Nothing of a session is visible before it is published, and then all of it is, at once.
"""

import dataclasses
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO

from packaging.version import Version

from app.domain import access, attestations, digests, filenames, simple
from app.domain.access import Actor
from app.domain.dist_file import DistFile
from app.domain.filenames import DistName
from app.domain.names import NormalizedName
from app.domain.project import Visibility
from app.domain.publication import Prepared
from app.domain.publishing_session import (
    LIFETIME,
    Announcement,
    FileStatus,
    Mechanism,
    PublishingSession,
    SessionStatus,
    StagedFile,
    key_of,
    session_of,
)
from app.domain.simple import ProjectPage
from app.errors import (
    BadFile,
    BadRequest,
    Conflict,
    FileExists,
    Forbidden,
    NotFound,
    TooLarge,
)
from app.features.access.service import Visit
from app.features.pages.service import refresh
from app.features.publication import service as publication
from app.features.publication.service import Origin
from app.logs import redact
from app.store.files import Standing
from app.store.incoming import Arrived, UploadLink
from app.store.stores import Stores

_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large files may be, in bytes."""

    # At all.
    file: int
    # Through the application itself.
    post: int
    # To be inspected while the client waits.
    inspection: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a multipart upload: it has arrived, or has a link that takes it."""

    number: int
    size: int
    url: str | None


def open_session(
    project: NormalizedName, version: Version, *, actor: Actor, stores: Stores, now: datetime
) -> tuple[PublishingSession, bool]:
    """Open a session for a release, or return the one it has, and whether it is new.

    :raises Forbidden: if `actor` may not publish it.
    :raises Conflict: if the name of a new project is kept for somebody else.
    """
    session = PublishingSession(
        id=secrets.token_hex(16),
        project=project,
        version=str(version),
        account=actor.name,
        created_at=now,
        ends_at=now + LIFETIME,
    )
    standing = _require(session, actor, stores=stores, now=now)
    kept_until = None
    if standing.project is None:
        kept_until = max(session.ends_at, standing.kept_until or session.ends_at)
    for _ in range(_ATTEMPTS):
        if stores.sessions.open(session, kept_until=kept_until, now=now):
            return session, True
        holder = stores.sessions.holder(project, session.version)
        found = stores.sessions.get(holder) if holder else None
        if found is not None and found.is_live(now):
            _require(found, actor, stores=stores, now=now)
            return found, False
        if holder is not None:  # it has ended, but was cut off before it freed its release
            stores.sessions.free(project, session.version, holder)
    raise Conflict("The release is being published at this moment; try again shortly.")


def find(session_id: str, *, actor: Actor, stores: Stores, now: datetime) -> PublishingSession:
    """Return a session that `actor` may use, open or published.

    :raises NotFound: if it is unknown, was cancelled or has expired.
    :raises Forbidden: if `actor` may not publish its release (any more).
    """
    session = stores.sessions.get(session_id) if _is_id(session_id) else None
    if session is None or not (session.is_live(now) or _is_published(session)):
        raise _no_such_session()
    _require(session, actor, stores=stores, now=now, takes_files=False)
    return session


def find_to_cancel(
    session_id: str, *, actor: Actor, stores: Stores, now: datetime
) -> PublishingSession:
    """Return a session as `find` does, and one that was cancelled, for that may have been cut off.

    :raises NotFound, Forbidden: as there.
    """
    session = stores.sessions.get(session_id) if _is_id(session_id) else None
    if session is not None and session.status is SessionStatus.CANCELED:
        _require(session, actor, stores=stores, now=now, takes_files=False)
        return session
    return find(session_id, actor=actor, stores=stores, now=now)


def find_file(session: PublishingSession, filename: str, *, stores: Stores) -> StagedFile:
    """Return a file of a session.

    :raises NotFound: if there is none of this name.
    """
    known = filenames.is_possible(filename)
    file = stores.sessions.file(session.id, filename) if known else None
    if file is None:
        raise NotFound(f"There is no file {filename[:100]!r} in this session.")
    return file


def add_file(
    session: PublishingSession,
    announced: Announcement,
    *,
    actor: Actor,
    client: str,
    limits: Limits,
    stores: Stores,
    now: datetime,
) -> StagedFile:
    """Announce a file of the session's release; `client` is the User-Agent.

    :raises TooLarge: if it is larger than the index, or the mechanism, takes.
    :raises FileExists: if the name is published already, also with these very bytes.
    :raises Conflict: if the session has a file of this name, or takes no more.
    """
    _check_size(announced, limits)
    dist = announced.dist
    standing = publication.require_upload(
        actor, dist, stores=stores, now=now, owner=session.account
    )
    published = publication.existing(standing, dist, announced.sha256)
    if published is not None:
        raise FileExists(
            f"{dist.filename} is published already, with these very bytes.",
            **{"filename": dist.filename, "published-sha256": published.sha256},
        )
    key = key_of(dist.project, session.id, secrets.token_hex(4), dist.filename)
    multipart = announced.mechanism is Mechanism.MULTIPART
    file = StagedFile(
        session=session.id,
        filename=dist.filename,
        size=announced.size,
        sha256=announced.sha256,
        mechanism=announced.mechanism,
        key=key,
        upload_id=stores.incoming.start(key) if multipart else None,
        account=actor.name,
        client=client,
    )
    try:
        stores.sessions.add(session, file, now=now)
    except Conflict:
        stores.incoming.discard(key, file.upload_id)
        raise
    return file


def put_link(file: StagedFile, *, stores: Stores, now: datetime) -> UploadLink:
    """Return a link that takes the bytes of `file`."""
    return stores.incoming.link(file.key, size=file.size, sha256=file.sha256, now=now)


def parts(file: StagedFile, *, stores: Stores) -> list[Part]:
    """Return the parts of a multipart upload, those that are still to come with a link."""
    upload = file.upload_id or ""
    stored = stores.incoming.parts(file.key, upload)
    if stored is None and stores.incoming.find(file.key) is None:
        # S3 has ended what was left alone for days; whoever resumes begins again.
        upload, stored = stores.sessions.restart(file, stores.incoming.start(file.key)), {}
    found = []
    for number, size in file.parts():
        # None: the parts were joined, so all of them have arrived.
        missing = stored is not None and stored.get(number, (0, ""))[0] != size
        url = stores.incoming.part_link(file.key, upload, number, size=size) if missing else None
        found.append(Part(number=number, size=size, url=url))
    return found


def receive(file: StagedFile, content: IO[bytes], *, stores: Stores, now: datetime) -> None:
    """Take the bytes of a file through the application (`http-post-bytes`).

    :raises BadRequest: if they are not what was announced; nothing is kept then.
    :raises Conflict: if the file does not wait for bytes.
    """
    _require_pending(file, now)
    if file.mechanism is not Mechanism.POST:
        raise Conflict(f"{file.filename!r} was announced for {file.mechanism}.")
    measured = digests.measure(content)
    digests.check(measured, {"sha256_digest": file.sha256})
    if stores.incoming.find(file.key) is None:
        stores.blobs.put(
            file.key, content, sha256=file.sha256, media_type="application/octet-stream"
        )


def attest(file: StagedFile, stated: str, *, stores: Stores, now: datetime) -> None:
    """Keep the attestations of a file, a JSON array (PEP 740), to be published with it.

    :raises BadRequest: if they are not well formed, or about something else.
    :raises Conflict: if the file is completed.
    """
    _require_pending(file, now)
    attestations.check_subject(attestations.parse(stated), file.filename, file.sha256)
    stores.sessions.attest(file, stated, now=now)


def complete(file: StagedFile, *, limits: Limits, stores: Stores, now: datetime) -> StagedFile:
    """Take the client's word that the bytes of `file` are there, and inspect them if they are few.

    A larger file is `processing` afterwards: `inspect` is called for it in the background.

    :raises Conflict: if bytes are missing, or the client has said so before.
    :raises BadRequest: if the bytes are not what was announced, or no proper archive.
    """
    _require_pending(file, now)
    arrived = _arrived(file, stores=stores)
    if arrived.size != file.size:
        fault = f"{file.filename} has {arrived.size} bytes, but {file.size} were announced."
        if stores.sessions.settle(file, fault):
            stores.incoming.discard(file.key, file.upload_id)
        raise BadFile(fault)
    if file.size <= limits.inspection:
        # Before the client's word is noted: what is cut off here can simply be repeated.
        inspect(file, stores=stores, now=now)
        file = stores.sessions.file(file.session, file.filename) or file
    if file.fault is not None:
        raise BadFile(file.fault)
    if file.status(now) is FileStatus.COMPLETED:
        return file  # the word was given before, and the inspection cut off then
    return stores.sessions.ask(file, now=now)


def inspect(file: StagedFile, *, stores: Stores, now: datetime) -> None:
    """Read a file that has arrived to its last byte, and keep what was found.

    Doing it twice, or for a file that has gone, changes nothing.
    """
    arrived = stores.incoming.find(file.key)
    if arrived is None or file.prepared is not None or file.fault is not None:
        return
    verdict: Prepared | str
    with TemporaryFile() as content:
        try:
            stores.incoming.download(arrived.blob, content)
        except NotFound:
            return  # deleted at this moment
        try:
            verdict = _verdict(file, content, arrived, stores=stores, now=now)
        except BadRequest as refusal:
            verdict = redact(refusal.detail)  # it is kept, and shown again
    if stores.sessions.settle(file, verdict) and isinstance(verdict, str):
        stores.incoming.discard(file.key, file.upload_id)


def object_arrived(key: str, *, limits: Limits, stores: Stores, now: datetime) -> None:
    """Inspect an object that S3 says has arrived, if it is a large file of a session.

    It is a hint, and may come twice, late, or before the client says that the bytes are there.
    """
    named = session_of(key)
    file = stores.sessions.file(*named) if named else None
    if file is not None and file.key == key and file.size > limits.inspection:
        inspect(file, stores=stores, now=now)


def remove_file(
    session: PublishingSession, file: StagedFile, *, stores: Stores, now: datetime
) -> None:
    """Take a file out of a session and remove its bytes.

    :raises Conflict: while it is processing.
    """
    if file.status(now) is FileStatus.PROCESSING:
        raise Conflict(f"{file.filename!r} is being inspected; wait for that, then delete it.")
    stores.sessions.remove(session, file, now=now)
    stores.incoming.discard(file.key, file.upload_id)


def cancel(session: PublishingSession, *, stores: Stores) -> None:
    """End a session without publishing anything, and remove its bytes.

    :raises Conflict: if it was published.
    """
    stores.sessions.cancel(session)
    for file in stores.sessions.files(session.id):
        stores.incoming.discard(file.key, file.upload_id)


def extend(
    session: PublishingSession, seconds: int, *, stores: Stores, now: datetime
) -> PublishingSession:
    """Let a session live longer, as far as sessions may.

    :raises Conflict: if it has ended.
    """
    ends_at = session.extended(seconds, now)
    try:
        stores.sessions.extend(session, ends_at, now=now)
    except Conflict:
        found = stores.sessions.get(session.id)
        if found is None or not found.is_live(now):
            raise
        return found  # somebody else has just let it live longer
    return dataclasses.replace(session, ends_at=ends_at)


def publish(
    session: PublishingSession, *, actor: Actor, stores: Stores, now: datetime
) -> PublishingSession:
    """Make all files of a session visible at once; when this returns, everybody sees them.

    :raises Conflict: naming a file that is not completed, or whose name was taken meanwhile.
    """
    names = None
    if not _is_published(session):
        files = [_ready(file, now) for file in stores.sessions.files(session.id)]
        if not files:
            raise Conflict("The session has no files; upload some before you publish it.")
        _publish(session, files, actor=actor, stores=stores, now=now)
        names = [one.file.filename for one in files]
    # Also when it was published: that request may have ended before the page was made.
    refresh(session.project, names, stores=stores)
    return dataclasses.replace(session, status=SessionStatus.PUBLISHED)


def staged(
    session_id: str, project: NormalizedName, visitor: Visit, *, stores: Stores, now: datetime
) -> list[DistFile]:
    """Return the completed files of a session, for whoever may read the project.

    :raises Unauthorized, NotFound: if there is nothing to see for this reader.
    """
    head = visitor.found.head
    visibility = head.visibility if head else Visibility.TEAM
    if head is not None and not head.status.offers_files:
        raise Forbidden(f"Project {project!r} is quarantined: its files are not handed out.")
    access.require_read(visitor.actor, project, visibility=visibility, role=visitor.found.role)
    session = stores.sessions.get(session_id) if _is_id(session_id) else None
    if session is None or session.project != project or not session.is_live(now):
        raise _no_such_session()
    return [file.prepared.file for file in stores.sessions.files(session_id) if file.prepared]


def staged_page(project: NormalizedName, files: Sequence[DistFile]) -> ProjectPage:
    """Return the page of a stage."""
    return simple.page_of(project, files)


def staged_metadata(session_id: str, file: DistFile, *, stores: Stores) -> bytes:
    """Return the METADATA document of a completed file, gzipped.

    :raises NotFound: if it was taken out of the session meanwhile.
    """
    found = stores.sessions.file(session_id, file.filename)
    if found is None or found.prepared is None:
        raise _no_such_session()
    return stores.contents.metadata(found.prepared.metadata)


def link(file: DistFile, *, stores: Stores, now: datetime) -> str:
    """Return a link that downloads a completed file."""
    return stores.contents.link(file.blob, now=now.timestamp())


def _publish(
    session: PublishingSession,
    files: list[Prepared],
    *,
    actor: Actor,
    stores: Stores,
    now: datetime,
) -> None:
    standing = _require(session, actor, stores=stores, now=now)
    try:
        published = publication.publish(
            files, standing, actor=actor, stores=stores, now=now, session=session
        )
    except Conflict:
        found = stores.sessions.get(session.id)
        if found is None or not _is_published(found):
            raise
        return  # by this very request: the answer to its transaction was lost on its way
    ours = {file.blob for file in published}
    for file in files:
        if file.file.blob not in ours:
            publication.withdraw(file, stores=stores)


def _ready(file: StagedFile, now: datetime) -> Prepared:
    status = file.status(now)
    if status is not FileStatus.COMPLETED or file.prepared is None:
        raise Conflict(
            f"{file.filename!r} is {status}, not completed; complete it or delete it first.",
            filename=file.filename,
        )
    # What counts for readers, and for those who wait some days, is when it became visible.
    prepared = dataclasses.replace(
        file.prepared, file=dataclasses.replace(file.prepared.file, uploaded_at=now)
    )
    stated = attestations.parse(file.attestations) if file.attestations else ()
    return publication.attest(prepared, stated)


def _verdict(
    file: StagedFile, content: IO[bytes], arrived: Arrived, *, stores: Stores, now: datetime
) -> Prepared:
    dist = filenames.parse(file.filename)
    measured = digests.measure(content)
    digests.check(measured, {"sha256_digest": file.sha256})
    inspected = publication.inspect(dist, content, measured)
    origin = Origin(account=file.account, client=file.client, at=now)
    return publication.prepare(dist, inspected, arrived.blob, origin=origin, stores=stores)


def _arrived(file: StagedFile, *, stores: Stores) -> Arrived:
    """Return the object of a file, made of its parts where it came in parts."""
    if file.upload_id is not None:
        _join(file, file.upload_id, stores=stores)
    arrived = stores.incoming.find(file.key)
    if arrived is None:
        raise Conflict(f"The bytes of {file.filename!r} have not arrived; send them first.")
    return arrived


def _join(file: StagedFile, upload_id: str, *, stores: Stores) -> None:
    stored = stores.incoming.parts(file.key, upload_id)
    if stored is None:
        return  # joined before, by a request whose answer was lost
    missing = [n for n, size in file.parts() if stored.get(n, (0, ""))[0] != size]
    if missing:
        shown = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")  # noqa: PLR2004
        raise Conflict(f"Parts of {file.filename!r} have not arrived: {shown}; send them first.")
    etags = {number: etag for number, (_, etag) in stored.items() if number <= len(file.parts())}
    stores.incoming.join(file.key, upload_id, etags)


def _require(
    session: PublishingSession,
    actor: Actor,
    *,
    stores: Stores,
    now: datetime,
    takes_files: bool = True,
) -> Standing:
    """Return how things stand for a session's release, if `actor` may publish it."""
    standing = publication.require_upload(
        actor,
        _any_file(session),
        stores=stores,
        now=now,
        owner=session.account,
        takes_files=takes_files,
    )
    mine = actor.name == session.account or actor.account.is_admin
    if standing.project is None and not mine:
        raise _no_such_session()
    return standing


def _any_file(session: PublishingSession) -> DistName:
    """Return the name of the one file that every release can have, to stand for all of them."""
    stem = session.project.replace("-", "_")
    return filenames.parse(f"{stem}-{session.version}.tar.gz")


def _require_pending(file: StagedFile, now: datetime) -> None:
    status = file.status(now)
    if status is not FileStatus.PENDING:
        raise Conflict(f"{file.filename!r} is {status} already; look at its status.")


def _check_size(announced: Announcement, limits: Limits) -> None:
    if announced.size > limits.file:
        raise TooLarge(
            f"{announced.dist.filename} has more than {limits.file} bytes, the limit here."
        )
    if announced.mechanism is Mechanism.POST and announced.size > limits.post:
        raise TooLarge(
            f"{Mechanism.POST} takes at most {limits.post} bytes here; use {Mechanism.PUT} or"
            f" {Mechanism.MULTIPART}, which send the file straight to the storage."
        )


def _is_published(session: PublishingSession) -> bool:
    return session.status is SessionStatus.PUBLISHED


def _is_id(session_id: str) -> bool:
    return session_id.isascii() and session_id.isalnum() and len(session_id) == 32  # noqa: PLR2004


def _no_such_session() -> NotFound:
    return NotFound("There is no upload session at this address, or it has ended.")
