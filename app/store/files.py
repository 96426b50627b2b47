"""Published files: the items that are the truth, and the transaction that makes one."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from typing import NamedTuple

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from app.domain import filenames
from app.domain.dist_file import Blob, DistFile
from app.domain.event import Event
from app.domain.filenames import DistName
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release
from app.domain.publication import Prepared
from app.domain.publishing_session import PublishingSession
from app.errors import NotFound, Unavailable
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.kept_name import KeptNameItem
from app.models.lookalike import LookAlikeItem
from app.models.metadata import MetadataItem
from app.models.project import ProjectItem
from app.models.provenance import ProvenanceItem
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
from app.store.provenance import provenance_item
from app.store.sessions import check_not_kept, end_session, free_release
from app.store.transactions import reasons_of, writing_together

_ATTEMPTS = 8


class Obstacle(Enum):
    """What can stand in the way of a publication."""

    # The file's name is taken, in this spelling or another.
    FILE = "file"
    RELEASE = "release"
    PROJECT = "project"
    SESSION = "session"


class Clash(NamedTuple):
    """What was there already when files were to be added."""

    obstacle: Obstacle
    filename: str = ""


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
    # The account for whose session the name of a project that does not exist yet is kept.
    kept_for: str | None = None
    # Until when.
    kept_until: datetime | None = None
    # The project of another name that is easily taken for this one.
    look_alike: NormalizedName | None = None


@dataclass(frozen=True, kw_only=True)
class Publication:
    """All that becomes true when files of one release are published, or not at all."""

    files: tuple[Prepared, ...]
    # Who owns the project, if it is new.
    owner: str
    events: tuple[Event, ...]
    # None where they exist already.
    release: Release | None
    project: Project | None
    # Whether the new project is the first of those that look like it.
    is_first_look: bool
    # None for a file that comes alone.
    session: PublishingSession | None
    at: datetime


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
    def taken_by(self, identity: str) -> str | None:
        """Return the SHA-256 of the bytes for which a name is kept for ever, None if for none."""
        try:
            item = TakenNameItem.get(keys.taken(identity), keys.TAKEN, consistent_read=True)
        except TakenNameItem.DoesNotExist:
            return None
        return item.sha256

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
    def survey(self, dist: DistName, account: str, *, now: datetime) -> Standing:
        """Read, in one round trip, all that decides whether `account` may publish `dist`."""
        partition = keys.project(dist.project)
        items = read_together([
            (partition, keys.PROJECT),
            (partition, keys.role(account)),
            (partition, keys.release(str(dist.version))),
            (partition, keys.file(dist.filename)),
            (partition, keys.KEPT),
            (keys.taken(dist.identity), keys.TAKEN),
            (keys.look_alike(dist.project), keys.LOOK_ALIKE),
        ])  # fmt: skip
        project, is_taken = items.get(ProjectItem), TakenNameItem in items
        look, kept = items.get(LookAlikeItem), _kept(items, now)
        return Standing(
            project=(
                project_record(dist.project, project) if isinstance(project, ProjectItem) else None
            ),
            role=self._role(items, dist.project, account) if project else None,
            has_release=ReleaseItem in items,
            is_taken=is_taken,
            file=self._file(items, dist) if is_taken else None,
            kept_for=kept.account if kept else None,
            kept_until=kept.expires_at if kept else None,
            look_alike=(
                NormalizedName(look.project)
                if isinstance(look, LookAlikeItem) and look.project != dist.project
                else None
            ),
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
    def add(self, publication: Publication) -> list[Clash]:
        """Publish files in one transaction; return what stood in its way, empty if nothing did.

        Where something did, nothing was written. Other writers at the same items only delay it.
        """
        writes = _writes(publication)
        for attempt in range(_ATTEMPTS):
            try:
                with writing_together() as transaction:
                    for _, write in writes:
                        write(transaction)
            except TransactWriteError as error:
                reasons = reasons_of(error)
                clashes = _clashes([clash for clash, _ in writes], reasons)
                if clashes:
                    return clashes
                if not PASSING_REASONS & set(reasons):
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads writers
            else:
                return []
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
            if file.attested:
                transaction.delete(ProvenanceItem(project, keys.provenance(file.filename)))
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


def _kept(items: dict[type[LarderItem], LarderItem], now: datetime) -> KeptNameItem | None:
    kept = items.get(KeptNameItem)
    return kept if isinstance(kept, KeptNameItem) and kept.expires_at > now else None


# What an item of a transaction clashes with where its condition fails (None: it has none), and
# the call that adds it.
_Write = tuple[Clash | None, Callable[[TransactWrite], None]]


def _writes(publication: Publication) -> list[_Write]:
    """Return what to write, in the order in which DynamoDB is told and says what failed.

    PynamoDB sends conditions first, then deletions, then puts, then updates.
    """
    session, at = publication.session, publication.at
    ended: list[_Write] = []
    freed: list[_Write] = []
    if session:
        ended = [(Clash(Obstacle.SESSION), partial(end_session, session, at))]
        freed = [(None, partial(free_release, session))]
    return [*_checks(publication), *freed, *_puts(publication), *ended]


def _checks(publication: Publication) -> list[_Write]:
    if publication.project is None:
        return []
    name, owner, at = publication.project.name, publication.owner, publication.at
    return [(Clash(Obstacle.PROJECT), partial(check_not_kept, name, owner, at))]


def _puts(publication: Publication) -> list[_Write]:
    puts: list[_Write] = []
    for prepared in publication.files:
        file, clash = prepared.file, Clash(Obstacle.FILE, prepared.file.filename)
        document = metadata_item(file.project, file.filename, prepared.metadata)
        puts += [_put(clash, file_item(file)), _put(clash, _taken_item(file))]
        puts.append(_put(None, document))
        if prepared.provenance is not None:
            provenance = provenance_item(file.project, file.filename, prepared.provenance)
            puts.append(_put(None, provenance))
    if publication.release:
        puts.append(_put(Clash(Obstacle.RELEASE), release_item(publication.release)))
    if publication.project:
        clash, project = Clash(Obstacle.PROJECT), publication.project
        owner = role_item(project.name, publication.owner, ProjectRole.OWNER)
        puts += [_put(clash, project_item(project)), _put(clash, owner)]
        if publication.is_first_look:
            puts.append(_put(clash, _look_alike_item(project.name)))
    return puts + [_put(None, event_item(event)) for event in publication.events]


def _put(clash: Clash | None, item: LarderItem) -> _Write:
    def write(transaction: TransactWrite) -> None:
        transaction.save(item, condition=type(item).pk.does_not_exist())

    return clash, write


def _clashes(clashes: list[Clash | None], reasons: list[str]) -> list[Clash]:
    return [
        clash
        for clash, reason in zip(clashes, reasons, strict=False)
        if clash and reason == "ConditionalCheckFailed"
    ]


def _taken_item(file: DistFile) -> TakenNameItem:
    return TakenNameItem(
        keys.taken(filenames.parse(file.filename).identity),
        keys.TAKEN,
        filename=file.filename,
        sha256=file.sha256,
    )


def _look_alike_item(project: NormalizedName) -> LookAlikeItem:
    return LookAlikeItem(keys.look_alike(project), keys.LOOK_ALIKE, project=project)


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
        attested=file.attested or None,
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
        attested=bool(item.attested),
    )
