"""The command line."""

import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import larder_client
import pytest

from tests.client.conftest import Larder
from tests.client.fake_index import MULTIPART, TOKEN, Asked, FakeIndex, Reply

ROOT = Path(__file__).parents[2]
WHEEL = "demo-1.0-py3-none-any.whl"


def test_the_version_is_written_twice_and_the_same() -> None:
    described = tomllib.loads((ROOT / "client/pyproject.toml").read_text())["project"]
    assert larder_client.__version__ == described["version"]


@pytest.mark.parametrize("arguments", [["--help"], ["upload", "--help"], ["yank", "--help"]])
def test_help_teaches(
    larder: Larder, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    larder(*arguments)
    said = capsys.readouterr().out
    assert "LARDER_TOKEN" in said
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["upload"],
        ["upload", "--parallel", "0", "x"],
        ["upload", "--parallel", "x", "x"],
    ],
)
def test_a_wrong_usage_ends_with_2(
    larder: Larder, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    larder(*arguments, code=2)
    assert "usage: larder" in capsys.readouterr().err


def test_a_missing_setting_ends_with_2(larder: Larder) -> None:
    del larder.env["LARDER_TOKEN"]
    assert "No token for" in larder("status", code=2).err
    larder.env.clear()
    assert "Which index?" in larder("status", code=2).err


def test_the_token_may_come_by_a_pipe(fake: FakeIndex, larder: Larder) -> None:
    larder.env["LARDER_TOKEN"] = "another one"
    assert "Account  ada" in larder("status", "--token-stdin", stdin=f"{TOKEN}\n").out
    assert "not a token" in larder("status", code=1).err
    assert "no token on the standard input" in larder("status", "--token-stdin", code=2).err


@pytest.mark.parametrize("arguments", [("--index", "URL"), ("--repository", "mine")])
def test_the_index_may_be_named_on_the_command_line(
    fake: FakeIndex, larder: Larder, arguments: tuple[str, str]
) -> None:
    (larder.home / ".pypirc").write_text(
        f"[mine]\nrepository = {fake.url}/legacy/\npassword = {TOKEN}\n"
    )
    larder.env.clear()
    option, value = arguments
    larder("status", option, value.replace("URL", f"{fake.url}/simple/"))


def test_an_index_that_is_not_there_is_told(larder: Larder) -> None:
    larder.env["LARDER_INDEX"] = "http://127.0.0.1:9"
    done = larder("status", code=1)
    assert "larder: 127.0.0.1:9 cannot be reached: it does not listen there." in done.err
    assert done.err.count("Trying again.") == 5


def environment(larder: Larder) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(larder.home),
        "PYTHONPATH": str(ROOT / "client" / "src"),
        **larder.env,
    }


def test_ctrl_c_ends_it_at_once_and_the_next_run_goes_on(fake: FakeIndex, larder: Larder) -> None:
    fake.mechanisms = [MULTIPART]
    wheel = larder.file(WHEEL, bytes(10_000))
    hanging = []

    def hang(asked: Asked) -> None:
        if asked.method == "PUT" and "/5?" in asked.path:
            hanging.append(asked)
            fake.lock.release()
            try:
                time.sleep(3)
            finally:
                fake.lock.acquire()

    fake.rules.append(hang)
    command = [sys.executable, "-m", "larder_client", "upload", "--parallel", "1", str(wheel)]
    with subprocess.Popen(
        command, env=environment(larder), stderr=subprocess.PIPE, text=True
    ) as process:
        while not hanging:
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, err = process.communicate(timeout=10)
    assert (process.returncode, time.monotonic() - start < 2) == (130, True)
    assert "stopped. What has arrived is kept: run the same command to go on." in err

    fake.rules.clear()
    done = larder("upload", wheel)
    assert "4.0 kB (4,000 bytes) were there before" in done.out
    assert fake.published["demo"][WHEEL] == bytes(10_000)


def test_ctrl_c_reaches_every_thread(fake: FakeIndex, larder: Larder) -> None:
    """One of them waits, as it was asked to, when it comes."""
    fake.mechanisms = [MULTIPART]

    def interrupt(asked: Asked) -> Reply | None:
        if asked.method == "PUT" and "/3?" in asked.path:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            return 503, {"Retry-After": "20"}, b""
        return None

    fake.rules.append(interrupt)
    larder("upload", "--parallel", 1, larder.file(WHEEL, bytes(10_000)), code=130)
    deadline = time.monotonic() + 5
    while [one for one in threading.enumerate() if one.name.startswith(("file", "part"))]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert sorted(fake.sessions["s1"].files[WHEEL].parts) == [1, 2]


def test_it_runs_without_anything_but_its_one_library(larder: Larder) -> None:
    """What is imported is the standard library, urllib3 and itself."""
    code = (
        "import sys, larder_client.cli; print({m.partition('.')[0] for m in sys.modules}"
        " - set(sys.stdlib_module_names) - {'larder_client', 'urllib3', '__main__'})"
    )
    said = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**environment(larder), "PYTHONPATH": os.pathsep.join([
            str(ROOT / "client" / "src"), str(Path(larder_client.wire.urllib3.__file__).parents[1]),
        ])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "set()"
