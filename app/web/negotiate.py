"""Choosing a representation of a Simple API page (PEP 691, "Content-Type negotiation")."""

import functools

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from app.domain.pages import Format
from app.errors import NotAcceptable

_V1 = "application/vnd.pypi.simple.v1"
# In order of preference where the client has none: a person's `*/*` gets what a person can read.
_OFFERS = {
    "text/html": Format.HTML,
    f"{_V1}+html": Format.HTML,
    f"{_V1}+json": Format.JSON,
}
_ALIASES = {
    "application/vnd.pypi.simple.latest+html": f"{_V1}+html",
    "application/vnd.pypi.simple.latest+json": f"{_V1}+json",
}


def pick() -> tuple[Format, str]:
    """Return the format to send and its content type, never one of the `latest` aliases.

    `?format=` wins over the Accept header.

    :raises NotAcceptable: if the client takes none of the three.
    """
    asked = request.args.get("format")
    content_type = _known(asked) if asked else _best(request.headers.get("Accept", ""))
    if content_type is None:
        raise NotAcceptable("This page comes as " + ", ".join(_OFFERS) + "; ask for one of them.")
    return _OFFERS[content_type], content_type


def _known(asked: str) -> str | None:
    concrete = _ALIASES.get(asked, asked)
    return concrete if concrete in _OFFERS else None


@functools.lru_cache(maxsize=256)
def _best(header: str) -> str | None:
    """Choose by an Accept header, of which there are as many as there are installers."""
    accept = parse_accept_header(header, MIMEAccept)
    if not accept:
        return "text/html"
    names = [*_OFFERS, *_ALIASES]
    best = max(names, key=lambda name: float(accept.quality(name)))
    return _ALIASES.get(best, best) if accept.quality(best) > 0 else None
