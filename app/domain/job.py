"""Scheduled jobs, and how their runs went."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a job."""

    started_at: datetime
    seconds: float
    # Whether it came to its end.
    done: bool
    # What it did, or why it failed.
    facts: dict[str, Any]
