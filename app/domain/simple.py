"""The Simple repository API, version 1.4: pages as data, and their two representations.

JSON (PEP 691) is the primary one; HTML (PEP 503) is its projection, frozen at 1.4 (PEP 833).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from html import escape
from typing import Any
from urllib.parse import quote

from packaging.version import Version

from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.project import ProjectStatus

API_VERSION = "1.4"


class Format(StrEnum):
    """A representation of a page that is stored."""

    JSON = "json"
    HTML = "html"


@dataclass(frozen=True, kw_only=True)
class ProjectPage:
    """What `GET /simple/<project>/` tells an installer."""

    project: NormalizedName
    files: Sequence[DistFile]
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str = ""
    # The https address of the index without a slash at its end; empty if it has none.
    address: str = ""


def page_of(
    project: NormalizedName,
    files: Iterable[DistFile],
    *,
    status: ProjectStatus = ProjectStatus.ACTIVE,
    status_reason: str = "",
    address: str = "",
) -> ProjectPage:
    """Make the page of `project`, its files in order of version and name.

    A quarantined project offers none (PEP 792, "quarantined").
    """
    offered = files if status.offers_files else ()
    ordered = sorted(offered, key=lambda file: (Version(file.version), file.filename))
    return ProjectPage(
        project=project,
        files=ordered,
        status=status,
        status_reason=status_reason,
        address=address,
    )


def render(page: ProjectPage, form: Format) -> bytes:
    """Render `page`; the same page always gives the same bytes."""
    return _render_json(page) if form is Format.JSON else _render_html(page)


def render_list(serials: Mapping[NormalizedName, int], form: Format) -> bytes:
    """Render the list of all projects (PEP 691, "Project List"), with serials for mirrors.

    Keys of one's own begin with an underscore; this one is the public index's.
    """
    if form is Format.HTML:
        return _document("Simple index", (_anchor(f"{name}/", name) for name in serials))
    projects = [{"_last-serial": serials[name], "name": name} for name in serials]
    return _dump({"meta": {"_last-serial": last_serial(serials), **_META}, "projects": projects})


def last_serial(serials: Mapping[NormalizedName, int]) -> int:
    """Return the serial of a list of projects, 0 if it has none."""
    return max(serials.values(), default=0)


_META = {"api-version": API_VERSION}


def _render_json(page: ProjectPage) -> bytes:
    # One entry for 1.0 and 1.0.0, which are one version (PEP 440).
    versions = list({Version(file.version): file.version for file in page.files}.values())
    files = [_file_entry(file, page.address) for file in page.files]
    document = {"meta": _META, "name": page.project, "versions": versions, "files": files}
    if page.status is not ProjectStatus.ACTIVE:
        status = {"status": page.status.value, "reason": page.status_reason}
        document["project-status"] = {key: value for key, value in status.items() if value}
    return _dump(document)


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _file_entry(file: DistFile, address: str) -> dict[str, Any]:
    metadata = {"sha256": file.metadata_sha256}
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file_url(file),
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": timestamp(file.uploaded_at),
        "core-metadata": metadata,
        "dist-info-metadata": metadata,
        "yanked": _yanked(file),
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if provenance := _provenance_url(file, address):
        entry["provenance"] = provenance
    return entry


def _provenance_url(file: DistFile, address: str) -> str:
    """Return where the attestations of a file are; empty if there are none.

    It must be a full URL of a secure origin (PEP 740, "Changes to the simple APIs"), so an index
    that does not know its own address does not tell.
    """
    if not (file.attested and address):
        return ""
    place = f"{file.project}/{quote(file.version)}/{quote(file.filename)}"
    return f"{address}/integrity/{place}/provenance"


def _yanked(file: DistFile) -> bool | str:
    # An empty reason must still say "yanked", so it becomes `true` (PEP 691).
    return False if file.yanked is None else file.yanked or True


def _render_html(page: ProjectPage) -> bytes:
    title = f"Links for {page.project}"
    return _document(
        title, (_file_anchor(file, page.address) for file in page.files), _status_of(page)
    )


def _status_of(page: ProjectPage) -> dict[str, str]:
    if page.status is ProjectStatus.ACTIVE:
        return {}
    found = {"project-status": page.status.value, "project-status-reason": page.status_reason}
    return {name: value for name, value in found.items() if value}


def _document(title: str, anchors: Iterable[str], meta: Mapping[str, str] | None = None) -> bytes:
    metas = {"repository-version": API_VERSION, **(meta or {})}
    lines = (f'<meta name="pypi:{k}" content="{escape(v)}">\n' for k, v in metas.items())
    head = (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        + "".join(lines)
        + f"<title>{escape(title)}</title>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    return (head + "".join(anchors) + "</body>\n</html>\n").encode()


def _file_anchor(file: DistFile, address: str) -> str:
    digest = f"sha256={file.metadata_sha256}"
    attributes = {"data-core-metadata": digest, "data-dist-info-metadata": digest}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not None:
        attributes["data-yanked"] = file.yanked
    if provenance := _provenance_url(file, address):
        attributes["data-provenance"] = provenance
    return _anchor(f"{file_url(file)}#sha256={file.sha256}", file.filename, **attributes)


def _anchor(href: str, text: str, **attributes: str) -> str:
    extra = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f'<a href="{escape(href)}"{extra}>{escape(text)}</a><br>\n'


def file_url(file: DistFile) -> str:
    """Return the URL of a file, relative to its project's page.

    Relative links survive a custom domain, and no digest or signature in them keeps lock files
    stable and pages small.
    """
    return f"../../files/{file.project}/{quote(file.filename)}"


def timestamp(moment: datetime) -> str:
    """Write a moment as the standards of packaging want it (PEP 700, "upload-time").

    >>> timestamp(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    '2026-11-22T09:30:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
