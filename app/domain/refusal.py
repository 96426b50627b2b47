"""Uploads that were refused."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An upload that was refused, and why."""

    # As the client named it; empty where it named none.
    filename: str
    # HTTP status.
    status: int
    detail: str
    # The User-Agent that brought it.
    client: str
    at: datetime
