"""Core metadata: METADATA of a wheel, PKG-INFO of an sdist (core metadata specification)."""

import json
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

_BEFORE_LICENSES = {"", "1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3"}

MAX_SUMMARY = 512
MAX_FIELDS = 200
MAX_REQUIRES_PYTHON = 1000
# Bytes of JSON; an item of the database ends at 400 KB.
_MAX_SHOWN = 100_000
_MAX_FAULT = 300


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
    _check_size(document)
    raw, _unparsed = parse_email(document)
    metadata = Metadata.from_raw(raw, validate=False)
    faults = [fault for field in _CHECKED if (fault := _fault(metadata, field))]
    if faults:
        raise BadFile("The metadata inside the file is wrong: " + "; ".join(faults) + ".")
    if len(raw.get("requires_python", "")) > MAX_REQUIRES_PYTHON:
        raise BadFile(f"Requires-Python has more than {MAX_REQUIRES_PYTHON} characters.")
    return CoreMetadata(
        project=normalize(metadata.name),
        name=metadata.name,
        version=metadata.version,
        requires_python=str(metadata.requires_python or ""),
        summary=_one_line(raw.get("summary", "")),
        fields=_shown(raw),
    )


def license_files(document: bytes) -> list[str]:
    """Return the paths of the licence files that a document promises (PEP 639, "License-File").

    Below version 2.4 the field had no meaning that everybody shared, so it promises nothing.

    :raises BadFile: if the document is not one that can be read.
    """
    _check_size(document)
    raw, _unparsed = parse_email(document)
    if raw.get("metadata_version", "") in _BEFORE_LICENSES:
        return []
    return raw.get("license_files", [])


def _fault(metadata: Metadata, field: str) -> str | None:
    try:
        getattr(metadata, field)
    except InvalidMetadata as error:
        return f"{error.field}: {str(error)[:_MAX_FAULT]}"
    except (ValueError, RecursionError):  # numbers of thousands of digits, endless brackets
        return f"{field}: it is longer or deeper than anything sensible"
    return None


def _check_size(document: bytes) -> None:
    # Reading takes time in the square of the number of different fields; there are some thirty.
    head = document.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    names = {line.partition(b":")[0].lower() for line in head.splitlines() if line[:1].strip()}
    if len(names) > MAX_FIELDS:
        raise BadFile(f"The metadata inside the file has more than {MAX_FIELDS} different fields.")


def _one_line(summary: str) -> str:
    return " ".join(summary.split())[:MAX_SUMMARY]


def _shown(raw: RawMetadata) -> dict[str, Any]:
    """Return the fields to show, as many of them as fit; METADATA itself is kept whole."""
    shown, room = {}, _MAX_SHOWN
    for field in _SHOWN:
        value = raw.get(field)
        size = len(json.dumps(value))
        if value and size <= room:
            shown[field], room = value, room - size
    return shown
