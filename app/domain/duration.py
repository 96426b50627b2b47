"""Lengths of time as people write them: 3s, 15m, 1h, 30d, never."""

import re
from datetime import timedelta

from app.errors import BadRequest

_FORM = re.compile(r"([1-9][0-9]{0,5})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse(text: str) -> timedelta | None:
    """Read a length of time; None stands for `never`.

    >>> parse("15m")
    datetime.timedelta(seconds=900)

    :raises BadRequest: if it is written in another way.
    """
    if text == "never":
        return None
    match = _FORM.match(text)
    if not match:
        raise BadRequest(
            f"{text!r} is not a length of time: write 30s, 15m, 1h, 90d or never"
            " (at least 1s, at most 999999d)."
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
