"""Servers that are measured: started, asked for their processor time and memory, and ended."""

import http.client
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.processes import end

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".tools"
PEERS = TOOLS / "peers"
_READY_SECONDS = 120
_POLL_SECONDS = 0.01
_KIB = 1024


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which no setting of this machine reaches a program."""
    return {
        "PATH": os.environ["PATH"],  # noqa: TID251 - handed on
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        **more,
    }


@dataclass(frozen=True)
class Server:
    """A running server on 127.0.0.1, its children included."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    # From its start to its first answer, in seconds.
    started_in: float

    def cpu(self) -> float:
        """Return the processor time of all its processes so far, in seconds.

        From the scheduler's own account of each thread, in nanoseconds: `utime` and `stime` are the
        same time in hundredths of a second, too coarse for a server that answers in microseconds.
        """
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with suppress(OSError):
                    total += int(task.read_text().split()[0])
        return total / 1e9

    def memory(self) -> float:
        """Return the memory of all its processes in MB, what they share counted once."""
        total = 0
        for pid in self.pids():
            with suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(
                    next(x for x in rollup.splitlines() if x.startswith("Pss:")).split()[1]
                )
        return total * _KIB / 1e6

    def pids(self) -> list[int]:
        """Return its process and all below it."""
        found = [self.process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    found += map(int, children.read_text().split())
        return found


@contextmanager
def serving(
    name: str,
    command: Sequence[str | Path],
    port: int,
    *,
    env: Mapping[str, str],
    log: Path,
    path: str = "/",
    cwd: Path = ROOT,
) -> Iterator[Server]:
    """Run a server until the block ends; it is ready once it answers anything at `path`.

    :raises RuntimeError: with its log, if it ends or does not answer.
    """
    start = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - a server that the caller names
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, port, path, log)
        yield Server(name, port, process, time.perf_counter() - start)
    finally:
        end(process)


def gunicorn(python: Path, *application: str) -> list[str | Path]:
    """Return the command that serves a WSGI application, by default Larder, as Larder is served."""
    return [python, "-m", "gunicorn", "--config", ROOT / "gunicorn.conf.py", *application]


def at(port: int, workers: int = 1) -> dict[str, str]:
    """Return the settings of gunicorn.conf.py for some workers on a port."""
    return {"HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": str(workers)}


def children_cpu() -> float:
    """Return the processor time of all children that have ended, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def python_here() -> Path:
    """Return the interpreter of this environment."""
    return Path(sys.executable)


def _wait(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(_POLL_SECONDS)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(log.read_text(errors="replace")[-2000:])
