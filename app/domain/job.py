"""Scheduled jobs, and how their runs went."""

from collections.abc import Mapping
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


class JobFailed(Exception):
    """A job came to its end, and not all is well; the log has each thing with its cause.

    `facts` are what it did nevertheless, for its record.
    """

    def __init__(self, message: str, facts: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.facts = facts
