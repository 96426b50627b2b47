"""Errors as answers: one tree, two handlers, and a face for each kind of client.

uv shows the `code` of a JSON body with exactly the type `application/json`, and must not get a
problem document from the upload endpoint, or it skips its own check for a lost race. twine shows
nothing but the reason phrase. Everything else that takes JSON gets a problem document (RFC 9457).
"""

import logging
import re

from flask import Flask, Response, json, make_response, render_template, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as AnyResponse

from app.errors import AppError, BadRequest, TooLarge, Unauthorized, Unavailable
from app.logs import redact
from app.web.context import config

_log = logging.getLogger(__name__)

_MACHINE_PATHS = (
    "/simple",
    "/files",
    "/packages",
    "/pypi",
    "/legacy",
    "/upload",
    "/stage",
    "/integrity",
    "/api",
    "/healthz",
)
_MAX_REASON = 200


def init_app(app: Flask) -> None:
    """Answer our own errors and Werkzeug's; a bug stays a bug, so that tests see it raise."""
    app.register_error_handler(AppError, _from_app)
    app.register_error_handler(HTTPException, _from_http)
    app.url_map.merge_slashes = False  # it would redirect an upload
    app.before_request(_refuse_unreadable)


def _refuse_unreadable() -> None:
    try:
        request.query_string.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("The query string is not UTF-8.") from error


def _from_app(error: AppError) -> AnyResponse:
    response = _answer(error.status, error.title, error.detail, error.code, error.facts)
    if isinstance(error, Unauthorized) and _for_machines():
        # Only here: on a page for people it would open a browser's own password box.
        response.headers["WWW-Authenticate"] = 'Basic realm="Larder", charset="UTF-8"'
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
        if error.__cause__ is None:  # what AWS has said is in the log already
            _log.warning("unavailable", extra={"cause": error.detail})
    return response


def _from_http(error: HTTPException) -> AnyResponse:
    status = error.code or 500
    if isinstance(error, RequestRedirect) and redact(error.new_url) != error.new_url:
        return _from_http(NotFound())  # whoever follows would write a secret into more logs
    if error.response is not None or status < 400:  # noqa: PLR2004 - a redirect is no problem
        return make_response(error.get_response())
    if isinstance(error, RequestEntityTooLarge):
        return _from_app(_too_large())
    title = HTTP_STATUS_CODES.get(status, "Error").capitalize()
    response = _answer(status, title, _sentence(error), title.lower().replace(" ", "-"), {})
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _too_large() -> TooLarge:
    """Return what to say of a body that is too large for its address: a way that takes more."""
    from app.web.multipart import MAX_FIELD_BYTES, MAX_PARTS

    if request.path.startswith("/legacy"):
        return TooLarge(
            "The upload is larger than this index takes: a file may have"
            f" {config().max_file_bytes} bytes, the fields beside it {MAX_FIELD_BYTES} bytes in"
            f" {MAX_PARTS} parts;"
            " `larder upload` needs no fields."
        )
    limit = (
        f"The body is larger than the {request.max_content_length} bytes that this address takes"
    )
    if request.path.endswith("/bytes"):
        return TooLarge(f"{limit}; `larder upload` sends a file straight to the storage.")
    return TooLarge(f"{limit}.")


def _sentence(error: HTTPException) -> str:
    if error.code == 404:  # noqa: PLR2004
        return "There is nothing at this address."
    return error.description or ""


def _answer(
    status: int, title: str, detail: str, code: str, facts: dict[str, str | int]
) -> AnyResponse:
    # It may quote what the client has sent, and a secret can stand anywhere in that.
    detail = redact(detail)
    facts = {name: redact(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
    if request.path.startswith("/legacy"):
        return _for_uploaders(status, title, detail)
    if _takes_json() or request.path.startswith(("/api/", "/integrity/", "/upload/")):
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
            **facts,
        }
        if request.path.startswith("/upload/"):  # PEP 694, "Errors"
            problem["meta"] = {"api-version": "2.0"}
            problem["errors"] = [{"source": facts.get("filename", code), "message": detail}]
        return Response(json.dumps(problem), status, mimetype="application/problem+json")
    # Without a route map there are no links for a page: so it is for an impossible Host header.
    if (_for_machines() and not _takes_pages()) or request_ctx.url_adapter is None:
        return Response(f"{title}: {detail}\n", status, mimetype="text/plain")
    page = render_template("errors/error.html", status=status, title=title, detail=detail)
    return make_response(page, status)


def _for_uploaders(status: int, title: str, detail: str) -> AnyResponse:
    types = request.accept_mimetypes
    if types and types.best_match(["text/plain", "application/json"]) == "application/json":
        body = json.dumps({"message": detail, "code": f"{status} {detail}", "title": title})
        response = Response(body, status, mimetype="application/json")
    else:
        response = Response(f"{detail}\n", status, mimetype="text/plain")
    response.status = f"{status} {_reason(detail)}"
    return response


def _reason(detail: str) -> str:
    """Make a reason phrase of a sentence (RFC 9112, 4): one line of what every server can send."""
    plain = re.sub(r"[^\x20-\x7e]+", " ", detail)
    return plain if len(plain) <= _MAX_REASON else plain[: _MAX_REASON - 3] + "..."


def _takes_json() -> bool:
    return any("json" in name and quality for name, quality in request.accept_mimetypes)


def _takes_pages() -> bool:
    return any(name == "text/html" and quality for name, quality in request.accept_mimetypes)


def _for_machines() -> bool:
    return request.path.startswith(_MACHINE_PATHS)
