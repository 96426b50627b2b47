"""What is ready to be published."""

from dataclasses import dataclass
from typing import Any

from app.domain.dist_file import DistFile, StoredMetadata


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An inspected file that lies in S3, but that nobody can see yet."""

    file: DistFile
    metadata: StoredMetadata
    # What its METADATA says for the project's page: the name as its author spells it, ...
    name: str
    summary: str
    # ... and further fields by their JSON names (PEP 566).
    fields: dict[str, Any]
    # The provenance object of a file that came with attestations (PEP 740).
    provenance: bytes | None = None
