"""The JSON API that scripts, bots and mirrors read: `/pypi/<project>/json`.

No PEP describes it; the keys are those of the public index, and all of them are always there: null
where a release says nothing, -1 for downloads, which nobody counts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import quote

from packaging.metadata import RawMetadata

from app.domain import filenames, metadata
from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.project import ProjectRole
from app.domain.releases import ReleaseFiles
from app.domain.simple import timestamp

# Scalars of METADATA that stand in `info` under their own names.
_TEXTS = (
    "author",
    "author_email",
    "description",
    "description_content_type",
    "download_url",
    "home_page",
    "license",
    "license_expression",
    "maintainer",
    "maintainer_email",
    "summary",
)
# And its lists and tables; null where they are empty, as there.
_LISTS = ("dynamic", "license_files", "project_urls", "provides_extra", "requires_dist")
# Lists that the API writes as one string.
_JOINED = {"keywords": "keywords", "platforms": "platform"}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a document is about: one release of a project."""

    project: NormalizedName
    release: ReleaseFiles
    # The METADATA of the release's first file.
    document: bytes
    # Accounts with a say in the project.
    owners: Sequence[tuple[ProjectRole, str]]
    # Every change of the project up to this one is in it.
    serial: int


def render(subject: Subject, releases: Sequence[ReleaseFiles] | None, *, url: str) -> bytes:
    """Render a document; `releases` are listed in it, `url` is the address of the index.

    The same facts always give the same bytes.
    """
    document = {
        "info": _info(subject, url),
        "last_serial": subject.serial,
        "ownership": {
            "organization": None,
            "roles": [{"role": role.capitalize(), "user": name} for role, name in subject.owners],
        },
        "urls": [_file_entry(file, url) for file in subject.release.files],
        "vulnerabilities": [],
    }
    if releases is not None:
        document["releases"] = {
            release.first.version: [_file_entry(file, url) for file in release.files]
            for release in releases
        }
    return json.dumps(document, separators=(",", ":")).encode()


def _info(subject: Subject, url: str) -> dict[str, Any]:
    raw = metadata.read(subject.document)
    release, page = subject.release, f"{url}/project/{subject.project}/"
    version = release.first.version
    return {
        **_described(raw),
        "bugtrack_url": None,
        "docs_url": None,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "name": raw.get("name") or subject.project,
        "package_url": page,
        "project_url": page,
        "release_url": f"{page}{quote(version)}/",
        "requires_python": release.first.requires_python or None,
        "version": version,
        "yanked": release.is_yanked,
        "yanked_reason": release.yanked_reason or None,
    }


def _described(raw: RawMetadata) -> dict[str, Any]:
    # Taken as it stands: what a build tool wrote beside the standard is shown, not refused.
    said: dict[str, Any] = {name: raw.get(name) or None for name in (*_TEXTS, *_LISTS)}
    for name, key in _JOINED.items():
        said[key] = ",".join(raw.get(name) or ()) or None  # type: ignore[arg-type]
    said["classifiers"] = raw.get("classifiers") or []
    return said


def _file_entry(file: DistFile, url: str) -> dict[str, Any]:
    return {
        "comment_text": None,
        "core-metadata": {"sha256": file.metadata_sha256},
        "digests": {
            "blake2b_256": file.blake2_256,
            "md5": file.md5,
            "sha256": file.sha256,
        },
        "downloads": -1,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": file.md5,
        "packagetype": file.kind,
        "python_version": _python_version(file),
        "requires_python": file.requires_python or None,
        "size": file.size,
        "upload_time": file.uploaded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": timestamp(file.uploaded_at),
        # Mirrors take no file whose path begins otherwise.
        "url": f"{url}/packages/{file.project}/{quote(file.filename)}",
        "yanked": file.yanked is not None,
        "yanked_reason": file.yanked or None,
    }


def _python_version(file: DistFile) -> str:
    if file.kind == filenames.SDIST:
        return "source"
    return file.filename.rsplit("-", 3)[1]
