"""`/legacy/+simple/` that hatch looks at before it uploads, and the links that tools print."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.domain import releases
from app.domain.names import NormalizedName
from app.features.doors import service
from app.features.json_api import service as json_api
from app.web import auth, headers
from app.web.context import now, public_url, stores

bp = Blueprint("doors", __name__)

_VARY = "Accept-Encoding, Authorization"


@bp.get("/legacy/+simple/<project:project>/")
def page(project: NormalizedName) -> Response:
    """List all files of a project, in HTML whatever is asked for: hatch searches it for names."""
    found = service.page(project, claims=auth.claims(), stores=stores(), now=now())
    etag = headers.etag_of(found.digest, "text/html")
    if headers.is_current(etag):
        return headers.not_modified(etag, cache=headers.REVALIDATE, vary=_VARY)
    return headers.stored(found.body, "text/html", etag, cache=headers.REVALIDATE, vary=_VARY)


@bp.get("/legacy/<project:project>/<version>/")
@bp.get("/project/<project:project>/<version>/")
def release(project: NormalizedName, version: str) -> Response:
    """Lead from the link that a tool prints to the page for people, whether it is there or not."""
    return redirect(url_for("doors.show", project=project), code=302)


@bp.get("/project/<project:project>/")
def show(project: NormalizedName) -> str:
    """Show a project and how to install it."""
    listing = json_api.read(project, claims=auth.claims(), stores=stores(), now=now())
    return render_template(
        "projects/show.html",
        project=project,
        releases=listing.releases[::-1],
        latest=releases.latest(listing.releases),
        url=public_url(),
    )


@bp.after_request
def _ask_for_credentials(response: Response) -> Response:
    # A browser asked for a token is better than a dead end.
    if response.status_code == 401:  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = 'Basic realm="Larder", charset="UTF-8"'
    return response
