"""The JSON of the management of projects: what it takes and what it gives."""

from collections.abc import Mapping
from typing import Any

from app.domain import filenames
from app.domain.project import ProjectRole, ProjectStatus, Visibility
from app.errors import BadRequest

MAX_REASON = 500

_REASON = {"type": "string", "maxLength": MAX_REASON, "description": "Why: one line."}
_NAMES = {"project": {"type": "string"}, "user": {"type": "string"}}

YANK: dict[str, Any] = {"type": "object", "properties": {"reason": _REASON}}
STATUS: dict[str, Any] = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": list(map(str, ProjectStatus))}, "reason": _REASON},
}
ROLE: dict[str, Any] = {
    "type": "object",
    "required": ["role"],
    "properties": {"role": {"enum": list(map(str, ProjectRole))}},
}
STATUS_SET: dict[str, Any] = {
    "type": "object",
    "required": ["project", "status", "reason"],
    "properties": {"project": {"type": "string"}, **STATUS["properties"]},
}
ROLE_HELD: dict[str, Any] = {
    "type": "object",
    "required": ["project", "user", "role"],
    "properties": {**_NAMES, "role": {"enum": [*map(str, ProjectRole), None]}},
}


_TEXT = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_OR_NONE = {"type": ["string", "null"]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _part(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    following = {**_OR_NONE, "description": "The `cursor` of what follows, null at the end."}
    return _object({name: {"type": "array", "items": entry}, "next": following})


_PROJECT = {
    "name": _TEXT,
    "display_name": {**_TEXT, "description": "As its author spells it."},
    "visibility": {"enum": list(map(str, Visibility))},
    "status": STATUS["properties"]["status"],
    "status_reason": _TEXT,
    "created_at": _MOMENT,
}
_RELEASE = {"version": _TEXT, "summary": _TEXT, "created_at": _MOMENT}
FILE: dict[str, Any] = _object({
    "filename": _TEXT,
    "version": _TEXT,
    "kind": {"enum": [filenames.WHEEL, filenames.SDIST]},
    "size": {"type": "integer", "description": "Bytes."},
    "sha256": _TEXT,
    "md5": _TEXT,
    "blake2b_256": _TEXT,
    "requires_python": _OR_NONE,
    "uploaded_at": _MOMENT,
    "uploaded_by": _TEXT,
    "uploaded_with": {**_TEXT, "description": "The User-Agent that brought it."},
    "yanked": {**_OR_NONE, "description": "The reason, which may be empty; null: not yanked."},
    "url": {**_TEXT, "format": "uri"},
})  # fmt: skip
PROJECT: dict[str, Any] = _object({
    **_PROJECT,
    "latest": {**_OR_NONE, "description": "The last version, final and not yanked if one is."},
})  # fmt: skip
RELEASE: dict[str, Any] = _object({
    **_RELEASE,
    "yanked": {"type": "boolean", "description": "Whether all of its files are."},
    "yanked_reason": _OR_NONE,
    "files": {"type": "array", "items": FILE},
})  # fmt: skip
PROJECTS = _part("projects", _object(_PROJECT))
RELEASES = _part("releases", _object(_RELEASE))
FILES = _part("files", FILE)
ROLES = _part("roles", _object({"user": _TEXT, "role": ROLE["properties"]["role"]}))


def parse_reason(body: Mapping[str, Any]) -> str:
    """Read an optional `reason`: one line of text.

    :raises BadRequest: if it is something else, or too long.
    """
    reason = body.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > MAX_REASON or not reason.isprintable():
        raise BadRequest(f"'reason' must be one line of text of at most {MAX_REASON} characters.")
    return reason.strip()


def parse_status(body: Mapping[str, Any]) -> tuple[ProjectStatus, str]:
    """Read a `status` and its optional `reason` (PEP 792).

    :raises BadRequest: if there is no such status.
    """
    status = body.get("status")
    if not isinstance(status, str) or status not in list(ProjectStatus):
        raise BadRequest("'status' must be one of " + ", ".join(ProjectStatus) + ".")
    return ProjectStatus(status), parse_reason(body)


def parse_role(body: Mapping[str, Any]) -> ProjectRole:
    """Read a `role`.

    :raises BadRequest: if there is no such role.
    """
    role = body.get("role")
    if not isinstance(role, str) or role not in list(ProjectRole):
        raise BadRequest("'role' must be one of " + ", ".join(ProjectRole) + ".")
    return ProjectRole(role)
