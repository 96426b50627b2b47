"""Project names (PEP 503 and the names specification), and which of them a new project may have.

Every request of an installer names a project, and `packaging` takes longer to load than the request
lasts. So the one expression of PEP 503 stands here too; tests/unit/domain/test_names.py holds it
against the library.
"""

import re
from typing import TYPE_CHECKING, NewType

from app.errors import BadRequest

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
else:
    NormalizedName = NewType("NormalizedName", str)

__all__ = ["MAX_LENGTH", "NormalizedName", "check_new", "is_valid", "look_alike", "normalize"]

MAX_LENGTH = 128
_SEPARATORS = re.compile(r"[-_.]+")
_VALID = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])\Z", re.IGNORECASE | re.ASCII)
# What people ask installers for by mistake, and would then run: a word of the index's own URLs, or
# a file whose option was left out (`pip install requirements.txt`).
_RESERVED = frozenset({"simple", "legacy", "requirements-txt", "pyproject-toml"})
# As the public index does it: separators go, letters that fonts show as digits become digits.
_LOOKS = str.maketrans({"-": "", "i": "1", "l": "1", "o": "0"})


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
    return NormalizedName(_SEPARATORS.sub("-", name).lower())


def check_new(name: NormalizedName) -> None:
    """Check that a project that does not exist yet may have this name.

    :raises BadRequest: if it is reserved.
    """
    if name in _RESERVED:
        raise BadRequest(
            f"{name!r} is reserved: people ask installers for it by mistake. Choose another name."
        )


def look_alike(name: NormalizedName) -> str:
    """Return what is equal for all names that are easily taken for each other.

    >>> look_alike(normalize("Tool-Kit")) == look_alike(normalize("t00lk1t"))
    True
    """
    return name.translate(_LOOKS)
