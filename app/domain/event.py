"""What happened: the audit trail."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was done to a project or an account, for ever on record."""

    id: str
    # "project#<name>" or "account#<name>": whose history it belongs to.
    subject: str
    # Such as "file.published".
    action: str
    actor: str
    at: datetime
    facts: dict[str, str] = field(default_factory=dict)
