"""Trying many things, each whatever became of the others."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)


class Attempts:
    """Counts: `done` is for whoever tries to raise; each of `failed` is in the log."""

    def __init__(self) -> None:
        """Nothing has been tried."""
        self.done = 0
        self.failed = 0

    @contextmanager
    def at(self, what: str) -> Iterator[None]:
        """Pass over whatever goes wrong inside; `what` is tried, for the log."""
        try:
            yield
        except Exception:  # noqa: BLE001 - it is logged, counted, and told at the end
            self.failed += 1
            _log.exception("failed and was passed over", extra={"what": what})
