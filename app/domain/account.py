"""The people and machines that have an account."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.errors import BadRequest

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,48}[a-z0-9])?\Z")
MIN_PASSWORD = 12
MAX_PASSWORD_BYTES = 256


class AccountRole(StrEnum):
    """What an account may do beside its roles in projects."""

    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A person, or a machine that acts for a team."""

    name: str
    role: AccountRole
    created_at: datetime

    @property
    def is_admin(self) -> bool:
        """Return whether the account may administer the whole index."""
        return self.role is AccountRole.ADMIN


def check_name(name: str) -> str:
    """Return `name` if an account may be called so.

    :raises BadRequest: if it may not.
    """
    if not _NAME.match(name):
        raise BadRequest(
            f"{name[:60]!r} is not a valid account name: use at most 50 lower-case letters, digits,"
            " '.', '-' and '_', and start and end with a letter or digit."
        )
    return name


def check_password(password: str) -> str:
    """Return `password` if it is long enough and not too long to hash (NIST SP 800-63B, 3.1.1.2).

    :raises BadRequest: if it is not.
    """
    if len(password) < MIN_PASSWORD:
        raise BadRequest(f"The password is too short: use at least {MIN_PASSWORD} characters.")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise BadRequest(f"The password is too long: use at most {MAX_PASSWORD_BYTES} bytes.")
    return password
