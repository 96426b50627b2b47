"""The sweep: removes what nothing names, ends what was abandoned, heals pages that are behind.

It may run at any moment, beside uploads and beside itself, and may be cut off anywhere: each step
is safe alone, and the next run goes on. What fails is passed over, logged, and told at the end.
Objects are retired, not destroyed: the bucket keeps them as old versions for 90 days.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from app.domain.job import JobFailed
from app.domain.names import NormalizedName
from app.domain.publishing_session import PublishingSession, SessionStatus
from app.errors import Conflict
from app.features.drop import service as drop
from app.features.pages import service as pages
from app.features.sessions import service as sessions
from app.features.upkeep.service import Attempts
from app.store.inventory import StoredObject
from app.store.stores import Stores

# No process that could still name an object lives so long.
GRACE = timedelta(days=1)
# Between clocks.
_MARGIN = timedelta(hours=1)
_PREFIXES = ("files/", "metadata/", "pages/")


class _Step(Protocol):
    def __call__(self, attempts: Attempts, *, stores: Stores, now: datetime) -> None: ...


def sweep(*, stores: Stores, now: datetime) -> dict[str, int]:
    """Clean the whole index up; return how much was done of each kind.

    What cannot be done is passed over, so that one bad item keeps nothing else from being healed.

    :raises JobFailed: at the end, if anything was passed over.
    """
    steps: dict[str, _Step] = {
        "sessions ended": _end_sessions,
        "objects retired": _retire_objects,
        "pages removed": _remove_pages,
        "pages healed": _heal_pages,
    }
    return _take(steps, stores=stores, now=now)


def catch_up(*, stores: Stores, now: datetime) -> dict[str, int]:
    """Do what events of S3 should have started; return how much was done of each kind.

    :raises JobFailed: at the end, if anything could not be done.
    """
    steps: dict[str, _Step] = {
        "files inspected": _inspect_files,
        "files taken from the drop prefix": _take_dropped,
    }
    return _take(steps, stores=stores, now=now)


def _take(steps: Mapping[str, _Step], *, stores: Stores, now: datetime) -> dict[str, int]:
    done, failed = {}, 0
    for kind, step in steps.items():
        attempts = Attempts()
        with attempts.at(kind):
            step(attempts, stores=stores, now=now)
        done[kind] = attempts.done
        failed += attempts.failed
    if failed:
        raise JobFailed(f"{failed} failed; the log names each with its cause.", done)
    return done


def _end_sessions(attempts: Attempts, *, stores: Stores, now: datetime) -> None:
    """End sessions that have expired; what others do with them at this moment decides."""
    for session in _sessions(attempts, stores=stores):
        if session.status is SessionStatus.PUBLISHED:
            continue
        is_open = session.status is SessionStatus.OPEN
        if is_open and session.ends_at >= now - _MARGIN:
            continue
        # One that was cancelled too: that may have been cut off before it freed its names.
        with attempts.at(f"session {session.id}"):
            attempts.done += _is_ended(session, stores=stores) and is_open


def _is_ended(session: PublishingSession, *, stores: Stores) -> bool:
    try:
        sessions.cancel(session, stores=stores)
    except Conflict:  # published, as was not known yet
        return False
    return True


def _inspect_files(attempts: Attempts, *, stores: Stores, now: datetime) -> None:
    """Inspect files whose inspection was cut off or never started.

    S3's events come a few times and no more, and a process may die in the middle.
    """
    for session in _sessions(attempts, stores=stores):
        if not session.is_live(now):
            continue
        files = []
        with attempts.at(f"the files of session {session.id}"):
            files = stores.sessions.files(session.id)
        for file in (each for each in files if each.was_cut_off(now)):
            with attempts.at(f"{file.filename} of session {session.id}"):
                sessions.inspect(file, stores=stores, now=now)
                attempts.done += 1


def _take_dropped(attempts: Attempts, *, stores: Stores, now: datetime) -> None:
    max_bytes = stores.incoming.config.max_file_bytes
    for key in drop.waiting(stores=stores, now=now):
        with attempts.at(key):
            drop.object_arrived(key, requester="", max_bytes=max_bytes, stores=stores, now=now)
            attempts.done += 1


def _sessions(attempts: Attempts, *, stores: Stores) -> Iterator[PublishingSession]:
    for session_id in stores.inventory.session_ids():
        session = None
        with attempts.at(f"session {session_id}"):
            session = stores.sessions.get(session_id)
        if session is not None:
            yield session


def _retire_objects(attempts: Attempts, *, stores: Stores, now: datetime) -> None:
    """Retire objects older than a day that no item names.

    The objects are listed before the items are read, and whoever could still name one of them has
    been dead for long, so an object without a name then stays without one.
    """
    # A session that cannot be read may name any of them, so then none is retired.
    staged = _staged(stores=stores, now=now)
    for prefix in _PREFIXES:
        for project, old in _by_project(prefix, stores=stores, before=now - GRACE):
            named = set(old)  # if its items cannot be read
            with attempts.at(f"the objects of {project} below {prefix}"):
                named = stores.inventory.references(project) | staged
            for key in (each for each in old if each not in named):
                with attempts.at(key):
                    stores.inventory.retire(key)
                    attempts.done += 1


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


def _remove_pages(attempts: Attempts, *, stores: Stores, now: datetime) -> None:
    for project in sorted(stores.inventory.listed_projects()):
        with attempts.at(f"replaced pages of {project}"):
            for sort_key in stores.inventory.stale_pages(project):
                stores.inventory.remove_page(project, sort_key)
                attempts.done += 1


def _heal_pages(attempts: Attempts, *, stores: Stores, now: datetime) -> None:
    for project in sorted(stores.inventory.listed_projects()):
        with attempts.at(f"the page of {project}"):
            if not pages.is_current(project, stores=stores):
                pages.refresh(project, stores=stores)
                attempts.done += 1
