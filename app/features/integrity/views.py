"""`/integrity/`: what is stated about a file, by whom, and whether that is verified (PEP 740)."""

import hashlib

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.domain.names import NormalizedName
from app.errors import NotAcceptable
from app.features.integrity import service
from app.web import auth, headers
from app.web.context import now, stores

bp = Blueprint("integrity", __name__, url_prefix="/integrity")

_TYPES = ("application/vnd.pypi.integrity.v1+json", "application/json")
_VARY = "Accept, Accept-Encoding, Authorization"


@bp.get("/<project:project>/<version>/<filename>/provenance")
def provenance(project: NormalizedName, version: str, filename: str) -> Response:
    """Send the attestations of a file."""
    content_type = _pick()
    body = service.find(
        project, version, filename, claims=auth.claims(), stores=stores(), now=now()
    )
    etag = headers.etag_of(hashlib.sha256(body).hexdigest(), content_type)
    if headers.is_current(etag):
        return headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    return headers.stored(body, content_type, etag, cache=headers.REVALIDATE, vary=_VARY)


def _pick() -> str:
    accept = request.accept_mimetypes
    content_type = accept.best_match(_TYPES) if accept else _TYPES[0]
    if content_type is None:
        raise NotAcceptable("Provenance comes as " + ", ".join(_TYPES) + "; ask for one of them.")
    return content_type
