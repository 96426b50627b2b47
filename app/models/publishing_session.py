"""A publishing session: pk = upload#<id>, sk = session; gsi1 = (uploads, <creation>#<id>)."""

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from app.models.base import LarderItem


class PublishingSessionItem(LarderItem, discriminator="session"):
    """Files of one release that become visible together."""

    project = UnicodeAttribute()
    version = UnicodeAttribute()
    account = UnicodeAttribute()
    status = UnicodeAttribute()
    revision = NumberAttribute()
    file_count = NumberAttribute()
    created_at = UTCDateTimeAttribute()
    # After it nobody can use the session; `expires_at` leaves time to clean up after it.
    ends_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()
