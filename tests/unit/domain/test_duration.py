"""Lengths of time."""

from datetime import timedelta

import pytest

from app.domain import duration
from app.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3s", timedelta(seconds=3)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("30d", timedelta(days=30)),
        ("never", None),
    ],
)
def test_the_usual_ways_of_writing_are_read(text: str, expected: timedelta | None) -> None:
    assert duration.parse(text) == expected


@pytest.mark.parametrize("text", ["", "0s", "1", "h", "-1h", "1.5h", "1w", "1h ", "9999999d", "1H"])
def test_everything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadRequest, match="15m, 1h, 90d or never"):
        duration.parse(text)
