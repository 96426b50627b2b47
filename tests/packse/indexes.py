"""The two indexes: a Larder with every scenario published to it, and packse's static pages."""

import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.e2e.conftest import TOOLS, Served, clean_environment
from tests.packse.sources import Scenario

_WORKERS = 2


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, without a line for each."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """Serve packse's pages and files; what is yielded is the index URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple-html/"
        server.shutdown()


@contextmanager
def larder(data: Path) -> Iterator[Served]:
    """Serve an empty index of our own."""
    served = Served(data)
    try:
        served.start()
        yield served
    finally:
        served.stop()


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken from uv, why, and whether it was from twine."""

    file: Path
    reason: str
    twine: bool


def publish(scenarios: list[Scenario], index: Served, home: Path) -> list[Refusal]:
    """Publish everything, with uv and, where that is refused, with twine; yank what is to be."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        refusals = list(pool.map(lambda each: _publish(each.files, index, home), scenarios))
    for scenario in scenarios:
        for project, version in scenario.yanked:
            _yank(project, version, index)
    return [refusal for some in refusals for refusal in some]


def _publish(files: list[Path], index: Served, home: Path) -> list[Refusal]:
    """Publish all at once; one by one after a refusal, which ends it."""
    url = f"{index.url}/legacy/"
    done = _run(["uv", "publish", "--publish-url", url, *files], home, UV_PUBLISH_TOKEN=index.token)
    if done.returncode == 0:
        return []
    if len(files) > 1:
        return [refusal for file in files for refusal in _publish([file], index, home)]
    again = _run(
        ["twine", "upload", "--repository-url", url, *files],
        home,
        TWINE_USERNAME="__token__",
        TWINE_PASSWORD=index.token,
    )
    reason = " ".join(done.stderr.split()).rpartition("Server says: ")[2]
    return [Refusal(files[0], reason, twine=again.returncode == 0)]


def _run(command: list[str | Path], home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    tool, *args = command
    return subprocess.run(
        [TOOLS / tool / "bin" / tool, *args],
        env=clean_environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def _yank(project: str, version: str, index: Served) -> None:
    answer = requests.post(
        f"{index.url}/api/v1/projects/{project}/releases/{version}/yank",
        json={"reason": "Yanked for testing"},  # what packse's pages say
        headers={"Authorization": f"Bearer {index.token}"},
        timeout=30,
    )
    assert answer.ok, (project, version, answer.text)
