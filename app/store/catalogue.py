"""The list of all projects, kept in this process until one of them changes.

To read and render it costs by the number of projects. Whatever changes a project leaves a mark
(`ProjectStore.announce`), which readers see as of now; the list itself comes from an index of
DynamoDB that follows the table within moments. So after a change the list is read at once, and once
more when the index has surely followed. No installer waits for it, and what a list tells mirrors
holds for the moment it was made at (domain/serial.py).
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.names import NormalizedName
from app.domain.project import Visibility
from app.domain.project_list import ListedProject, ProjectList
from app.domain.serial import UNCOUNTED
from app.store import keys
from app.store.failures import translated
from app.store.reader import ItemReader
from app.store.records import Item

_SETTLING = timedelta(seconds=2)
# Somebody may have died between a change and its mark.
_LONGEST = timedelta(seconds=30)
_ATTRIBUTES = ("gsi1sk", "visibility", "serial")


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A list, the mark that stood before it was read, and how long it is good without another."""

    list: ProjectList
    mark: str
    lives: timedelta

    def serves(self, mark: str, now: datetime) -> bool:
        made_at = self.list.made_at
        return self.mark == mark != "" and made_at <= now < made_at + self.lives


class Catalogue:
    """Reads the list of projects, once at a time."""

    def __init__(self, reader: ItemReader, page_size: int) -> None:
        """Read nothing yet; `page_size` is the number of items asked for at a time."""
        self._reader, self._page_size = reader, page_size
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    @translated
    def list(self, mark: str, now: datetime) -> ProjectList:
        """Return the list of projects; `mark` is that of the last change, empty if there is none.

        Without a mark nothing is kept.
        """
        with self._lock:
            kept = self._kept
            if kept is None or not kept.serves(mark, now):
                lives = _LONGEST if kept and kept.mark == mark else _SETTLING
                made = ProjectList(projects=self._read(), made_at=now)
                kept = self._kept = _Kept(list=made, mark=mark, lives=lives)
            return kept.list

    def _read(self) -> dict[NormalizedName, ListedProject]:
        items = self._reader.index("gsi1", keys.PROJECTS, _ATTRIBUTES, limit=self._page_size)
        return {project.name: project for project in map(_listed, items)}


def _listed(item: Item) -> ListedProject:
    return ListedProject(
        name=NormalizedName(item["gsi1sk"]),
        visibility=Visibility(item["visibility"]),
        serial=item.get("serial", UNCOUNTED),
    )
