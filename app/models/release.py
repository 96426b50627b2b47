"""A release: pk = project#<name>, sk = release#<canonical version>."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute, UTCDateTimeAttribute

from app.models.base import LarderItem


class ReleaseItem(LarderItem, discriminator="release"):
    """What a project's page says about one version."""

    version = UnicodeAttribute()
    summary = UnicodeAttribute()
    fields = JSONAttribute()
    created_at = UTCDateTimeAttribute()
