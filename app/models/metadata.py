"""Core metadata of a file: pk = project#<name>, sk = metadata#<filename>."""

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from app.models.base import LarderItem


class MetadataItem(LarderItem, discriminator="metadata"):
    """The METADATA document, gzipped: here, or in S3 when it is large."""

    body = BinaryAttribute(legacy_encoding=False, null=True)
    object_key = UnicodeAttribute(null=True)
    object_version = UnicodeAttribute(null=True)
