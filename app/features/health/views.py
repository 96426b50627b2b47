"""`/healthz`: for load balancers and monitors."""

from flask import Blueprint
from werkzeug.wrappers import Response

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Tell that the application runs; it asks AWS nothing, so nobody can make it cost anything."""
    return Response("ok\n", mimetype="text/plain")
