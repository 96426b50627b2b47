"""Pointing this process at the embedded back end: for `flask` commands and `sls wsgi serve`."""

import atexit
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from flask import Flask

from local.backend import REPOSITORY, Backend, BackendError, attached

# What a person has set for AWS itself: a session token would stand in every download link.
_FOREIGN = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def data_folder() -> Path:
    """Return where local data lies: LARDER_DATA, or `.larder` in this repository."""
    return Path(os.environ.get("LARDER_DATA") or REPOSITORY / ".larder").resolve()


def use(backend: Backend, data: Path) -> None:
    """Make this process, and those it starts, an index on `backend`."""
    for name in _FOREIGN:
        os.environ.pop(name, None)
    loopback = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), loopback]))
    os.environ.update(backend.environment())
    os.environ.update(LARDER_STAGE="dev", LARDER_SIGNING_KEYS=f"file:{data / 'signing-keys'}")


def attach() -> None:
    """Make the index of this process use the embedded back end, until the process ends.

    The back end that `make serve` runs is used, or one is started. Does nothing where the
    environment names another back end or another stage.
    """
    if (
        os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        or os.environ.get("LARDER_STAGE", "dev") != "dev"
    ):
        return
    stack = ExitStack()
    atexit.register(stack.close)
    data = data_folder()
    try:
        backend = stack.enter_context(attached(data))
    except (BackendError, OSError) as error:
        sys.exit(f"No local data in {data}: {error}")
    use(backend, data)


def create_app() -> Flask:
    """Return the application on the embedded back end: what FLASK_APP names in `.flaskenv`."""
    attach()
    from app.factory import create_app as create

    return create()
