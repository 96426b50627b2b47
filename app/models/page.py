"""A stored page: pk = project#<name>, sk = page#<gen>#<attempt>#<part>. Never overwritten."""

from pynamodb.attributes import BinaryAttribute

from app.models.base import LarderItem


class PageItem(LarderItem, discriminator="page"):
    """A rendered, gzipped page that is too large for the head, or the index of a large one."""

    body = BinaryAttribute(legacy_encoding=False)
