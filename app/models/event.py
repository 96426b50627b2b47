"""An event: pk = its subject, sk = event#<time>#<id>; gsi1 = (events#<day>, <time>#<id>)."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute, UTCDateTimeAttribute

from app.models.base import LarderItem


class EventItem(LarderItem, discriminator="event"):
    """One thing that happened."""

    action = UnicodeAttribute()
    actor = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    facts = JSONAttribute()
