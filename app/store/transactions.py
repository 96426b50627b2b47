"""Writing several items together, or none of them."""

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from app.models.base import connection


def writing_together() -> TransactWrite:
    """Return a transaction, a context manager that commits at its end."""
    return TransactWrite(connection=connection())


def reasons_of(error: TransactWriteError) -> list[str]:
    """Return why each item of a transaction was refused, empty where it was not."""
    return [reason.code if reason else "" for reason in error.cancellation_reasons]
