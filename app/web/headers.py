"""Headers of answers: validators, caching, and what browsers must not do."""

import functools
import gzip

from flask import Flask, Response, request
from werkzeug.datastructures import Accept, ETags
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as AnyResponse

from app.errors import NotAcceptable
from app.logs import redact
from app.web.context import config

REVALIDATE = "private, max-age=0, must-revalidate"

# No page of ours needs more than its own style sheet, script and pictures.
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ON_PAGES = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
}


def etag_of(digest: str, content_type: str) -> str:
    """Return the strong validator of one representation (RFC 9110, 8.8.3).

    The content type and the encoding are part of it: other headers, other representation.
    """
    form = content_type.replace("application/vnd.pypi.simple.v1+", "v1-").replace("text/", "")
    return f"{digest}-{form}{'-gzip' if accepts_gzip() else ''}"


def client() -> str:
    """Return the program that asks, as it names itself; it is kept and shown to others."""
    return redact(request.headers.get("User-Agent", ""))[:200]


def accepts_gzip() -> bool:
    """Tell whether the client takes gzip."""
    return _takes_gzip(request.headers.get("Accept-Encoding", ""))


@functools.lru_cache(maxsize=256)
def _takes_gzip(header: str) -> bool:
    return float(parse_accept_header(header, Accept).quality("gzip")) > 0


def is_current(etag: str) -> bool:
    """Tell whether the client has this representation already (RFC 9110, 13.1.2)."""
    known: ETags = request.if_none_match
    return known.contains_weak(etag)


def not_modified(etag: str, *, cache: str, vary: str) -> Response:
    """Return a 304, which carries what a 200 would carry."""
    return Response(status=304, headers=_validators(etag, cache, vary))


def stored(gzipped: bytes, content_type: str, etag: str, *, cache: str, vary: str) -> Response:
    """Return a body that is kept gzipped, unpacked only for a client that does not take gzip.

    :raises NotAcceptable: if it is too large to be sent unpacked.
    """
    headers = _validators(etag, cache, vary)
    html = content_type == "text/html"
    headers["Content-Type"] = f"{content_type}; charset=utf-8" if html else content_type
    if not accepts_gzip():
        return Response(_unpacked(gzipped), headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(gzipped, headers=headers)


def _unpacked(gzipped: bytes) -> bytes:
    size = int.from_bytes(gzipped[-4:], "little")  # RFC 1952, 2.3.1
    if size > config().answer_bytes:
        raise NotAcceptable(
            f"Uncompressed this has {size:,} bytes, more than this index can send; ask with"
            " Accept-Encoding: gzip (curl --compressed)."
        )
    return gzip.decompress(gzipped)


def _validators(etag: str, cache: str, vary: str) -> dict[str, str]:
    return {"ETag": f'"{etag}"', "Cache-Control": cache, "Vary": vary}


def init_app(app: Flask) -> None:
    """Give every answer the headers that keep a browser from doing harm."""
    app.after_request(_protect)


def _protect(response: AnyResponse) -> AnyResponse:
    headers = response.headers
    # Looked at once: each look for one name would go through all of them.
    given = {name.lower(): value for name, value in headers}
    wanted = dict(_ALWAYS)
    if given.get("content-type", "").startswith("text/html"):
        wanted |= _ON_PAGES
    if request.is_secure and not config().development:
        wanted["Strict-Transport-Security"] = "max-age=31536000"
    for name, value in wanted.items():
        if name.lower() not in given:
            headers.add(name, value)
    if "location" in given:
        headers["Location"] = _here(given["location"])
    return response


def _here(location: str) -> str:
    """Make a path of a URL of this host.

    Werkzeug's own redirects name the host the client named, which is nothing to rely on.
    """
    here = f"{request.scheme}://{request.host}/"
    return "/" + location.removeprefix(here) if location.startswith(here) else location
