"""The one AWS session of the process: a second one would load AWS's endpoint data again."""

import functools
import threading
from typing import TYPE_CHECKING

from app.models import base

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session
    from pynamodb.connection import Connection

_lock = threading.Lock()


def session() -> "boto3.Session":
    """Return the session that the models use too."""
    with _lock:
        return _wrapped(base.connection())


def core() -> "Session":
    """Return what is below `session`: enough for a client, and half as long to load."""
    with _lock:
        return base.connection().session


def credentials() -> "ReadOnlyCredentials | None":
    """Return the present credentials, renewed if they were about to end."""
    found = core().get_credentials()
    return found.get_frozen_credentials() if found else None


@functools.cache
def _wrapped(connection: "Connection") -> "boto3.Session":
    # boto3 changes the session it wraps, so it is wrapped once; a connection has one per thread.
    import boto3

    return boto3.Session(botocore_session=connection.session)
