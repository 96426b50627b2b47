"""Attestations (PEP 740): signed statements about a file, made where it was built.

Nobody has verified them here. An upload comes with an API token, which names an account of this
index and no CI job, so there is no identity to hold a signature against. What is checked is that
they are well formed and about this very file; then they are kept, and shown as not verified.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from app.errors import BadRequest

# pypi-attestations takes a third of a second to import, so that is done where it is needed.

MAX_BYTES = 48 * 1024
"""Of all attestations of a file, each other character than ASCII as its escape.

It is several times what two of them have, and gzipped little enough for the one transaction that
publishes thirty files.
"""

MAX_COUNT = 2

_INSTEAD = "build and sign the file again, or upload it without attestations (--no-attestations)."
_MAX_SHOWN = 120

Publisher = Mapping[str, object]
"""Who published a file: an object with `kind`, `claims` and whatever its kind needs (PEP 740)."""

UNVERIFIED: Publisher = {"kind": "Unverified", "claims": {}}
"""Stands where the name of a verified publisher would.

Readers take `publisher` for what the index has verified, so every word of it must hold. PEP 740
leaves `kind` to the index; this one names no CI service, and a reader that shows it tells the
truth. pypi-attestations knows the verified kinds alone ("GitHub", "GitLab", "Google", "CircleCI")
and refuses the whole document, as it should: to be taken, it would have to name a publisher
that nobody has verified. Leaving the bundle out would be worse, because its command finds nothing
wrong with a document without bundles, and says OK. Each attestation by itself is one that it reads.
"""


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """A well-formed attestation; whether its signature is good, remains to be seen."""

    # JSON, with all that was sent.
    document: str
    # What it states, ...
    predicate_type: str
    # ... and of which file: its name, and the digest in hexadecimal.
    subject: str
    sha256: str


def parse(text: str) -> tuple[Attestation, ...]:
    """Read the attestations of a file: a JSON array (PEP 740, "Upload endpoint changes").

    :raises BadRequest: if one is not well formed, or they are more than one of each kind.
    """
    if len(text.encode("ascii", "backslashreplace")) > MAX_BYTES:
        raise BadRequest(f"The attestations have more than {MAX_BYTES} bytes; {_INSTEAD}")
    entries = _load(text, "The attestations are")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_COUNT:
        raise BadRequest(
            f"The attestations must be a JSON array of one or {MAX_COUNT} objects; {_INSTEAD}"
        )
    found = tuple(_read(entry) for entry in entries)
    if len({one.predicate_type for one in found}) < len(found):
        raise BadRequest(
            "Two attestations state the same; send at most one publish attestation and one"
            " SLSA provenance."
        )
    return found


def check_subject(attestations: Sequence[Attestation], filename: str, sha256: str) -> None:
    """Check that attestations are about this file; `sha256` is in lower-case hexadecimal.

    :raises BadRequest: if one is about another file, or other bytes.
    """
    for one in attestations:
        if not _same_file(one.subject, filename):
            raise BadRequest(
                f"An attestation of {filename} is about {one.subject[:_MAX_SHOWN]!r}; {_INSTEAD}"
            )
        if one.sha256 != sha256:
            raise BadRequest(
                f"An attestation of {filename} is about other bytes (their sha256 is"
                f" {one.sha256[:_MAX_SHOWN]!r}); {_INSTEAD}"
            )


def publisher_of(attestations: Sequence[Attestation]) -> Publisher:
    """Return who has signed attestations, as far as this index has verified it: not at all.

    This is the place where each signature, its certificate and its entry in the transparency log
    are held against the identity that an upload came with (`pypi_attestations.Attestation.verify`).
    If one does not hold, the upload must be refused (PEP 740, "Upload endpoint changes").
    """
    return UNVERIFIED


def render_provenance(attestations: Sequence[Attestation], publisher: Publisher) -> bytes:
    """Return the provenance object of a file as JSON (PEP 740, "Provenance objects")."""
    return json.dumps(
        {
            "version": 1,
            "attestation_bundles": [
                {
                    "publisher": publisher,
                    "attestations": [json.loads(one.document) for one in attestations],
                }
            ],
        },
        separators=(",", ":"),
    ).encode()


def _read(entry: object) -> Attestation:
    import pypi_attestations
    from pydantic import ValidationError

    try:
        document = json.dumps(entry, separators=(",", ":"), allow_nan=False)
        found = pypi_attestations.Attestation.model_validate_json(document)
        found.to_bundle()  # reads the certificate and the entry of the log
        statement = found.envelope.statement.decode()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _malformed(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except Exception as error:  # of several libraries, each with kinds of its own
        raise _malformed(str(error)) from error
    return _attestation(document, _load(statement, "The statement of an attestation is"))


def _malformed(reason: str) -> BadRequest:
    return BadRequest(f"An attestation is not well formed ({_short(reason)}); {_INSTEAD}")


def _attestation(document: str, statement: object) -> Attestation:
    import pypi_attestations

    match statement:
        case {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": str(predicate_type),
            "subject": [{"name": str(subject), "digest": {"sha256": str(sha256)}}],
        }:
            pass
        case _:
            raise BadRequest(
                "The statement of an attestation is not in-toto v1 about one file with its"
                f" sha256; {_INSTEAD}"
            )
    if predicate_type not in set(pypi_attestations.AttestationType):
        raise BadRequest(
            f"An attestation states {predicate_type[:_MAX_SHOWN]!r}; this index takes publish"
            " attestations (v1) and SLSA provenance (v1)."
        )
    return Attestation(
        document=document, predicate_type=predicate_type, subject=subject, sha256=sha256
    )


def _load(text: str, what: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{what} not JSON ({_short(str(error))}); {_INSTEAD}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")  # readers would differ about it
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _short(reason: str) -> str:
    return " ".join(reason.split())[:_MAX_SHOWN]


def _same_file(subject: str, filename: str) -> bool:
    """Tell whether two file names mean one file; the spelling may differ (PEP 740)."""
    if subject == filename:
        return True
    parse_name = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
    try:
        return parse_name(subject) == parse_name(filename)
    except ValueError:
        return False
