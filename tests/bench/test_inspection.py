"""What the inspection is measured with."""

import mmap
from pathlib import Path

import pytest

from app.domain import digests, filenames, wheel
from bench.parts import inspection

NAME = "larder_bench-1.0-py3-none-any.whl"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / NAME
    inspection.make_wheel(found, size=1_000_000)
    return found


def touch(size: int) -> None:
    """Take memory from the kernel, and give it back."""
    with mmap.mmap(-1, size) as memory:
        for _ in range(size // 1000):
            memory.write(b"x" * 1000)


def test_the_wheel_has_a_large_metadata_and_passes(path: Path) -> None:
    with path.open("rb") as content:
        document = wheel.read_metadata(content, filenames.parse(NAME))

    readme = document.partition(b"\n\n")[2]
    assert 450_000 <= len(readme) < 460_000
    assert not document.isascii()
    assert 1_000_000 < path.stat().st_size < 2_000_000


def test_an_inspection_takes_time_and_memory(path: Path) -> None:
    with path.open("rb") as content:
        measured = digests.measure(content)

    seconds, growth = inspection.inspect(path, measured)

    assert seconds > 0
    assert growth >= 0


def test_the_growth_is_that_of_the_peak_and_not_of_what_was_before() -> None:
    touch(60_000_000)

    growth = inspection.growth_of(lambda: touch(20_000_000))

    # The kernel counts in batches, so a little may be missing.
    assert 18_000_000 < growth < 25_000_000
