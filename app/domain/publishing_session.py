"""Publishing sessions: files that become visible together (PEP 694)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.filenames import DistName
from app.domain.names import NormalizedName
from app.domain.publication import Prepared

LIFETIME = timedelta(days=7)
LONGEST = timedelta(days=30)
# A transaction takes a hundred items: four of each file (itself, its taken name, its metadata and
# its provenance), and some of the session's own.
MAX_FILES = 22
# Nobody inspects a file for longer; a request to complete it that old was cut off.
INSPECTION = timedelta(minutes=16)

MIB = 1024 * 1024
_PART = 16 * MIB


class Mechanism(StrEnum):
    """How the bytes of a file travel (PEP 694, "File Upload Mechanisms")."""

    PUT = "vnd-larder-s3put-v1"
    MULTIPART = "vnd-larder-s3multipart-v1"
    POST = "http-post-bytes"


class SessionStatus(StrEnum):
    """What has become of a session."""

    OPEN = "open"
    PUBLISHED = "published"
    CANCELED = "canceled"


class FileStatus(StrEnum):
    """Where a file of a session stands."""

    # Waits for its bytes and for the client to say that they are there.
    PENDING = "pending"
    # Is being inspected.
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class PublishingSession:
    """An upload of one release that nobody sees before it is published as a whole."""

    id: str
    project: NormalizedName
    # In normal form (PEP 440).
    version: str
    # Whose it is.
    account: str
    created_at: datetime
    ends_at: datetime
    status: SessionStatus = SessionStatus.OPEN
    # Counts the files that were added and deleted, so that nobody publishes what he has not seen.
    revision: int = 0

    def is_live(self, now: datetime) -> bool:
        """Tell whether files can be added, or published."""
        return self.status is SessionStatus.OPEN and now < self.ends_at

    def extended(self, seconds: int, now: datetime) -> datetime:
        """Return when the session ends if it may live `seconds` more; never earlier than now."""
        wanted = now + timedelta(seconds=min(seconds, LONGEST // timedelta(seconds=1)))
        return max(self.ends_at, min(wanted, self.created_at + LONGEST))


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """A file that a client is about to send."""

    dist: DistName
    # Bytes.
    size: int
    # In lower-case hexadecimal.
    sha256: str
    mechanism: Mechanism


@dataclass(frozen=True, kw_only=True)
class StagedFile:
    """A file of a session."""

    session: str
    filename: str
    # Bytes, and the digest in lower-case hexadecimal, as the client announced them.
    size: int
    sha256: str
    mechanism: Mechanism
    # S3 key, its alone.
    key: str
    # Who announced it, and with which User-Agent.
    account: str
    client: str
    # Of the multipart upload.
    upload_id: str | None = None
    # When the client said that the bytes are there.
    asked_at: datetime | None = None
    # What the inspection found: exactly one of them once it has ended.
    prepared: Prepared | None = None
    fault: str | None = None
    # What the client sent to be kept with the file, as JSON (PEP 740); None: nothing.
    attestations: str | None = None

    def status(self, now: datetime) -> FileStatus:
        """Return where the file stands."""
        if self.fault is not None:
            return FileStatus.ERROR
        if self.asked_at is None:
            return FileStatus.PENDING
        if self.prepared is not None:
            return FileStatus.COMPLETED
        # Whoever inspected it was cut off: the client may say once more that the bytes are there.
        return FileStatus.PROCESSING if now - self.asked_at < INSPECTION else FileStatus.PENDING

    def was_cut_off(self, now: datetime) -> bool:
        """Tell whether the client waits for an inspection that nobody does any more."""
        settled = self.prepared is not None or self.fault is not None
        return self.asked_at is not None and not settled and now - self.asked_at >= INSPECTION

    @property
    def part_size(self) -> int:
        """Return the size of the parts of a multipart upload in bytes; only the last is smaller."""
        return _PART

    def parts(self) -> list[tuple[int, int]]:
        """Return number and size of each part; S3 takes 10,000."""
        full, rest = divmod(self.size, self.part_size)
        sizes = [self.part_size] * full + ([rest] if rest else [])
        return list(enumerate(sizes, start=1))


def key_of(project: NormalizedName, session: str, nonce: str, filename: str) -> str:
    """Return the S3 key of a file of a session; events of S3 are told from others by it."""
    return f"files/{project}/session-{session}-{nonce}/{filename}"


def session_of(key: str) -> tuple[str, str] | None:
    """Return session and file name of an S3 key, None if it belongs to no session.

    >>> session_of("files/demo/session-0a1b-77/demo-1.0.tar.gz")
    ('0a1b', 'demo-1.0.tar.gz')
    """
    folder, _, filename = key.removeprefix("files/").partition("/")[2].partition("/")
    kind, _, rest = folder.partition("-")
    session, _, nonce = rest.partition("-")
    if not key.startswith("files/") or kind != "session" or not (session and nonce and filename):
        return None
    return session, filename
