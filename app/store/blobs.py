"""Objects in S3: put once under a key of their own, never copied, never overwritten."""

import base64
import logging
import threading
from typing import IO, TYPE_CHECKING, Any

from app.config import Config
from app.domain.dist_file import IMMUTABLE, Blob
from app.errors import NotFound, Unavailable
from app.store import aws
from app.store.failures import code_of, translated
from app.store.object_wire import ObjectWire
from app.store.wire import pause

_log = logging.getLogger(__name__)

# What is put from memory, in one piece; an upload through Lambda is no larger.
_SMALL = 6 * 1024 * 1024
_CONFLICT = "ConditionalRequestConflict"

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class BlobStore:
    """The bucket: distribution files, large metadata and large pages."""

    def __init__(self, config: Config, wire: ObjectWire) -> None:
        self._config = config
        self._wire = wire
        self._lock = threading.Lock()
        self._opened: S3Client | None = None

    @property
    def client(self) -> "S3Client":
        """The S3 client, made at its first use: most requests never need it."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> "S3Client":
        from botocore.config import Config as ClientConfig

        # Path style where the host is not AWS: nobody resolves bucket.localhost for us.
        settings = ClientConfig(
            signature_version="s3v4",
            s3={"addressing_style": "path" if self._config.s3_url else "virtual"},
            connect_timeout=1,
            # Small objects have been tried once already (store/object_wire.py); all tries together
            # end well before Lambda's own limit.
            read_timeout=6,
            retries={"mode": "standard", "total_max_attempts": 3},
        )
        make: Any = aws.core().create_client
        client: S3Client = make(
            "s3",
            region_name=self._config.region,
            endpoint_url=self._config.s3_url or None,
            config=settings,
        )
        return client

    @translated
    def put(self, key: str, content: IO[bytes] | bytes, *, sha256: str, media_type: str) -> Blob:
        """Store `content` under a `key` of its own; S3 itself checks `sha256`, in hexadecimal.

        A key is written once: a repeated request that came late would make what is published an
        old version, which the bucket removes some day. So what is there already is what it names.
        """
        from botocore.exceptions import ClientError

        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        small = _small(content)
        if small is not None:
            if blob := self._wire.put(key, small, _headers(checksum, media_type)):
                return blob
            content = small
        attempt = 0
        while True:
            try:
                return self._put(key, content, checksum, media_type)
            except ClientError as error:
                # The wire's own attempt may still be at work in S3.
                if small is None or code_of(error) != _CONFLICT or not pause(attempt):
                    raise
            attempt += 1

    def _put(self, key: str, content: IO[bytes] | bytes, checksum: str, media_type: str) -> Blob:
        from botocore.exceptions import ClientError

        try:
            answer = self.client.put_object(
                Bucket=self._config.bucket,
                Key=key,
                Body=content,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
                ContentType=media_type,
                ContentDisposition="attachment",
                CacheControl=IMMUTABLE,
            )
        except ClientError as error:
            if code_of(error) not in {"PreconditionFailed", "412"}:
                raise
            there = self.client.head_object(Bucket=self._config.bucket, Key=key)
            return Blob(key=key, version_id=there.get("VersionId", "null"))
        return Blob(key=key, version_id=answer.get("VersionId", "null"))

    @translated
    def read(self, blob: Blob) -> bytes:
        """Return the bytes of `blob`, which must be small enough for memory.

        :raises NotFound: if it is not there.
        """
        from botocore.exceptions import ClientError

        try:
            answer = self.client.get_object(
                Bucket=self._config.bucket, Key=blob.key, VersionId=blob.version_id
            )
        except ClientError as error:
            if code_of(error) in {"NoSuchKey", "NoSuchVersion", "404"}:
                raise NotFound(f"The object {blob.key!r} is missing.") from error
            raise
        return answer["Body"].read()

    def discard(self, blob: Blob) -> None:
        """Remove exactly this version of an object for good, if that is possible right now.

        It is called when the work is done, so a failure is logged and nothing more: an object that
        nothing names does no harm.
        """
        try:
            self._delete(blob)
        except Unavailable:
            _log.warning("an object is left behind", extra={"key": blob.key})

    def retire(self, blob: Blob) -> None:
        """Make an object an old version, which the bucket keeps for some time, if possible now.

        All that ever was a file goes this way, so that no mistake of the index loses one.
        """
        try:
            self._mark_deleted(blob)
        except Unavailable:
            _log.warning("an object is left behind", extra={"key": blob.key})

    @translated
    def _mark_deleted(self, blob: Blob) -> None:
        if not self._wire.retire(blob.key):
            self.client.delete_object(Bucket=self._config.bucket, Key=blob.key)

    @translated
    def _delete(self, blob: Blob) -> None:
        if not self._wire.discard(blob):
            self.client.delete_object(
                Bucket=self._config.bucket, Key=blob.key, VersionId=blob.version_id
            )


def _headers(checksum: str, media_type: str) -> dict[str, str]:
    """Return what `BlobStore._put` has the SDK send."""
    return {
        "cache-control": IMMUTABLE,
        "content-disposition": "attachment",
        "content-type": media_type,
        "if-none-match": "*",
        "x-amz-checksum-sha256": checksum,
        "x-amz-sdk-checksum-algorithm": "SHA256",
    }


def _small(content: IO[bytes] | bytes) -> bytes | None:
    """Return all of `content`, which then stands where it stood; None if it is large."""
    if isinstance(content, bytes):
        return content if len(content) <= _SMALL else None
    start = content.tell()
    found = content.read(_SMALL + 1)
    content.seek(start)
    return found if len(found) <= _SMALL else None
