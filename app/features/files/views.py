"""`/files/`: a redirect to the bytes in S3, and core metadata answered here (PEP 658, 714).

`/packages/` is the same, for mirrors that take no file from elsewhere.
"""

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response

from app.domain.dist_file import IMMUTABLE
from app.domain.names import NormalizedName
from app.features.files import service
from app.web import auth, headers
from app.web.context import now, stores

bp = Blueprint("files", __name__)

_METADATA = ".metadata"


@bp.get("/packages/<project:project>/<filename>")
@bp.get("/files/<project:project>/<filename>")
def file(project: NormalizedName, filename: str) -> Response:
    """Send a wheel, an sdist, or the metadata of one."""
    if filename.endswith(_METADATA):
        return _metadata(project, filename.removesuffix(_METADATA))
    found = service.find(project, filename, claims=auth.claims(), stores=stores(), now=now())
    if request.method == "HEAD":
        # A presigned link is good for GET alone, so HEAD is answered here.
        response = make_response("")
        response.headers["Content-Length"] = str(found.size)
        response.headers["Content-Type"] = "application/octet-stream"
        response.headers["Accept-Ranges"] = "bytes"
        response.set_etag(found.sha256)
        return response
    response = make_response("", 302)
    response.headers["Location"] = service.link(found, stores=stores(), now=now())
    response.headers["Cache-Control"] = "no-store"
    return response


def _metadata(project: NormalizedName, filename: str) -> Response:
    found, document = service.find_metadata(
        project, filename, claims=auth.claims(), stores=stores(), now=now()
    )
    etag = headers.etag_of(found.metadata_sha256, "text/metadata")
    vary = "Accept-Encoding, Authorization"
    if headers.is_current(etag):
        return headers.not_modified(etag, cache=IMMUTABLE, vary=vary)
    return headers.stored(document, "application/octet-stream", etag, cache=IMMUTABLE, vary=vary)
