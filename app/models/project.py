"""A project: pk = project#<name>, sk = project; listed in gsi1 under `projects`."""

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from app.models.base import LarderItem


class ProjectItem(LarderItem, discriminator="project"):
    """The name is claimed by the existence of this item."""

    display_name = UnicodeAttribute()
    visibility = UnicodeAttribute()
    # Absent: active.
    status = UnicodeAttribute(null=True)
    status_reason = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
