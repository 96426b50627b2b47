"""Carrying the bytes of a file to where the index says."""

import io
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from larder_client import wire
from larder_client.dists import Dist
from larder_client.errors import Interrupted, LarderError, Unreachable
from larder_client.sessions import RemoteFile, Sessions
from larder_client.terminal import Progress

POST = "http-post-bytes"
PUT = "vnd-larder-s3put-v1"
MULTIPART = "vnd-larder-s3multipart-v1"
SMALL, LARGE = 4_000_000, 100_000_000


def choose(size: int, offered: Sequence[str]) -> str:
    """Return the mechanism for a file of this size: the fewest round trips that it allows.

    :raises LarderError: if the index offers none that we know.
    """
    if size <= SMALL:
        wanted = (POST, PUT, MULTIPART)
    elif size < LARGE:
        wanted = (PUT, MULTIPART, POST)
    else:
        wanted = (MULTIPART, PUT, POST)
    for mechanism in wanted:
        if mechanism in offered:
            return mechanism
    raise LarderError(
        "This `larder` knows none of the ways in which the index takes files; get the newest one"
        " from its /client/."
    )


def stored(file: RemoteFile) -> int:
    """Return how many bytes of a pending file have arrived, as far as its mechanism tells."""
    parts = file.mechanism.get("parts") or ()
    return sum(int(part["size"]) for part in parts if part.get("stored"))


@dataclass(frozen=True)
class Link:
    """Where to PUT bytes."""

    url: str
    headers: Mapping[str, str]


class Piece(wire.Body):
    """A span of a file, which counts what is read of it."""

    def __init__(self, path: Path, offset: int, size: int, courier: "Courier") -> None:
        self.path = path
        self.offset = offset
        self.size = size
        self.courier = courier
        self.counted = 0

    def open(self) -> IO[bytes]:
        """Return a file at the first byte of the span; what was counted before is taken back."""
        self.courier.progress.advance(-self.counted)
        self.counted = 0
        return io.BufferedReader(_Reader(self), wire.BLOCK)

    def count(self, size: int) -> None:
        """Count bytes that are on their way."""
        self.counted += size
        self.courier.count(size)


class _Reader(io.RawIOBase):
    """Reads a span of a file until the command is being stopped."""

    def __init__(self, piece: Piece) -> None:
        super().__init__()
        self._piece = piece
        self._left = piece.size
        self._file = piece.path.open("rb")
        self._file.seek(piece.offset)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is left of the span, as far as the buffer takes it."""
        if self._piece.courier.stop.is_set():
            raise Interrupted
        wanted = min(len(buffer), self._left)
        count = self._file.readinto(memoryview(buffer)[:wanted])
        if wanted and not count:
            raise LarderError(f"{self._piece.path} became shorter while it was sent.")
        self._left -= count
        self._piece.count(count)
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


class Links:
    """The links for the bytes of one file; expired ones are replaced, once for all threads."""

    def __init__(self, file: RemoteFile, sessions: Sessions) -> None:
        self._sessions = sessions
        self._url = file.url
        self._lock = threading.Lock()
        self._take(file)

    def get(self, number: int) -> Link | None:
        """Return the link of a part (0: of the whole file), None if it has arrived."""
        with self._lock:
            return self._links.get(number)

    def renew(self, number: int, refused: Link) -> None:
        """Ask for fresh links, unless that was done since `refused` was taken."""
        with self._lock:
            if self._links.get(number) is refused:
                self._take(self._sessions.file(self._url))

    def _take(self, file: RemoteFile) -> None:
        self._links = {}
        if file.kind == PUT:
            self._links[0] = Link(str(file.mechanism["url"]), file.mechanism.get("headers") or {})
        for part in file.mechanism.get("parts") or ():
            if not part.get("stored"):
                self._links[int(part["number"])] = Link(str(part["url"]), {})


class Courier:
    """Carries files, several parts at a time; the credential goes to the index alone."""

    def __init__(self, sessions: Sessions, progress: Progress, parallel: int) -> None:
        self.sessions = sessions
        self.progress = progress
        self.line = sessions.index.line
        self.stop = self.line.stop
        # Bytes that went out, also those that had to go out again; bytes that were there already.
        self.sent = self.spared = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="part")

    def carry(self, dist: Dist, file: RemoteFile) -> None:
        """Bring all bytes of a pending file to where its mechanism says.

        :raises LarderError: if that fails.
        """
        try:
            if file.kind == POST:
                self._post(dist, str(file.mechanism["file_url"]))
            elif file.kind == PUT:
                self._put_parts(dist, file, [(0, 0, dist.size)])
            elif file.kind == MULTIPART:
                self._put_parts(dist, file, _spans(dist, file))
            else:
                raise LarderError(f"This `larder` does not know the mechanism {file.kind!r}.")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LarderError("The index named no place for the bytes; try again.") from error

    def attest(self, file: RemoteFile, attestations: Sequence[Any]) -> None:
        """Send the attestations of a pending file.

        :raises LarderError: if the index takes none.
        """
        url = file.mechanism.get("attestations_url")
        if not url:
            raise LarderError(
                "The index takes no attestations for it; publish without --attestations."
            )
        self.sessions.attest(str(url), attestations)

    def count(self, size: int) -> None:
        """Count bytes that go out."""
        with self._lock:
            self.sent += size
        self.progress.advance(size)

    def spare(self, size: int) -> None:
        """Count bytes that need not go out."""
        with self._lock:
            self.spared += size
        self.progress.given(size)

    def close(self) -> None:
        """Start no more transfers."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _post(self, dist: Dist, url: str) -> None:
        self.sessions.index.post_bytes(url, Piece(dist.path, 0, dist.size, self))

    def _put_parts(
        self, dist: Dist, file: RemoteFile, parts: Sequence[tuple[int, int, int]]
    ) -> None:
        links = Links(file, self.sessions)
        transfers = [
            self._pool.submit(self._put, Piece(dist.path, offset, size, self), links, number)
            for number, offset, size in parts
        ]
        try:
            for transfer in transfers:
                transfer.result()
        finally:
            # Parts that are on their way may well arrive.
            wait([transfer for transfer in transfers if not transfer.cancel()])

    def _put(self, piece: Piece, links: Links, number: int) -> None:
        for attempt in range(wire.ATTEMPTS):
            last = attempt == wire.ATTEMPTS - 1
            link = links.get(number)
            if link is None:
                return
            try:
                answer = self.line.send("PUT", link.url, headers=link.headers, body=piece)
            except Unreachable as error:
                if last or not wire.may_pass(error):
                    raise
                self.line.note(f"{error} Trying again.")
                self.line.pause(attempt)
                continue
            if answer.status in _THERE:
                return
            if last or not _may_pass(answer):
                raise _refusal(piece, answer)
            if answer.status in _STALE:
                links.renew(number, link)
            else:
                self.line.pause(attempt, answer.retry_after)


def _spans(dist: Dist, file: RemoteFile) -> list[tuple[int, int, int]]:
    """Return number, offset and size of each part."""
    found, offset = [], 0
    for part in sorted(file.mechanism["parts"], key=lambda each: int(each["number"])):
        found.append((int(part["number"]), offset, int(part["size"])))
        offset += int(part["size"])
    if offset != dist.size:
        raise ValueError("the parts do not make the file")
    return found


# 412: an earlier attempt whose answer was lost has brought it.
_THERE = frozenset({200, 201, 204, 412})
# The link has expired, or the parts were joined meanwhile.
_STALE = frozenset({403, 404})


def _may_pass(answer: wire.Answer) -> bool:
    # 409: another PUT of the same object is under way. RequestTimeout is a 400, but a passing one.
    return (
        answer.status in wire.PASSING | _STALE | {409}
        or answer.body.get("code") == "RequestTimeout"
    )


def _refusal(piece: Piece, answer: wire.Answer) -> LarderError:
    if answer.body.get("code") == "BadDigest":
        return LarderError(f"{piece.path} changed while it was sent.")
    return LarderError(f"{piece.path.name}: the storage refused it: {wire.refusal(answer)}")
