"""A project: pk = project#<name>, sk = project; listed in gsi1 under `projects`."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from app.domain.serial import UNCOUNTED
from app.models.base import LarderItem


class ProjectItem(LarderItem, discriminator="project"):
    """The name is claimed by the existence of this item."""

    display_name = UnicodeAttribute()
    visibility = UnicodeAttribute()
    # Absent: active.
    status = UnicodeAttribute(null=True)
    status_reason = UnicodeAttribute(null=True)
    # A copy of the head's, for the list of projects; set when a change is about to be published.
    serial = NumberAttribute(default=UNCOUNTED)
    created_at = UTCDateTimeAttribute()
