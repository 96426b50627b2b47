"""Bodies of the management API."""

from collections.abc import Iterator
from contextlib import contextmanager
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any

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


def text() -> str:
    """Return the body of the request, which is text.

    :raises BadRequest: if it is not UTF-8.
    """
    request.max_content_length = MAX_BYTES
    try:
        return request.get_data().decode()
    except UnicodeDecodeError as error:
        raise BadRequest("The body must be UTF-8.") from error


@contextmanager
def spooled(max_bytes: int) -> Iterator[IO[bytes]]:
    """Yield the body of the request as a file on disk, at its start.

    :raises RequestEntityTooLarge: if it has more than `max_bytes`.
    """
    request.max_content_length = max_bytes
    with TemporaryFile() as content:
        copyfileobj(request.stream, content, 1024 * 1024)
        content.seek(0)
        yield content


def no_content() -> Response:
    """Return the answer to what has nothing to say but that it is done."""
    return Response(status=204)
