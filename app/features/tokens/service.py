"""Making, listing and revoking API tokens."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from app.domain import names
from app.domain import token as tokens
from app.domain.names import NormalizedName
from app.domain.token import Permission, Token
from app.errors import BadRequest, NotFound
from app.store.stores import Stores

EVERY_PROJECT = "*"
MAX_LABEL = 100


def create(
    account_name: str,
    *,
    permissions: Collection[str],
    projects: Collection[str],
    lifetime: timedelta | None,
    label: str,
    stores: Stores,
    now: datetime,
) -> tuple[Token, str]:
    """Make a token for an account; return its record, and the token itself, this once.

    `projects` holds names of projects that may not exist yet, or `*` alone for all; a `lifetime` of
    None never ends.

    :raises BadRequest: naming what cannot be asked for.
    :raises NotFound: if there is no such account.
    """
    account = stores.accounts.get(account_name)
    if account is None:
        raise NotFound(
            f"There is no account {account_name!r}; create it with"
            f" `flask users create {account_name}`."
        )
    asked = _permissions(permissions)
    if not label.isprintable():
        raise BadRequest("The label holds characters that cannot be printed.")
    if Permission.ADMIN in asked and not account.is_admin:
        raise BadRequest(f"{account.name!r} is no admin, so its tokens cannot be.")
    token_id = secrets.token_hex(16)
    expires_at = None if lifetime is None else now + lifetime
    text = stores.keyring.sign(
        token_id=token_id, account=account.name, issued_at=now, expires_at=expires_at
    )
    token = Token(
        id=token_id,
        account=account.name,
        label=label[:MAX_LABEL],
        permissions=asked,
        projects=_projects(projects),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        digest=tokens.digest(text),
    )
    stores.tokens.add(token)
    return token, text


def list_of(account_name: str, *, stores: Stores) -> list[Token]:
    """Return the records of all tokens of an account, oldest first.

    :raises NotFound: if there is no such account.
    """
    if stores.accounts.get(account_name) is None:
        raise NotFound(f"There is no account {account_name!r}.")
    return stores.tokens.of(account_name)


def revoke(token: str, *, stores: Stores, now: datetime) -> str:
    """End a token, named by its id or by itself; return its id. Doing it again changes nothing.

    :raises NotFound: if there is no such token.
    :raises Unauthorized: if it is named by itself, but is damaged or not of this index.
    """
    token_id = token
    if token.startswith(tokens.PREFIX):  # in an emergency it is the token that is at hand
        token_id = stores.keyring.verify(token).token_id
    stores.tokens.revoke(token_id, at=now)
    return token_id


def _permissions(asked: Collection[str]) -> frozenset[Permission]:
    if not asked:
        raise BadRequest("Name at least one permission: " + ", ".join(Permission) + ".")
    for name in asked:
        if name not in list(Permission):
            raise BadRequest(f"{name[:40]!r} is no permission; there are {', '.join(Permission)}.")
    return frozenset(map(Permission, asked))


def _projects(asked: Collection[str]) -> frozenset[NormalizedName] | None:
    if not asked:
        raise BadRequest("Name at least one project, or '*' for all.")
    if EVERY_PROJECT in asked:
        if len(asked) > 1:
            raise BadRequest("'*' means every project already; name it alone.")
        return None
    return frozenset(map(names.normalize, asked))
