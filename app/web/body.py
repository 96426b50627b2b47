"""Bodies of the management API."""

from typing import Any

from flask import request
from werkzeug.wrappers import Response

from app.errors import BadRequest

MAX_BYTES = 64 * 1024


def json_object() -> dict[str, Any]:
    """Return the JSON object in the body of the request; no body at all is an empty one.

    :raises BadRequest: if it is anything else.
    """
    request.max_content_length = MAX_BYTES
    if not request.get_data(cache=True):
        return {}
    try:
        found = request.get_json(force=True, silent=True)
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise BadRequest("The body must be a JSON object.")
    return found


def no_content() -> Response:
    """Return the answer to what has nothing to say but that it is done."""
    return Response(status=204)
