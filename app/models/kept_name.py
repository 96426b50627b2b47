"""A name kept for a session: pk = project#<name>, sk = kept, or kept#<version> for a release."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from app.models.base import LarderItem


class KeptNameItem(LarderItem, discriminator="kept"):
    """Of a new project its name, of a release its one open session."""

    session = UnicodeAttribute()
    account = UnicodeAttribute()
    expires_at = TTLAttribute()
