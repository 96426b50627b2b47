"""Reading the credential of a request: an API token, by Basic or Bearer (RFC 7617, RFC 6750)."""

import base64

from flask import g, request

from app.domain.token import Claims
from app.errors import Unauthorized
from app.web.context import stores


def claims() -> Claims | None:
    """Return what the token of this request claims, None if there is none.

    Garbage is refused here, before the database is asked anything.

    :raises Unauthorized: if there is a credential but no token of this index in it.
    """
    token = _token(request.headers.get("Authorization", ""))
    if token is None:
        return None
    found = stores().keyring.verify(token)
    g.actor = found.account
    return found


def _token(header: str) -> str | None:
    scheme, _, value = header.strip().partition(" ")
    match scheme.lower():
        case "":
            return None
        case "basic":
            return _password(value.strip())
        case "bearer" | "token":
            return value.strip()
        case _:
            raise Unauthorized("Use HTTP Basic with an API token as the password, or Bearer.")


def _password(encoded: str) -> str:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise Unauthorized("The credential of HTTP Basic is malformed (RFC 7617).") from error
    # The user name is nobody's business: `__token__` by custom, but tools send what they like.
    return decoded.partition(":")[2].strip()
