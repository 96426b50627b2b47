"""`/pypi/`: the JSON API, which has no standard but many readers."""

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.names import NormalizedName
from app.features.json_api import service
from app.web import auth, headers
from app.web.context import now, public_url, stores

bp = Blueprint("json_api", __name__, url_prefix="/pypi")

_VARY = "Accept-Encoding, Authorization"


# Two rules each rather than a redirect, for scripts that follow none.
@bp.get("/<project:project>/json/")
@bp.get("/<project:project>/json")
def project(project: NormalizedName) -> Response:
    """Describe the latest release of a project and list all of them."""
    return _describe(project, None)


@bp.get("/<project:project>/<version>/json/")
@bp.get("/<project:project>/<version>/json")
def release(project: NormalizedName, version: str) -> Response:
    """Describe one release."""
    return _describe(project, version)


def _describe(project: NormalizedName, version: str | None) -> Response:
    listing = service.read(project, claims=auth.claims(), stores=stores(), now=now())
    page = service.describe(listing, version, url=public_url(), stores=stores())
    etag = headers.etag_of(page.digest, "text/json")
    if headers.is_current(etag):
        response = headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    else:
        response = headers.stored(
            page.body, "application/json", etag, cache=headers.REVALIDATE, vary=_VARY
        )
    response.headers["X-PyPI-Last-Serial"] = str(listing.serial)
    return response
