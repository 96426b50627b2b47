"""An account: pk = account#<name>, sk = account; listed in gsi1 under `accounts`."""

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from app.models.base import LarderItem


class AccountItem(LarderItem, discriminator="account"):
    """A person, or a machine that acts for a team."""

    role = UnicodeAttribute()
    # argon2id in its standard form, parameters included.
    password_hash = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
