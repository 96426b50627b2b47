"""The time by which requests to AWS are signed."""

import time
from datetime import UTC, datetime

# Beyond this many seconds AWS refuses a signature, so our clock is what is wrong.
_SKEW = 240


class Clock:
    """This machine's clock, set by AWS's where it is so wrong that AWS refuses what it signs.

    All requests of a process share one: links and objects are only asked for after items were.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        """Seconds by which AWS is ahead of this machine."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.fromtimestamp(self.corrected(time.time()), UTC)

    def corrected(self, moment: float) -> float:
        """Return what a moment by this machine is by AWS, both in seconds since the epoch."""
        return moment + self.offset

    def follow(self, moment: float | None, offset: float) -> bool:
        """Follow a clock of AWS, which said `moment` just now to what was signed with `offset`.

        Return False if that was near enough, so that it is no use to ask again.
        """
        if moment is None:
            return False
        found = moment - time.time()
        if abs(found - offset) < _SKEW:
            return False
        self.offset = found
        return True
