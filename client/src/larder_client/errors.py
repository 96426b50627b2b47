"""What can go wrong, each with the code that the command then ends with.

LarderError        1  something failed; the sentence says what and what to do
├── Refused        1  the index or the storage answered with a refusal
├── Unreachable    1  no answer at all
└── UsageError     2  the command line, a setting or a file is not as it must be
Interrupted           Ctrl-C has reached a thread
"""

from collections.abc import Mapping
from typing import Any


class LarderError(Exception):
    """A failure with a sentence for the person at the terminal."""

    exit_code = 1


class UsageError(LarderError):
    """Nothing was sent: the command line or a setting must be changed first."""

    exit_code = 2


class Unreachable(LarderError):
    """No answer came, or it was cut off; repeating it may help."""


class Refused(LarderError):
    """An answer of 400 or more; `problem` is what its body says (RFC 9457), empty if nothing."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        problem: Mapping[str, Any] | None = None,
        location: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = problem or {}
        # Where the thing is that is in the way, as an absolute URL; empty if it was not said.
        self.location = location


class Interrupted(Exception):
    """The command is being stopped; the thread that meets this gives up what it does."""
