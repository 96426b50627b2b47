"""The JSON bodies of the upload API 2.0."""

import re
from collections.abc import Mapping
from typing import Any

from packaging.version import InvalidVersion, Version

from app.domain import filenames, names
from app.domain.names import NormalizedName
from app.domain.publishing_session import Announcement, Mechanism, PublishingSession
from app.errors import BadRequest, UnknownMechanism

API_VERSION = "2.0"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MAX_SECONDS = 10**9


def check_meta(body: Mapping[str, Any]) -> None:
    """Check the version of the API that every request names.

    :raises BadRequest: if it is another one.
    """
    meta = body.get("meta")
    if not isinstance(meta, dict) or meta.get("api-version") != API_VERSION:
        raise BadRequest('The body must hold "meta": {"api-version": "2.0"} (PEP 694).')


def parse_release(body: Mapping[str, Any]) -> tuple[NormalizedName, Version]:
    """Read which release a session is for.

    :raises BadRequest: naming what is missing or wrong.
    """
    check_meta(body)
    project, version = names.normalize(_text(body, "name")), _text(body, "version")
    try:
        return project, Version(version)
    except (InvalidVersion, ValueError) as error:
        raise BadRequest(f"{version[:60]!r} is not a version (PEP 440).") from error


def parse_announcement(body: Mapping[str, Any], session: PublishingSession) -> Announcement:
    """Read which file of the session's release comes, and how.

    :raises BadRequest: naming what is missing or wrong.
    :raises UnknownMechanism: if there is no such mechanism.
    """
    check_meta(body)
    dist = filenames.parse(_text(body, "filename"))
    if dist.project != session.project or dist.version != Version(session.version):
        raise BadRequest(
            f"{dist.filename!r} is no file of {session.project} {session.version}, which this"
            " session is for."
        )
    size, hashes = body.get("size"), body.get("hashes")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise BadRequest("'size' must be the number of bytes of the file.")
    sha256 = str(hashes.get("sha256", "")).lower() if isinstance(hashes, dict) else ""
    if not _SHA256.match(sha256):
        raise BadRequest("'hashes' must hold the file's sha256 in hexadecimal.")
    return Announcement(
        dist=dist, size=size, sha256=sha256, mechanism=_mechanism(_text(body, "mechanism"))
    )


def parse_extension(body: Mapping[str, Any]) -> int:
    """Read for how many seconds a session should live on.

    :raises BadRequest: if that is no whole number above 0.
    """
    check_meta(body)
    seconds = body.get("extend-for")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
        raise BadRequest("'extend-for' must be a whole number of seconds.")
    return min(seconds, _MAX_SECONDS)


def _mechanism(identifier: str) -> Mechanism:
    try:
        return Mechanism(identifier)
    except ValueError as error:
        raise UnknownMechanism(
            f"There is no mechanism {identifier[:60]!r} here; take one of {', '.join(Mechanism)}."
        ) from error


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > filenames.MAX_LENGTH:
        raise BadRequest(f"{name!r} must be a text of 1 to {filenames.MAX_LENGTH} characters.")
    return value
