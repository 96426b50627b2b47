"""Bytes on their way straight from a client into S3, past the application."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from app.config import Config
from app.domain.dist_file import IMMUTABLE, Blob
from app.errors import Conflict, NotFound
from app.store.blobs import BlobStore
from app.store.failures import code_of, translated

# How long a link takes bytes. Whoever is slower asks for a new one.
LINK_LIFE = timedelta(hours=1)
_BLOCK = 1024 * 1024
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchUpload", "NoSuchVersion"})


@dataclass(frozen=True, kw_only=True)
class UploadLink:
    """A link to PUT bytes to, with exactly these headers, until `ends_at`."""

    url: str
    headers: Mapping[str, str]
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """An object that has arrived, and its size in bytes."""

    blob: Blob
    size: int
    # In hexadecimal, where S3 keeps it of the whole object.
    sha256: str | None = None


@dataclass(frozen=True)
class IncomingStore:
    """Lets clients put objects into the bucket, each under one key and once."""

    config: Config
    blobs: BlobStore

    @translated
    def link(self, key: str, *, size: int, sha256: str, now: datetime) -> UploadLink:
        """Return a link that takes exactly the bytes of this size and digest, once.

        Everything is a signed header: S3 refuses other bytes, and a second object under the key,
        which would push the first one into the bucket's past.
        """
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        url = self.blobs.client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self.config.bucket,
                "Key": key,
                "ContentLength": size,
                "ContentType": "application/octet-stream",
                "ContentDisposition": "attachment",
                "CacheControl": IMMUTABLE,
                "ChecksumSHA256": checksum,
                "IfNoneMatch": "*",
            },
            ExpiresIn=int(LINK_LIFE.total_seconds()),
        )
        headers = {
            "Content-Length": str(size),
            "Content-Type": "application/octet-stream",
            "Content-Disposition": "attachment",
            "Cache-Control": IMMUTABLE,
            "x-amz-checksum-sha256": checksum,
            "If-None-Match": "*",
        }
        return UploadLink(url=url, headers=headers, ends_at=now + LINK_LIFE)

    @translated
    def start(self, key: str) -> str:
        """Begin a multipart upload and return its id."""
        answer = self.blobs.client.create_multipart_upload(
            Bucket=self.config.bucket,
            Key=key,
            ContentType="application/octet-stream",
            ContentDisposition="attachment",
            CacheControl=IMMUTABLE,
        )
        return answer["UploadId"]

    @translated
    def part_link(self, key: str, upload_id: str, number: int, *, size: int) -> str:
        """Return a link that takes one part of this size."""
        return self.blobs.client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self.config.bucket,
                "Key": key,
                "UploadId": upload_id,
                "PartNumber": number,
                "ContentLength": size,
            },
            ExpiresIn=int(LINK_LIFE.total_seconds()),
        )

    @translated
    def parts(self, key: str, upload_id: str) -> dict[int, tuple[int, str]] | None:
        """Return size and ETag of each part that has arrived; None if the upload has ended."""
        from botocore.exceptions import ClientError

        pages = self.blobs.client.get_paginator("list_parts").paginate(
            Bucket=self.config.bucket, Key=key, UploadId=upload_id
        )
        try:
            return {
                part["PartNumber"]: (part["Size"], part["ETag"])
                for page in pages
                for part in page.get("Parts", [])
            }
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise

    @translated
    def join(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        """Make one object of all parts, unless it was made already.

        :raises Conflict: if a part was sent again meanwhile.
        """
        from botocore.exceptions import ClientError

        parts = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
        try:
            self.blobs.client.complete_multipart_upload(
                Bucket=self.config.bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )
        except ClientError as error:
            if code_of(error) in {"InvalidPart", "InvalidPartOrder", "EntityTooSmall"}:
                raise Conflict(
                    "Parts of the file are still being sent; look at it again."
                ) from error
            if code_of(error) not in _ABSENT:
                raise

    @translated
    def find(self, key: str) -> Arrived | None:
        """Return the object under a key, None if nothing has arrived."""
        from botocore.exceptions import ClientError

        try:
            answer = self.blobs.client.head_object(Bucket=self.config.bucket, Key=key)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise
        blob = Blob(key=key, version_id=answer.get("VersionId", "null"))
        return Arrived(blob=blob, size=answer["ContentLength"])

    @translated
    def attributes(self, blob: Blob) -> Arrived | None:
        """Return what S3 knows of an object, None if it is missing."""
        from botocore.exceptions import ClientError

        try:
            answer = self.blobs.client.head_object(
                Bucket=self.config.bucket,
                Key=blob.key,
                VersionId=blob.version_id,
                ChecksumMode="ENABLED",
            )
        except ClientError as error:
            if code_of(error) in _ABSENT | {"405"}:  # 405: a mark of deletion
                return None
            raise
        checksum = answer.get("ChecksumSHA256")
        # Of an object that came in parts S3 keeps a digest of digests, which ends in their number.
        whole = checksum is not None and answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
        sha256 = base64.b64decode(checksum).hex() if checksum and whole else None
        return Arrived(blob=blob, size=answer["ContentLength"], sha256=sha256)

    @translated
    def download(self, blob: Blob, target: IO[bytes]) -> None:
        """Copy an object into `target`, which is rewound afterwards; memory stays small.

        :raises NotFound: if it is not there any more.
        """
        from botocore.exceptions import ClientError

        try:
            answer = self.blobs.client.get_object(
                Bucket=self.config.bucket, Key=blob.key, VersionId=blob.version_id
            )
        except ClientError as error:
            if code_of(error) in _ABSENT:
                raise NotFound(f"The object {blob.key!r} is missing.") from error
            raise
        with closing(answer["Body"]) as body:
            for block in body.iter_chunks(_BLOCK):
                target.write(block)
        target.seek(0)

    @translated
    def sha256(self, blob: Blob) -> str:
        """Read an object to its end and return its SHA-256 in hexadecimal."""
        answer = self.blobs.client.get_object(
            Bucket=self.config.bucket, Key=blob.key, VersionId=blob.version_id
        )
        digest = hashlib.sha256()
        with closing(answer["Body"]) as body:
            for block in body.iter_chunks(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def discard(self, key: str, upload_id: str | None) -> None:
        """Take away what has arrived under a key, as far as that is possible right now."""
        if upload_id is not None:
            self._abort(key, upload_id)
        if arrived := self.find(key):
            self.blobs.retire(arrived.blob)

    @translated
    def _abort(self, key: str, upload_id: str) -> None:
        from botocore.exceptions import ClientError

        try:
            self.blobs.client.abort_multipart_upload(
                Bucket=self.config.bucket, Key=key, UploadId=upload_id
            )
        except ClientError as error:
            if code_of(error) not in _ABSENT:
                raise
