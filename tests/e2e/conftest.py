"""A live index, started as a person starts it, and real clients in homes of their own."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.ports import free_port

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools"
_TOKEN = re.compile(r"LARDER_TOKEN=(larder_eyJ\S+)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.e2e)


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which no setting of this machine reaches a client."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON": sys.executable,
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@dataclass
class Served:
    """A `make serve` of its own: what it runs is `python -m local.serve`, as the Makefile does."""

    data: Path
    port: int = field(default_factory=free_port)
    output: list[str] = field(default_factory=list)
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simple(self) -> str:
        """The index URL with the admin's token in it."""
        return f"http://__token__:{self.token}@127.0.0.1:{self.port}/simple/"

    def start(self) -> None:
        self.output.clear()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.serve"],
            cwd=ROOT,
            env=clean_environment(self.data, LARDER_DATA=str(self.data), PORT=str(self.port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        self.wait_for("Other tools:")
        if found := _TOKEN.search("".join(self.output)):
            self.token = found[1]

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.output.extend(lines)

    def wait_for(self, pattern: str, seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while not re.search(pattern, "".join(self.output)):
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{''.join(self.output)}"
            assert self.process.poll() is None, "".join(self.output)
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(30)
        self.reader.join()
        return code

    def flask(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run an operator's command on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *args],
            cwd=ROOT,
            env=clean_environment(self.data, LARDER_DATA=str(self.data)),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One index for all tests that do not stop or kill it."""
    served = Served(tmp_path_factory.mktemp("data"))
    served.start()
    yield served
    assert served.stop() == 0


@dataclass
class Client:
    """A client program of a pinned version, isolated from the settings of this machine."""

    home: Path

    def run(
        self, tool: str, *args: object, ok: bool = True, cwd: Path | None = None, **env: str
    ) -> str:
        """Run a tool and return all it said; `ok` is whether it must succeed."""
        done = subprocess.run(
            [TOOLS / tool / "bin" / tool, *map(str, args)],
            cwd=cwd or self.home,
            env=clean_environment(self.home, **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode == 0) is ok, done.stdout
        return done.stdout

    def twine(self, index: Served, *files: Path, token: str = "", ok: bool = True) -> str:
        return self.run(
            "twine", "upload", "--disable-progress-bar", "--verbose",
            "--repository-url", f"{index.url}/legacy/", *files,
            TWINE_USERNAME="__token__", TWINE_PASSWORD=token or index.token, ok=ok,
        )  # fmt: skip

    def uv_publish(self, index: Served, *args: object, token: str = "", ok: bool = True) -> str:
        return self.run(
            "uv", "publish", "--publish-url", f"{index.url}/legacy/", *args,
            UV_PUBLISH_TOKEN=token or index.token, ok=ok,
        )  # fmt: skip

    def venv(self) -> Path:
        """Return the Python of a new, empty environment."""
        folder = self.home / "venv"
        self.run("uv", "venv", "--quiet", folder)
        return folder / "bin" / "python"


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Clients with an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return Client(home)
