"""What the server and its clients agree on in a data folder: names, locks, the access data."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.journal import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the server leaves with, so that a client can tell the reasons apart.
EXIT_DAMAGED = 3
EXIT_IN_USE = 4
EXIT_PORT_TAKEN = 5
EXIT_CANNOT_WRITE = 6

REGION = "us-east-1"
# A path of the server's own, which no bucket can have: it answers who is listening.
ALIVE_PATH = "/_larder/alive"
# Below the range that the kernel takes for outgoing connections, else a port that was kept for
# the next start would be gone by then.
PORTS = range(20_000, 32_000)


class FolderInUseError(Exception):
    """Another process holds the data folder; ``pid`` is its id, if it could be read."""

    def __init__(self, data: Path, pid: int | None) -> None:
        super().__init__(f"{data} is in use by process {pid or '(unknown)'}")
        self.pid = pid


def announcement(data: Path) -> Path:
    """Return the file which says where the server of ``data`` listens; it exists once ready."""
    return data / "backend.json"


def settings_file(data: Path) -> Path:
    """Return the file with the keys and the port, made once for each data folder."""
    return data / "credentials.json"


def lock_file(data: Path) -> Path:
    """Return the file that the one server of ``data`` holds locked and writes its id into."""
    return data / "lock"


def clients_file(data: Path) -> Path:
    """Return the file that every attached client holds a shared lock on."""
    return data / "clients"


def log_file(data: Path) -> Path:
    """Return the server's log."""
    return data / "backend.log"


def prepare(data: Path) -> None:
    """Make ``data``, for the owner only."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in ``path``; ``None`` where there is none that can be read."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Put ``value`` at ``path`` in one step, readable by the owner only."""
    replace_file(path, json.dumps(value, indent=2).encode() + b"\n")


def settings(data: Path) -> dict[str, Any]:
    """Return keys, region and port of ``data``; made up at the first call and kept.

    Raises ``ValueError`` if the file is there and cannot be used: new keys would quietly break
    every link and client that has the old ones.
    """
    path = settings_file(data)
    if not path.exists():
        made = {
            "access_key": "LARDER" + secrets.token_hex(7).upper(),
            "secret_key": secrets.token_urlsafe(30),
            "region": REGION,
            "port": secrets.choice(PORTS),
        }
        write_json(path, made)
    found = read_json(path) or {}
    wanted = {"access_key": str, "secret_key": str, "region": str, "port": int}
    if not all(isinstance(found.get(name), kind) for name, kind in wanted.items()):
        raise ValueError(f"{path} is damaged; move it away and new keys and a port are made")
    return found


def take_lock(data: Path) -> int:
    """Hold ``data`` for this process until it ends; return the open file.

    Raises ``FolderInUseError`` where another process has it.
    """
    file = os.open(lock_file(data), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for patience in (0.05,) * 10 + (0.0,):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # Somebody who only looks (``is_locked``) has it for a moment too.
            time.sleep(patience)
    else:
        os.close(file)
        raise FolderInUseError(data, lock_holder(data))
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    return file


def lock_holder(data: Path) -> int | None:
    """Return the id that the holder of the lock wrote; the lock itself is not looked at."""
    try:
        return int(lock_file(data).read_text())
    except (OSError, ValueError):
        return None


def is_locked(data: Path) -> bool:
    """Tell whether some process holds ``data``.

    A shared lock is tried, so that two who ask at once do not see each other.
    """
    try:
        file = os.open(lock_file(data), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


@contextmanager
def client(data: Path) -> Iterator[int]:
    """Be counted as a client of ``data``; waits while an unused server is on its way out."""
    prepare(data)
    file = os.open(clients_file(data), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield file
    finally:
        os.close(file)


def is_unused(file: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Tell whether nobody else holds ``file`` (of ``client``) in a way that excludes ``kind``.

    If so, it is held so from now on: with the exclusive lock no client can come until it is closed.
    """
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def now() -> str:
    """Return the time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
