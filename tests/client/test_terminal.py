"""What the person sees."""

import io

import pytest
from larder_client.terminal import Progress, Terminal, duration, plain, size


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (52_400_000, "52.4 MB"), (5e9, "5.0 GB"),
     (4e12, "4000.0 GB")],
)  # fmt: skip
def test_sizes_are_readable(count: float, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0:00"), (59.6, "1:00"), (75, "1:15"), (3723, "1:02:03")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_text_from_elsewhere_cannot_command_the_terminal() -> None:
    assert plain("\x1b[31mred\r\n\u202egnp.exe é") == " [31mred   gnp.exe é"


class Clock:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_shows_a_bar_that_makes_way_for_lines() -> None:
    out, err, clock = io.StringIO(), Screen(), Clock()
    terminal = Terminal(out, err)
    progress = Progress(terminal, clock)
    progress.begin("Sending", 10_000_000)
    progress.given(1_000_000)
    progress.advance(4_000_000)
    clock.now = 2.0
    progress.draw()
    terminal.line("a line")

    assert "\rSending  [############............]  50%  5.0 MB of 10.0 MB  2.0 MB/s, 0:02" in (
        err.getvalue()
    )
    assert err.getvalue().endswith("\r\x1b[K")
    assert out.getvalue() == "a line\n"


def test_the_bar_is_not_drawn_more_often_than_eyes_see() -> None:
    err, clock = Screen(), Clock()
    progress = Progress(Terminal(io.StringIO(), err), clock)
    progress.begin("Sending", 100)
    for _ in range(100):
        clock.now += 0.01
        progress.advance(1)
        progress.draw()
    assert 5 <= err.getvalue().count("\r") <= 11


def test_what_must_be_sent_again_is_taken_back() -> None:
    err, clock = Screen(), Clock()
    progress = Progress(Terminal(io.StringIO(), err), clock)
    progress.begin("Sending", 100)
    progress.advance(50)
    progress.advance(-50)
    clock.now = 1.0
    progress.draw()
    assert "  0%  0 bytes of 100 bytes" in err.getvalue()


def test_a_log_gets_a_line_now_and_then_and_nothing_that_moves() -> None:
    err, clock = io.StringIO(), Clock()
    progress = Progress(Terminal(io.StringIO(), err), clock)
    progress.begin("Sending", 100)
    for _ in range(25):
        clock.now += 1.0
        progress.advance(2)
        progress.draw()
    progress.end()
    assert err.getvalue().splitlines() == [
        "  Sending  20 bytes of 100 bytes  2 bytes/s, 0:40 left",
        "  Sending  40 bytes of 100 bytes  2 bytes/s, 0:30 left",
    ]
