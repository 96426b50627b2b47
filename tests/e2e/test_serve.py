"""`make serve`: data that outlives every way to end it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import make
from tests.e2e.conftest import ROOT, Client, Served, clean_environment


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An index of its own, to be ended and started again."""
    made = Served(tmp_path / "data")
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


def publish(served: Served, client: Client, version: str) -> None:
    wheel = client.home / make.wheel_name("lasting", version)
    wheel.write_bytes(make.wheel("lasting", version))
    client.twine(served, wheel)


def listed(served: Served) -> list[str]:
    request = urllib.request.Request(  # noqa: S310
        f"{served.url}/simple/lasting/",
        headers={
            "Authorization": f"Bearer {served.token}",
            "Accept": "application/vnd.pypi.simple.v1+json",
        },
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        versions: list[str] = json.load(answer)["versions"]
        return versions


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    direct = [int(line) for line in found.stdout.split()]
    return [*direct, *(grandchild for child in direct for grandchild in children(child))]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def gone(pids: list[int], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def is_ours(held: socket.socket, port: int) -> bool:
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        return False
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # from now on, for us alone
    return True


def answers(served: Served) -> bool:
    try:
        urllib.request.urlopen(f"{served.url}/healthz").close()  # noqa: S310
    except OSError:
        return False
    return True


def wait_for(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_data_outlives_a_clean_stop(served: Served, client: Client) -> None:
    publish(served, client, "1.0")
    assert served.stop() == 0

    served.start()

    assert listed(served) == ["1.0"]
    assert served.token not in "".join(served.output), "credentials are shown once"


def test_data_outlives_the_sudden_end_of_everything(served: Served, client: Client) -> None:
    publish(served, client, "1.0")
    everything = [served.process.pid, *children(served.process.pid)]
    for pid in everything:
        os.kill(pid, signal.SIGKILL)
    served.process.wait()
    served.reader.join()

    served.start()
    publish(served, client, "2.0")

    assert listed(served) == ["1.0", "2.0"]
    assert client.run(
        "pip", "download", "--no-deps", "-d", "out", "--index-url", served.simple, "lasting==1.0"
    )


def test_whatever_dies_is_started_again(served: Served, client: Client) -> None:
    publish(served, client, "1.0")
    for pid in children(served.process.pid):
        os.kill(pid, signal.SIGKILL)
    served.wait_for("The back end died")
    served.wait_for("Starting the index again")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            assert listed(served) == ["1.0"]
            break
        except OSError:
            time.sleep(0.2)
    publish(served, client, "2.0")
    assert listed(served) == ["1.0", "2.0"]


def test_it_waits_for_its_port_when_it_starts_again(served: Served) -> None:
    """A port that nobody serves may be held for a moment by the near end of some connection."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(served.process.pid, signal.SIGSTOP)  # it sees nothing before the port is held
        try:
            for pid in children(served.process.pid):
                if "local.web" in command_line(pid):
                    os.kill(pid, signal.SIGKILL)
            wait_for(lambda: is_ours(held, served.port))
        finally:
            os.kill(served.process.pid, signal.SIGCONT)
        served.wait_for("Starting the index again")
        time.sleep(1)
        assert served.process.poll() is None
    wait_for(lambda: answers(served))


def test_nothing_is_left_running_when_it_is_killed(served: Served) -> None:
    started = children(served.process.pid)
    assert len(started) >= 3
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait()
    assert gone(started)


def test_ctrl_c_stops_everything_it_started(served: Served) -> None:
    started = children(served.process.pid)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(30) == 0
    assert gone(started)


def test_a_port_in_use_is_said_in_words(served: Served, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "local.serve"],
        cwd=ROOT,
        env=clean_environment(tmp_path, LARDER_DATA=str(tmp_path / "b"), PORT=str(served.port)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "PORT=" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_data_folder_in_use_is_said_in_words(served: Served, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "local.serve"],
        cwd=ROOT,
        env=clean_environment(tmp_path, LARDER_DATA=str(served.data), PORT="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert str(served.data) in second.stderr
    assert "Traceback" not in second.stderr


def test_commands_act_on_the_data_whether_it_is_served_or_not(served: Served) -> None:
    assert "Created member ada" in served.flask("users", "create", "ada").stdout
    served.stop()
    made = served.flask("tokens", "create", "ada", "--permissions", "read", "--projects", "*")
    assert made.stdout.startswith("larder_"), made.stderr
    served.start()
    assert "never" not in served.flask("tokens", "list", "ada").stdout
    served.token = made.stdout.strip()
    request = urllib.request.Request(  # noqa: S310
        f"{served.url}/simple/", headers={"Authorization": f"Bearer {served.token}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 200
