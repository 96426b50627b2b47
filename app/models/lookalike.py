"""A look of project names: pk = lookalike#<look>, sk = lookalike. It is never removed."""

from pynamodb.attributes import UnicodeAttribute

from app.models.base import LarderItem


class LookAlikeItem(LarderItem, discriminator="lookalike"):
    """Names the first project of those whose names are easily taken for each other."""

    project = UnicodeAttribute()
