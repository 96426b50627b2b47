"""What is published, yanking it, and who asks: `larder status`, `larder yank`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from larder_client import dists
from larder_client.errors import LarderError, Refused, UsageError
from larder_client.terminal import Terminal, size
from larder_client.wire import Index

_SIMPLE = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """A file as the page of its project lists it."""

    filename: str
    version: str
    # "" if the page gives none.
    sha256: str
    size: int
    uploaded_at: str
    # None: it is not yanked.
    yanked: str | None


def published(index: Index, project: str) -> dict[str, str]:
    """Return the SHA-256 of every published file of a project by name; nothing if there is none."""
    page = _page(index, project)
    return {file.filename: file.sha256 for file in _files(page)} if page else {}


def show_account(index: Index, terminal: Terminal) -> None:
    """Tell whose token this is and what it may do."""
    found = index.ask("GET", index.url("/api/v1/whoami")).body
    token = found.get("token")
    if not isinstance(token, dict):
        raise LarderError(f"{index.where.root} does not answer like a Larder index.")
    projects = token.get("projects") or []
    terminal.line(f"Index    {index.where.root}")
    terminal.line(f"Account  {found.get('account')} ({found.get('role')})")
    terminal.line(f"Token    {token.get('name') or token.get('id')}")
    terminal.line(f"  may    {', '.join(map(str, token.get('permissions') or []))}")
    terminal.line(f"  for    {'every project' if '*' in projects else ', '.join(projects)}")
    terminal.line(f"  until  {token.get('expires_at') or 'it is revoked'}")


def show_project(index: Index, project: str, version: str | None, terminal: Terminal) -> None:
    """Tell what is published of a project, or of one version of it.

    :raises LarderError: if there is nothing that this token may read.
    """
    page = _page(index, project)
    files = [f for f in _files(page or {}) if version is None or _is_same(f.version, version)]
    if page is None or (version is not None and not files):
        raise LarderError(
            f"There is no {project} {version or ''}".rstrip() + " here, or it is not yours to read."
        )
    status = page.get("project-status")
    if isinstance(status, dict) and status.get("status", "active") != "active":
        reason = status.get("reason")
        terminal.line(f"{project} is {status['status']}" + (f": {reason}" if reason else "."))
    for release in dict.fromkeys(file.version for file in files):
        _show_release(project, [file for file in files if file.version == release], terminal)
    if not files:
        terminal.line(f"{project} has no files.")


def _show_release(project: str, files: Sequence[PublishedFile], terminal: Terminal) -> None:
    terminal.line(f"{project} {files[0].version}")
    for file in files:
        yanked = "" if file.yanked is None else f"  YANKED {file.yanked}".rstrip()
        day = file.uploaded_at[:10]
        terminal.line(f"  {file.filename}  {size(file.size)}  {day}{yanked}")


def yank(
    index: Index, project: str, version: str, files: Sequence[str], reason: str | None
) -> list[str]:
    """Yank a release, or some files of it; return what was yanked."""
    body = {"reason": reason} if reason else {}
    return [_turn(index, "POST", thing, body) for thing in _things(project, version, files)]


def unyank(index: Index, project: str, version: str, files: Sequence[str]) -> list[str]:
    """Take that back."""
    return [_turn(index, "DELETE", thing, None) for thing in _things(project, version, files)]


@dataclass(frozen=True, kw_only=True)
class _Thing:
    """A release or a file: what it is called, and its path in the management API."""

    label: str
    path: str


def _things(project: str, version: str, files: Sequence[str]) -> list[_Thing]:
    for file in files:
        if not _is_same(dists.parse_name(file)[1], version):
            raise UsageError(f"{file} is no file of {project} {version}.")
    base = f"/api/v1/projects/{quote(project, safe='')}"
    if not files:
        release = f"{base}/releases/{quote(version, safe='')}/yank"
        return [_Thing(label=f"{project} {version}", path=release)]
    return [_Thing(label=f, path=f"{base}/files/{quote(f, safe='')}/yank") for f in files]


def _turn(index: Index, method: str, thing: _Thing, body: Mapping[str, str] | None) -> str:
    index.ask(method, index.url(thing.path), body=body)
    return thing.label


def _is_same(one: str, other: str) -> bool:
    """Tell whether two versions are the same, as far as trailing zeros and letters go."""
    return _key(one) == _key(other)


def _key(version: str) -> str:
    text = version.lower().removeprefix("v")
    while text.endswith(".0"):
        text = text.removesuffix(".0")
    return text


def _page(index: Index, project: str) -> Mapping[str, Any] | None:
    url = index.url(f"/simple/{quote(dists.normalize(project), safe='')}/")
    try:
        return index.ask("GET", url, accept=_SIMPLE).body
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _files(page: Mapping[str, Any]) -> list[PublishedFile]:
    return [_file(each) for each in page.get("files") or () if isinstance(each, dict)]


def _file(listed: Mapping[str, Any]) -> PublishedFile:
    filename, yanked = str(listed.get("filename", "")), listed.get("yanked", False)
    hashes = listed.get("hashes")
    return PublishedFile(
        filename=filename,
        version=_version(filename),
        sha256=str(hashes.get("sha256", "")).lower() if isinstance(hashes, dict) else "",
        size=int(listed.get("size") or 0),
        uploaded_at=str(listed.get("upload-time") or ""),
        yanked=None if yanked is False else "" if yanked is True else str(yanked),
    )


def _version(filename: str) -> str:
    try:
        return dists.parse_name(filename)[1]
    except UsageError:
        return ""  # some other kind of file
