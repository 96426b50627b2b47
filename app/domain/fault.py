"""What verification finds wrong with an index."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is not as it must be."""

    # "project/filename", "project version", or a project.
    subject: str
    # What is wrong, in one line.
    detail: str
