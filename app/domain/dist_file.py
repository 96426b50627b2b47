"""The published file: a wheel or an sdist with all that is known of it."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.names import NormalizedName

# What is kept under a key of its own never changes, and every cache may know it (RFC 8246).
IMMUTABLE = "private, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True)
class Blob:
    """Where bytes lie in S3: nothing is ever copied or overwritten, so this names them for ever."""

    key: str
    # S3 VersionId.
    version_id: str


@dataclass(frozen=True, kw_only=True)
class StoredMetadata:
    """A METADATA document as it is kept: gzipped, here or in S3; exactly one of the two is set."""

    body: bytes | None = None
    blob: Blob | None = None


@dataclass(frozen=True, kw_only=True)
class ListedFile:
    """What a page of the Simple API tells of a wheel or sdist."""

    project: NormalizedName
    filename: str
    # In normal form (PEP 440).
    version: str
    # Bytes.
    size: int
    # Digests in lower-case hexadecimal.
    sha256: str
    metadata_sha256: str
    # A version specifier, or empty.
    requires_python: str
    uploaded_at: datetime
    # None: not yanked; else the reason, which may be empty (PEP 592).
    yanked: str | None = None
    # Whether it came with attestations; nothing is known of their truth by this (PEP 740).
    attested: bool = False


@dataclass(frozen=True, kw_only=True)
class DistFile(ListedFile):
    """A wheel or sdist that the index offers, with all that is known of it."""

    # "sdist" or "bdist_wheel".
    kind: str
    # Digests in lower-case hexadecimal.
    md5: str
    blake2_256: str
    uploaded_by: str
    # The User-Agent that brought it.
    uploaded_with: str
    blob: Blob
