"""Sudden deaths in the middle of 200 uploads: nothing that was acknowledged is lost."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import urllib3

from tests import make
from tests.e2e.conftest import Client, Served

UPLOADS = 200
KILLS = 5


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    index = Served(tmp_path / "data")
    index.start()
    yield index
    index.stop()


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def below(pid: int) -> list[int]:
    """Return all processes that a process started, and those that these did."""
    found = []
    for task in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((task / "stat").read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            continue
        if parent == pid:
            found += [int(task.name), *below(int(task.name))]
    return found


def kill(served: Served, part: str) -> None:
    """End the web server or the back end at once, with all its processes."""
    victims = [pid for pid in below(served.process.pid) if part in command_line(pid)]
    assert victims, part
    for pid in victims:
        os.kill(pid, signal.SIGKILL)


class Uploads:
    """Two hundred versions of one project, sent once each by several threads."""

    def __init__(self, served: Served) -> None:
        self.http = urllib3.PoolManager(maxsize=4, retries=False)
        self.headers = urllib3.make_headers(basic_auth=f"__token__:{served.token}")
        self.url = f"{served.url}/legacy/"
        self.waiting = [f"1.{number}" for number in range(UPLOADS)]
        self.acknowledged: list[str] = []
        self.lost: list[str] = []

    def send(self, version: str) -> int:
        fields = make.form(make.wheel(version=version), release=version)
        content, name = fields.pop("content")
        body = {**fields, "content": (name, content.read())}
        answer = self.http.request("POST", self.url, fields=body, headers=self.headers, timeout=30)
        return answer.status

    def work(self) -> None:
        while self.waiting:
            try:
                version = self.waiting.pop()
            except IndexError:
                return
            try:
                done = self.send(version) == 200
            except (urllib3.exceptions.HTTPError, OSError):
                done = False
                time.sleep(0.1)
            (self.acknowledged if done else self.lost).append(version)


class Downloads:
    """What anybody gets who follows the page of the project."""

    def __init__(self, served: Served) -> None:
        # Not with the credential to where a link leads: storage is another host.
        self.http = urllib3.PoolManager()
        self.headers = urllib3.make_headers(basic_auth=f"__token__:{served.token}")
        self.page = f"{served.url}/simple/larder-demo/"

    def wrong(self, versions: list[str]) -> list[str]:
        """Return those whose file is not listed, or is not what was uploaded."""
        accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
        page = self.http.request("GET", self.page, headers={**self.headers, **accept})
        files = {file["filename"]: file for file in page.json()["files"]}
        return [
            version
            for version in versions
            if not self._is_right(files.get(make.wheel_name(version=version)), version)
        ]

    def _is_right(self, file: dict[str, Any] | None, version: str) -> bool:
        if file is None:
            return False
        answer = self.http.request("GET", urljoin(self.page, file["url"]), headers=self.headers)
        uploaded = hashlib.sha256(make.wheel(version=version)).hexdigest()
        received = hashlib.sha256(answer.data).hexdigest()
        return answer.status == 200 and uploaded == received == file["hashes"]["sha256"]


def test_kill_9_in_the_middle_of_200_uploads_loses_nothing_that_was_acknowledged(
    served: Served, client: Client
) -> None:
    uploads = Uploads(served)
    threads = [threading.Thread(target=uploads.work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(KILLS):
        goal = UPLOADS - (number + 1) * UPLOADS // (KILLS + 1)
        while len(uploads.waiting) > goal:
            time.sleep(0.005)
        kill(served, ("local.web", "local/server.py")[number % 2])
        wait_for_answers(served, uploads)
    for thread in threads:
        thread.join()

    assert uploads.lost  # the deaths did hit something
    downloads = Downloads(served)
    assert downloads.wrong(uploads.acknowledged) == []  # without any repetition or sweep
    again = [version for version in uploads.lost if uploads.send(version) != 200]
    assert again == []  # repeating completes whatever was cut off
    assert len(uploads.acknowledged) + len(uploads.lost) == UPLOADS
    # Not before the repetitions: until then a file may be there that its page does not show.
    verify(served)
    swept = served.flask("jobs", "run", "sweep")
    assert swept.returncode == 0, swept.stderr
    verify(served)
    assert downloads.wrong(uploads.acknowledged + uploads.lost) == []
    for version in uploads.acknowledged[::60]:
        target = client.home / version
        client.run(
            "pip", "download", "--no-deps", "--dest", target, "--index-url", served.simple,
            f"larder-demo=={version}",
        )  # fmt: skip
        name = make.wheel_name(version=version)
        assert (target / name).read_bytes() == make.wheel(version=version)


def verify(served: Served) -> None:
    verified = served.flask("verify", "--read-all")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def wait_for_answers(served: Served, uploads: Uploads) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if uploads.http.request("GET", f"{served.url}/healthz", timeout=2).status == 200:
                return
        except (urllib3.exceptions.HTTPError, OSError):
            time.sleep(0.1)
    raise AssertionError("the index did not come back")
