"""A role: pk = project#<name>, sk = role#<account>; gsi1 = (account#<account>, role#<name>)."""

from pynamodb.attributes import UnicodeAttribute

from app.models.base import LarderItem


class RoleItem(LarderItem, discriminator="role"):
    """What an account may do in a project."""

    role = UnicodeAttribute()
