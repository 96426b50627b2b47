"""Mirrors of a live index, set up as the guide says: bandersnatch and devpi."""

import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pypi_simple import ProjectPage

from local.ports import free_port
from tests.e2e.conftest import ROOT, TOOLS, Client, Served, clean_environment
from tests.e2e.test_clients import dist
from tests.e2e.test_managing import call

BANDERSNATCH = TOOLS / "bandersnatch" / "bin" / "bandersnatch"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """An index that nobody else changes."""
    served = Served(tmp_path / "data")
    served.start()
    yield served
    assert served.stop() == 0


@dataclass
class Mirror:
    """A bandersnatch, and the folder that it fills."""

    index: Served
    home: Path

    def start(self) -> subprocess.Popen[str]:
        guide = (ROOT / "docs" / "guide" / "mirrors.md").read_text()
        (text,) = re.findall(r"```ini\n(.+?)```", guide, re.DOTALL)
        text = re.sub(r"https:\S+", self.index.simple.removesuffix("/simple/"), text)
        config = self.home / "bandersnatch.conf"
        text = text.replace("/srv/", f"{self.home}/")
        # One after the other, by name: so that a test knows what it has read.
        config.write_text(f"{text}allow-non-https = true\nworkers = 1\n")
        return subprocess.Popen(
            [BANDERSNATCH, "-c", config, "mirror"],
            env=clean_environment(self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> None:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert "ERROR" not in said, said

    def sync(self) -> None:
        self.finish(self.start())

    @property
    def files(self) -> dict[str, bytes]:
        """Every file of a project, with its bytes."""
        found = (self.home / "mirror" / "web" / "packages").rglob("*")
        return {
            path.name: path.read_bytes()
            for path in found
            if path.is_file() and path.suffix != ".metadata"
        }

    @property
    def listed(self) -> dict[str, str | None]:
        """Every file on a page, and whether it is yanked."""
        pages = (self.home / "mirror" / "web" / "simple").glob("*/index.html")
        return {
            package.filename: (package.yanked_reason or "") if package.is_yanked else None
            for path in pages
            for package in ProjectPage.from_html(path.parent.name, path.read_text()).packages
        }


@pytest.fixture
def mirror(own: Served, client: Client) -> Mirror:
    """A bandersnatch that has seen nothing yet, where it is installed."""
    if not BANDERSNATCH.exists():
        pytest.skip("bandersnatch needs a newer Python than there is here")
    return Mirror(own, client.home)


def publish(client: Client, index: Served, *names: str, version: str = "1.0") -> dict[str, bytes]:
    """Publish a wheel and an sdist of each project; return them."""
    files = [file for name in names for file in dist(client.home / "dist", name, version)]
    client.twine(index, *files)
    return {file.name: file.read_bytes() for file in files}


def test_bandersnatch_sees_every_change_at_its_next_look(mirror: Mirror, client: Client) -> None:
    files = publish(client, mirror.index, "alpha", "beta")
    files |= publish(client, mirror.index, "beta", version="1.1+local.1")
    mirror.sync()
    assert mirror.files == files
    assert mirror.listed == dict.fromkeys(files)

    files |= publish(client, mirror.index, "alpha", version="2.0")
    files |= publish(client, mirror.index, "gamma")
    call(mirror.index, "POST", "beta/releases/1.0/yank", {"reason": "eats data"})
    mirror.sync()
    assert mirror.files == files
    yanked = [name for name in files if name.startswith("beta-1.0")]
    assert mirror.listed == {**dict.fromkeys(files), **dict.fromkeys(yanked, "eats data")}

    call(mirror.index, "PUT", "alpha/status", {"status": "quarantined"})
    call(mirror.index, "DELETE", "beta/releases/1.0/yank")
    mirror.sync()
    files = {name: files[name] for name in files if not name.startswith("alpha")}
    assert mirror.files == files
    assert mirror.listed == dict.fromkeys(files)


def test_bandersnatch_loses_nothing_that_changes_while_it_looks(
    mirror: Mirror, client: Client
) -> None:
    others = [f"project-{number}" for number in range(10)]
    files = publish(client, mirror.index, "alpha", *others)
    process = mirror.start()
    mirror.index.wait_for(r"GET /pypi/alpha/json 200")
    process.send_signal(signal.SIGSTOP)  # having read the list, and this project
    changed = publish(client, mirror.index, "alpha", "project-9", "omega", version="2.0")
    call(mirror.index, "POST", "alpha/releases/1.0/yank", {"reason": "old"})
    call(mirror.index, "POST", "project-8/releases/1.0/yank", {"reason": "old"})
    assert not (mirror.home / "mirror" / "status").exists()
    process.send_signal(signal.SIGCONT)
    mirror.finish(process)
    assert not [name for name in mirror.files if name.startswith(("alpha-2", "omega"))]

    mirror.sync()
    files |= changed
    assert mirror.files == files
    yanked = [name for name in files if name.startswith(("alpha-1", "project_8-1"))]
    assert len(yanked) == 4
    assert mirror.listed == {**dict.fromkeys(files), **dict.fromkeys(yanked, "old")}


@pytest.fixture
def devpi(index: Served, client: Client) -> Iterator[str]:
    """The index URL of a mirror in a devpi server."""
    data, port, programs = client.home / "devpi", free_port(), TOOLS / "devpi" / "bin"
    address, env = f"http://127.0.0.1:{port}", clean_environment(client.home)
    init = [programs / "devpi-init", "--serverdir", data, "--no-root-pypi", "--root-passwd", "it"]
    subprocess.run(init, env=env, check=True, capture_output=True)
    command = [programs / "devpi-server", "--serverdir", data, f"--listen=127.0.0.1:{port}"]
    command += ["--argon2-memory-cost=64", "--argon2-time-cost=1"]  # or it thinks for ten seconds
    with (
        (client.home / "devpi.log").open("w") as log,
        subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT) as server,
    ):
        try:
            wait_for(port, server)
            client.run("devpi", "use", address)
            client.run("devpi", "user", "-c", "team", "password=it")
            client.run("devpi", "login", "team", "--password=it")
            client.run(
                "devpi", "index", "-c", "team/larder", "type=mirror",
                f"mirror_url={index.simple}", "mirror_no_project_list=true",
                "mirror_cache_expiry=0",
            )  # fmt: skip
            yield f"{address}/team/larder/+simple/"
        finally:
            server.terminate()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server listens."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        assert server.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the server does not start")


def test_devpi_passes_on_what_installers_must_know(
    index: Served, client: Client, devpi: str
) -> None:
    def fetch() -> Path:
        folder = Path(tempfile.mkdtemp(dir=client.home))
        client.run(
            "pip", "download", "--no-deps", "--no-cache-dir", "--index-url", devpi,
            "-d", folder, "cached",
        )  # fmt: skip
        (path,) = folder.iterdir()
        return path

    files = publish(client, index, "cached") | publish(client, index, "cached", version="2.0")
    not_for_us, _ = dist(client.home / "dist", "cached", "9.0", Requires_Python=">=99")
    client.twine(index, not_for_us)
    found = fetch()
    assert found.name == "cached-2.0-py3-none-any.whl"
    assert found.read_bytes() == files[found.name]

    call(index, "POST", "cached/releases/2.0/yank", {"reason": "eats data"})
    assert fetch().name == "cached-1.0-py3-none-any.whl"

    publish(client, index, "cached", version="1.1+local.1")
    assert fetch().name == "cached-1.1+local.1-py3-none-any.whl"
    call(index, "DELETE", "cached/releases/2.0/yank")
    assert fetch().name == "cached-2.0-py3-none-any.whl"
