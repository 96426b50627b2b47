"""What the views get from the application: settings, stores, and the time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app, request

from app.config import Config
from app.errors import BadRequest
from app.store.stores import Stores


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What one application stands on; `clock` is replaced where a test needs another time."""

    config: Config
    stores: Stores
    clock: Callable[[], datetime] = utc_now


def context() -> Context:
    """Return the context of the running application."""
    found: Context = current_app.extensions["larder"]
    return found


def config() -> Config:
    """Return the settings."""
    return context().config


def stores() -> Stores:
    """Return the stores."""
    return context().stores


def now() -> datetime:
    """Return the present moment, as the application sees it."""
    return context().clock()


def public_url() -> str:
    """Return the URL of this index as tools should write it, without a slash at its end."""
    try:
        return config().public_url or request.url_root.rstrip("/")
    except UnicodeError as error:
        raise BadRequest("The Host header is not a host name.") from error
