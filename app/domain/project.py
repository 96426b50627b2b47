"""Projects, their releases, and who has a say in them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.names import NormalizedName
from app.domain.serial import UNCOUNTED


class Visibility(StrEnum):
    """Who may read a project."""

    # Every account of the index: the default of a private index.
    TEAM = "team"
    # Only accounts with a role in the project, and admins.
    RESTRICTED = "restricted"
    # Everybody, without a credential.
    PUBLIC = "public"


class ProjectStatus(StrEnum):
    """Where a project stands in its life (PEP 792)."""

    ACTIVE = "active"
    # Finished: it takes no more files.
    ARCHIVED = "archived"
    # Suspected of harm: it takes no files and offers none.
    QUARANTINED = "quarantined"
    # Superseded: everything works, and tools may say so.
    DEPRECATED = "deprecated"

    @property
    def takes_files(self) -> bool:
        """Return whether files may be published."""
        return self in {ProjectStatus.ACTIVE, ProjectStatus.DEPRECATED}

    @property
    def offers_files(self) -> bool:
        """Return whether files are listed and handed out."""
        return self is not ProjectStatus.QUARANTINED


class ProjectRole(StrEnum):
    """What an account may do in one project; each role includes those before it."""

    READER = "reader"
    UPLOADER = "uploader"
    MAINTAINER = "maintainer"
    OWNER = "owner"

    def includes(self, other: "ProjectRole") -> bool:
        """Tell whether this role may do all that `other` may."""
        order = list(ProjectRole)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A named line of releases."""

    name: NormalizedName
    # As its author spells it.
    display_name: str
    visibility: Visibility
    created_at: datetime
    status: ProjectStatus = ProjectStatus.ACTIVE
    # Why the status is what it is; may be empty.
    status_reason: str = ""
    # When it last changed (domain/serial.py).
    serial: int = UNCOUNTED


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of a project, as described by the first file that was published of it."""

    project: NormalizedName
    version: str
    summary: str
    created_at: datetime
    # Further core metadata for the project's page, by JSON names (PEP 566).
    fields: dict[str, Any] = field(default_factory=dict)
