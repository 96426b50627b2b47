"""Core metadata documents, byte for byte as they stand in the files."""

import gzip
import hashlib
from dataclasses import dataclass

from app.domain.dist_file import Blob
from app.domain.names import NormalizedName
from app.models.metadata import MetadataItem
from app.store import keys
from app.store.blobs import BlobStore

# Compressed bytes beyond which a document goes to S3: items are billed by size, and end at 400 KB.
_ITEM_BYTES = 100_000


@dataclass(frozen=True)
class MetadataStore:
    """Keeps METADATA documents compressed, in items as long as they are small."""

    blobs: BlobStore

    def prepare(
        self, project: NormalizedName, filename: str, document: bytes, *, attempt: str
    ) -> MetadataItem:
        """Return the item for a document, having put a large one into S3."""
        body = gzip.compress(document, mtime=0)
        item = MetadataItem(keys.project(project), keys.metadata(filename))
        if len(body) <= _ITEM_BYTES:
            item.body = body
            return item
        blob = self.blobs.put(
            f"metadata/{project}/{attempt}/{filename}.metadata.gz",
            body,
            sha256=hashlib.sha256(body).hexdigest(),
            media_type="application/gzip",
        )
        item.object_key, item.object_version = blob.key, blob.version_id
        return item

    def compressed(self, item: MetadataItem) -> bytes:
        """Return the document that an item holds or points at, gzipped as it is kept."""
        if item.body is not None:
            return bytes(item.body)
        blob = Blob(key=item.object_key or "", version_id=item.object_version or "")
        return self.blobs.read(blob)
