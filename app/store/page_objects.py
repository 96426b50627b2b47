"""Writing pages into the bucket without the SDK, for which each call costs more than the page.

An upload to a large project puts one object and removes one. Whatever S3 answers but a plain yes
is left to the SDK, which knows what it means and tries again: the key belongs to one attempt, so to
put the object twice does no harm (store/blobs.py). tests/integration/store/test_page_objects.py
holds both ways against each other.
"""

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

from app.config import Config
from app.domain.dist_file import Blob
from app.store import credentials, signing
from app.store.blobs import BlobStore
from app.store.failures import ServiceError
from app.store.signing import Scope
from app.store.wire import Answer, Wire

_TYPE = "application/gzip"


class PageObjects:
    """The objects of large pages."""

    def __init__(self, config: Config, bucket: Wire, blobs: BlobStore) -> None:
        """Take connections to the bucket, and what does the rest."""
        self._region = config.region
        # Hosts that are not AWS's have one name for all buckets.
        self._prefix = f"/{config.bucket}" if config.s3_url else ""
        self._bucket, self._blobs = bucket, blobs

    def put(self, key: str, content: bytes) -> Blob:
        """Store `content` under a `key` of its own; S3 itself checks its SHA-256."""
        sha256 = hashlib.sha256(content)
        headers = {
            "content-type": _TYPE,
            "if-none-match": "*",
            "x-amz-checksum-sha256": base64.b64encode(sha256.digest()).decode(),
            "x-amz-sdk-checksum-algorithm": "SHA256",
        }
        answer = self._ask("PUT", key, "", headers, content)
        if answer is not None and answer.status == 200:  # noqa: PLR2004
            return Blob(key=key, version_id=answer.headers.get("x-amz-version-id", "null"))
        return self._blobs.put(key, content, sha256=sha256.hexdigest(), media_type=_TYPE)

    def discard(self, blob: Blob) -> None:
        """Remove exactly this version of an object for good, if that is possible right now."""
        query = f"versionId={quote(blob.version_id, safe='')}"
        answer = self._ask("DELETE", blob.key, query, {}, None)
        if answer is None or answer.status != 204:  # noqa: PLR2004
            self._blobs.discard(blob)

    def _ask(
        self, method: str, key: str, query: str, headers: dict[str, str], body: bytes | None
    ) -> Answer | None:
        """Return the answer to a call, None if there is none."""
        path = self._prefix + "/" + quote(key, safe="/~")
        # The body is signed by its checksum, which S3 compares with what arrives.
        digest = signing.UNSIGNED_BODY
        signed = signing.signed_headers(
            method,
            path,
            {**headers, "host": self._bucket.host, "x-amz-content-sha256": digest},
            query=query,
            digest=digest,
            scope=Scope.at(datetime.now(UTC), region=self._region, service="s3"),
            credentials=credentials.current(),
        )
        target = f"{path}?{query}" if query else path
        try:
            return self._bucket.ask(method, target, signed, body, operation=method)
        except ServiceError:
            return None
