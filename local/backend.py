"""Finds, starts and stops the embedded AWS back end; needs the standard library alone."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from local import folder
from local.processes import end

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
SERVER = REPOSITORY / "local" / "server.py"
PYTHON = REPOSITORY / ".venv-backend" / "bin" / "python"
START_SECONDS = 60.0
POLL_SECONDS = 0.02
ALIVE_SECONDS = 5.0


class BackendError(Exception):
    """The back end cannot be used; the message tells a person what to do next."""


class InUseError(BackendError):
    """Another process has the data folder."""


@dataclass(frozen=True)
class Backend:
    """A running back end: where it listens, and what to sign requests with."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    pid: int

    def environment(self) -> dict[str, str]:
        """Return the variables that make an AWS client use this back end and nothing else."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }


def running(data: Path) -> Backend | None:
    """Return the back end that serves ``data``, if it lives and answers; else ``None``.

    What a killed process left behind is not believed: the folder must be locked, and the process
    which answers must be the one that wrote the file.
    """
    found = folder.read_json(folder.announcement(data))
    if found is None or not folder.is_locked(data):
        return None
    try:
        backend = Backend(**{field.name: found[field.name] for field in fields(Backend)})
    except KeyError:
        return None
    return backend if _answering_pid(backend.endpoint) == backend.pid else None


def _answering_pid(endpoint: str) -> int | None:
    """Ask who listens. Not by urllib, which would send the question to a configured proxy."""
    host = endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=ALIVE_SECONDS)
    try:
        connection.request("GET", folder.ALIVE_PATH)
        return int(json.loads(connection.getresponse().read())["pid"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def start(data: Path, *, python: Path | None = None) -> tuple[Backend, subprocess.Popen[bytes]]:
    """Start a back end on ``data`` and wait until it is ready; it ends when this process does.

    Raises ``BackendError`` with the server's own reason when it does not start.
    """
    return _launch(data, python or PYTHON, ["--parent", str(os.getpid())])


def _launch(
    data: Path, python: Path, arguments: list[str]
) -> tuple[Backend, subprocess.Popen[bytes]]:
    if not python.exists():
        raise BackendError(f"{python} is missing. Run `make setup` to install the local back end.")
    process = subprocess.Popen(
        [python, SERVER, "--data", data, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # Ctrl-C goes to a whole terminal session; whoever started the server stops it, in order.
        start_new_session=True,
    )
    try:
        backend = _wait_until_ready(data, process)
    except BaseException:
        stop(process)
        raise
    if process.stderr is not None:
        process.stderr.close()
    return backend, process


def _wait_until_ready(data: Path, process: subprocess.Popen[bytes]) -> Backend:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _failure(data, process)
        announced = folder.read_json(folder.announcement(data))
        if announced and announced.get("pid") == process.pid and (backend := running(data)):
            return backend
        time.sleep(POLL_SECONDS)
    raise BackendError(
        f"The local back end was not ready after {START_SECONDS:.0f} s. "
        f"See {folder.log_file(data)}, then try again."
    )


def _failure(data: Path, process: subprocess.Popen[bytes]) -> BackendError:
    said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
    message = said or f"The local back end ended at once. See {folder.log_file(data)}."
    if process.returncode == folder.EXIT_IN_USE:
        return InUseError(message)
    return BackendError(message)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a back end from ``start`` and wait for it; its last state is then on disk."""
    end(process)  # nothing is lost by force: what was acknowledged is in the journal
    if process.stderr is not None:
        process.stderr.close()


@contextmanager
def attached(data: Path) -> Iterator[Backend]:
    """Give the running back end of ``data``, or one that is started for the duration.

    Each user holds a shared lock, and a back end that was started here lives as long as anybody
    does, whoever started it. So users may come and go in any order and may even be killed.
    """
    with folder.client(data) as held:
        backend, process = _find_or_launch(data)
        try:
            yield backend
        finally:
            if process is not None:
                _part(held, process)


def _find_or_launch(data: Path) -> tuple[Backend, subprocess.Popen[bytes] | None]:
    deadline = time.monotonic() + START_SECONDS
    while True:
        found = running(data)
        if found is not None:
            return found, None
        try:
            return _launch(data, PYTHON, ["--until-unused"])
        except InUseError:
            # Somebody else was faster, and may not be ready yet.
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def _part(held: int, process: subprocess.Popen[bytes]) -> None:
    """Stop the back end unless others use it; then the last of them will be missed by it."""
    if folder.is_unused(held) or not folder.is_unused(held, fcntl.LOCK_SH):
        # Nobody is left, or the server itself has noticed so already.
        stop(process)
        return
    # It is still a child of this process, which must collect it at its end.
    threading.Thread(target=process.wait, name="backend-waiter", daemon=True).start()
