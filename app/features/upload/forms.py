"""The form of the legacy upload API, checked before any byte of the file is looked at.

Only names and digests are taken from it: clients fill in the metadata fields so differently that
the metadata is read from the file itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain import attestations, digests, filenames, names
from app.domain.filenames import DistName
from app.domain.names import NormalizedName
from app.domain.upload import Upload
from app.errors import BadRequest, Gone

REFUSALS: dict[str, Any] = {
    "type": "object",
    "required": ["refused"],
    "properties": {
        "refused": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["filename", "status", "detail", "client", "at"],
                "properties": {
                    "filename": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string", "description": "What is wrong and what to do."},
                    "client": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                },
            },
        }
    },
}

_DIGESTS = ("md5_digest", "sha256_digest", "blake2_256_digest")
_SINGLE = (
    ":action",
    "protocol_version",
    "name",
    "version",
    "filetype",
    "pyversion",
    "attestations",
    *_DIGESTS,
)
_OLD_ACTIONS = {"submit", "submit_pkg_info", "doc_upload", "verify", "list_classifiers"}


def parse(fields: Mapping[str, Sequence[str]], filename: str | None) -> Upload:
    """Read the text fields of an upload and the file name of its `content` part.

    :raises BadRequest: naming the field that is missing or wrong.
    :raises Gone: for what the old index offered beside uploads.
    """
    single = {field: _single(fields, field) for field in _SINGLE}
    _check_action(single[":action"])
    if single["protocol_version"] not in {"", "1"}:
        raise BadRequest("protocol_version must be 1.")
    project = names.normalize(_required(single, "name"))
    version = _required(single, "version")
    if not filename:
        raise BadRequest("The upload has no file: send it as the form's part 'content'.")
    dist = filenames.parse(filename)
    _check_agreement(single, project, version, dist)
    claimed = {field: single[field] for field in _DIGESTS if single[field]}
    digests.check_form(claimed)
    stated = single["attestations"]
    return Upload(
        project=project,
        dist=dist,
        digests=claimed,
        attestations=attestations.parse(stated) if stated else (),
    )


def _single(fields: Mapping[str, Sequence[str]], field: str) -> str:
    values = fields.get(field, ())
    if len(values) > 1:
        raise BadRequest(f"The form gives {field} {len(values)} times; give it once.")
    value = values[0].strip() if values else ""
    # Old build tools write UNKNOWN where they know nothing.
    return "" if value == "UNKNOWN" else value


def _required(single: Mapping[str, str], field: str) -> str:
    if not single[field]:
        raise BadRequest(f"The form does not give {field!r}; publish with a current upload tool.")
    return single[field]


def _check_action(action: str) -> None:
    if action in _OLD_ACTIONS:
        raise Gone(f"This index does not offer {action!r}; it takes file uploads only.")
    if action != "file_upload":
        raise BadRequest(f"':action' must be 'file_upload', not {action[:40]!r}.")


def _check_agreement(
    single: Mapping[str, str], project: NormalizedName, version: str, dist: DistName
) -> None:
    if dist.project != project:
        raise BadRequest(
            f"The form names project {project!r}, but the file {dist.filename!r} belongs to"
            f" {dist.project!r}."
        )
    if not filenames.same_version(version, dist.version):
        raise BadRequest(
            f"The form names version {version[:60]!r}, but the file is {dist.filename!r}."
        )
    filetype = _required(single, "filetype")
    if filetype != dist.kind:
        raise BadRequest(
            f"filetype is {filetype[:40]!r}, but {dist.filename!r} is a {dist.kind!r};"
            " this index takes wheels (bdist_wheel) and sdists (sdist)."
        )
    _check_pyversion(single["pyversion"], dist)


def _check_pyversion(pyversion: str, dist: DistName) -> None:
    if dist.kind == filenames.WHEEL and not pyversion:
        raise BadRequest("The form of a wheel must give its Python tag as 'pyversion'.")
    if dist.kind == filenames.SDIST and pyversion not in {"", "source"}:
        raise BadRequest("pyversion of an sdist must be 'source'.")
