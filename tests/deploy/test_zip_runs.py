"""The deployment zip under AWS's own runtime client, against the embedded back end."""

import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests import make, make_attestations
from tests.deploy.conftest import ROOT, Package, environment
from tests.deploy.runtime_api import InitError, Runtime, unpack

pytestmark = [pytest.mark.deploy, pytest.mark.emulator]

PROJECT, FILE = "larder-sample", "larder_sample-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def token(settings: dict[str, str]) -> str:
    """Return a token that may read and upload everything."""

    def flask(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app.factory:create_app", *words],
            cwd=ROOT,
            env=environment(**settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    flask("init")
    flask("users", "create", "alice", "--role", "admin")
    return flask("tokens", "create", "alice", "--permissions", "read,upload", "--projects", "*")


@pytest.fixture(scope="module")
def task(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(local_package.zip, tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def layer(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(local_package.layer, tmp_path_factory.mktemp("layer"))


# Without the layer: what these requests need must be in the zip.
@pytest.fixture(scope="module")
def web(
    task: Path, python: str, client: Path, settings: dict[str, str], token: str
) -> Iterator[Runtime]:
    env = {"STRIP_STAGE_PATH": "true", **settings}
    with Runtime(task, handler="handler.http", python=python, client=client, env=env) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def upload(web: Runtime, token: str) -> dict[str, Any]:
    """Return the answer to the upload of the sample wheel."""
    return web.invoke(recorded("upload", token))


def recorded(name: str, token: str) -> dict[str, Any]:
    """Return a recorded event, with this index's token in the place of the recorded one."""
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    basic = base64.b64encode(f"__token__:{token}".encode()).decode()
    event["headers"]["authorization"] = f"Basic {basic}"
    return event


def content(answer: dict[str, Any]) -> bytes:
    """Return the body as a client would see it."""
    body = answer["body"]
    sent = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    packed = answer["headers"].get("content-encoding") == "gzip"
    return gzip.decompress(sent) if packed else sent


def test_an_upload_is_taken(upload: dict[str, Any]) -> None:
    assert upload["statusCode"] == 200, upload


def test_an_upload_with_attestations_is_taken_with_the_layer(  # noqa: PLR0917
    task: Path, layer: Path, python: str, client: Path, settings: dict[str, str], token: str
) -> None:
    wheel = make.wheel()
    attested = make_attestations.text(wheel, make.wheel_name(), "publish", "slsa")
    fields = make.form(wheel, attestations=attested)
    fields["content"] = (make.wheel_name(), wheel)
    body, kind = urllib3.encode_multipart_formdata(fields)
    event = recorded("upload", token)
    event["headers"]["content-type"] = kind
    event["body"] = base64.b64encode(body).decode()

    with Runtime(
        task, layer=layer, handler="handler.http", python=python, client=client, env=settings
    ) as web:
        answer = web.invoke(event)

    assert answer["statusCode"] == 200, answer


def test_the_page_lists_an_uploaded_file_at_once(
    upload: dict[str, Any], web: Runtime, token: str
) -> None:
    answer = web.invoke(recorded("simple-project", token))

    page = json.loads(content(answer))
    assert answer["headers"]["content-type"].startswith("application/vnd.pypi.simple.v1+json")
    assert [file["filename"] for file in page["files"]] == [FILE]
    assert "$default" not in page["files"][0]["url"]


def test_a_download_is_sent_to_storage_which_has_the_same_bytes(
    upload: dict[str, Any], web: Runtime, token: str
) -> None:
    answer = web.invoke(recorded("file-get", token))

    with urllib3.PoolManager() as pool:
        got = pool.request("GET", answer["headers"]["location"])
    sent = base64.b64decode(recorded("upload", token)["body"])
    assert (answer["statusCode"], got.status) == (302, 200)
    assert got.data[:2] == b"PK"
    assert got.data in sent


def test_a_head_of_a_file_is_answered_without_a_body(
    upload: dict[str, Any], web: Runtime, token: str
) -> None:
    answer = web.invoke(recorded("file-head", token))

    assert answer["statusCode"] in {200, 302}
    assert not answer.get("body")


@pytest.mark.parametrize("name", ["schedule", "s3", "garbage", "command"])
def test_an_event_that_is_no_request_is_refused_and_the_function_lives_on(
    web: Runtime, token: str, name: str
) -> None:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())

    assert web.invoke(event)["statusCode"] == 400
    assert web.invoke(recorded("root", token))["statusCode"] < 500
    assert "Refused an event" in web.log()


def test_running_writes_nothing_beside_the_code(web: Runtime, token: str, task: Path) -> None:
    before = set(task.rglob("*"))

    web.invoke(recorded("root", token))

    assert set(task.rglob("*")) == before


def test_the_manage_function_runs_flask_commands(  # noqa: PLR0917
    task: Path, layer: Path, python: str, client: Path, settings: dict[str, str], token: str
) -> None:
    command = {"_serverless-wsgi": {"command": "flask", "data": "init"}}

    with Runtime(
        task,
        layer=layer,
        handler="wsgi_handler.handler",
        python=python,
        client=client,
        env=settings,
    ) as manage:
        status, output = manage.invoke(command)

    assert status == 0, output


def test_missing_settings_fail_the_start_and_not_each_request(
    task: Path, python: str, client: Path
) -> None:
    env = {"LARDER_STAGE": "prod"}

    with pytest.raises(InitError, match="LARDER_TABLE"):
        Runtime(task, handler="handler.http", python=python, client=client, env=env).__enter__()
