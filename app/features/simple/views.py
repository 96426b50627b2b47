"""`/simple/`: what pip, uv and every other installer read (PEP 503, 691, 700)."""

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.names import NormalizedName
from app.features.simple import service
from app.web import auth, headers, negotiate
from app.web.context import now, stores

bp = Blueprint("simple", __name__, url_prefix="/simple")

_VARY = "Accept, Accept-Encoding, Authorization"
# As the public index says it; mirrors look for it.
_SERIAL = "X-PyPI-Last-Serial"


@bp.get("/")
def index() -> Response:
    """List all projects."""
    form, content_type = negotiate.pick()
    serial, page = service.project_list(form, claims=auth.claims(), stores=stores(), now=now())
    etag = headers.etag_of(page.digest, content_type)
    if headers.is_current(etag):
        response = headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    else:
        response = headers.stored(
            page.body, content_type, etag, cache=headers.REVALIDATE, vary=_VARY
        )
    response.headers[_SERIAL] = str(serial)
    return response


@bp.get("/<project:project>/")
def project(project: NormalizedName) -> Response:
    """List all files of a project."""
    form, content_type = negotiate.pick()
    ref = service.find(project, form, claims=auth.claims(), stores=stores(), now=now())
    etag = headers.etag_of(ref.digest, content_type)
    if headers.is_current(etag):
        response = headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    else:
        ref, body = service.load(project, form, ref, stores=stores())
        etag = headers.etag_of(ref.digest, content_type)
        response = headers.stored(body, content_type, etag, cache=headers.REVALIDATE, vary=_VARY)
    response.headers.add(_SERIAL, str(ref.serial))
    return response
