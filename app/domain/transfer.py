"""Files on their way into the index from elsewhere, or out of it, and how each of them fared."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO, Any, NamedTuple, Protocol

from app.domain import filenames
from app.domain.filenames import DistName
from app.domain.manifest import Manifest
from app.domain.names import NormalizedName
from app.errors import BadRequest


class Outcome(StrEnum):
    """How a file fared."""

    WRITTEN = "written"
    PUBLISHED = "published"
    # Nothing had to be done: these very bytes are there.
    PRESENT = "present"
    # Nobody could want it: neither a wheel nor an sdist, or not part of what was exported.
    SKIPPED = "skipped"
    REFUSED = "refused"
    # Not a file: something about the project to know.
    NOTE = "note"


class Fate(NamedTuple):
    """What became of a file, or of something else that there was."""

    # "project/filename", a project, or a path.
    subject: str
    outcome: Outcome
    # Why, where that needs to be said.
    detail: str = ""


@dataclass(frozen=True)
class Step:
    """What has just been done, in the project of this number among all that there are."""

    number: int
    total: int
    fate: Fate


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A file that may be imported."""

    filename: str
    # What its bytes must have, in lower-case hexadecimal; None: nobody said.
    sha256: str | None
    # Gives its bytes, from their start, and cleans up behind itself.
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    # What is known of its past: None where nobody says.
    uploaded_at: datetime | None = None
    uploaded_by: str | None = None
    uploaded_with: str | None = None
    # None: it is not yanked.
    yanked: str | None = None
    # The provenance object (PEP 740); None: it came without.
    provenance: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """All that a source has of one project."""

    project: NormalizedName
    offers: Sequence[Offer]
    # What there is beside them.
    others: Sequence[Fate] = ()
    # None where only the files themselves tell of the project.
    manifest: Manifest | None = None


class Source(Protocol):
    """Where files are imported from."""

    # What brings them, as it stands in the history of each file.
    label: str

    def projects(self) -> Sequence[NormalizedName]:
        """Return the projects there are, in the order in which they should be imported."""

    def strays(self) -> Sequence[Fate]:
        """Return what belongs to no project, and what is to become of it."""

    def batch(self, project: NormalizedName) -> Batch:
        """Return what there is of a project.

        :raises AppError: if it cannot be read.
        """


def dist_of(filename: str, project: NormalizedName) -> DistName:
    """Take the name of a file of `project` apart.

    :raises BadRequest: if it is no such name, or of another project.
    """
    dist = filenames.parse(filename)
    if dist.project != project:
        raise BadRequest(f"{filename!r} does not belong to project {project!r}.")
    return dist
