"""The application as Lambda starts it: small at first, and the same as the whole one."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from app.config import Config
from app.factory import Front
from app.store.stores import Stores
from tests import make

ROOT = Path(__file__).parents[2]
FILE = f"/files/larder-demo/{make.wheel_name()}"
PAGE = "/simple/larder-demo/"
# One is of the request, the other moves with the clock.
_MOVING = {"X-Request-Id", "X-PyPI-Last-Serial"}
# Each takes longer to load than a reader's request lasts, or may not be there at all.
HEAVY = {"boto3", "botocore", "cryptography", "jwt", "packaging", "pydantic", "pynamodb", "urllib3"}


@pytest.fixture
def front(config: Config, stores: Stores) -> Front:
    return Front(config, stores)


def ask(application: object, path: str, token: str, **headers: str) -> TestResponse:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Client(application).get(path, headers=headers)  # type: ignore[arg-type]


def shown(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    return (
        answer.status_code,
        answer.data,
        [(name, value) for name, value in answer.headers if name not in _MOVING],
    )


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/simple/", "text/html"),
        (PAGE, "text/html"),
        (PAGE, "application/vnd.pypi.simple.v1+json"),
        (PAGE, "image/png"),
        ("/simple/Larder.Demo/", "*/*"),
        ("/simple/larder-demo", "*/*"),
        ("/simple/absent/", "text/html"),
        ("/simple/absent/", "application/vnd.pypi.simple.v1+json"),
        ("/simple/-/", "text/html"),
        (FILE, "*/*"),
        (f"{FILE}.metadata", "*/*"),
        ("/files/larder-demo/absent-1.0.tar.gz", "text/html"),
        ("/packages/larder-demo/x/y/z", "text/html"),
        ("/files/", "text/html"),
        ("/healthz", "*/*"),
        ("/", "text/html"),
        ("/simple", "text/html"),
        ("/nothing", "text/html"),
    ],
)
def test_both_parts_answer_alike(
    front: Front, mint: Callable[..., str], path: str, accept: str, *, known: bool
) -> None:
    token = mint()
    form = make.form(make.wheel())
    uploaded = Client(front).post(
        "/legacy/", data=form, headers={"Authorization": f"Bearer {token}"}
    )
    assert uploaded.status_code == 200

    token = token if known else ""
    assert shown(ask(front, path, token, Accept=accept)) == shown(
        ask(front.whole, path, token, Accept=accept)
    )


def test_what_installers_ask_for_does_not_put_the_rest_together(
    front: Front, mint: Callable[..., str]
) -> None:
    assert ask(front, "/simple/absent/", mint()).status_code == 404
    assert "whole" not in vars(front)


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """An address where connections are taken and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)  # noqa: FBT003
        yield listening


def started(door: socket.socket, code: str, *words: str, **env: str) -> str:
    """Run code as a function of Lambda starts, whose AWS is at the door; return what it prints."""
    there = f"http://127.0.0.1:{door.getsockname()[1]}"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env={
            "LARDER_STAGE": "dev",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_ENDPOINT_URL": there,
            **env,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def connections(door: socket.socket) -> int:
    count = 0
    with suppress(BlockingIOError):
        while True:
            door.accept()[0].close()
            count += 1
    return count


def test_the_function_for_requests_is_connected_before_the_first(door: socket.socket) -> None:
    started(door, "import handler", _HANDLER="handler.http")
    assert connections(door) == 1


@pytest.fixture
def snapshot(tmp_path: Path) -> dict[str, str]:
    """The environment in which Lambda makes a snapshot, with the module that Lambda brings."""
    module = "hooks = []\nregister_after_restore = hooks.append\n"
    (tmp_path / "snapshot_restore_py.py").write_text(module)
    return {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start", "PYTHONPATH": str(tmp_path)}


def test_a_function_that_is_not_asked_by_people_asks_nobody_at_the_start(
    door: socket.socket,
) -> None:
    started(door, "import handler", _HANDLER="handler.jobs")
    assert connections(door) == 0


def test_a_snapshot_asks_nobody_anything(door: socket.socket, snapshot: dict[str, str]) -> None:
    started(door, "import handler", _HANDLER="handler.http", **snapshot)
    assert connections(door) == 0


def test_a_snapshot_holds_all_there_is_to_load(
    door: socket.socket, snapshot: dict[str, str]
) -> None:
    code = (
        "import handler, sys; "
        "print('pynamodb' in sys.modules, {'whole', 'uploading'} <= set(vars(handler.front)))"
    )
    assert started(door, code, **snapshot).split() == ["True"] * 2


def test_the_copies_of_a_snapshot_have_random_numbers_of_their_own(
    door: socket.socket, snapshot: dict[str, str]
) -> None:
    code = """
import random
import handler, snapshot_restore_py

frozen = random.getstate()
for copy in range(2):
    random.setstate(frozen)
    for hook in snapshot_restore_py.hooks:
        hook()
    print(random.random())
"""
    assert len(set(started(door, code, **snapshot).split())) == 2


_SCRIPT = """
import json, sys
import handler

def ask(path, **headers):
    request = {
        "version": "2.0", "rawPath": path, "rawQueryString": "",
        "headers": {"host": "index.example", **headers},
        "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}},
        "isBase64Encoded": False,
    }
    return handler.http(request, None)["statusCode"]

statuses = [
    ask("/simple/demo/"),
    ask("/simple/demo/", authorization="Bearer garbage"),
    ask("/files/demo/demo-1.0.tar.gz", authorization="Basic eDp5"),
    ask("/simple/demo/", authorization="Bearer " + sys.argv[1]),
]
print(json.dumps([statuses, sorted({name.split(".")[0] for name in sys.modules})]))
"""


def test_readers_wait_for_neither_sdk_nor_pynamodb(
    door: socket.socket, mint: Callable[..., str]
) -> None:
    """There is nobody at the address, so all is done that a reader's request does at a start."""
    nobody = "http://127.0.0.1:9"
    printed = started(door, _SCRIPT, mint(), AWS_ENDPOINT_URL=nobody, _HANDLER="handler.http")
    statuses, modules = json.loads(printed)
    assert statuses == [503, 401, 401, 503]
    assert HEAVY & set(modules) == set()
