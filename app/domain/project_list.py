"""The list of all projects, as it was at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from app.domain import serial
from app.domain.names import NormalizedName
from app.domain.pages import Format, Rendered, pack
from app.domain.project import Visibility


@dataclass(frozen=True, kw_only=True)
class ListedProject:
    """What the list needs to know of a project."""

    name: NormalizedName
    visibility: Visibility
    serial: int


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectList:
    """All projects by name, those included that not everybody may see; each list equals itself."""

    projects: Mapping[NormalizedName, ListedProject]
    # Everything that settled before this moment is in it (domain/serial.py).
    made_at: datetime

    @cached_property
    def restricted(self) -> list[ListedProject]:
        """Return the projects that not every account may see."""
        restricted = Visibility.RESTRICTED
        return [one for one in self.projects.values() if one.visibility is restricted]

    def render(self, form: Format, hidden: frozenset[NormalizedName]) -> tuple[int, Rendered]:
        """Render the list without what is `hidden`, with its serial."""
        from app.domain import simple

        serials = {
            name: serial.told(project.serial, self.made_at)
            for name, project in self.projects.items()
            if name not in hidden
        }
        return simple.last_serial(serials), pack(simple.render_list(serials, form))
