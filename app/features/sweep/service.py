"""The sweep: removes what nothing names, ends what was abandoned, heals pages that are behind.

It may run at any moment, beside uploads and beside itself, and may be cut off anywhere: each step
is safe alone, and the next run goes on. Objects are retired, not destroyed: the bucket keeps them
as old versions for 90 days.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from app.domain.names import NormalizedName
from app.domain.publishing_session import PublishingSession, SessionStatus
from app.errors import Conflict
from app.features.drop import service as drop
from app.features.pages import service as pages
from app.features.sessions import service as sessions
from app.store.inventory import StoredObject
from app.store.stores import Stores

# No process that could still name an object lives so long.
GRACE = timedelta(days=1)
# Between clocks.
_MARGIN = timedelta(hours=1)
_PREFIXES = ("files/", "metadata/", "pages/")


def sweep(*, stores: Stores, now: datetime) -> dict[str, int]:
    """Clean the whole index up; return how much was done of each kind."""
    return {
        "sessions ended": _end_sessions(stores=stores, now=now),
        "objects retired": _retire_objects(stores=stores, now=now),
        "pages removed": _remove_pages(stores=stores),
        "pages healed": _heal_pages(stores=stores),
    }


def _end_sessions(*, stores: Stores, now: datetime) -> int:
    """End sessions that have expired; what others do with them at this moment decides."""
    ended = 0
    for session in stores.inventory.sessions():
        if session.status is SessionStatus.PUBLISHED:
            continue
        is_open = session.status is SessionStatus.OPEN
        if is_open and session.ends_at >= now - _MARGIN:
            continue
        # One that was cancelled too: that may have been cut off before it freed its names.
        try:
            sessions.cancel(session, stores=stores)
            ended += is_open
        except Conflict:  # published, as the list did not know yet
            continue
    return ended


def catch_up(*, stores: Stores, now: datetime) -> dict[str, int]:
    """Do what events of S3 should have started; return how much was done of each kind."""
    return {
        "files inspected": sessions.catch_up(stores=stores, now=now),
        "files taken from the drop prefix": drop.catch_up(stores=stores, now=now),
    }


def _retire_objects(*, stores: Stores, now: datetime) -> int:
    """Retire objects older than a day that no item names.

    The objects are listed before the items are read, and whoever could still name one of them has
    been dead for long, so an object without a name then stays without one.
    """
    retired = 0
    staged = _staged(stores=stores, now=now)
    for prefix in _PREFIXES:
        for project, old in _by_project(prefix, stores=stores, before=now - GRACE):
            named = stores.inventory.references(project) | staged
            for key in old:
                if key not in named:
                    stores.inventory.retire(key)
                    retired += 1
    return retired


def _staged(*, stores: Stores, now: datetime) -> set[str]:
    live = (one for one in stores.inventory.sessions() if _may_publish(one, now))
    return {key for session in live for key in stores.inventory.staged_references(session)}


def _may_publish(session: PublishingSession, now: datetime) -> bool:
    # A session that was published a moment ago is among them: its files have names of their own
    # by now, but the list of sessions may be older than that.
    return session.status is not SessionStatus.CANCELED and session.ends_at > now - _MARGIN


def _by_project(
    prefix: str, *, stores: Stores, before: datetime
) -> Iterator[tuple[NormalizedName, list[str]]]:
    def project_of(found: StoredObject) -> str:
        return found.key.removeprefix(prefix).partition("/")[0]

    for project, objects in groupby(stores.inventory.objects(prefix), key=project_of):
        old = [found.key for found in objects if found.modified_at < before]
        if old:
            yield NormalizedName(project), old


def _remove_pages(*, stores: Stores) -> int:
    removed = 0
    for project in stores.projects.all():
        for sort_key in stores.inventory.stale_pages(project.name):
            stores.inventory.remove_page(project.name, sort_key)
            removed += 1
    return removed


def _heal_pages(*, stores: Stores) -> int:
    healed = 0
    for project in stores.projects.all():
        if not pages.is_current(project.name, stores=stores):
            pages.refresh(project.name, stores=stores)
            healed += 1
    return healed
