"""Publishing what was copied into the bucket: `aws s3 cp demo-1.0.whl s3://<bucket>/drop/demo/`.

Who may write below a project's prefix is a matter of IAM, so it is an uploader of that project.
"""

import hashlib
import json
import logging
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO

from app.domain import access, digests, filenames, names
from app.domain.access import Actor
from app.domain.filenames import DistName
from app.domain.token import Permission
from app.domain.upload import Upload
from app.errors import AppError, BadRequest, Forbidden, TooLarge, Unavailable
from app.features.upload import service as upload
from app.logs import redact
from app.store.incoming import Arrived
from app.store.stores import Stores

_log = logging.getLogger(__name__)

PREFIX = "drop/"
# No account can have this name.
_ACTOR = "(drop)"
_REPORT = ".error.json"
# Of a key of S3, in bytes.
_MAX_KEY = 1024
# Versions of a report: whoever may write below the prefix may have put some there himself.
_MAX_REPORTS = 10
# Events come within seconds.
_GRACE = timedelta(hours=1)


def object_arrived(
    key: str, *, requester: str, max_bytes: int, stores: Stores, now: datetime
) -> None:
    """Publish the object under `key` and remove it from the drop prefix.

    A refused one is removed as well, and the reason is left beside it as `<key>.error.json`, in
    place of an earlier one; when a file is published from `key`, it goes. `requester` is the AWS
    account that copied it. Doing it twice changes nothing.

    :raises Unavailable: if the storage is away; it is tried again then.
    """
    if key.endswith(_REPORT):
        return
    arrived = stores.incoming.find(key)
    if arrived is None:
        return
    try:
        _publish(arrived, requester, max_bytes=max_bytes, stores=stores, now=now)
    except Unavailable:
        raise
    except AppError as refusal:
        _report(key, refusal, stores=stores)
    else:
        _remove_report(key, stores=stores)
    stores.blobs.discard(arrived.blob)


def waiting(*, stores: Stores, now: datetime) -> list[str]:
    """Return the keys of objects that were dropped so long ago that S3's event has missed them."""
    return [
        found.key
        for found in stores.inventory.objects(PREFIX)
        if found.modified_at < now - _GRACE and not found.key.endswith(_REPORT)
    ]


def _publish(
    arrived: Arrived, requester: str, *, max_bytes: int, stores: Stores, now: datetime
) -> None:
    dist = _dist(arrived.blob.key)
    if arrived.size > max_bytes:
        raise TooLarge(f"{dist.filename} has more than {max_bytes} bytes, the limit here.")
    if stores.projects.get(dist.project) is None:
        raise Forbidden(
            f"There is no project {dist.project!r}, and a new one needs an owner: publish its first"
            " file with an upload tool."
        )
    with TemporaryFile() as content:
        stores.incoming.download(arrived.blob, content)
        upload.publish(
            Upload(project=dist.project, dist=dist, digests=_digests(content)),
            content,
            actor=_actor(now),
            client=f"s3-drop/{requester}"[:200],
            max_bytes=max_bytes,
            stores=stores,
            now=now,
        )


def _digests(content: IO[bytes]) -> dict[str, str]:
    # Nobody announced any; S3 has checked what it was sent.
    return {"sha256_digest": digests.measure(content).sha256}


def _dist(key: str) -> DistName:
    project, _, filename = key.removeprefix(PREFIX).partition("/")
    dist = filenames.parse(filename)
    if names.normalize(project) != dist.project:
        raise BadRequest(f"{filename!r} does not belong to project {project[:100]!r}.")
    return dist


def _actor(now: datetime) -> Actor:
    return access.machine(_ACTOR, Permission.UPLOAD, now=now)


def _report(key: str, refusal: AppError, *, stores: Stores) -> None:
    place = _place(key)
    if place is None:
        _log.warning("no key is left for the reason", extra={"key": key, "reason": refusal.detail})
        return
    # A key is written once, so an earlier reason has to go first.
    _remove_report(key, stores=stores)
    report = {"status": refusal.status, "code": refusal.code, "detail": redact(refusal.detail)}
    body = json.dumps(report, indent=2).encode()
    stores.blobs.put(
        place,
        body,
        sha256=hashlib.sha256(body).hexdigest(),
        media_type="application/json",
    )


def _remove_report(key: str, *, stores: Stores) -> None:
    place = _place(key)
    if place is None:
        return
    for _ in range(_MAX_REPORTS):
        report = stores.incoming.find(place)
        if report is None:
            return
        stores.blobs.discard(report.blob)


def _place(key: str) -> str | None:
    """Return where the reason of a refusal lies; None if that would be no key any more."""
    place = f"{key}{_REPORT}"
    return place if len(place.encode()) <= _MAX_KEY else None
