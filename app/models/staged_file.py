"""A file of a publishing session: pk = upload#<id>, sk = file#<filename>."""

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from app.models.base import LarderItem


class StagedFileItem(LarderItem, discriminator="staged-file"):
    """What the client announced and what the inspection found; bytes lie under `object_key`."""

    size = NumberAttribute()
    sha256 = UnicodeAttribute()
    mechanism = UnicodeAttribute()
    object_key = UnicodeAttribute()
    account = UnicodeAttribute()
    client = UnicodeAttribute()
    upload_id = UnicodeAttribute(null=True)
    asked_at = UTCDateTimeAttribute(null=True)
    fault = UnicodeAttribute(null=True)
    attestations = UnicodeAttribute(null=True)
    # The file as it will be published, with METADATA here or in S3.
    prepared = JSONAttribute(null=True)
    metadata_body = BinaryAttribute(legacy_encoding=False, null=True)
    metadata_key = UnicodeAttribute(null=True)
    metadata_version = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()
