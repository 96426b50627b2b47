"""API tokens: their form, and the record that says what one is good for.

A token reads `larder_<JWT>_<checksum>`: the prefix and the CRC-32 let secret scanners recognise it,
the JWT (RFC 7519) lets the index refuse a forgery before it asks the database, and the record of
its id is the truth about what it may do.
"""

import hashlib
import hmac
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.names import NormalizedName
from app.errors import Unauthorized

PREFIX = "larder_"
MAX_LENGTH = 4096
_CHECKSUM_LENGTH = 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Permission(StrEnum):
    """What a token may be used for, within what its owner may do."""

    READ = "read"
    UPLOAD = "upload"
    MANAGE = "manage"
    ADMIN = "admin"


_IMPLIED = {
    Permission.READ: {Permission.READ},
    # Upload tools look before they upload (check-url, skip-existing).
    Permission.UPLOAD: {Permission.READ, Permission.UPLOAD},
    Permission.MANAGE: {Permission.READ, Permission.UPLOAD, Permission.MANAGE},
    Permission.ADMIN: set(Permission),
}


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What the signed part of a token says; nothing here is a permission."""

    token_id: str
    account: str
    # SHA-256 of the whole token, in hexadecimal.
    digest: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """The record of a token, without the token itself."""

    id: str
    account: str
    label: str
    permissions: frozenset[Permission]
    # None: every project.
    projects: frozenset[NormalizedName] | None
    created_at: datetime
    # None: never.
    expires_at: datetime | None
    revoked_at: datetime | None
    # SHA-256 of the whole token, in hexadecimal.
    digest: str

    def allows(self, permission: Permission) -> bool:
        """Tell whether the token was made for `permission`, or for one that includes it."""
        return any(permission in _IMPLIED[held] for held in self.permissions)

    def covers(self, project: NormalizedName) -> bool:
        """Tell whether the token was made for `project`."""
        return self.projects is None or project in self.projects

    def check(self, claims: Claims, now: datetime) -> None:
        """Refuse a token that is revoked or expired, or that only borrowed this record's id.

        :raises Unauthorized: saying which.
        """
        if not hmac.compare_digest(self.digest, claims.digest) or self.account != claims.account:
            raise Unauthorized("The token is not known to this index.")
        if self.revoked_at is not None:
            raise Unauthorized("The token was revoked; make a new one.")
        if self.expires_at is not None and self.expires_at <= now:
            raise Unauthorized("The token has expired; make a new one.")


def wrap(jwt: str) -> str:
    """Make a token of a signed JWT."""
    body = PREFIX + jwt
    return f"{body}_{_checksum(body)}"


def unwrap(token: str) -> str:
    """Return the JWT inside `token`, which is not verified yet.

    `pypi-` in front is tolerated: some tools insist on it.

    :raises Unauthorized: if the token has another form or was damaged, found without any key.
    """
    body, _, checksum = token.removeprefix("pypi-").rpartition("_")
    if len(token) > MAX_LENGTH or not token.isascii() or not body.startswith(PREFIX):
        raise Unauthorized("That is not a token of this index; its tokens start with 'larder_'.")
    if not hmac.compare_digest(checksum, _checksum(body)):
        raise Unauthorized("The token is damaged: copy it again, whole.")
    return body.removeprefix(PREFIX)


def digest(token: str) -> str:
    """Return the SHA-256 of a whole token, the only trace of it that is stored."""
    return hashlib.sha256(token.removeprefix("pypi-").encode(errors="replace")).hexdigest()


def _checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
