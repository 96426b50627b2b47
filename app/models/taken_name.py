"""A taken file name: pk = taken#<identity>, sk = taken. It is never removed."""

from pynamodb.attributes import UnicodeAttribute

from app.models.base import LarderItem


class TakenNameItem(LarderItem, discriminator="taken"):
    """Keeps a file name from ever being given to other bytes, even after deletion."""

    filename = UnicodeAttribute()
    sha256 = UnicodeAttribute()
