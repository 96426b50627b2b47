"""One line a request: who asked what with which client, how it ended and how long it took."""

import logging
import secrets
import time

from flask import Flask, g, request
from werkzeug.wrappers import Response

from app.web.headers import client

_log = logging.getLogger("larder.request")


def init_app(app: Flask) -> None:
    """Log every request once it is answered, and tell its id to the client."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    lambda_context = request.environ.get("serverless.context")
    g.request_id = getattr(lambda_context, "aws_request_id", None) or secrets.token_hex(16)
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers.add("X-Request-Id", g.request_id)
    if request.path == "/healthz":  # asked every few seconds, by machines, about nothing
        return response
    # The path without its query: a query string may hold what nobody should keep.
    _log.info(
        "%s %s %s",
        request.method,
        request.path,
        response.status_code,
        extra={
            "ms": round((time.perf_counter() - g.started) * 1000, 1),
            "actor": g.get("actor", "-"),
            "client": client().split(" ")[0][:60] or "-",
            "request_id": g.request_id,
        },
    )
    return response
