"""A token: pk = token#<id>, sk = token; gsi1 = (account#<account>, token#<id>)."""

from pynamodb.attributes import (
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from app.models.base import LarderItem


class TokenItem(LarderItem, discriminator="token"):
    """What a token is good for; the token itself is never stored."""

    account = UnicodeAttribute()
    label = UnicodeAttribute()
    permissions = UnicodeSetAttribute()
    # Absent: every project.
    projects = UnicodeSetAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute(null=True)
    revoked_at = UTCDateTimeAttribute(null=True)
    digest = UnicodeAttribute()
