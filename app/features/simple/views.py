"""`/simple/`: what pip, uv and every other installer read (PEP 503, 691, 700)."""

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.names import NormalizedName
from app.features.simple import service
from app.web import auth, headers, negotiate
from app.web.context import now, stores

bp = Blueprint("simple", __name__, url_prefix="/simple")

_VARY = "Accept, Accept-Encoding, Authorization"


@bp.get("/")
def index() -> Response:
    """List all projects."""
    form, content_type = negotiate.pick()
    page = service.project_list(form, claims=auth.claims(), stores=stores(), now=now())
    etag = headers.etag_of(page.digest, content_type)
    if headers.is_current(etag):
        return headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    return headers.stored(page.body, content_type, etag, cache=headers.REVALIDATE, vary=_VARY)


@bp.get("/<project:project>/")
def project(project: NormalizedName) -> Response:
    """List all files of a project."""
    form, content_type = negotiate.pick()
    ref = service.find(project, form, claims=auth.claims(), stores=stores(), now=now())
    etag = headers.etag_of(ref.digest, content_type)
    if headers.is_current(etag):
        return headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    ref, body = service.load(project, form, ref, stores=stores())
    etag = headers.etag_of(ref.digest, content_type)
    return headers.stored(body, content_type, etag, cache=headers.REVALIDATE, vary=_VARY)
