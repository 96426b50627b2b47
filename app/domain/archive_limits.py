"""How much an archive may hold: what is larger costs whoever unpacks it more than it is worth."""

import time

from app.errors import BadFile

MAX_MEMBERS = 50_000
MAX_EXPANDED = 1024 * 1024 * 1024
# Real archives of text reach a ratio of 20; only what also unpacks to a lot is a bomb.
MAX_RATIO = 50
ALWAYS_EXPANDED = 64 * 1024 * 1024
# Everything that is read is bounded, so this stops what nobody has thought of. The largest archives
# take ten seconds of one processor, and several may be read at once.
MAX_SECONDS = 120
# METADATA of a wheel and PKG-INFO of an sdist.
MAX_METADATA = 4 * 1024 * 1024


class Expansion:
    """Adds up what an archive of `packed` bytes unpacks to, and how long that takes."""

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._total = 0
        self._end = time.monotonic() + MAX_SECONDS

    def add(self, size: int) -> None:
        """Count `size` more bytes.

        :raises BadFile: if they are too many, or too many for an archive of this size.
        """
        self._total += size
        if self._total > MAX_EXPANDED:
            raise BadFile(f"it unpacks to more than {MAX_EXPANDED} bytes; split it or shrink it")
        if self._total > max(ALWAYS_EXPANDED, MAX_RATIO * self._packed):
            raise BadFile(f"it unpacks to more than {MAX_RATIO} times its size")
        self.check_time()

    def check_time(self) -> None:
        """Stop what takes too long.

        :raises BadFile: if it does.
        """
        if time.monotonic() > self._end:
            raise BadFile(f"reading it takes more than {MAX_SECONDS} seconds; split it")
