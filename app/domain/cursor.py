"""Cursors: where a list goes on, for a reader who has had a part of it.

A cursor says after which entry of which list. It holds no secret and gives no right: what it is
good for is decided with each request, and it only ever names an entry that its reader was shown.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from app.errors import BadRequest

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_LENGTH = 1000
_CHECK_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class Span:
    """The part of a list that is asked for: so many entries, after those of the cursor (None)."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Part(Generic[T]):
    """A part of a list; `next` is the cursor of what follows, None where nothing does."""

    entries: list[T]
    next: str | None


def encode(place: str, after: str) -> str:
    """Write a cursor that goes on after the entry `after` of the list `place`.

    >>> decode("shelf", encode("shelf", "jam"))
    'jam'
    """
    payload = _check(place, after) + after.encode()
    return base64.urlsafe_b64encode(payload).decode().rstrip("=")


def decode(place: str, cursor: str) -> str:
    """Return the entry after which the list `place` goes on.

    :raises BadRequest: if the cursor was not made for this list, or is none.
    """
    try:
        payload = _unwrap(cursor)
        after = payload[_CHECK_BYTES:].decode()
    except ValueError:
        payload, after = b"", ""
    if not after or payload[:_CHECK_BYTES] != _check(place, after):
        raise BadRequest(
            "'cursor' is not one that this list gave; leave it out to start from the beginning."
        )
    return after


def cut(entries: Iterable[T], limit: int, *, place: str, key: Callable[[T], str]) -> Part[T]:
    """Take the first `limit` of `entries`, and one more to see whether there are more.

    `key` names an entry within the list `place`.
    """
    found = list(islice(entries, limit + 1))
    shown = found[:limit]
    more = len(found) > limit
    return Part(entries=shown, next=encode(place, key(shown[-1])) if more else None)


def _unwrap(cursor: str) -> bytes:
    if len(cursor) > MAX_LENGTH or not cursor.isascii():
        raise ValueError
    return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)


def _check(place: str, after: str) -> bytes:
    # Against mistakes, not attackers: the place is never read from a cursor, so a forged one does
    # no more than start the same list elsewhere.
    return hashlib.sha256(f"{place}\n{after}".encode()).digest()[:_CHECK_BYTES]
