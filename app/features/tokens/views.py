"""`/api/v1/tokens` and `/api/v1/whoami`: an account's own tokens, for scripts."""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.simple import timestamp
from app.domain.token import Token
from app.features.access.service import identify
from app.features.tokens import forms, service
from app.web import auth
from app.web.body import json_object, no_content
from app.web.context import now, stores
from app.web.openapi import operation
from app.web.paging import span

bp = Blueprint("tokens", __name__, url_prefix="/api/v1")


@bp.get("/whoami")
@operation(answer=forms.WHOAMI)
def whoami() -> dict[str, Any]:
    """Tell whose token this is and what it may do."""
    actor = identify(auth.claims(), stores=stores(), now=now())
    return {
        "account": actor.name,
        "role": actor.account.role,
        "token": _shown(actor.token),
    }


@bp.get("/tokens")
@operation(answer=forms.TOKENS, paged=True)
def list_tokens() -> dict[str, Any]:
    """List the account's tokens, by id, without the tokens themselves."""
    actor = identify(auth.claims(), stores=stores(), now=now())
    part = service.own(actor, span(), stores=stores())
    return {"tokens": list(map(_shown, part.entries)), "next": part.next}


@bp.post("/tokens")
@operation(body=forms.CREATE, status=201, answer=forms.NEW_TOKEN)
def create_token() -> tuple[dict[str, Any], int]:
    """Make a token for the account, no wider than the one that asks; it is shown this once."""
    actor = identify(auth.claims(), stores=stores(), now=now())
    wanted = forms.parse(json_object())
    token, text = service.create_narrower(
        actor,
        permissions=wanted.permissions,
        projects=wanted.projects,
        lifetime=wanted.lifetime,
        label=wanted.label,
        stores=stores(),
        now=now(),
    )
    return {**_shown(token), "token": text}, 201


@bp.delete("/tokens/<token_id>")
@operation(status=204)
def revoke_token(token_id: str) -> Response:
    """End one of the account's tokens; ending it again changes nothing."""
    actor = identify(auth.claims(), stores=stores(), now=now())
    service.revoke_own(actor, token_id, stores=stores(), now=now())
    return no_content()


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.label,
        "permissions": sorted(token.permissions),
        "projects": ["*"] if token.projects is None else sorted(token.projects),
        "created_at": timestamp(token.created_at),
        "expires_at": timestamp(token.expires_at) if token.expires_at else None,
        "revoked_at": timestamp(token.revoked_at) if token.revoked_at else None,
    }
