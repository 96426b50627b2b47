"""A write-ahead log in generations; it knows nothing of what it keeps.

A generation is ONE file: a snapshot of the whole state as its first record, then one record for
each change since. So one rename switches snapshot and log together, and no crash can leave a log
beside a snapshot it does not belong to. The generation before is kept until the next one is
complete, so that a person has something to go back to.

Each record is ``magic, number, length, CRC32, payload``. The magic begins with a byte that no
UTF-8 text contains and payloads are JSON, hence a search for it finds records and nothing else.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 1
MAGIC = b"\xffLJ1"
# Magic, number of the record in its generation (the snapshot is 0), bytes of payload, CRC32.
HEADER = struct.Struct(">4sQQI")
NUMBER_AND_LENGTH = struct.Struct(">QQ")
SUFFIX = ".journal"


class DamagedJournalError(Exception):
    """A file of the journal cannot be trusted; the message says which, where, and what to do."""


@dataclass(frozen=True)
class Recovered:
    """What the newest generation holds.

    ``records`` are the changes after ``snapshot``, oldest first; ``torn`` is the number of bytes
    dropped from an unfinished last record, which was never acknowledged.
    """

    generation: int
    snapshot: Any
    records: list[Any]
    torn: int


def frame(number: int, payload: bytes) -> bytes:
    """Return ``payload`` as a record; its number and length are under the checksum too."""
    checksum = zlib.crc32(payload, zlib.crc32(NUMBER_AND_LENGTH.pack(number, len(payload))))
    return HEADER.pack(MAGIC, number, len(payload), checksum) + payload


def encode(value: Any) -> bytes:
    """Return compact ASCII JSON; lone surrogates survive as escapes."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def generation_path(folder: Path, generation: int) -> Path:
    """Return the file of ``generation`` in ``folder``."""
    return folder / f"generation-{generation:08d}{SUFFIX}"


def generations(folder: Path) -> list[int]:
    """Return the numbers of the generations in ``folder``, lowest first."""
    names = [path.stem.removeprefix("generation-") for path in folder.glob(f"generation-*{SUFFIX}")]
    return sorted(int(name) for name in names if name.isdigit())


def recover(folder: Path) -> Recovered | None:
    """Read the newest generation; ``None`` where there is none yet. Nothing is written.

    Raises ``DamagedJournalError`` unless every byte is accounted for. Only an unfinished record at
    the very end is forgiven: that is how a process dies in the middle of a write.
    """
    found = generations(folder)
    if not found:
        return None
    return _Reader(generation_path(folder, found[-1]), found[-1]).read()


class _Reader:
    """Reads one generation, strictly."""

    def __init__(self, path: Path, generation: int) -> None:
        self.path = path
        self.generation = generation
        self.data = path.read_bytes()

    def read(self) -> Recovered:
        records: list[Any] = []
        offset = 0
        while offset < len(self.data):
            payload = self._payload(offset, len(records))
            if payload is None:
                break
            records.append(self._decode(payload, offset, len(records)))
            offset += HEADER.size + len(payload)
        if not records:
            raise self._damaged(0, "the snapshot it begins with is not complete")
        snapshot = records[0]
        if not isinstance(snapshot, dict) or snapshot.get("format") != FORMAT:
            raise self._damaged(0, f"it is not of format {FORMAT}, which this program reads")
        if snapshot.get("generation") != self.generation:
            raise self._damaged(0, f"it says that it is generation {snapshot.get('generation')}")
        return Recovered(self.generation, snapshot["state"], records[1:], len(self.data) - offset)

    def _payload(self, offset: int, number: int) -> bytes | None:
        """Return the payload of the record at ``offset``; ``None`` if it is a torn last one."""
        payload = _valid_payload(self.data, offset, number)
        if payload is not None:
            return payload
        if not self._is_unfinished(offset):
            raise self._damaged(offset, f"record {number} does not match its checksum")
        if self._has_a_record_after(offset):
            raise self._damaged(offset, f"record {number} is damaged and others follow it")
        return None

    def _is_unfinished(self, offset: int) -> bool:
        rest = self.data[offset : offset + HEADER.size]
        if len(rest) < HEADER.size:
            return rest[: len(MAGIC)] == MAGIC[: len(rest)]
        magic, _, length, _ = HEADER.unpack(rest)
        return bool(magic == MAGIC and offset + HEADER.size + length > len(self.data))

    def _has_a_record_after(self, offset: int) -> bool:
        at = self.data.find(MAGIC, offset + 1)
        while at >= 0:
            if _valid_payload(self.data, at, None) is not None:
                return True
            at = self.data.find(MAGIC, at + 1)
        return False

    def _decode(self, payload: bytes, offset: int, number: int) -> Any:
        try:
            return json.loads(payload)
        except ValueError as error:
            raise self._damaged(offset, f"record {number} is no JSON") from error

    def _damaged(self, offset: int, what: str) -> DamagedJournalError:
        return DamagedJournalError(f"at byte {offset} {what}. {advice(self.path)}")


def _valid_payload(data: bytes, offset: int, number: int | None) -> bytes | None:
    """Return the payload of a whole record at ``offset``, of that number unless it is ``None``."""
    start = offset + HEADER.size
    if start > len(data):
        return None
    magic, found, length, checksum = HEADER.unpack_from(data, offset)
    if magic != MAGIC or start + length > len(data) or number not in (None, found):
        return None
    payload = data[start : start + length]
    expected = zlib.crc32(payload, zlib.crc32(NUMBER_AND_LENGTH.pack(found, length)))
    return payload if checksum == expected else None


def advice(path: Path) -> str:
    """Return what a person can do when ``path`` cannot be used."""
    number = int(path.stem.removeprefix("generation-"))
    before = generation_path(path.parent, number - 1)
    step_back = (
        f"To go back to {before.name}, which lacks only what {path.name} added, move {path} away. "
        if before.exists()
        else "No earlier generation is left beside it. "
    )
    return (
        f"The file is {path}; nothing was changed. {step_back}"
        "To begin with an empty index, move the whole data folder away."
    )


class Journal:
    """Appends to the newest generation and begins new ones; for one process at a time.

    With ``sync`` every record is on the disk before ``append`` returns, which guards against a
    power cut too. Without it the record is with the operating system, which is all that the death
    of a process needs. A new generation is always synced.
    """

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        self.folder = folder
        self.sync = sync
        self.generation = 0
        self.records = 0
        self._file = -1

    @classmethod
    def resume(cls, folder: Path, recovered: Recovered, *, sync: bool = False) -> Self:
        """Go on at the end of ``recovered``, which must have no torn record."""
        journal = cls(folder, sync=sync)
        journal.generation = recovered.generation
        journal.records = len(recovered.records)
        path = generation_path(folder, recovered.generation)
        journal._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        return journal

    def append(self, change: Any) -> None:
        """Write one change. After an ``OSError`` the journal is unusable: end the process."""
        write_all(self._file, frame(self.records + 1, encode(change)))
        if self.sync:
            # macOS has no fdatasync.
            getattr(os, "fdatasync", os.fsync)(self._file)
        self.records += 1

    def begin(self, state: Any) -> None:
        """Start the next generation with ``state``, then drop all but the one before it."""
        found = generations(self.folder)
        following = max([self.generation, *found]) + 1
        path = generation_path(self.folder, following)
        snapshot = {"format": FORMAT, "generation": following, "state": state}
        replace_file(path, frame(0, encode(snapshot)))
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.close()
        self._file, self.generation, self.records = opened, following, 0
        for old in found[:-1]:
            generation_path(self.folder, old).unlink()

    def close(self) -> None:
        """Close the file of the present generation, if any."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def write_all(file: int, data: bytes) -> None:
    """Write all of ``data``; one call does, but for a full disk or a signal."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def replace_file(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put ``data`` at ``path`` in one step, readable by the owner only."""
    temporary = path.with_name(path.name + ".tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(file, data)
        if sync:
            os.fsync(file)
    finally:
        os.close(file)
    temporary.replace(path)
    if sync:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def apply_all(records: list[Any], apply: Callable[[Any], None], path: Path) -> None:
    """Hand each record to ``apply``; name the record that ``apply`` cannot do.

    Raises ``DamagedJournalError`` for any exception, because a state rebuilt without one change is
    not the state that was acknowledged.
    """
    for number, record in enumerate(records, 1):
        try:
            apply(record)
        except Exception as error:
            message = f"record {number} cannot be applied again: {error!r}. {advice(path)}"
            raise DamagedJournalError(message) from error
