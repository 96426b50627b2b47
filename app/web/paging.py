"""Lists in parts: which part a request asks for."""

import re

from flask import request

from app.domain.cursor import DEFAULT_LIMIT, MAX_LIMIT, Span
from app.errors import BadRequest

_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


def span() -> Span:
    """Return what `limit` and `cursor` of the request ask for.

    :raises BadRequest: if the limit is no number within bounds.
    """
    limit = request.args.get("limit", str(DEFAULT_LIMIT))
    if not _NUMBER.fullmatch(limit) or int(limit) > MAX_LIMIT:
        raise BadRequest(f"'limit' must be a whole number from 1 to {MAX_LIMIT}.")
    return Span(limit=int(limit), cursor=request.args.get("cursor"))
