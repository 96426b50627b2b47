"""Core metadata: METADATA of a wheel, PKG-INFO of an sdist (core metadata specification)."""

from dataclasses import dataclass
from typing import Any

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.version import Version

from app.domain.names import NormalizedName, normalize
from app.errors import BadFile

# What a project page shows; the rest is read from the stored METADATA when it is asked for.
_SHOWN = (
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "keywords",
    "classifiers",
    "project_urls",
    "home_page",
    "requires_dist",
    "provides_extra",
    "description_content_type",
)
# A field the index acts on must be right. The others are shown only, and build tools in use write
# some of them into documents whose Metadata-Version does not know them yet.
_CHECKED = ("metadata_version", "name", "version", "requires_python", "requires_dist")

MAX_SUMMARY = 512


@dataclass(frozen=True, kw_only=True)
class CoreMetadata:
    """The parts of a METADATA document that the index uses."""

    project: NormalizedName
    # The name as its author spells it.
    name: str
    version: Version
    requires_python: str
    summary: str
    # Further fields for the project's page, by their JSON names (PEP 566); empty ones left out.
    fields: dict[str, Any]


def parse(document: bytes) -> CoreMetadata:
    """Read a METADATA or PKG-INFO document and check the fields the index relies on.

    :raises BadFile: naming each field that is missing or wrong.
    """
    raw, _unparsed = parse_email(document)
    metadata = Metadata.from_raw(raw, validate=False)
    faults = [fault for field in _CHECKED if (fault := _fault(metadata, field))]
    if faults:
        raise BadFile("The metadata inside the file is wrong: " + "; ".join(faults) + ".")
    return CoreMetadata(
        project=normalize(metadata.name),
        name=metadata.name,
        version=metadata.version,
        requires_python=str(metadata.requires_python or ""),
        summary=_one_line(raw.get("summary", "")),
        fields=_shown(raw),
    )


def _fault(metadata: Metadata, field: str) -> str | None:
    try:
        getattr(metadata, field)
    except InvalidMetadata as error:
        return f"{error.field}: {error}"
    return None


def _one_line(summary: str) -> str:
    return " ".join(summary.split())[:MAX_SUMMARY]


def _shown(raw: RawMetadata) -> dict[str, Any]:
    return {field: value for field in _SHOWN if (value := raw.get(field))}
