"""All that lies in the bucket and the table, for upkeep; never on the path of a request."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pynamodb.pagination import ResultIterator

from app.config import Config
from app.domain.account import Account
from app.domain.manifest import TakenName
from app.domain.names import NormalizedName
from app.domain.publishing_session import PublishingSession
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.head import HeadItem, PageRefMap
from app.models.metadata import MetadataItem
from app.models.page import PageItem
from app.models.staged_file import StagedFileItem
from app.models.taken_name import TakenNameItem
from app.store import keys
from app.store.accounts import account_record
from app.store.blobs import BlobStore
from app.store.failures import translated
from app.store.sessions import session_record

Item = TypeVar("Item", bound=LarderItem)


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object of the bucket, in its current version."""

    key: str
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What a project has items of: their names alone, so that no damaged item is in the way."""

    # In their order.
    filenames: list[str]
    has_project: bool
    # Names of the files that have a provenance object.
    attested: frozenset[str]


@dataclass(frozen=True)
class Inventory:
    """Lists what there is, each list to its end."""

    config: Config
    blobs: BlobStore

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below `prefix` in the order of their keys."""
        pages = self.blobs.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.config.bucket,
            Prefix=prefix,
            PaginationConfig={"PageSize": min(self.config.page_size, 1000)},
        )
        for page in pages:
            for found in page.get("Contents", []):
                yield StoredObject(key=found["Key"], modified_at=found["LastModified"])

    @translated
    def listed_projects(self) -> set[NormalizedName]:
        """Return the names in the list of projects, as it was a moment ago."""
        return set(map(NormalizedName, self._listed(keys.PROJECTS)))

    @translated
    def projects_with_roles(self) -> set[NormalizedName]:
        """Return the names of all projects in which an account has a role, as of a moment ago."""
        prefix = keys.role("")
        return {
            NormalizedName(role.removeprefix(prefix))
            for account in self._listed(keys.ACCOUNTS)
            for role in self._listed(keys.account(account), prefix)
        }

    @translated
    def projects_with_objects(self, prefixes: Iterable[str]) -> set[NormalizedName]:
        """Return the names below `prefixes`, such as `files/`: mostly, but not only, projects'."""
        found = set()
        for prefix in prefixes:
            pages = self.blobs.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.config.bucket,
                Prefix=prefix,
                Delimiter="/",
                PaginationConfig={"PageSize": min(self.config.page_size, 1000)},
            )
            for page in pages:
                below = [each["Prefix"] for each in page.get("CommonPrefixes", [])]
                found |= {NormalizedName(each.removeprefix(prefix)[:-1]) for each in below}
        return found

    @translated
    def holdings(self, project: NormalizedName) -> Holdings:
        """Return what a project has items of, as of now.

        The files are read first, so what was written together with one of them is there too.
        """
        return Holdings(
            filenames=self._names(project, keys.file("")),
            has_project=bool(self._names(project, keys.PROJECT)),
            attested=frozenset(self._names(project, keys.provenance(""))),
        )

    @translated
    def references(self, project: NormalizedName) -> set[str]:
        """Return the keys of all objects that items of a project name, as of now."""
        found: set[str | None] = set()
        files = self._query(FileItem, project, keys.file(""))
        found |= {item.object_key for item in files}
        documents = self._query(MetadataItem, project, keys.metadata(""))
        found |= {item.object_key for item in documents}
        for head in self._query(HeadItem, project, keys.HEAD):
            found |= {ref.object_key for ref in _refs_of(head)}
        return {key for key in found if key}

    @translated
    def staged_references(self, session: PublishingSession) -> set[str]:
        """Return the keys of all objects that the files of a session name, as of now."""
        found = StagedFileItem.query(
            keys.upload(session.id),
            StagedFileItem.sk.startswith(keys.file("")),
            consistent_read=True,
            page_size=self.config.page_size,
        )
        names = [(item.object_key, item.metadata_key) for item in found]
        return {key for pair in names for key in pair if key}

    @translated
    def sessions(self) -> list[PublishingSession]:
        """Return all publishing sessions, as they were a moment ago."""
        found = LarderItem.by_owner.query(keys.UPLOADS, page_size=self.config.page_size)
        return [session_record(item) for item in found]

    @translated
    def session_ids(self) -> list[str]:
        """Return the ids of all publishing sessions, as of a moment ago, readable or not."""
        # It is written behind the moment of its creation (models/publishing_session.py).
        return [entry.rpartition("#")[2] for entry in self._listed(keys.UPLOADS)]

    @translated
    def accounts(self) -> list[Account]:
        """Return all accounts, as they were a moment ago."""
        found = LarderItem.by_owner.query(keys.ACCOUNTS, page_size=self.config.page_size)
        return [account_record(item) for item in found]

    @translated
    def taken_names(self) -> dict[NormalizedName, list[TakenName]]:
        """Return every file name that was ever given, by project: it reads the whole table."""
        found: dict[NormalizedName, list[TakenName]] = defaultdict(list)
        scan = TakenNameItem.scan(consistent_read=True, page_size=self.config.page_size)
        for item in scan:
            # An identity begins with the project's name (domain/filenames.py).
            project = item.pk.removeprefix(keys.taken("")).partition(" ")[0]
            found[NormalizedName(project)].append(
                TakenName(filename=item.filename, sha256=item.sha256)
            )
        return found

    @translated
    def stale_pages(self, project: NormalizedName) -> list[str]:
        """Return the sort keys of page items that are not, and never will be, a current page.

        A page of a generation that is not newer than the current one cannot become current any
        more; whoever wrote it was overtaken, or died.
        """
        heads = list(self._query(HeadItem, project, keys.HEAD))
        if not heads:
            return []
        current = {ref.item for ref in _refs_of(heads[0])}
        newest = f"page#{int(heads[0].page_gen) + 1:010d}"
        pages = self._query(PageItem, project, "page#")
        return [item.sk for item in pages if item.sk < newest and item.sk not in current]

    @translated
    def remove_page(self, project: NormalizedName, sort_key: str) -> None:
        """Remove a page item."""
        PageItem(keys.project(project), sort_key).delete()

    @translated
    def retire(self, key: str) -> None:
        """Make an object an old version, which the bucket keeps for some months."""
        self.blobs.client.delete_object(Bucket=self.config.bucket, Key=key)

    def _listed(self, owner: str, prefix: str = "") -> list[str]:
        """Return what an owner has in the table's index, without looking at the items."""
        found = LarderItem.by_owner.query(
            owner,
            LarderItem.gsi1sk.startswith(prefix) if prefix else None,
            attributes_to_get=["gsi1sk"],
            page_size=self.config.page_size,
        )
        return [item.gsi1sk for item in found]

    def _names(self, project: NormalizedName, prefix: str) -> list[str]:
        """Return the sort keys of a project that begin with `prefix`, without it."""
        found = LarderItem.query(
            keys.project(project),
            LarderItem.sk.startswith(prefix),
            attributes_to_get=["sk"],
            consistent_read=True,
            page_size=self.config.page_size,
        )
        return [item.sk.removeprefix(prefix) for item in found]

    def _query(
        self, model: type[Item], project: NormalizedName, prefix: str
    ) -> ResultIterator[Item]:
        return model.query(
            keys.project(project),
            model.sk.startswith(prefix),
            consistent_read=True,
            page_size=self.config.page_size,
        )


def _refs_of(head: HeadItem) -> list[PageRefMap]:
    return [ref for ref in (head.json, head.html, head.index) if ref is not None]
