"""The whole deployment: `sls deploy` into an emulated AWS, and what users and AWS do with it."""

import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests import make
from tests.deploy.stack import STAGE, Stack, copied, ministack
from tests.deploy.web_socket import WebSocket
from tests.e2e.conftest import Client

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What the tools said when they deployed."""
    return {}


@pytest.fixture(scope="module")
def stack(  # noqa: PLR0917 - pytest's way to name what it needs
    node_modules: None,
    python: str,
    arch: str,
    sources: Path,
    said: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Deploy, set up, and remove in the end: what is kept then belongs to no test but to this."""
    place = tmp_path_factory.mktemp("stack")
    (place / "home").mkdir()
    found = Stack(copied(sources, place / "sources"), place / "home", python, arch)
    with found.aws(ministack(platform.machine())):
        found.become_deployer()
        said["deploy"] = found.sls("deploy")
        found.set_up()
        yield found
        _remove(found)


def _remove(stack: Stack) -> None:
    table, bucket, function = (
        stack.resource(each) for each in ("Table", "Bucket", "WebLambdaFunction")
    )
    files = stack.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"]

    stack.sls("remove")

    assert stack.client("dynamodb").describe_table(TableName=table)["Table"]["ItemCount"] > 0
    assert stack.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == files
    functions = stack.client("lambda").list_functions()["Functions"]
    assert function not in {each["FunctionName"] for each in functions}


@pytest.fixture
def tools(tmp_path: Path) -> Client:
    """Clients with an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return Client(home)


@pytest.fixture
def demo(stack: Stack, tools: Client, request: pytest.FixtureRequest) -> str:
    """A project of the test's own with one release, 1.0, published by twine."""
    name = request.node.name.removeprefix("test_")[:20].strip("_").replace("_", "-")
    folder = tools.home / "dist"
    folder.mkdir()
    (folder / make.wheel_name(name)).write_bytes(make.wheel(name))
    (folder / make.sdist_name(name)).write_bytes(make.sdist(name))
    tools.twine(stack, *folder.iterdir())
    return name


def listed(stack: Stack, project: str) -> list[str]:
    headers = urllib3.make_headers(basic_auth=f"__token__:{stack.token}")
    headers["accept"] = "application/vnd.pypi.simple.v1+json"
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", f"{stack.url}/simple/{project}/", headers=headers)
    return [file["filename"] for file in answer.json()["files"]] if answer.status == 200 else []


def test_the_deployment_tells_where_the_index_is_and_what_to_do_next(
    stack: Stack, said: dict[str, str]
) -> None:
    assert "index: https://" in said["deploy"]
    flask = f"npx sls wsgi flask --stage {STAGE} --region us-east-1 --command"
    assert f'{flask} "init"' in said["deploy"]


def test_a_stranger_is_told_nothing(stack: Stack) -> None:
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", f"{stack.url}/simple/")

    assert (answer.status, answer.headers["www-authenticate"][:5]) == (401, "Basic")


def test_pip_installs_what_twine_has_published(stack: Stack, tools: Client, demo: str) -> None:
    tools.run("pip", "install", "--target", "out", "--index-url", stack.simple, demo)

    module = tools.home / "out" / f"{demo.replace('-', '_')}.py"
    assert module.read_text() == "version = '1.0'\n"


def test_uv_installs_what_twine_has_published(stack: Stack, tools: Client, demo: str) -> None:
    python = tools.venv()

    tools.run("uv", "pip", "install", "--python", python, "--index-url", stack.simple, demo)

    assert demo in tools.run("uv", "pip", "list", "--python", python)


def test_a_file_that_is_dropped_into_the_bucket_is_published(
    stack: Stack, tools: Client, demo: str
) -> None:
    name = make.wheel_name(demo, "1.1")

    stack.client("s3").put_object(
        Bucket=stack.resource("Bucket"), Key=f"drop/{demo}/{name}", Body=make.wheel(demo, "1.1")
    )

    deadline = time.monotonic() + 30
    while name not in listed(stack, demo):
        assert time.monotonic() < deadline, listed(stack, demo)
        time.sleep(0.2)


@pytest.mark.parametrize("rule", ["SweepRule", "CatchUpRule"])
def test_a_schedule_starts_its_job(stack: Stack, rule: str) -> None:
    events = stack.client("events")
    (target,) = events.list_targets_by_rule(Rule=stack.resource(rule))["Targets"]

    answer = stack.client("lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"])

    assert json.loads(answer["Payload"].read()) == "done"


def test_a_web_socket_is_opened_and_a_ping_answered(stack: Stack) -> None:
    with WebSocket(stack.front, f"/{STAGE}") as connection:
        assert connection.status == 101

        connection.send('{"action": "no such thing"}')
        connection.send('{"action": "ping"}')

        assert json.loads(connection.receive()) == {"action": "pong"}


def test_an_operators_command_runs_where_the_data_is(stack: Stack) -> None:
    assert "files inspected: 0" in stack.flask("jobs run catch-up")


def test_deploying_again_changes_nothing(stack: Stack) -> None:
    said = stack.sls("deploy")

    assert "No changes to deploy" in said, said
