"""Provenance objects, as they were made when their files were published."""

import gzip

from app.domain.names import NormalizedName
from app.models.provenance import ProvenanceItem
from app.store import keys
from app.store.failures import translated


class ProvenanceStore:
    """Keeps provenance objects compressed, in items; app/domain/attestations.py bounds them."""

    @translated
    def load(self, project: NormalizedName, filename: str) -> bytes | None:
        """Return the provenance object of a file, gzipped; None if it has none."""
        try:
            item = ProvenanceItem.get(
                keys.project(project), keys.provenance(filename), consistent_read=True
            )
        except ProvenanceItem.DoesNotExist:
            return None
        return provenance_record(item)


def provenance_item(project: NormalizedName, filename: str, document: bytes) -> ProvenanceItem:
    """Return the item of a provenance object."""
    return ProvenanceItem(
        keys.project(project),
        keys.provenance(filename),
        body=gzip.compress(document, mtime=0),
    )


def provenance_record(item: ProvenanceItem) -> bytes:
    """Return the provenance object that an item holds, gzipped."""
    return bytes(item.body)
