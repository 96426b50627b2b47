"""Publishing through the legacy upload API, file by file."""

import contextlib
from datetime import datetime
from typing import IO

from app.domain import access, attestations, digests, filenames
from app.domain.access import Actor
from app.domain.dist_file import DistFile
from app.domain.publication import Prepared
from app.domain.refusal import Refusal
from app.domain.token import Claims, Permission
from app.domain.upload import Upload
from app.errors import AppError, FileExists, Forbidden, TooLarge, Unavailable
from app.features.access.service import identify
from app.features.pages.service import refresh
from app.features.publication import service as publication
from app.features.publication.service import Origin
from app.logs import redact
from app.store.files import Standing
from app.store.stores import Stores

MAX_DETAIL = 1000


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
        filename=redact(filename)[: filenames.MAX_LENGTH],
        status=refusal.status,
        detail=redact(refusal.detail)[:MAX_DETAIL],
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
    dist, origin = upload.dist, Origin(account=actor.name, client=client, at=now)
    standing = publication.require_upload(actor, dist, stores=stores, now=now)
    measured = digests.measure(content)
    if measured.size > max_bytes:
        raise TooLarge(f"{dist.filename} has more than {max_bytes} bytes, the limit here.")
    digests.check(measured, upload.digests)
    file = publication.existing(standing, dist, measured.sha256)
    if file is None:
        inspected = publication.inspect(dist, content, measured)
        attestations.check_subject(upload.attestations, dist.filename, measured.sha256)
        prepared = publication.put(dist, content, inspected, origin=origin, stores=stores)
        prepared = publication.attest(prepared, upload.attestations)
        file = _publish(prepared, standing, actor=actor, stores=stores, now=now)
    # Also for a file that was there: its first upload may have ended before its page was made.
    refresh(dist.project, [dist.filename], stores=stores)
    return file


def _publish(
    prepared: Prepared, standing: Standing, *, actor: Actor, stores: Stores, now: datetime
) -> DistFile:
    """Publish, and leave nothing behind in S3 where another upload came first."""
    try:
        [file] = publication.publish([prepared], standing, actor=actor, stores=stores, now=now)
    except (FileExists, Forbidden):
        publication.withdraw(prepared, stores=stores)
        raise
    if file.blob != prepared.file.blob:
        publication.withdraw(prepared, stores=stores)
    return file
