"""How much an archive may hold: what is larger costs whoever unpacks it more than it is worth."""

from app.errors import BadFile

MAX_MEMBERS = 50_000
MAX_EXPANDED = 1024 * 1024 * 1024
# Real archives of text reach a ratio of 20; only what also unpacks to a lot is a bomb.
MAX_RATIO = 50
ALWAYS_EXPANDED = 64 * 1024 * 1024
# METADATA of a wheel and PKG-INFO of an sdist.
MAX_METADATA = 4 * 1024 * 1024


class Expansion:
    """Adds up what an archive of `packed` bytes unpacks to."""

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._total = 0

    def add(self, size: int) -> None:
        """Count `size` more bytes.

        :raises BadFile: if they are too many, or too many for an archive of this size.
        """
        self._total += size
        if self._total > MAX_EXPANDED:
            raise BadFile(f"it unpacks to more than {MAX_EXPANDED} bytes; split it or shrink it")
        if self._total > max(ALWAYS_EXPANDED, MAX_RATIO * self._packed):
            raise BadFile(f"it unpacks to more than {MAX_RATIO} times its size")
