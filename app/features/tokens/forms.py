"""The JSON body that asks for a token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.domain import duration
from app.domain.token import Permission
from app.errors import BadRequest

DEFAULT_LIFETIME = "90d"

_TEXTS = {"type": "array", "items": {"type": "string"}}
_PERMISSIONS = {"type": "array", "items": {"enum": list(map(str, Permission))}, "minItems": 1}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}

CREATE: dict[str, Any] = {
    "type": "object",
    "required": ["permissions", "projects"],
    "properties": {
        "name": {"type": "string", "description": "What the token is for."},
        "permissions": _PERMISSIONS,
        "projects": {**_TEXTS, "minItems": 1, "description": 'Names of projects, or "*" alone.'},
        "expires": {"type": "string", "default": DEFAULT_LIFETIME, "examples": ["1h", "never"]},
    },
}
TOKEN: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "permissions", "projects", "created_at"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "permissions": _TEXTS,
        "projects": _TEXTS,
        "created_at": {"type": "string", "format": "date-time"},
        "expires_at": _MOMENT,
        "revoked_at": _MOMENT,
    },
}
NEW_TOKEN: dict[str, Any] = {
    "type": "object",
    "required": ["id", "token"],
    "properties": {
        **TOKEN["properties"],
        "token": {"type": "string", "description": "Shown once."},
    },
}
TOKENS: dict[str, Any] = {
    "type": "object",
    "required": ["tokens", "next"],
    "properties": {
        "tokens": {"type": "array", "items": TOKEN},
        "next": {
            "type": ["string", "null"],
            "description": "The `cursor` of what follows, null at the end.",
        },
    },
}
WHOAMI: dict[str, Any] = {
    "type": "object",
    "required": ["account", "role", "token"],
    "properties": {"account": {"type": "string"}, "role": {"type": "string"}, "token": TOKEN},
}


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """What somebody wants a token for."""

    label: str
    permissions: list[str]
    projects: list[str]
    # None: never.
    lifetime: timedelta | None


def parse(body: Mapping[str, Any]) -> TokenRequest:
    """Read `name`, `permissions`, `projects` and `expires`.

    :raises BadRequest: naming the field that is missing or wrong.
    """
    label, expires = body.get("name", ""), body.get("expires", DEFAULT_LIFETIME)
    if not isinstance(label, str):
        raise BadRequest("'name' must be text: what the token is for.")
    if not isinstance(expires, str):
        raise BadRequest("'expires' must be text such as '1h', '30d' or 'never'.")
    return TokenRequest(
        label=label,
        permissions=_texts(body, "permissions"),
        projects=_texts(body, "projects"),
        lifetime=duration.parse(expires),
    )


def _texts(body: Mapping[str, Any], field: str) -> list[str]:
    values = body.get(field)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadRequest(f"{field!r} must be a list of texts.")
    return values
