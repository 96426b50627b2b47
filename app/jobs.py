"""The table of scheduled jobs, and how one is run: once at a time, its outcome on record."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.job import JobFailed, Run
from app.errors import NotFound
from app.features.sweep import service as sweep
from app.features.verify import service as verify
from app.store.stores import Stores

_log = logging.getLogger(__name__)

# Longer than Lambda lets a job run, so that nobody takes the lease of one that still works.
_LEASE = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something that is done again and again; doing it twice is the same as doing it once."""

    name: str
    # What it does, for people.
    purpose: str
    every: timedelta
    work: Callable[..., dict[str, Any]]


JOBS = (
    Job(
        name="sweep",
        purpose="removes what crashes and abandoned uploads left behind, heals pages",
        every=timedelta(hours=6),
        work=sweep.sweep,
    ),
    Job(
        name="catch-up",
        purpose="inspects and publishes what events of S3 have missed",
        every=timedelta(hours=1),
        work=sweep.catch_up,
    ),
    Job(
        name=verify.JOB,
        purpose="holds files against their objects, ten minutes at a time, and pages against files",
        every=timedelta(days=7),
        work=verify.verify_part,
    ),
)


def find(name: str) -> Job:
    """Return the job of a name.

    :raises NotFound: if there is none.
    """
    for job in JOBS:
        if job.name == name:
            return job
    names = ", ".join(job.name for job in JOBS)
    raise NotFound(f"There is no job {name[:60]!r}; there are: {names}.")


def run(job: Job, *, stores: Stores, now: datetime) -> Run | None:
    """Run a job and record how it went; return None if somebody else is running it.

    A failure is recorded and raised again.

    :raises JobFailed: where the job came to its end, and not all is well.
    """
    fence = stores.jobs.lease(job.name, until=now + _LEASE, now=now)
    if fence is None:
        return None
    started = time.monotonic()

    def ended(*, done: bool, facts: dict[str, Any]) -> Run:
        seconds = round(time.monotonic() - started, 3)
        outcome = Run(started_at=now, seconds=seconds, done=done, facts=facts)
        stores.jobs.record(job.name, outcome)
        _log.info("job %s", job.name, extra={"done": done, "seconds": seconds, **facts})
        return outcome

    try:
        facts = job.work(stores=stores, now=now)
    except Exception as error:
        known = error.facts if isinstance(error, JobFailed) else {}
        ended(done=False, facts={**known, "error": f"{type(error).__name__}: {error}"[:1000]})
        raise
    finally:
        stores.jobs.release(job.name, fence, now=now)
    return ended(done=True, facts=facts)


def handle(event: Any, *, stores: Stores, now: datetime) -> str:
    """Deal with one event of the schedule, `{"job": NAME}`; refuse every other."""
    name = event.get("job") if isinstance(event, dict) else None
    if not isinstance(name, str) or name not in {job.name for job in JOBS}:
        _log.warning("Refused an event that names no job")
        return "refused"
    return "done" if run(find(name), stores=stores, now=now) else "is running already"
