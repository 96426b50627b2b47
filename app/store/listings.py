"""Lists in parts, for the management API: what is shown, in the order of its keys.

A cursor gives no more than the last entry that was shown. The partition and the kind of item come
from the request itself, so that no cursor leads into another list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.domain import cursor
from app.domain.cursor import Part, Span
from app.domain.dist_file import DistFile
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release
from app.domain.token import Token
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.release import ReleaseItem
from app.models.role import RoleItem
from app.store import keys
from app.store.failures import translated
from app.store.files import file_record
from app.store.projects import project_record
from app.store.tokens import token_record

T = TypeVar("T")


@dataclass(frozen=True)
class ListingStore:
    """Reads lists in parts; `page_size` is the number of items asked for at most at a time."""

    page_size: int

    @translated
    def projects(self, span: Span, may_read: Callable[[Project], bool]) -> Part[Project]:
        """Return projects by name, those of them that `may_read` lets through.

        It reads on until there are enough. Stopping earlier would take a cursor that names a
        project nobody may tell this reader about. The index it reads follows the table within
        moments.
        """
        start = None
        if span.cursor is not None:
            name = NormalizedName(cursor.decode(keys.PROJECTS, span.cursor))
            start = _start(keys.project(name), keys.PROJECT, owner=(keys.PROJECTS, name))
        found = LarderItem.by_owner.query(
            keys.PROJECTS, last_evaluated_key=start, page_size=self.page_size
        )
        projects = (project_record(NormalizedName(item.gsi1sk), item) for item in found)
        return cursor.cut(
            filter(may_read, projects), span.limit, place=keys.PROJECTS, key=lambda one: one.name
        )

    @translated
    def tokens(self, account: str, span: Span) -> Part[Token]:
        """Return tokens of an account by id, from an index that follows the table in moments."""
        owner, prefix = keys.account(account), keys.token("")
        place, start = f"{owner} {prefix}", None
        if span.cursor is not None:
            partition = keys.token(cursor.decode(place, span.cursor))
            start = _start(partition, keys.TOKEN, owner=(owner, partition))
        found = LarderItem.by_owner.query(
            owner,
            LarderItem.gsi1sk.startswith(prefix),
            last_evaluated_key=start,
            page_size=self._enough(span),
        )
        tokens = (token_record(item) for item in found)
        return cursor.cut(tokens, span.limit, place=place, key=lambda one: one.id)

    @translated
    def releases(self, project: NormalizedName, span: Span) -> Part[Release]:
        """Return releases of a project by the text of their version, as of now."""
        return self._below(
            keys.release(""),
            ReleaseItem,
            project,
            span,
            lambda item: _release_record(project, item),
        )

    @translated
    def release(self, project: NormalizedName, version: str) -> Release | None:
        """Return a release, its version in any spelling, as of now."""
        try:
            item = ReleaseItem.get(
                keys.project(project), keys.release(version), consistent_read=True
            )
        except ReleaseItem.DoesNotExist:
            return None
        return _release_record(project, item)

    @translated
    def files(self, project: NormalizedName, span: Span) -> Part[DistFile]:
        """Return files of a project by name, as of now."""
        return self._below(
            keys.file(""), FileItem, project, span, lambda item: file_record(project, item)
        )

    @translated
    def roles(self, project: NormalizedName, span: Span) -> Part[tuple[str, ProjectRole]]:
        """Return accounts with a role in a project, by name, as of now."""
        prefix = keys.role("")
        return self._below(
            prefix,
            RoleItem,
            project,
            span,
            lambda item: (item.sk.removeprefix(prefix), ProjectRole(item.role)),
        )

    def _below(
        self,
        prefix: str,
        kind: type[LarderItem],
        project: NormalizedName,
        span: Span,
        record: Callable[[Any], T],
    ) -> Part[T]:
        """Return what `record` makes of the items below `project` whose sort key has a prefix."""
        partition = keys.project(project)
        place, start = f"{partition} {prefix}", None
        if span.cursor is not None:
            start = _start(partition, prefix + cursor.decode(place, span.cursor))
        found = kind.query(
            partition,
            kind.sk.startswith(prefix),
            consistent_read=True,
            last_evaluated_key=start,
            page_size=self._enough(span),
        )
        part = cursor.cut(
            found, span.limit, place=place, key=lambda item: item.sk.removeprefix(prefix)
        )
        return Part(entries=list(map(record, part.entries)), next=part.next)

    def _enough(self, span: Span) -> int:
        return min(self.page_size, span.limit + 1)


def _start(pk: str, sk: str, *, owner: tuple[str, str] | None = None) -> dict[str, dict[str, str]]:
    """Return the key after which a query goes on; `owner` is that in the index."""
    key = {"pk": pk, "sk": sk}
    if owner is not None:
        key["gsi1pk"], key["gsi1sk"] = owner
    return {name: {"S": value} for name, value in key.items()}


def _release_record(project: NormalizedName, item: ReleaseItem) -> Release:
    return Release(
        project=project,
        version=item.version,
        summary=item.summary,
        created_at=item.created_at,
        fields=item.fields,
    )
