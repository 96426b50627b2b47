"""Project names (PEP 503 and the names specification)."""

import re

from packaging.utils import NormalizedName, canonicalize_name

from app.errors import BadRequest

__all__ = ["MAX_LENGTH", "NormalizedName", "is_valid", "normalize"]

MAX_LENGTH = 128
_VALID = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])\Z", re.IGNORECASE | re.ASCII)


def is_valid(name: str) -> bool:
    r"""Tell whether `name` may be the name of a project.

    >>> is_valid("Larder.Demo"), is_valid("-demo"), is_valid("demo\n")
    (True, False, False)
    """
    return len(name) <= MAX_LENGTH and _VALID.match(name) is not None


def normalize(name: str) -> NormalizedName:
    """Return the one spelling of `name` that the index uses (PEP 503, "Normalized Names").

    >>> normalize("Larder._.Demo")
    'larder-demo'

    :raises BadRequest: if it is no valid project name.
    """
    if not is_valid(name):
        raise BadRequest(
            f"{name[:MAX_LENGTH]!r} is not a valid project name: use ASCII letters, digits, '.',"
            f" '-' and '_', start and end with a letter or digit, at most {MAX_LENGTH} characters."
        )
    return canonicalize_name(name)
