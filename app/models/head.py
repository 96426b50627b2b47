"""The head of a project: pk = project#<name>, sk = head. Readers need only this item."""

from pynamodb.attributes import (
    BinaryAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from app.domain.serial import UNCOUNTED
from app.models.base import LarderItem


class PageRefMap(MapAttribute[str, object]):
    """Where one representation of the current page lies."""

    digest = UnicodeAttribute()
    serial = NumberAttribute(default=UNCOUNTED)
    inline = BinaryAttribute(legacy_encoding=False, null=True)
    item = UnicodeAttribute(null=True)
    object_key = UnicodeAttribute(null=True)
    object_version = UnicodeAttribute(null=True)
    # Of an object that holds more than this: where it begins, and its bytes.
    start = NumberAttribute(null=True)
    length = NumberAttribute(null=True)


class HeadItem(LarderItem, discriminator="head"):
    """Counts the changes of a project (`gen`) and names the page that shows them (`page_gen`)."""

    gen = NumberAttribute(default=0)
    page_gen = NumberAttribute(default=0)
    # Raised with `gen`, in the same update.
    serial = NumberAttribute(default=UNCOUNTED)
    # Both copied from the project whenever a page is published: readers need one item only.
    visibility = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    json = PageRefMap(null=True)  # type: ignore[no-untyped-call]
    html = PageRefMap(null=True)  # type: ignore[no-untyped-call]
    # Of a large page: what it takes to change it (domain/pieces.py).
    index = PageRefMap(null=True)  # type: ignore[no-untyped-call]
    # What has changed since that page was made, an entry for each time that `gen` was raised.
    changes = UnicodeSetAttribute(null=True)
