"""Reading JSON Web Tokens that are signed with HS256, and no others (RFC 7515, 7519, 8725).

Every request of an installer carries one, and the library that makes them takes longer to load than
a request lasts. tests/unit/domain/test_hs256.py holds this against the library's own judgement.
"""

import base64
import binascii
import functools
import hmac
import json
import re
from typing import Any

_BASE64 = re.compile(r"[A-Za-z0-9_-]+\Z")


class InvalidError(ValueError):
    """The token has another form, or was not signed with this key."""


def key_id(jwt: str) -> str:
    """Return the `kid` of a token, of which nothing is verified yet.

    :raises InvalidError: if it is no such token.
    """
    found = _header(jwt.partition(".")[0]).get("kid")
    if not isinstance(found, str):
        raise InvalidError("it names no key")
    return found


def claims(jwt: str, key: bytes, *, issuer: str, now: float) -> dict[str, Any]:
    """Return what a token claims that `issuer` made for itself with `key`.

    `exp` is not looked at, so that the caller can tell an old token from a false one. `now` is in
    seconds since the epoch.

    :raises InvalidError: if it was not, or lacks one of iss, aud, sub, jti, iat, nbf and exp.
    """
    signed, _, signature = jwt.rpartition(".")
    header, _, payload = signed.partition(".")
    _header(header)
    if not hmac.compare_digest(hmac.digest(key, signed.encode(), "sha256"), _decoded(signature)):
        raise InvalidError("it was not signed with this key")
    found = _object(payload)
    if found.get("iss") != issuer or found.get("aud") != issuer:
        raise InvalidError("it was made by or for another index")
    if not all(isinstance(found.get(name), str) for name in ("sub", "jti")):
        raise InvalidError("it names nobody")
    if not all(type(found.get(name)) is int for name in ("iat", "nbf", "exp")):
        raise InvalidError("it names no time")
    if max(found["iat"], found["nbf"]) > now:
        raise InvalidError("it is not valid yet")
    return found


@functools.lru_cache(maxsize=64)
def _header(part: str) -> dict[str, Any]:
    """Read a header; the same one stands before all tokens of one key."""
    found = _object(part)
    if found.get("alg") != "HS256" or "crit" in found:
        raise InvalidError("it is signed in another way")
    return found


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(part))
    except (ValueError, RecursionError) as error:
        raise InvalidError("it holds no JSON") from error
    if not isinstance(found, dict):
        raise InvalidError("it holds no JSON object")
    return found


def _decoded(part: str) -> bytes:
    if not _BASE64.match(part):
        raise InvalidError("it is no Base64")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise InvalidError("it is no Base64") from error
