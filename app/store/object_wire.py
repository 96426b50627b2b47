"""Writing and removing objects without the SDK, for which each call costs more than a page.

It is for what uploads wait for: wheels of usual size, and large pages. Whatever S3 answers but a
plain yes is left to the SDK, which knows what it means and tries again (store/blobs.py): a key is
written once, so to put its object twice does no harm.
tests/integration/store/test_object_wire.py holds both ways against each other.
"""

from collections.abc import Mapping
from urllib.parse import quote

from app.config import Config
from app.domain.dist_file import Blob
from app.store import credentials, signing
from app.store.clock import Clock
from app.store.failures import ServiceError
from app.store.signing import Scope
from app.store.wire import Answer, Wire

_OK, _NO_CONTENT = 200, 204


class ObjectWire:
    """The objects of the bucket, over a connection to it."""

    def __init__(self, config: Config, bucket: Wire, clock: Clock) -> None:
        """Open nothing yet."""
        self._clock = clock
        self._region = config.region
        # Hosts that are not AWS's have one name for all buckets.
        self._prefix = f"/{config.bucket}" if config.s3_url else ""
        self._bucket = bucket

    def put(self, key: str, content: bytes, headers: Mapping[str, str]) -> Blob | None:
        """Store `content` under a new `key`; return None where the SDK must try it.

        `headers` are those of S3's PutObject, with names in lower case, `if-none-match` and the
        checksum among them.

        :raises Unavailable: if there are no credentials.
        """
        answer = self._ask("PUT", key, "", headers, content)
        if answer is None or answer.status != _OK:
            return None
        return Blob(key=key, version_id=answer.headers.get("x-amz-version-id", "null"))

    def discard(self, blob: Blob) -> bool:
        """Remove exactly this version of an object; return False where the SDK must try it.

        :raises Unavailable: if there are no credentials.
        """
        return self._delete(blob.key, f"versionId={quote(blob.version_id, safe='')}")

    def retire(self, key: str) -> bool:
        """Make an object an old version; return False where the SDK must try it.

        :raises Unavailable: if there are no credentials.
        """
        return self._delete(key, "")

    def _delete(self, key: str, query: str) -> bool:
        answer = self._ask("DELETE", key, query, {}, None)
        return answer is not None and answer.status == _NO_CONTENT

    def _ask(
        self, method: str, key: str, query: str, headers: Mapping[str, str], body: bytes | None
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
            scope=Scope.at(self._clock.now(), region=self._region, service="s3"),
            credentials=credentials.current(),
        )
        target = f"{path}?{query}" if query else path
        try:
            return self._bucket.ask(method, target, signed, body, operation=method)
        except ServiceError:
            return None
