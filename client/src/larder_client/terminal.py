"""What the person at the terminal sees: lines, and a progress bar where it can move."""

import shutil
import threading
import time
from collections.abc import Callable
from typing import TextIO

_BAR = 24
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 10.0


def plain(text: str) -> str:
    """Return text from elsewhere without what would command a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)


def size(count: float) -> str:
    """Return a number of bytes as people read it.

    >>> size(1234567)
    '1.2 MB'
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004 - decimal units
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def duration(seconds: float) -> str:
    """Return a time span as people read it.

    >>> duration(75)
    '1:15'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Terminal:
    """Results go to `out`, everything else to `err`; the bar is drawn on `err` if it is a terminal.

    Lines may come from any thread.
    """

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self.moving = err.isatty()
        self._lock = threading.Lock()
        self._bar = ""

    def line(self, text: str) -> None:
        """Print a line of the result."""
        self._print(self._out, text)

    def note(self, text: str) -> None:
        """Print a line beside the result."""
        self._print(self._err, text)

    def bar(self, text: str) -> None:
        """Show a line that the next one replaces; "" removes it. Nothing where nothing can move."""
        if not self.moving:
            return
        text = text[: max(shutil.get_terminal_size().columns - 1, 0)]
        with self._lock:
            if text != self._bar:
                self._err.write(f"\r{text}\x1b[K")
                self._err.flush()
                self._bar = text

    def _print(self, stream: TextIO, text: str) -> None:
        with self._lock:
            if self._bar:
                self._err.write("\r\x1b[K")
                self._err.flush()
                self._bar = ""
            stream.write(f"{plain(text)}\n")
            stream.flush()


class Progress:
    """How much of a known number of bytes is done. Any thread may count, one draws."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> None:
        self.terminal = terminal
        self._clock = clock
        self._lock = threading.Lock()
        self.begin("", 0)

    def begin(self, doing: str, total: int) -> None:
        """Start to count anew, towards `total` bytes; `doing` is what they go through."""
        with self._lock:
            self._doing, self._total = doing, total
            self.done = self._given = 0
            self._start = self._drawn = self._clock()

    def advance(self, count: int) -> None:
        """Count bytes that were worked on; a negative number takes back what must be repeated."""
        with self._lock:
            self.done += count

    def given(self, count: int) -> None:
        """Count bytes that need no work."""
        with self._lock:
            self.done += count
            self._given += count

    def doing(self, text: str) -> None:
        """Say what goes on now."""
        with self._lock:
            self._doing = text

    def draw(self) -> None:
        """Show it: as a bar, or now and then as a line where nothing can move."""
        now = self._clock()
        if now - self._drawn < (_REDRAW_SECONDS if self.terminal.moving else _LINE_SECONDS):
            return
        self._drawn = now
        if self.terminal.moving:
            self.terminal.bar(self._text(now, bar=True))
        else:
            self.terminal.note(f"  {self._text(now, bar=False)}")

    def end(self) -> None:
        """Take the bar away."""
        self.terminal.bar("")

    def _text(self, now: float, *, bar: bool) -> str:
        with self._lock:
            doing, done, total, given = self._doing, self.done, self._total, self._given
        share = min(done / total, 1.0) if total else 1.0
        parts = [doing, f"{size(done)} of {size(total)}"]
        if bar:
            filled = round(_BAR * share)
            parts.insert(1, f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%}")
        speed = (done - given) / max(now - self._start, 0.001)
        if speed > 0 and done < total:
            parts.append(f"{size(speed)}/s, {duration((total - done) / speed)} left")
        return "  ".join(parts)
