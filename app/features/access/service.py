"""Telling who asks: a token's claims held against its record, together with what is asked for."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.access import CREDENTIALS_NEEDED, Actor
from app.domain.names import NormalizedName
from app.domain.token import Claims
from app.errors import Unauthorized
from app.store.access import Found
from app.store.stores import Stores


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Who asks (None: somebody without a credential), and what was found for them."""

    actor: Actor | None
    found: Found


def visit(
    claims: Claims | None,
    project: NormalizedName | None = None,
    *,
    stores: Stores,
    now: datetime,
    filename: str | None = None,
    with_metadata: bool = False,
    with_provenance: bool = False,
    with_mark: bool = False,
) -> Visit:
    """Read who asks and what they ask for in one round trip; nothing is allowed by this yet.

    :raises Unauthorized: if the token is unknown, expired or revoked.
    """
    found = stores.access.look_up(
        claims,
        project,
        filename=filename,
        with_metadata=with_metadata,
        with_provenance=with_provenance,
        with_mark=with_mark,
    )
    return Visit(actor=_actor(claims, found, now), found=found)


def identify(claims: Claims | None, *, stores: Stores, now: datetime) -> Actor:
    """Return who asks, for what needs a credential in any case.

    :raises Unauthorized: without a credential, or with one that is not good.
    """
    return known(visit(claims, stores=stores, now=now))


def known(visit: Visit) -> Actor:
    """Return who asks, for what needs a credential in any case.

    :raises Unauthorized: without one.
    """
    if visit.actor is None:
        raise Unauthorized(CREDENTIALS_NEEDED)
    return visit.actor


def _actor(claims: Claims | None, found: Found, now: datetime) -> Actor | None:
    if claims is None:
        return None
    if found.token is None or found.account is None:
        raise Unauthorized("The token is not known to this index.")
    found.token.check(claims, now)
    return Actor(account=found.account, token=found.token)
