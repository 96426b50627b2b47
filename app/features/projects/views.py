"""`/api/v1/projects`: looking projects over and managing them, for scripts."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.access import Actor
from app.domain.account import check_name
from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release
from app.domain.simple import timestamp
from app.features.projects import forms, service
from app.web import auth
from app.web.body import json_object, no_content
from app.web.context import now, public_url, stores
from app.web.openapi import operation
from app.web.paging import span

bp = Blueprint("projects", __name__, url_prefix="/api/v1/projects")


@bp.get("")
@operation(answer=forms.PROJECTS, paged=True)
def list_projects() -> dict[str, Any]:
    """List the projects that this token may read, by name."""
    part = service.readable(auth.claims(), span(), stores=stores(), now=now())
    return {"projects": list(map(_project, part.entries)), "next": part.next}


@bp.get("/<project:project>")
@operation(answer=forms.PROJECT)
def get_project(project: NormalizedName) -> dict[str, Any]:
    """Describe a project."""
    found, latest = service.describe(auth.claims(), project, stores=stores(), now=now())
    return {**_project(found), "latest": latest}


@bp.get("/<project:project>/releases")
@operation(answer=forms.RELEASES, paged=True)
def list_releases(project: NormalizedName) -> dict[str, Any]:
    """List the releases of a project, by the text of their version."""
    _let_in(project)
    part = stores().listings.releases(project, span())
    return {"releases": list(map(_release, part.entries)), "next": part.next}


@bp.get("/<project:project>/releases/<version>")
@operation(answer=forms.RELEASE)
def get_release(project: NormalizedName, version: str) -> dict[str, Any]:
    """Describe a release, with its files."""
    _let_in(project)
    release, held = service.release(project, version, stores=stores())
    yanked = held is not None and held.is_yanked
    return {
        **_release(release),
        "yanked": yanked,
        "yanked_reason": held.yanked_reason if held and yanked else None,
        "files": [_file(file) for file in held.files] if held else [],
    }


@bp.get("/<project:project>/files")
@operation(answer=forms.FILES, paged=True)
def list_files(project: NormalizedName) -> dict[str, Any]:
    """List the files of a project, by name."""
    _let_in(project)
    part = stores().listings.files(project, span())
    return {"files": list(map(_file, part.entries)), "next": part.next}


@bp.get("/<project:project>/files/<filename>")
@operation(answer=forms.FILE)
def get_file(project: NormalizedName, filename: str) -> dict[str, Any]:
    """Describe a file."""
    _let_in(project)
    return _file(service.one_file(project, filename, stores=stores()))


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
    service.delete(project, filename, actor=actor, stores=stores(), now=now())
    return no_content()


@bp.put("/<project:project>/status")
@operation(body=forms.STATUS, answer=forms.STATUS_SET)
def set_status(project: NormalizedName) -> dict[str, Any]:
    """Make a project active, archived, quarantined or deprecated (PEP 792)."""
    status, reason = forms.parse_status(json_object())
    actor = _admit(project, ProjectRole.MAINTAINER)
    service.set_status(project, status, reason, actor=actor, stores=stores(), now=now())
    return {"project": project, "status": status, "reason": reason}


@bp.get("/<project:project>/roles")
@operation(answer=forms.ROLES, paged=True)
def list_roles(project: NormalizedName) -> dict[str, Any]:
    """List the accounts with a role in a project, by name."""
    _admit(project, ProjectRole.READER)
    part = stores().listings.roles(project, span())
    roles = [{"user": account, "role": role} for account, role in part.entries]
    return {"roles": roles, "next": part.next}


@bp.get("/<project:project>/roles/<user>")
@operation(answer=forms.ROLE_HELD)
def get_role(project: NormalizedName, user: str) -> dict[str, Any]:
    """Tell which role an account has in a project, `null` for none."""
    _admit(project, ProjectRole.READER)
    role = stores().projects.members(project).get(check_name(user))
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


def _let_in(project: NormalizedName) -> None:
    service.let_in_to_files(auth.claims(), project, stores=stores(), now=now())


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


def _project(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "display_name": project.display_name,
        "visibility": project.visibility,
        "status": project.status,
        "status_reason": project.status_reason,
        "created_at": timestamp(project.created_at),
    }


def _release(release: Release) -> dict[str, Any]:
    return {
        "version": release.version,
        "summary": release.summary,
        "created_at": timestamp(release.created_at),
    }


def _file(file: DistFile) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "version": file.version,
        "kind": file.kind,
        "size": file.size,
        "sha256": file.sha256,
        "md5": file.md5,
        "blake2b_256": file.blake2_256,
        "requires_python": file.requires_python or None,
        "uploaded_at": timestamp(file.uploaded_at),
        "uploaded_by": file.uploaded_by,
        "uploaded_with": file.uploaded_with,
        "yanked": file.yanked,
        "url": f"{public_url()}/files/{file.project}/{quote(file.filename)}",
    }
