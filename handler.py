"""What AWS Lambda calls (`http`, `objects`, `jobs`, `live`) and what `sls wsgi` serves (`app`).

Each function of the deployment loads what it needs, and `http` only what installers ask for until
somebody asks for something else (app/factory.py).

`http` wraps `serverless_wsgi.handle_request`, which does not know all the ways of an HTTP API with
payload 2.0: tests/integration/test_handler.py. The operator's commands go to `manage`, never here.
"""

import base64
import gc
import logging
import os
import random
from typing import Any
from urllib.parse import quote

import serverless_wsgi

if os.environ.get("IS_OFFLINE"):  # noqa: TID251 - set by `sls wsgi serve`, before any setting is read
    from local.offline import attach

    attach()

# What is loaded stays; to look for garbage in it at Python's own pace takes a twentieth of a start.
gc.set_threshold(50_000)

from app.factory import Front  # noqa: E402

front = Front()
if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":  # noqa: TID251
    from snapshot_restore_py import register_after_restore  # Lambda's own Python brings it

    front.load()  # into the snapshot, where it costs nothing, and no connection with it
    register_after_restore(random.seed)  # or all its copies would wait for the same random times
elif os.environ.get("_HANDLER") == "handler.http":  # noqa: TID251 - Lambda's word for what it calls
    front.context.stores.warm()  # while Lambda lends a start a whole processor
gc.freeze()
_log = logging.getLogger("larder.handler")
_REFUSAL = {"statusCode": 400, "headers": {"content-type": "text/plain"}, "body": "No request.\n"}
# These are text to us; base64 would make the commonest answers a third larger.
serverless_wsgi.TEXT_MIME_TYPES += [f"application/vnd.pypi.simple.v1+{x}" for x in ("json", "html")]
serverless_wsgi.TEXT_MIME_TYPES.append("application/problem+json")


def http(event: Any, context: Any) -> dict[str, Any]:
    """Answer one request of an HTTP API; refuse every other event."""
    try:
        request = _request(event)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        _log.warning("Refused an event that is no HTTP request: %r", fault)
        return _REFUSAL
    return _folded(serverless_wsgi.handle_request(front, request, context))


def objects(event: Any, context: Any) -> str:
    """Take note of an object that has arrived in the bucket; refuse every other event."""
    from app import objects as app_objects

    return app_objects.handle(event, front.context)


def jobs(event: Any, context: Any) -> str:
    """Run the scheduled job that the event names; refuse every other event."""
    from app import jobs as app_jobs

    here = front.context
    return app_jobs.handle(event, stores=here.stores, now=here.clock())


def live(event: Any, context: Any) -> dict[str, Any]:
    """Deal with what a WebSocket client does or says; refuse every other event."""
    from app import live as app_live

    return app_live.handle(event)


def __getattr__(name: str) -> Any:
    """Return the whole application as `app`, which is put together when it is first asked for."""
    if name == "app":
        return front.whole
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _request(event: Any) -> dict[str, Any]:
    """Return the event with nothing in it but what a request needs, each part of its right type."""
    if event["version"] != "2.0":
        raise ValueError("the payload version is not 2.0")
    about, path, body = event["requestContext"], _text(event["rawPath"]), event.get("body") or ""
    decoded = ".lambda-url." not in about.get("domainName", "")  # a function URL leaves it quoted
    headers = {n.lower(): _latin(v) for n, v in event["headers"].items()}
    source = {key: _text(about["http"].get(key, "")) for key in ("method", "sourceIp")}
    return {
        "version": "2.0",
        "rawPath": quote(path, safe="/") if decoded else path,
        "rawQueryString": _text(event.get("rawQueryString") or ""),
        "headers": headers,
        "cookies": [_latin(c) for c in event.get("cookies") or []] or [headers.get("cookie", "")],
        "body": base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
        "requestContext": {"http": source, "requestId": about.get("requestId", "")},
    }


def _text(value: Any) -> str:
    """Return one line of text; a line break or half a surrogate pair cannot be sent."""
    if "\n" in value or "\r" in value:
        raise ValueError("a line break")
    return str(value.encode().decode())


def _latin(value: Any) -> str:
    """Return a header's value as WSGI wants it: its bytes, read as Latin-1."""
    return _text(value).encode().decode("latin-1")


def _folded(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with every header once: the front folds names that differ only in case."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for key, value in ((name.lower(), value) for name, value in answer["headers"].items()):
        if key == "set-cookie":
            cookies.append(value)
        else:
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return {**answer, "headers": headers, "cookies": cookies}
