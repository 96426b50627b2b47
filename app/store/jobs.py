"""Leases and last runs of scheduled jobs, and where they go on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.exceptions import UpdateError

from app.domain.job import Run
from app.domain.simple import timestamp
from app.models.job import LeaseItem, RunItem
from app.store import keys
from app.store.failures import code_of, translated

_KEPT = timedelta(days=30)
_FAILED = "ConditionalCheckFailedException"


@dataclass(frozen=True)
class JobStore:
    """Sees to it that a job runs once at a time, and remembers how it went."""

    page_size: int

    @translated
    def lease(self, name: str, *, until: datetime, now: datetime) -> int | None:
        """Take the lease of a job; return its number, None if somebody else holds it."""
        item, ends_at = LeaseItem(keys.job(name), keys.LEASE), LeaseItem.ends_at
        try:
            item.update(
                actions=[
                    LeaseItem.fence.add(1),
                    ends_at.set(until),
                    LeaseItem.kind.set(LeaseItem),
                ],
                condition=ends_at.does_not_exist() | (ends_at <= now),
            )
        except UpdateError as error:
            if code_of(error) != _FAILED:
                raise
            return None
        return int(item.fence)

    @translated
    def release(self, name: str, fence: int, *, now: datetime) -> None:
        """Give the lease of this number back, if nobody has taken another since."""
        try:
            LeaseItem(keys.job(name), keys.LEASE).update(
                actions=[LeaseItem.ends_at.set(now)], condition=LeaseItem.fence == fence
            )
        except UpdateError as error:
            if code_of(error) != _FAILED:
                raise

    @translated
    def place(self, name: str) -> str:
        """Return where a job goes on that does a part of its work each time; empty at first."""
        try:
            item = LeaseItem.get(keys.job(name), keys.LEASE, consistent_read=True)
        except LeaseItem.DoesNotExist:
            return ""
        return item.place or ""

    @translated
    def keep_place(self, name: str, place: str) -> None:
        """Remember where a job goes on the next time."""
        LeaseItem(keys.job(name), keys.LEASE).update(
            actions=[LeaseItem.place.set(place), LeaseItem.kind.set(LeaseItem)]
        )

    @translated
    def record(self, name: str, run: Run) -> None:
        """Remember a run for some weeks."""
        RunItem(
            keys.job(name),
            f"run#{timestamp(run.started_at)}",
            started_at=run.started_at,
            seconds=run.seconds,
            outcome="done" if run.done else "failed",
            facts=run.facts,
            expires_at=run.started_at + _KEPT,
        ).save()

    @translated
    def runs(self, name: str, *, count: int) -> list[Run]:
        """Return the last runs of a job, the newest first, at most `count`."""
        found = RunItem.query(
            keys.job(name),
            RunItem.sk.startswith("run#"),
            scan_index_forward=False,
            limit=count,
            page_size=self.page_size,
        )
        return [
            Run(
                started_at=item.started_at,
                seconds=float(item.seconds),
                done=item.outcome == "done",
                facts=item.facts,
            )
            for item in found
        ]
