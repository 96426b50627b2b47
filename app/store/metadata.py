"""Core metadata documents, byte for byte as they stand in the files."""

import gzip
import hashlib
from dataclasses import dataclass

from app.domain.dist_file import Blob, StoredMetadata
from app.domain.names import NormalizedName
from app.models.metadata import MetadataItem
from app.store import keys
from app.store.blobs import BlobStore
from app.store.failures import translated

# Compressed bytes beyond which a document goes to S3: items are billed by size, and a transaction,
# which may publish 22 of them, ends at 4 MB.
_ITEM_BYTES = 40_000


@dataclass(frozen=True)
class MetadataStore:
    """Keeps METADATA documents compressed, in items as long as they are small."""

    blobs: BlobStore

    def keep(
        self, project: NormalizedName, filename: str, document: bytes, *, attempt: str
    ) -> StoredMetadata:
        """Return a document as it will be kept, having put a large one into S3."""
        body = gzip.compress(document, mtime=0)
        if len(body) <= _ITEM_BYTES:
            return StoredMetadata(body=body)
        blob = self.blobs.put(
            f"metadata/{project}/{attempt}/{filename}.metadata.gz",
            body,
            sha256=hashlib.sha256(body).hexdigest(),
            media_type="application/gzip",
        )
        return StoredMetadata(blob=blob)

    @translated
    def of(self, project: NormalizedName, filename: str) -> StoredMetadata | None:
        """Return where the document of a file is kept, None if it has none."""
        try:
            item = MetadataItem.get(
                keys.project(project), keys.metadata(filename), consistent_read=True
            )
        except MetadataItem.DoesNotExist:
            return None
        return metadata_record(item)


def metadata_item(project: NormalizedName, filename: str, stored: StoredMetadata) -> MetadataItem:
    """Return the item of a document."""
    return MetadataItem(
        keys.project(project),
        keys.metadata(filename),
        body=stored.body,
        object_key=stored.blob.key if stored.blob else None,
        object_version=stored.blob.version_id if stored.blob else None,
    )


def metadata_record(item: MetadataItem) -> StoredMetadata:
    """Return the document that an item holds or points at."""
    if item.object_key is not None:
        blob = Blob(key=item.object_key, version_id=item.object_version or "null")
        return StoredMetadata(blob=blob)
    return StoredMetadata(body=bytes(item.body))
