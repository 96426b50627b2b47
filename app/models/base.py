"""The one table: its keys, its index, and the item every other item derives from."""

from typing import Any

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model


class ByOwner(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Lists what does not lie under one project: all projects, a user's roles and tokens."""

    class Meta:
        """Name and reach of the index."""

        index_name = "gsi1"
        projection = AllProjection()

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class LarderItem(Model):
    """An item of the table; reading through this class gives an item of the right type."""

    class Meta:
        """Filled in by `bind`, before the first call."""

        table_name = "unbound"
        region: str
        host: str | None
        billing_mode = "PAY_PER_REQUEST"
        # Three tries of a call end well before Lambda's own limit, so that a request says 503
        # rather than hang.
        connect_timeout_seconds = 1
        read_timeout_seconds = 4
        max_retry_attempts = 2

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    by_owner = ByOwner()


def bind(*, table: str, region: str, url: str) -> None:
    """Point every model at `table`; `url` is empty for AWS itself.

    PynamoDB keeps one connection on the class, which the item types share with this one. It is
    opened here and not by the first item type used, or each type would open its own. Binding to
    the same table again keeps it.
    """
    meta = LarderItem.Meta
    if (meta.table_name, meta.region, meta.host) == (table, region, url or None):
        return
    meta.table_name, meta.region, meta.host = table, region, url or None
    LarderItem._connection = None  # noqa: SLF001
    LarderItem._get_connection()  # noqa: SLF001


def table() -> TableConnection:
    """Return the connection of the models, for calls that PynamoDB's models do not offer."""
    return LarderItem._get_connection()  # noqa: SLF001


def connection() -> Connection:
    """Return what is below `table`, for transactions and for its AWS session."""
    return table().connection
