"""Publishing sessions and their files."""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import DeleteError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from app.domain.dist_file import Blob, DistFile, StoredMetadata
from app.domain.names import NormalizedName
from app.domain.publication import Prepared
from app.domain.publishing_session import (
    INSPECTION,
    MAX_FILES,
    Mechanism,
    PublishingSession,
    SessionStatus,
    StagedFile,
)
from app.errors import Conflict
from app.models.kept_name import KeptNameItem
from app.models.publishing_session import PublishingSessionItem
from app.models.staged_file import StagedFileItem
from app.store import keys
from app.store.failures import code_of, translated
from app.store.transactions import reasons_of, writing_together

# How long items outlive their session, so that what lies in S3 can be found and removed.
_AFTERLIFE = timedelta(days=30)
_FAILED = "ConditionalCheckFailed"


@dataclass(frozen=True)
class SessionStore:
    """Sessions by their id; `page_size` is the number of items asked for at a time."""

    page_size: int

    @translated
    def open(
        self, session: PublishingSession, *, kept_until: datetime | None, now: datetime
    ) -> bool:
        """Open a session; `kept_until` is given if its project is new, and its name is to be kept.

        Return False, having written nothing, if the release has an open session already.

        :raises Conflict: if the name of the new project is kept for another account.
        """
        free = KeptNameItem.pk.does_not_exist() | (KeptNameItem.expires_at < now)
        release = _kept_item(session, keys.kept(session.version), session.ends_at)
        try:
            with writing_together() as transaction:
                transaction.save(release, condition=free)
                transaction.save(session_item(session))
                if kept_until:
                    transaction.save(
                        _kept_item(session, keys.KEPT, kept_until),
                        condition=free | (KeptNameItem.account == session.account),
                    )
        except TransactWriteError as error:
            reasons = reasons_of(error)
            if _FAILED not in reasons:
                raise
            if reasons[0] == _FAILED:
                return False
            raise Conflict(
                f"The name {session.project!r} is kept for an upload that another account has begun"
            ) from error
        return True

    @translated
    def holder(self, project: NormalizedName, version: str) -> str | None:
        """Return the id of the session for which a release is kept; it may have ended."""
        try:
            found = KeptNameItem.get(
                keys.project(project), keys.kept(version), consistent_read=True
            )
        except KeptNameItem.DoesNotExist:
            return None
        return found.session

    @translated
    def get(self, session_id: str) -> PublishingSession | None:
        """Return a session, as of now."""
        try:
            item = PublishingSessionItem.get(
                keys.upload(session_id), keys.SESSION, consistent_read=True
            )
        except PublishingSessionItem.DoesNotExist:
            return None
        return session_record(item)

    @translated
    def files(self, session_id: str) -> list[StagedFile]:
        """Return the files of a session, as of now, by name."""
        found = StagedFileItem.query(
            keys.upload(session_id),
            StagedFileItem.sk.startswith(keys.file("")),
            consistent_read=True,
            page_size=self.page_size,
        )
        return [file_record(item) for item in found]

    @translated
    def file(self, session_id: str, filename: str) -> StagedFile | None:
        """Return a file of a session, as of now."""
        try:
            item = StagedFileItem.get(
                keys.upload(session_id), keys.file(filename), consistent_read=True
            )
        except StagedFileItem.DoesNotExist:
            return None
        return file_record(item)

    @translated
    def add(self, session: PublishingSession, file: StagedFile, *, now: datetime) -> None:
        """Add a file to a session.

        :raises Conflict: if the session has ended or is full, or has a file of this name.
        """
        self._change(session, now, file, present=False)

    @translated
    def remove(self, session: PublishingSession, file: StagedFile, *, now: datetime) -> None:
        """Take a file out of a session.

        :raises Conflict: if the session has ended, or the file is not in it any more.
        """
        self._change(session, now, file, present=True)

    def _change(
        self, session: PublishingSession, now: datetime, file: StagedFile, *, present: bool
    ) -> None:
        item, this = PublishingSessionItem, StagedFileItem
        change, room = (-1, item.file_count > 0) if present else (1, item.file_count < MAX_FILES)
        try:
            with writing_together() as transaction:
                transaction.update(
                    item(keys.upload(session.id), keys.SESSION),
                    actions=[item.revision.add(1), item.file_count.add(change)],
                    condition=_live(now) & room,
                )
                if present:
                    transaction.delete(
                        this(keys.upload(session.id), keys.file(file.filename)),
                        condition=this.object_key == file.key,
                    )
                else:
                    transaction.save(staged_item(file, session), condition=this.pk.does_not_exist())
        except TransactWriteError as error:
            if _FAILED not in reasons_of(error):
                raise
            raise Conflict(
                "The session has ended or was changed meanwhile, or is full: it takes"
                f" {MAX_FILES} files, because they are published in one transaction. Look at its"
                " status; publish it and open another one for more files."
            ) from error

    @translated
    def restart(self, file: StagedFile, upload_id: str) -> str:
        """Give a file another multipart upload, and return its id.

        :raises Conflict: if somebody else has done so meanwhile.
        """
        item = StagedFileItem
        wanted = item(keys.upload(file.session), keys.file(file.filename))
        try:
            wanted.update(
                actions=[item.upload_id.set(upload_id)],
                condition=(item.object_key == file.key) & (item.upload_id == file.upload_id),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise Conflict(
                f"{file.filename!r} was changed meanwhile; look at its status."
            ) from error
        return upload_id

    @translated
    def ask(self, file: StagedFile, *, now: datetime) -> StagedFile:
        """Note that the client says that the bytes of a file are there; return it as it is then.

        :raises Conflict: if the client has said so before, or the file is gone.
        """
        item = StagedFileItem
        wanted = item(keys.upload(file.session), keys.file(file.filename))
        try:
            wanted.update(
                actions=[item.asked_at.set(now)],
                condition=(item.object_key == file.key)
                & item.fault.does_not_exist()
                & _waiting(now),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise Conflict(
                f"{file.filename!r} was completed, deleted or found faulty already; look at its"
                " status."
            ) from error
        return file_record(wanted)

    @translated
    def attest(self, file: StagedFile, stated: str, *, now: datetime) -> None:
        """Keep the attestations of a file, as JSON, in the place of those it may have.

        :raises Conflict: if the client has said that the file is complete, or it is gone.
        """
        item = StagedFileItem
        try:
            item(keys.upload(file.session), keys.file(file.filename)).update(
                actions=[item.attestations.set(stated)],
                condition=(item.object_key == file.key) & _waiting(now),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise Conflict(
                f"{file.filename!r} is completed or gone; attestations come before that."
            ) from error

    @translated
    def settle(self, file: StagedFile, verdict: Prepared | str) -> bool:
        """Keep what the inspection of a file has found; return False if that came too late.

        It does where another inspection was quicker, or the file is gone.
        """
        item = StagedFileItem
        actions: list[Action] = [
            item.fault.set(verdict)
            if isinstance(verdict, str)
            else item.prepared.set(_prepared_json(verdict)),
            *_metadata_actions(verdict),
        ]
        try:
            item(keys.upload(file.session), keys.file(file.filename)).update(
                actions=actions,
                condition=(item.object_key == file.key)
                & item.prepared.does_not_exist()
                & item.fault.does_not_exist(),
            )
        except UpdateError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    @translated
    def extend(self, session: PublishingSession, ends_at: datetime, *, now: datetime) -> None:
        """Let a session, and the names it keeps, live until `ends_at`.

        :raises Conflict: if it has ended.
        """
        item, kept = PublishingSessionItem, KeptNameItem
        try:
            with writing_together() as transaction:
                transaction.update(
                    item(keys.upload(session.id), keys.SESSION),
                    actions=[
                        item.ends_at.set(ends_at),
                        item.expires_at.set(ends_at + _AFTERLIFE),
                    ],
                    condition=_live(now) & (item.ends_at <= ends_at),
                )
                transaction.update(
                    kept(keys.project(session.project), keys.kept(session.version)),
                    actions=[kept.expires_at.set(ends_at)],
                    condition=kept.session == session.id,
                )
        except TransactWriteError as error:
            if _FAILED not in reasons_of(error):
                raise
            raise Conflict("The session has ended, or lives longer already.") from error
        with suppress(UpdateError):  # there is none, or another account's, or one that lives longer
            kept(keys.project(session.project), keys.KEPT).update(
                actions=[kept.expires_at.set(ends_at)],
                condition=(kept.account == session.account) & (kept.expires_at < ends_at),
            )

    @translated
    def cancel(self, session: PublishingSession) -> None:
        """End a session without publishing anything, and free its names.

        Doing it again completes what was cut off, and changes nothing else.

        :raises Conflict: if it was published.
        """
        item = PublishingSessionItem
        try:
            with writing_together() as transaction:
                transaction.update(
                    item(keys.upload(session.id), keys.SESSION),
                    actions=[item.status.set(SessionStatus.CANCELED.value)],
                    condition=item.status != SessionStatus.PUBLISHED.value,
                )
        except TransactWriteError as error:
            if _FAILED not in reasons_of(error):
                raise
            raise Conflict("The session was published already.") from error
        self.free(session.project, session.version, session.id)
        # Read before the releases: whoever opens a session of the project meanwhile changes it.
        name = _kept(session.project)
        releases = KeptNameItem.query(
            keys.project(session.project),
            KeptNameItem.sk.startswith(f"{keys.KEPT}#"),
            consistent_read=True,
            page_size=self.page_size,
        )
        accounts = {one.account for one in releases}
        if name and name.account == session.account and session.account not in accounts:
            _free(session.project, keys.KEPT, KeptNameItem.session == name.session)

    @translated
    def free(self, project: NormalizedName, version: str, holder: str) -> None:
        """Free a release that is kept for the session `holder`, if it still is."""
        _free(project, keys.kept(version), KeptNameItem.session == holder)


def _kept(project: NormalizedName) -> KeptNameItem | None:
    """Return for whom the name of a new project is kept, as of now."""
    try:
        return KeptNameItem.get(keys.project(project), keys.KEPT, consistent_read=True)
    except KeptNameItem.DoesNotExist:
        return None


def _free(project: NormalizedName, name: str, condition: Condition) -> None:
    try:
        KeptNameItem(keys.project(project), name).delete(condition=condition)
    except DeleteError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise  # it is somebody else's otherwise


def _live(now: datetime) -> Any:
    item = PublishingSessionItem
    return (item.status == SessionStatus.OPEN.value) & (item.ends_at > now)


def _waiting(now: datetime) -> Any:
    """Return the condition that a file waits for the client to say that its bytes are there."""
    item = StagedFileItem
    stale = item.prepared.does_not_exist() & (item.asked_at < now - INSPECTION)
    return item.asked_at.does_not_exist() | stale


def end_session(session: PublishingSession, now: datetime, transaction: TransactWrite) -> None:
    """End a session as published, if it still is what `session` says."""
    transaction.update(
        PublishingSessionItem(keys.upload(session.id), keys.SESSION),
        actions=[PublishingSessionItem.status.set(SessionStatus.PUBLISHED.value)],
        condition=_live(now) & (PublishingSessionItem.revision == session.revision),
    )


def free_release(session: PublishingSession, transaction: TransactWrite) -> None:
    """Let the release of a session that is being published have another one."""
    transaction.delete(KeptNameItem(keys.project(session.project), keys.kept(session.version)))


def check_not_kept(
    project: NormalizedName, account: str, now: datetime, transaction: TransactWrite
) -> None:
    """Make sure that the name of a new project is not kept for another account."""
    item = KeptNameItem
    transaction.condition_check(
        item,
        keys.project(project),
        keys.KEPT,
        condition=item.pk.does_not_exist() | (item.account == account) | (item.expires_at < now),
    )


def _kept_item(session: PublishingSession, name: str, until: datetime) -> KeptNameItem:
    return KeptNameItem(
        keys.project(session.project),
        name,
        session=session.id,
        account=session.account,
        expires_at=until,
    )


def session_item(session: PublishingSession) -> PublishingSessionItem:
    """Return the item of a session."""
    return PublishingSessionItem(
        keys.upload(session.id),
        keys.SESSION,
        gsi1pk=keys.UPLOADS,
        gsi1sk=f"{session.created_at:%Y-%m-%dT%H:%M:%S}#{session.id}",
        project=session.project,
        version=session.version,
        account=session.account,
        status=session.status.value,
        revision=session.revision,
        file_count=0,
        created_at=session.created_at,
        ends_at=session.ends_at,
        expires_at=session.ends_at + _AFTERLIFE,
    )


def session_record(item: PublishingSessionItem) -> PublishingSession:
    """Return the session that an item holds."""
    return PublishingSession(
        id=item.pk.removeprefix(keys.upload("")),
        project=NormalizedName(item.project),
        version=item.version,
        account=item.account,
        created_at=item.created_at,
        ends_at=item.ends_at,
        status=SessionStatus(item.status),
        revision=int(item.revision),
    )


def staged_item(file: StagedFile, session: PublishingSession) -> StagedFileItem:
    """Return the item of a file that was announced."""
    return StagedFileItem(
        keys.upload(session.id),
        keys.file(file.filename),
        size=file.size,
        sha256=file.sha256,
        mechanism=file.mechanism.value,
        object_key=file.key,
        account=file.account,
        client=file.client,
        upload_id=file.upload_id,
        expires_at=session.created_at + 2 * _AFTERLIFE,
    )


def file_record(item: StagedFileItem) -> StagedFile:
    """Return the file that an item holds."""
    return StagedFile(
        session=item.pk.removeprefix(keys.upload("")),
        filename=item.sk.removeprefix(keys.file("")),
        size=int(item.size),
        sha256=item.sha256,
        mechanism=Mechanism(item.mechanism),
        key=item.object_key,
        account=item.account,
        client=item.client,
        upload_id=item.upload_id,
        asked_at=item.asked_at,
        prepared=_prepared(item) if item.prepared else None,
        fault=item.fault,
        attestations=item.attestations,
    )


def _metadata_actions(verdict: Prepared | str) -> list[Action]:
    item = StagedFileItem
    if isinstance(verdict, str):
        return []
    if verdict.metadata.blob:
        return [
            item.metadata_key.set(verdict.metadata.blob.key),
            item.metadata_version.set(verdict.metadata.blob.version_id),
        ]
    return [item.metadata_body.set(verdict.metadata.body or b"")]


def _prepared_json(prepared: Prepared) -> dict[str, Any]:
    file = dataclasses.asdict(prepared.file)
    file["uploaded_at"] = prepared.file.uploaded_at.isoformat()
    about = {"name": prepared.name, "summary": prepared.summary, "fields": prepared.fields}
    return {"file": file, **about}


def _prepared(item: StagedFileItem) -> Prepared:
    file = dict(item.prepared["file"])
    file["uploaded_at"] = datetime.fromisoformat(file["uploaded_at"])
    file["blob"] = Blob(**file["blob"])
    if item.metadata_key is not None:
        stored = StoredMetadata(
            blob=Blob(key=item.metadata_key, version_id=item.metadata_version or "null")
        )
    else:
        stored = StoredMetadata(body=bytes(item.metadata_body or b""))
    return Prepared(
        file=DistFile(**file),
        metadata=stored,
        name=item.prepared["name"],
        summary=item.prepared["summary"],
        fields=item.prepared["fields"],
    )
