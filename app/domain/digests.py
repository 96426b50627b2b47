"""Digests of uploaded files."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from app.errors import BadRequest

_BLOCK = 1024 * 1024
_FORMS = {
    "md5_digest": re.compile(r"[0-9a-f]{32}\Z"),
    "sha256_digest": re.compile(r"[0-9a-f]{64}\Z"),
    "blake2_256_digest": re.compile(r"[0-9a-f]{64}\Z"),
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one pass over the bytes of a file found; digests in lower-case hexadecimal."""

    size: int
    md5: str
    sha256: str
    blake2_256: str


def measure(content: IO[bytes]) -> Measured:
    """Read `content` from where it stands to its end, once, and rewind it to its start."""
    md5 = hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256()
    blake2 = hashlib.blake2b(digest_size=32)
    size = 0
    while block := content.read(_BLOCK):
        size += len(block)
        for digest in (md5, sha256, blake2):
            digest.update(block)
    content.seek(0)
    return Measured(
        size=size,
        md5=md5.hexdigest(),
        sha256=sha256.hexdigest(),
        blake2_256=blake2.hexdigest(),
    )


def check_form(claimed: Mapping[str, str]) -> None:
    """Check the digests of an upload form before any byte of the file is looked at.

    :raises BadRequest: if none is given, or one is not hexadecimal of the right length.
    """
    if not claimed:
        raise BadRequest(
            "The upload names no digest of its file; send at least sha256_digest"
            " (every current upload tool does)."
        )
    for field, value in claimed.items():
        if not _FORMS[field].match(value.lower()):
            raise BadRequest(f"{field} is not a hexadecimal digest of the right length.")


def check(measured: Measured, claimed: Mapping[str, str]) -> None:
    """Compare every claimed digest with the one of the bytes that arrived.

    :raises BadRequest: if one differs: the bytes changed on the way, or the form lies.
    """
    actual = {
        "md5_digest": measured.md5,
        "sha256_digest": measured.sha256,
        "blake2_256_digest": measured.blake2_256,
    }
    for field, value in claimed.items():
        if value.lower() != actual[field]:
            raise BadRequest(
                f"The file's {field.removesuffix('_digest')} is {actual[field]}, but the form says"
                f" {value.lower()}; the file was changed or damaged on its way, upload it again."
            )
