"""Core metadata: METADATA of a wheel, PKG-INFO of an sdist (core metadata specification)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.requirements import Requirement
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
# A field that somebody acts on must be right. The others are shown only, and build tools in use
# write some of them into documents whose Metadata-Version does not know them yet.
_CHECKED = ("metadata_version", "name", "version", "requires_python")
# What a browser would run or open on its own machine, were it made a link.
_NO_LINKS = ("data:", "file:", "javascript:", "vbscript:")
_IGNORED_IN_LINKS = re.compile(r"[\x00-\x20]")
_END_OF_FIELDS = re.compile(rb"\r?\n\r?\n")

# PEP 426 never came into force, but wheels said so from 2013 to 2018: with the fields of 2.1.
_WITHDRAWN = "2.0"
_BEFORE_LICENSES = {"", "1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3"}

MAX_SUMMARY = 512
MAX_FIELDS = 200
# Of all fields together, in bytes and lines; the description was one of them up to version 2.0.
MAX_HEAD = 1024 * 1024
MAX_LINES = 20_000
MAX_REQUIRES_PYTHON = 1000
MAX_REQUIREMENTS = 5000
MAX_REQUIREMENT = 4096
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
    """Read a METADATA or PKG-INFO document and check the fields that anybody acts on.

    :raises BadFile: naming each field that is missing or wrong.
    """
    raw, unparsed = parse_email(_fields(document))
    if len(raw.get("requires_python", "")) > MAX_REQUIRES_PYTHON:
        raise BadFile(f"Requires-Python has more than {MAX_REQUIRES_PYTHON} characters.")
    if raw.get("metadata_version") == _WITHDRAWN:
        raw["metadata_version"] = "2.1"
    metadata = Metadata.from_raw(raw, validate=False)
    faults = [
        *(fault for field in _CHECKED if (fault := _fault(metadata, field, unparsed))),
        *_wrong_requirements(raw.get("requires_dist", [])),
        *_wrong_links(raw, unparsed),
    ]
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


def license_files(document: bytes) -> list[str]:
    """Return the paths of the licence files that a document promises (PEP 639, "License-File").

    Below version 2.4 the field had no meaning that everybody shared, so it promises nothing.

    :raises BadFile: if the document is not one that can be read.
    """
    raw, _unparsed = parse_email(_fields(document))
    if raw.get("metadata_version", "") in _BEFORE_LICENSES:
        return []
    return raw.get("license_files", [])


def read(document: bytes) -> RawMetadata:
    """Return all fields of a published document, the description among them, by their JSON names.

    Nothing is refused: what is left out is what no tool would understand.
    """
    head, body = _split(document)
    raw, _unparsed = parse_email(head.decode(errors="replace"))
    if body:
        # There is one before the blank line too where fields end without one.
        before = [raw["description"]] if "description" in raw else []
        raw["description"] = "\n\n".join([*before, body.decode(errors="replace")])
    return raw


def _fields(document: bytes) -> str:
    """Return a document without its description, if it can be read in little time and room.

    Reading takes time in the product of different fields and lines, of which there are some thirty
    and a few hundred.
    """
    try:
        document.decode()
    except UnicodeDecodeError as error:
        raise BadFile(f"The metadata inside the file is not UTF-8 ({error.reason}).") from error
    head, _body = _split(document)
    if len(head) > MAX_HEAD or max(map(head.count, (b"\n", b"\r"))) > MAX_LINES:
        raise BadFile(
            f"The metadata inside the file has more than {MAX_HEAD} bytes or {MAX_LINES} lines"
            " before its description."
        )
    names = {line.partition(b":")[0].lower() for line in head.splitlines() if line[:1].strip()}
    if len(names) > MAX_FIELDS:
        raise BadFile(f"The metadata inside the file has more than {MAX_FIELDS} different fields.")
    return head.decode()


def _split(document: bytes) -> tuple[bytes, bytes]:
    """Return the fields of a document, and the description that follows them after a blank line."""
    end = _END_OF_FIELDS.search(document)
    return (document[: end.start()], document[end.end() :]) if end else (document, b"")


def _fault(metadata: Metadata, field: str, unparsed: dict[str, list[str]]) -> str | None:
    written = field.replace("_", "-")
    if written in unparsed:
        return f"{written}: it is there more than once"
    try:
        getattr(metadata, field)
    except InvalidMetadata as error:
        return f"{error.field}: {str(error)[:_MAX_FAULT]}"
    except (ValueError, RecursionError):  # numbers of thousands of digits, endless brackets
        return f"{field}: it is longer or deeper than anything sensible"
    return None


def _wrong_requirements(requirements: list[str]) -> Iterator[str]:
    """Yield what is wrong with dependencies, one after the other: kept, they take much memory."""
    if len(requirements) > MAX_REQUIREMENTS:
        yield f"requires-dist: there are more than {MAX_REQUIREMENTS}"
        return
    for written in requirements:
        if len(written) > MAX_REQUIREMENT:
            yield f"requires-dist: one has more than {MAX_REQUIREMENT} characters"
            return
        try:
            url = Requirement(written).url or ""
        except (ValueError, RecursionError):  # brackets in brackets without end
            yield f"requires-dist: {written!r} is no dependency specifier (PEP 508)"
            return
        if url.lower().startswith("file:"):
            yield f"requires-dist: {written!r} is to be found on one machine alone"
            return


def _wrong_links(raw: RawMetadata, unparsed: dict[str, list[str]]) -> Iterator[str]:
    links = [raw.get("home_page", ""), raw.get("download_url", "")]
    links += raw.get("project_urls", {}).values()
    # What is there twice.
    links += [*unparsed.get("home-page", ()), *unparsed.get("download-url", ())]
    links += [link.partition(",")[2] for link in unparsed.get("project-url", ())]
    for link in links:
        plain = _IGNORED_IN_LINKS.sub("", link).lower()
        if plain.startswith(_NO_LINKS):
            yield f"what begins with {plain.partition(':')[0] + ':'!r} is no link to a page"
            return


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
