"""The Simple repository API, version 1.4: pages as data, and their two representations.

JSON (PEP 691) is the primary one; HTML (PEP 503) is its projection, frozen at 1.4 (PEP 833).

A page is an opening, an entry for each file, and a closing, with a separator between two entries:
so that a large page can be rendered a piece at a time (domain/pieces.py).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from app.domain.dist_file import ListedFile
from app.domain.names import NormalizedName
from app.domain.pages import Format
from app.domain.project import ProjectStatus

API_VERSION = "1.4"


SEPARATOR = {Format.JSON: b",", Format.HTML: b"\n"}
"""What stands between the entries of two files."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What `GET /simple/<project>/` tells an installer beside the files."""

    project: NormalizedName
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str = ""
    # The https address of the index without a slash at its end; empty if it has none.
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class ProjectPage(Frame):
    """What `GET /simple/<project>/` tells an installer."""

    files: Sequence[ListedFile]


def page_of(
    project: NormalizedName,
    files: Iterable[ListedFile],
    *,
    status: ProjectStatus = ProjectStatus.ACTIVE,
    status_reason: str = "",
    address: str = "",
) -> ProjectPage:
    """Make the page of `project`, its files in order of their names.

    A quarantined project offers none (PEP 792, "quarantined").
    """
    offered = files if status.offers_files else ()
    return ProjectPage(
        project=project,
        files=sorted(offered, key=lambda file: file.filename),
        status=status,
        status_reason=status_reason,
        address=address,
    )


def render(page: ProjectPage, form: Format) -> bytes:
    """Render `page`; the same page always gives the same bytes."""
    listed = entries(page.files, form, address=page.address)
    return opening(page, versions_of(page.files), form) + listed + closing(page, form)


def versions_of(files: Iterable[ListedFile]) -> list[str]:
    """Return the versions of files, in order; 1.0 and 1.0.0 are one, written as 1.0 (PEP 440)."""
    from packaging.utils import canonicalize_version
    from packaging.version import Version

    spellings = sorted({file.version for file in files}, reverse=True)
    distinct = {canonicalize_version(version): version for version in spellings}
    return sorted(distinct.values(), key=Version)


def opening(frame: Frame, versions: Sequence[str], form: Format) -> bytes:
    """Render what comes before the files; `versions` are those of all of them, in order."""
    if form is Format.HTML:
        return _html_opening(f"Links for {frame.project}", _status_of(frame))
    document = {"meta": _META, "name": frame.project, "versions": versions, "files": []}
    return _dump(document).removesuffix(b"]}")


def entries(files: Iterable[ListedFile], form: Format, *, address: str) -> bytes:
    """Render files as they are listed one after another."""
    if form is Format.HTML:
        return SEPARATOR[form].join(_file_anchor(file, address).encode() for file in files)
    return _dump([_file_entry(file, address) for file in files])[1:-1]


def closing(frame: Frame, form: Format) -> bytes:
    """Render what comes after the files."""
    if form is Format.HTML:
        return _HTML_CLOSING
    if frame.status is ProjectStatus.ACTIVE:
        return b"]}"
    status = {"status": frame.status.value, "reason": frame.status_reason}
    told = {key: value for key, value in status.items() if value}
    return b"]," + _dump({"project-status": told})[1:]


def render_list(serials: Mapping[NormalizedName, int], form: Format) -> bytes:
    """Render the list of all projects (PEP 691, "Project List"), with serials for mirrors.

    Keys of one's own begin with an underscore; this one is the public index's.
    """
    if form is Format.HTML:
        anchors = "\n".join(_anchor(f"{name}/", name) for name in serials)
        return _html_opening("Simple index") + anchors.encode() + _HTML_CLOSING
    projects = [{"_last-serial": serials[name], "name": name} for name in serials]
    return _dump({"meta": {"_last-serial": last_serial(serials), **_META}, "projects": projects})


def last_serial(serials: Mapping[NormalizedName, int]) -> int:
    """Return the serial of a list of projects, 0 if it has none."""
    return max(serials.values(), default=0)


_META = {"api-version": API_VERSION}


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _file_entry(file: ListedFile, address: str) -> dict[str, Any]:
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


def _provenance_url(file: ListedFile, address: str) -> str:
    """Return where the attestations of a file are; empty if there are none.

    It must be a full URL of a secure origin (PEP 740, "Changes to the simple APIs"), so an index
    that does not know its own address does not tell.
    """
    if not (file.attested and address):
        return ""
    place = f"{file.project}/{quote(file.version)}/{quote(file.filename)}"
    return f"{address}/integrity/{place}/provenance"


def _yanked(file: ListedFile) -> bool | str:
    # An empty reason must still say "yanked", so it becomes `true` (PEP 691).
    return False if file.yanked is None else file.yanked or True


def _status_of(frame: Frame) -> dict[str, str]:
    if frame.status is ProjectStatus.ACTIVE:
        return {}
    found = {"project-status": frame.status.value, "project-status-reason": frame.status_reason}
    return {name: value for name, value in found.items() if value}


def _html_opening(title: str, meta: Mapping[str, str] | None = None) -> bytes:
    metas = {"repository-version": API_VERSION, **(meta or {})}
    lines = (f'<meta name="pypi:{k}" content="{escape(v)}">\n' for k, v in metas.items())
    head = (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        + "".join(lines)
        + f"<title>{escape(title)}</title>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    return head.encode()


_HTML_CLOSING = b"\n</body>\n</html>\n"


def _file_anchor(file: ListedFile, address: str) -> str:
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
    return f'<a href="{escape(href)}"{extra}>{escape(text)}</a><br>'


def file_url(file: ListedFile) -> str:
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
