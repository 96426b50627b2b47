"""The mark of the last change of any project: pk = projects, sk = catalogue."""

from pynamodb.attributes import UnicodeAttribute

from app.models.base import LarderItem


class CatalogueItem(LarderItem, discriminator="catalogue"):
    """Tells whoever keeps the list of projects that there is a newer one."""

    # Another one each time.
    mark = UnicodeAttribute()
