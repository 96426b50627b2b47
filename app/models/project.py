"""A project: pk = project#<name>, sk = project; listed in gsi1 under `projects`."""

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from app.models.base import LarderItem


class ProjectItem(LarderItem, discriminator="project"):
    """The name is claimed by the existence of this item."""

    display_name = UnicodeAttribute()
    visibility = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
