"""The JSON bodies of the management of projects."""

from collections.abc import Mapping
from typing import Any

from app.domain.project import ProjectRole, ProjectStatus
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
