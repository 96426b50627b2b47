"""What WebSocket clients send: they connect, leave, and ask for a sign of life.

Nobody has to log in yet, so nothing is read and nothing is written here: whoever connects gets an
answer to a ping and can do no more.
"""

import json
import logging
import re
from typing import Any

from app.errors import Unavailable
from app.store import sockets

_log = logging.getLogger(__name__)
_CONNECTION = re.compile(r"[\w=-]{1,128}", re.ASCII)
_LONGEST = 100


def handle(event: Any) -> dict[str, Any]:
    """Deal with one event of the WebSocket API; refuse every other.

    The message `{"action": "ping"}` is answered with `{"action": "pong"}`. What the returned status
    says reaches nobody but the access log, except that a connection is not opened unless it is 200.
    """
    found = _event(event)
    if found is None:
        _log.warning("Refused an event that no WebSocket client sent")
        return {"statusCode": 400}
    kind, connection, body = found
    if kind != "MESSAGE":
        return {"statusCode": 200}
    if _action(body) != "ping":
        return {"statusCode": 400}
    try:
        sockets.send(connection, '{"action": "pong"}')
    except Unavailable:
        return {"statusCode": 503}
    return {"statusCode": 200}


def _event(event: Any) -> tuple[str, str, str] | None:
    """Return kind, connection and body of an event of the WebSocket API, None for others."""
    try:
        about, body = event["requestContext"], event.get("body") or ""
        kind, connection = about["eventType"], about["connectionId"]
    except (AttributeError, KeyError, TypeError):
        return None
    texts = isinstance(kind, str) and isinstance(connection, str) and isinstance(body, str)
    if not texts or kind not in {"CONNECT", "DISCONNECT", "MESSAGE"}:
        return None
    return (kind, connection, body) if _CONNECTION.fullmatch(connection) else None


def _action(body: str) -> object:
    if len(body) > _LONGEST:
        return None
    try:
        message = json.loads(body)
    except ValueError:
        return None
    return message.get("action") if isinstance(message, dict) else None
