"""What S3 tells through EventBridge: objects have arrived. An event is a hint and never believed.

It may come twice, late or out of order; what lies in the bucket and the table decides.
"""

import logging
from typing import Any

from app.features.drop import service as drop
from app.features.sessions import service as sessions
from app.features.sessions.service import Limits
from app.web.context import Context

_log = logging.getLogger(__name__)
_MAX_KEY = 1024


def handle(event: Any, context: Context) -> str:
    """Deal with one event; return what was done, for the log.

    :raises Unavailable: if the storage is away; Lambda tries again then.
    """
    found = _object(event, context.config.bucket)
    if found is None:
        _log.warning("Refused an event that tells of no object in the bucket")
        return "refused"
    key, requester = found
    config, stores, now = context.config, context.stores, context.clock()
    if key.startswith(drop.PREFIX):
        drop.object_arrived(
            key, requester=requester, max_bytes=config.max_file_bytes, stores=stores, now=now
        )
        return "drop"
    limits = Limits(
        file=config.max_file_bytes, post=config.post_bytes, inspection=config.inspect_bytes
    )
    sessions.object_arrived(key, limits=limits, stores=stores, now=now)
    return "session"


def _object(event: Any, bucket: str) -> tuple[str, str] | None:
    """Return key and requester of an `Object Created` event of our bucket, None for others."""
    try:
        about = event["detail"]
        key, requester = about["object"]["key"], about.get("requester", "")
        ours = event["source"] == "aws.s3" and about["bucket"]["name"] == bucket
    except (AttributeError, KeyError, TypeError):
        return None
    if not (ours and isinstance(key, str) and isinstance(requester, str)):
        return None
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return None
    return (key, requester) if 0 < size <= _MAX_KEY and "\0" not in key else None
