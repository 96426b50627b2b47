"""What readers are handed out: pages, metadata, and links to files."""

from app.config import Config
from app.domain.dist_file import Blob, StoredMetadata
from app.domain.names import NormalizedName
from app.domain.pages import Head, PageRef, Part
from app.errors import NotFound
from app.store import credentials, keys, records
from app.store.clock import Clock
from app.store.failures import ServiceError, is_passing, translated
from app.store.presign import Presigner
from app.store.reader import ItemReader
from app.store.wire import Answer, Wire, pause


class ContentStore:
    """Reads from the table and, where something is too large for it, from the bucket."""

    def __init__(self, config: Config, reader: ItemReader, clock: Clock) -> None:
        """Open nothing yet."""
        self._reader = reader
        self._clock = clock
        self._presigner = Presigner(
            bucket=config.bucket, region=config.region, url=config.s3_url, window=config.link_window
        )
        self.bucket = Wire(self._presigner.base)

    @translated
    def head(self, project: NormalizedName) -> Head | None:
        """Return the head of a project, as of now."""
        item = self._reader.one((keys.project(project), keys.HEAD))
        return records.head(project, item) if item else None

    @translated
    def page(self, project: NormalizedName, ref: PageRef) -> bytes:
        """Return a page, gzipped.

        :raises NotFound: if a newer one has replaced it since the head was read.
        """
        if ref.inline is not None:
            return ref.inline
        if ref.blob is not None:
            return self._read(ref.blob, ref.part)
        item = self._reader.one((keys.project(project), ref.item or ""))
        if item is None:
            raise NotFound("The page was replaced a moment ago.")
        return bytes(item["body"])

    @translated
    def metadata(self, stored: StoredMetadata) -> bytes:
        """Return a METADATA document, gzipped."""
        return self._read(stored.blob) if stored.blob else stored.body or b""

    def link(self, blob: Blob, *, now: float) -> str:
        """Return a link that lets its holder download `blob` for a while.

        It is byte-identical within a window of time, as long as credentials stay, so that caches
        that go by URL hit; `now` is in seconds since the epoch.
        """
        moment = self._clock.corrected(now)
        return self._presigner.link(blob, credentials.current(), now=moment)

    def _read(self, blob: Blob, part: Part | None = None) -> bytes:
        attempt = 0
        while True:
            try:
                return self._get(blob, part)
            except ServiceError as error:
                if not (is_passing(error) and pause(attempt)):
                    raise
            attempt += 1

    def _get(self, blob: Blob, part: Part | None) -> bytes:
        target = self._presigner.target(blob, credentials.current(), at=self._clock.now())
        headers = {"host": self.bucket.host}
        if part is not None:
            headers["range"] = f"bytes={part.start}-{part.start + part.length - 1}"
        answer = self.bucket.ask("GET", target, headers, operation="GetObject")
        if answer.status in {200, 206}:
            return answer.body
        code = _code(answer)
        if code in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise NotFound(f"The object {blob.key!r} is missing.")
        raise ServiceError(f"reading {blob.key}", code=code, operation="GetObject")


def _code(answer: Answer) -> str:
    """Return S3's code of a refusal, which it sends as XML; the status where it sends none."""
    _, _, rest = answer.body.partition(b"<Code>")
    return rest.partition(b"</Code>")[0].decode() or str(answer.status)
