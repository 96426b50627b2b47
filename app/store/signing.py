"""AWS Signature Version 4, for what cannot wait for the SDK to load.

The SDK's signer costs as much to import as Flask, and a link costs it fifteen times as much; what
is left here are five HMACs. tests/integration/store/test_signing.py holds it against the SDK's.
"""

import functools
import hashlib
import hmac
from datetime import datetime
from typing import NamedTuple

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_BODY = "UNSIGNED-PAYLOAD"


class Credentials(NamedTuple):
    """Keys of AWS; the token is empty where they are lasting ones."""

    access_key: str
    secret_key: str
    token: str = ""


class Scope(NamedTuple):
    """What a signature is good for, with the moment it is made at."""

    region: str
    service: str
    moment: str

    @classmethod
    def at(cls, moment: datetime, *, region: str, service: str) -> "Scope":
        """Return the scope of a moment in UTC."""
        return cls(region, service, f"{moment:%Y%m%dT%H%M%SZ}")

    def __str__(self) -> str:
        """Return it as a credential names it."""
        return f"{self.moment[:8]}/{self.region}/{self.service}/aws4_request"


def sign(canonical_request: str, scope: Scope, credentials: Credentials) -> str:
    """Return the signature of a request in its canonical form, in hexadecimal."""
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{scope.moment}\n{scope}\n{digest}"
    return _hmac(_key(credentials.secret_key, str(scope)), to_sign).hex()


def signed_headers(
    method: str,
    path: str,
    headers: dict[str, str],
    *,
    digest: str,
    scope: Scope,
    credentials: Credentials,
    query: str = "",
) -> dict[str, str]:
    """Return the headers of a request, signed.

    `path` and `query` are as they are sent, `headers` with names in lower case and `host` among
    them, and `digest` is the body's SHA-256 or `UNSIGNED_BODY`.
    """
    headers = {**headers, "x-amz-date": scope.moment}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    signed = ";".join(names)
    request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{digest}"
    headers["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope},"
        f" SignedHeaders={signed}, Signature={sign(request, scope, credentials)}"
    )
    return headers


@functools.lru_cache(maxsize=16)
def _key(secret: str, scope: str) -> bytes:
    """Return the signing key of a day, which lasts that day long."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
