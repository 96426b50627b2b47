"""`/api/v1/projects/`: managing projects, for scripts."""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.access import Actor
from app.domain.names import NormalizedName
from app.domain.project import ProjectRole
from app.features.projects import forms, service
from app.web import auth
from app.web.body import json_object, no_content
from app.web.context import now, stores
from app.web.openapi import operation

bp = Blueprint("projects", __name__, url_prefix="/api/v1/projects")


@bp.post("/<project:project>/releases/<version>/yank")
@operation(body=forms.YANK, body_required=False, status=204)
def yank_release(project: NormalizedName, version: str) -> Response:
    """Yank every file of a release: installers then take it only where it is asked for exactly."""
    return _yank_release(project, version, forms.parse_reason(json_object()))


@bp.delete("/<project:project>/releases/<version>/yank")
@operation(status=204)
def unyank_release(project: NormalizedName, version: str) -> Response:
    """Take the yank of a release back."""
    return _yank_release(project, version, None)


@bp.post("/<project:project>/files/<filename>/yank")
@operation(body=forms.YANK, body_required=False, status=204)
def yank_file(project: NormalizedName, filename: str) -> Response:
    """Yank one file."""
    return _yank_file(project, filename, forms.parse_reason(json_object()))


@bp.delete("/<project:project>/files/<filename>/yank")
@operation(status=204)
def unyank_file(project: NormalizedName, filename: str) -> Response:
    """Take the yank of a file back."""
    return _yank_file(project, filename, None)


@bp.delete("/<project:project>/files/<filename>")
@operation(status=204)
def delete_file(project: NormalizedName, filename: str) -> Response:
    """Remove a file for good; its name is never given again."""
    actor = _admit(project, ProjectRole.OWNER)
    file = service.one_file(project, filename, stores=stores())
    service.delete(file, actor=actor, stores=stores(), now=now())
    return no_content()


@bp.put("/<project:project>/status")
@operation(body=forms.STATUS, answer=forms.STATUS_SET)
def set_status(project: NormalizedName) -> dict[str, Any]:
    """Make a project active, archived, quarantined or deprecated (PEP 792)."""
    status, reason = forms.parse_status(json_object())
    actor = _admit(project, ProjectRole.MAINTAINER)
    service.set_status(project, status, reason, actor=actor, stores=stores(), now=now())
    return {"project": project, "status": status, "reason": reason}


@bp.get("/<project:project>/roles/<user>")
@operation(answer=forms.ROLE_HELD)
def get_role(project: NormalizedName, user: str) -> dict[str, Any]:
    """Tell which role an account has in a project, `null` for none."""
    _admit(project, ProjectRole.READER)
    role = stores().projects.members(project).get(user)
    return {"project": project, "user": user, "role": role}


@bp.put("/<project:project>/roles/<user>")
@operation(body=forms.ROLE, answer=forms.ROLE_HELD)
def set_role(project: NormalizedName, user: str) -> dict[str, Any]:
    """Give an account a role in a project."""
    role = forms.parse_role(json_object())
    actor = _admit(project, ProjectRole.OWNER)
    service.set_role(project, user, role, actor=actor, stores=stores(), now=now())
    return {"project": project, "user": user, "role": role}


@bp.delete("/<project:project>/roles/<user>")
@operation(status=204)
def remove_role(project: NormalizedName, user: str) -> Response:
    """Take an account's role in a project away; one that has none is fine already."""
    actor = _admit(project, ProjectRole.OWNER)
    service.set_role(project, user, None, actor=actor, stores=stores(), now=now())
    return no_content()


def _admit(project: NormalizedName, least: ProjectRole) -> Actor:
    return service.admit(auth.claims(), project, least, stores=stores(), now=now())


def _yank_release(project: NormalizedName, version: str, reason: str | None) -> Response:
    actor = _admit(project, ProjectRole.MAINTAINER)
    files = service.release_files(project, version, stores=stores())
    service.yank(files, reason, actor=actor, stores=stores(), now=now())
    return no_content()


def _yank_file(project: NormalizedName, filename: str, reason: str | None) -> Response:
    actor = _admit(project, ProjectRole.MAINTAINER)
    file = service.one_file(project, filename, stores=stores())
    service.yank([file], reason, actor=actor, stores=stores(), now=now())
    return no_content()
