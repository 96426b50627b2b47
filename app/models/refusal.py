"""A refused upload: pk = token#<id>, sk = refused#<time>; kept for some days."""

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from app.models.base import LarderItem


class RefusalItem(LarderItem, discriminator="refusal"):
    """Why an upload was refused, for its owner: many tools do not show it."""

    filename = UnicodeAttribute()
    status = NumberAttribute()
    detail = UnicodeAttribute()
    client = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()
