"""A wheel of 300 MB: interrupted, resumed, published, installed."""

import base64
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests import make
from tests.e2e.conftest import ROOT, Client, Served, clean_environment

MIB = 1024 * 1024
SIZE = 300 * MIB
RELEASE = {"meta": {"api-version": "2.0"}, "name": "larder-large", "version": "1.0"}


def large_wheel(folder: Path) -> Path:
    """Write a wheel of a little more than 300 MB, which nothing can make smaller."""
    noise = hashlib.shake_256(b"larder").digest(SIZE)
    path = folder / make.wheel_name("larder-large")
    path.write_bytes(make.wheel("larder-large", members={"payload.bin": noise}))
    return path


def upload(client: Client, index: Served, wheel: Path) -> subprocess.Popen[str]:
    """Start `larder upload`."""
    return subprocess.Popen(
        [sys.executable, "-m", "larder_client", "upload", str(wheel)],
        cwd=client.home,
        env={
            **clean_environment(client.home),
            "PYTHONPATH": str(ROOT / "client" / "src"),
            "LARDER_INDEX": index.url,
            "LARDER_TOKEN": index.token,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ask(index: Served, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the answer of the index; also a 409, which describes the open session."""
    basic = base64.b64encode(f"__token__:{index.token}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310
        url,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Basic {basic}"},
    )
    try:
        answer = urllib.request.urlopen(request)  # noqa: S310
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def arrived(index: Served, wheel: Path) -> int:
    """Return how many parts of the wheel have arrived; 0 also before it is announced."""
    session = ask(index, f"{index.url}/upload/2.0/", RELEASE)
    if wheel.name not in session["files"]:
        return 0
    file = ask(index, session["files"][wheel.name]["link"])
    return sum(part["stored"] for part in file["mechanism"]["parts"])


def test_a_wheel_of_300_mb_is_interrupted_resumed_published_and_installed(
    index: Served, client: Client
) -> None:
    wheel = large_wheel(client.home)
    first = upload(client, index, wheel)
    while arrived(index, wheel) < 3:
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    interrupted = first.communicate(timeout=60)[0]
    assert first.returncode == 130, interrupted
    assert "run the same command to go on" in interrupted

    second = upload(client, index, wheel)
    resumed = second.communicate(timeout=300)[0]

    assert second.returncode == 0, resumed
    sent, before = (
        int(number.replace(",", ""))
        for number in re.findall(r"\(?([\d,]+) bytes\)? (?:in|were there)", resumed)
    )
    assert sent + before == wheel.stat().st_size
    assert sent < SIZE - 2 * 16 * MIB  # what had arrived was not sent again

    target = client.home / "out"
    client.run(
        "pip", "install", "--no-cache-dir", "--target", target, "--index-url", index.simple,
        "larder-large",
    )  # fmt: skip
    assert (target / "payload.bin").stat().st_size == SIZE
    python = client.venv()
    client.run(
        "uv", "pip", "install", "--no-cache", "--python", python, "--index-url", index.simple,
        "larder-large",
    )  # fmt: skip
