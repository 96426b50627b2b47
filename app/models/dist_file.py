"""A published file: pk = project#<name>, sk = file#<filename>. This item is the truth."""

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from app.models.base import LarderItem


class FileItem(LarderItem, discriminator="file"):
    """A wheel or sdist; its bytes lie in S3 where `object_key` and `object_version` say."""

    version = UnicodeAttribute()
    filetype = UnicodeAttribute()
    size = NumberAttribute()
    sha256 = UnicodeAttribute()
    md5 = UnicodeAttribute()
    blake2_256 = UnicodeAttribute()
    metadata_sha256 = UnicodeAttribute()
    requires_python = UnicodeAttribute()
    uploaded_at = UTCDateTimeAttribute()
    uploaded_by = UnicodeAttribute()
    uploaded_with = UnicodeAttribute()
    object_key = UnicodeAttribute()
    object_version = UnicodeAttribute()
    yanked = UnicodeAttribute(null=True)
    # Absent: it came without attestations.
    attested = BooleanAttribute(null=True)
