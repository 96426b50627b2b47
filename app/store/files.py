"""Published files: the items that are the truth, and the transaction that makes one."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from app.domain.dist_file import Blob, DistFile, StoredMetadata
from app.domain.event import Event
from app.domain.filenames import DistName
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release
from app.errors import NotFound, Unavailable
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.metadata import MetadataItem
from app.models.project import ProjectItem
from app.models.release import ReleaseItem
from app.models.role import RoleItem
from app.models.taken_name import TakenNameItem
from app.store import keys
from app.store.batch import read_together
from app.store.events import event_item
from app.store.failures import PASSING_REASONS, translated
from app.store.metadata import metadata_item
from app.store.projects import (
    project_item,
    project_record,
    release_item,
    role_item,
    role_of,
)
from app.store.transactions import reasons_of, writing_together

_ATTEMPTS = 8


class Clash(Enum):
    """What was there already when a file was to be added."""

    FILE = "file"
    NAME = "name"
    RELEASE = "release"
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How things stand for a file that somebody wants to publish."""

    project: Project | None
    # The uploader's role in the project.
    role: ProjectRole | None
    has_release: bool
    # Whether the name was given away before, in any spelling.
    is_taken: bool
    # The file of this very name.
    file: DistFile | None


@dataclass(frozen=True, kw_only=True)
class Publication:
    """All that becomes true when a file is published, or not at all."""

    file: DistFile
    # What all spellings of the file's name have in common.
    identity: str
    metadata: StoredMetadata
    events: tuple[Event, ...]
    # None where they exist already.
    release: Release | None
    project: Project | None


@dataclass(frozen=True)
class FileStore:
    """The files of all projects; `page_size` is the number of items asked for at a time."""

    page_size: int

    @translated
    def get(self, project: NormalizedName, filename: str) -> DistFile | None:
        """Return a file, as of now."""
        try:
            item = FileItem.get(keys.project(project), keys.file(filename), consistent_read=True)
        except FileItem.DoesNotExist:
            return None
        return file_record(project, item)

    @translated
    def of(self, project: NormalizedName) -> list[DistFile]:
        """Return every file of a project, as of now."""
        found = FileItem.query(
            keys.project(project),
            FileItem.sk.startswith(keys.file("")),
            consistent_read=True,
            page_size=self.page_size,
        )
        return [file_record(project, item) for item in found]

    @translated
    def survey(self, dist: DistName, account: str) -> Standing:
        """Read, in one round trip, all that decides whether `account` may publish `dist`."""
        partition = keys.project(dist.project)
        items = read_together([
            (partition, keys.PROJECT),
            (partition, keys.role(account)),
            (partition, keys.release(str(dist.version))),
            (partition, keys.file(dist.filename)),
            (keys.taken(dist.identity), keys.TAKEN),
        ])  # fmt: skip
        project, is_taken = items.get(ProjectItem), TakenNameItem in items
        return Standing(
            project=(
                project_record(dist.project, project) if isinstance(project, ProjectItem) else None
            ),
            role=self._role(items, dist.project, account) if project else None,
            has_release=ReleaseItem in items,
            is_taken=is_taken,
            file=self._file(items, dist) if is_taken else None,
        )

    # The items of a batch are not read at one moment. What another upload has just written with
    # one that was seen, it may have written after this one was missed: look again.

    def _role(
        self, items: dict[type[LarderItem], LarderItem], project: NormalizedName, account: str
    ) -> ProjectRole | None:
        item = items.get(RoleItem)
        return ProjectRole(item.role) if isinstance(item, RoleItem) else role_of(project, account)

    def _file(self, items: dict[type[LarderItem], LarderItem], dist: DistName) -> DistFile | None:
        item = items.get(FileItem)
        if isinstance(item, FileItem):
            return file_record(dist.project, item)
        return self.get(dist.project, dist.filename)

    @translated
    def add(self, publication: Publication) -> frozenset[Clash]:
        """Publish a file in one transaction; return what stood in its way, empty if nothing did.

        Where something did, nothing was written. Other writers at the same items only delay it.
        """
        labelled = _items(publication)
        for attempt in range(_ATTEMPTS):
            try:
                with writing_together() as transaction:
                    for _, item in labelled:
                        transaction.save(item, condition=type(item).pk.does_not_exist())
            except TransactWriteError as error:
                reasons = reasons_of(error)
                clashes = _clashes([label for label, _ in labelled], reasons)
                if clashes:
                    return clashes
                if not PASSING_REASONS & set(reasons):
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads writers
            else:
                return frozenset()
        raise Unavailable(
            "Too many uploads at the same moment; nothing is lost, try again shortly."
        )

    @translated
    def set_yanked(self, file: DistFile, reason: str | None, *, event: Event) -> None:
        """Yank a file for `reason`, which may be empty, or un-yank it (None), with its event.

        :raises NotFound: if it is not there any more.
        """
        yanked = FileItem.yanked
        with self._present(file) as transaction:
            transaction.update(
                FileItem(keys.project(file.project), keys.file(file.filename)),
                actions=[yanked.remove() if reason is None else yanked.set(reason)],
                condition=FileItem.pk.exists(),
            )
            transaction.save(event_item(event))

    @translated
    def delete(self, file: DistFile, *, event: Event) -> None:
        """Remove a file and its metadata, with its event; its name stays taken for ever.

        :raises NotFound: if it is not there any more.
        """
        project = keys.project(file.project)
        with self._present(file) as transaction:
            transaction.delete(
                FileItem(project, keys.file(file.filename)),
                condition=FileItem.object_version == file.blob.version_id,
            )
            transaction.delete(MetadataItem(project, keys.metadata(file.filename)))
            transaction.save(event_item(event))

    @contextmanager
    def _present(self, file: DistFile) -> Iterator[TransactWrite]:
        try:
            with writing_together() as transaction:
                yield transaction
        except TransactWriteError as error:
            if "ConditionalCheckFailed" not in reasons_of(error):
                raise
            raise NotFound(f"The file {file.filename!r} was deleted a moment ago.") from error


def _items(publication: Publication) -> list[tuple[Clash | None, LarderItem]]:
    file = publication.file
    items: list[tuple[Clash | None, LarderItem]] = [
        (Clash.FILE, file_item(file)),
        (Clash.NAME, _taken_item(publication)),
        (None, metadata_item(file.project, file.filename, publication.metadata)),
    ]
    if publication.release:
        items.append((Clash.RELEASE, release_item(publication.release)))
    if publication.project:
        owner = role_item(file.project, file.uploaded_by, ProjectRole.OWNER)
        items += [(Clash.PROJECT, project_item(publication.project)), (Clash.PROJECT, owner)]
    return items + [(None, event_item(event)) for event in publication.events]


def _clashes(labels: list[Clash | None], reasons: list[str]) -> frozenset[Clash]:
    return frozenset(
        label
        for label, reason in zip(labels, reasons, strict=False)
        if label and reason == "ConditionalCheckFailed"
    )


def _taken_item(publication: Publication) -> TakenNameItem:
    return TakenNameItem(
        keys.taken(publication.identity),
        keys.TAKEN,
        filename=publication.file.filename,
        sha256=publication.file.sha256,
    )


def file_item(file: DistFile) -> FileItem:
    """Return the item of a file."""
    return FileItem(
        keys.project(file.project),
        keys.file(file.filename),
        version=file.version,
        filetype=file.kind,
        size=file.size,
        sha256=file.sha256,
        md5=file.md5,
        blake2_256=file.blake2_256,
        metadata_sha256=file.metadata_sha256,
        requires_python=file.requires_python,
        uploaded_at=file.uploaded_at,
        uploaded_by=file.uploaded_by,
        uploaded_with=file.uploaded_with,
        object_key=file.blob.key,
        object_version=file.blob.version_id,
        yanked=file.yanked,
    )


def file_record(project: NormalizedName, item: FileItem) -> DistFile:
    """Return the file that an item holds."""
    return DistFile(
        project=project,
        filename=item.sk.removeprefix(keys.file("")),
        version=item.version,
        kind=item.filetype,
        size=int(item.size),
        sha256=item.sha256,
        md5=item.md5,
        blake2_256=item.blake2_256,
        metadata_sha256=item.metadata_sha256,
        requires_python=item.requires_python,
        uploaded_at=item.uploaded_at,
        uploaded_by=item.uploaded_by,
        uploaded_with=item.uploaded_with,
        blob=Blob(key=item.object_key, version_id=item.object_version),
        yanked=item.yanked,
    )
