"""Refused uploads, by the token that tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.refusal import Refusal
from app.domain.simple import timestamp
from app.models.refusal import RefusalItem
from app.store import keys
from app.store.failures import translated

KEPT = timedelta(days=7)


@dataclass(frozen=True)
class RefusalStore:
    """Remembers for some days why uploads were refused."""

    page_size: int

    @translated
    def add(self, token_id: str, refusal: Refusal) -> None:
        """Remember a refusal."""
        RefusalItem(
            keys.token(token_id),
            f"refused#{timestamp(refusal.at)}",
            filename=refusal.filename,
            status=refusal.status,
            detail=refusal.detail,
            client=refusal.client,
            at=refusal.at,
            expires_at=refusal.at + KEPT,
        ).save()

    @translated
    def latest(self, token_id: str, *, count: int, now: datetime) -> list[Refusal]:
        """Return the last refusals of a token, the newest first, at most `count`."""
        found = RefusalItem.query(
            keys.token(token_id),
            RefusalItem.sk.startswith("refused#"),
            scan_index_forward=False,
            limit=count,
            page_size=self.page_size,
        )
        # DynamoDB removes what has ended in its own time, so its time decides.
        return [
            Refusal(
                filename=item.filename,
                status=int(item.status),
                detail=item.detail,
                client=item.client,
                at=item.at,
            )
            for item in found
            if item.expires_at > now
        ]
