"""Making, listing and revoking API tokens."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from app.domain import access, names
from app.domain import token as tokens
from app.domain.access import Actor
from app.domain.cursor import Part, Span
from app.domain.names import NormalizedName
from app.domain.token import Permission, Token
from app.errors import BadRequest, Forbidden, NotFound
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


def create_narrower(
    actor: Actor,
    *,
    permissions: Collection[str],
    projects: Collection[str],
    lifetime: timedelta | None,
    label: str,
    stores: Stores,
    now: datetime,
) -> tuple[Token, str]:
    """Make a token for the account of `actor` that may do nothing its own token may not.

    :raises Forbidden: if it would be wider, or live longer.
    :raises BadRequest: naming what cannot be asked for.
    """
    access.require_permission(actor, Permission.MANAGE)
    for permission in _permissions(permissions):
        access.require_permission(actor, permission)
    wanted, own, ends = _projects(projects), actor.token.projects, actor.token.expires_at
    if own is not None and (wanted is None or not wanted <= own):
        raise Forbidden(
            "This token is not for all of these projects, so it cannot make one that is."
        )
    if ends is not None and (lifetime is None or now + lifetime > ends):
        raise Forbidden(
            f"This token ends at {ends:%Y-%m-%d %H:%M} UTC, and so must one that it makes."
        )
    return create(
        actor.name,
        permissions=permissions,
        projects=projects,
        lifetime=lifetime,
        label=label,
        stores=stores,
        now=now,
    )


def own(actor: Actor, span: Span, *, stores: Stores) -> Part[Token]:
    """Return a part of the records of the tokens of the account of `actor`, by id.

    :raises Forbidden: if its token is not made for managing.
    :raises BadRequest: if the cursor is not one of this list.
    """
    access.require_permission(actor, Permission.MANAGE)
    return stores.listings.tokens(actor.name, span)


def revoke_own(actor: Actor, token_id: str, *, stores: Stores, now: datetime) -> None:
    """End a token of the account of `actor`; any token may end itself.

    :raises Forbidden: if it is another one, and its token is not made for managing.
    :raises NotFound: if the account has no such token.
    """
    if token_id != actor.token.id:
        access.require_permission(actor, Permission.MANAGE)
        if token_id not in {token.id for token in stores.tokens.of(actor.name)}:
            raise NotFound(f"You have no token with the id {token_id[:60]!r}.")
    stores.tokens.revoke(token_id, at=now)


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
