"""The table and the bucket themselves: made where missing, and set as the index needs them."""

import logging
from dataclasses import dataclass

from botocore.exceptions import ClientError

from app.config import Config
from app.models.base import LarderItem
from app.models.token import TokenItem
from app.store.blobs import BlobStore
from app.store.failures import code_of, translated

_log = logging.getLogger(__name__)

# What other back ends answer to settings they do not have.
_NOT_OFFERED = frozenset({
    "NotImplemented",
    "UnknownOperationException",
    "UnsupportedOperation",
    "MethodNotAllowed",
    "501",
})  # fmt: skip


@dataclass(frozen=True)
class Foundation:
    """What the index stands on."""

    config: Config
    blobs: BlobStore

    @translated
    def create_table(self) -> bool:
        """Create the table, billed per request; return False if it is there already."""
        if LarderItem.exists():
            return False
        LarderItem.create_table(wait=True)
        return True

    @translated
    def repair_table(self) -> None:
        """Make DynamoDB remove what has ended, by the attribute `expires_at`."""
        TokenItem.update_ttl(ignore_update_ttl_errors=True)

    @translated
    def create_bucket(self) -> bool:
        """Create the bucket; return False if it is there already."""
        client = self.blobs.client
        try:
            client.head_bucket(Bucket=self.config.bucket)
        except ClientError as error:
            if code_of(error) not in {"404", "NoSuchBucket"}:
                raise
        else:
            return False
        if self.config.region == "us-east-1":  # S3 refuses to hear the name of its first region
            client.create_bucket(Bucket=self.config.bucket)
        else:
            client.create_bucket(
                Bucket=self.config.bucket,
                CreateBucketConfiguration={"LocationConstraint": self.config.region},  # type: ignore[typeddict-item]
            )
        return True

    @translated
    def repair_bucket(self) -> None:
        """Keep versions, close the bucket to the public, and clean up after broken uploads."""
        bucket, client = self.config.bucket, self.blobs.client
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for setting in (self._close, self._clean):
            try:
                setting()
            except ClientError as error:
                if code_of(error) not in _NOT_OFFERED:
                    raise
                _log.info(
                    "the back end does not offer a setting", extra={"setting": setting.__name__}
                )

    def _close(self) -> None:
        self.blobs.client.put_public_access_block(
            Bucket=self.config.bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )

    def _clean(self) -> None:
        self.blobs.client.put_bucket_lifecycle_configuration(
            Bucket=self.config.bucket,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "clean",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                    }
                ]
            },
        )
