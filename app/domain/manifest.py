"""What the files of an exported project do not say themselves: `larder.json` beside them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.domain import attestations
from app.domain.names import NormalizedName, normalize
from app.domain.project import ProjectRole, ProjectStatus, Visibility
from app.errors import BadRequest

# pydantic takes a third of a second to import, so that is done where it is needed.

FILENAME = "larder.json"


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """What is known of a published file beside its bytes."""

    filename: str
    # In lower-case hexadecimal.
    sha256: str
    uploaded_at: datetime
    # An account, which need not exist where the file is imported.
    uploaded_by: str
    uploaded_with: str
    # None: not yanked.
    yanked: str | None
    # The provenance object, as it was made when the file was published (PEP 740).
    provenance: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """A release as its first file described it; that file may be gone."""

    version: str
    summary: str
    created_at: datetime
    fields: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TakenName:
    """A file name that is kept for ever for bytes of this digest."""

    filename: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A project without the bytes of its files."""

    name: NormalizedName
    display_name: str
    visibility: Visibility
    status: ProjectStatus
    status_reason: str
    created_at: datetime
    # By account.
    roles: dict[str, ProjectRole]
    releases: list[ReleaseRecord]
    files: list[FileRecord]
    # Names of files that were deleted.
    taken: list[TakenName]
    format: Literal[1] = 1


def render(manifest: Manifest) -> bytes:
    """Return a manifest as JSON; the same manifest always gives the same bytes."""
    from pydantic import TypeAdapter

    document = TypeAdapter(Manifest).dump_python(manifest, mode="json")
    return json.dumps(document, indent=2).encode() + b"\n"


def parse(text: bytes) -> Manifest:
    """Read a manifest.

    :raises BadRequest: if it is none, or none that this version of Larder reads.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        manifest = TypeAdapter(Manifest).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadRequest(
            f"It is no {FILENAME} of this version: {where}: {first['msg']}."
        ) from error
    moments = [each.created_at for each in manifest.releases]
    moments += [each.uploaded_at for each in manifest.files]
    if any(moment.tzinfo is None for moment in [manifest.created_at, *moments]):
        raise BadRequest(f"{FILENAME} has a time without its zone.")
    if normalize(manifest.name) != manifest.name:
        raise BadRequest(f"{FILENAME} names its project {manifest.name[:60]!r}, no normal form.")
    return manifest


def check_provenance(document: dict[str, Any], filename: str, sha256: str) -> bytes:
    """Return a provenance object as it is stored (PEP 740); `sha256` is in hexadecimal.

    :raises BadRequest: if its attestations are not well formed, or about another file.
    """
    bundles = document.get("attestation_bundles")
    if not isinstance(bundles, list) or not bundles:
        raise BadRequest(f"The provenance of {filename} has no bundle of attestations.")
    for bundle in bundles:
        stated = bundle.get("attestations") if isinstance(bundle, dict) else None
        found = attestations.parse(json.dumps(stated))
        attestations.check_subject(found, filename, sha256)
    return json.dumps(document, separators=(",", ":")).encode()
