"""The Lambda entry: what an HTTP API and serverless_wsgi disagree about, and what is refused."""

import base64
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st

EVENTS = Path(__file__).parents[2] / "events"
REQUESTS = {
    "cookies",
    "file-get",
    "file-head",
    "healthz",
    "percent-path",
    "root",
    "simple-project",
    "upload",
}
HOST = "abcde12345.execute-api.us-east-1.amazonaws.com"


def _tiny_application() -> flask.Flask:
    """Return an application that tells what reached it."""
    app = flask.Flask("tiny")

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def echo(path: str) -> dict[str, Any]:
        request = flask.request
        return {
            "path": path,
            "query": request.args.to_dict(),
            "cookies": request.cookies.to_dict(),
            "agent": request.headers.get("User-Agent"),
            "remote": request.remote_addr,
            "body": base64.b64encode(request.get_data()).decode(),
            "url": flask.url_for("echo", path="simple/x/", _external=True),
        }

    @app.get("/login")
    def login() -> flask.Response:
        answer = flask.Response("ok")
        for name in ("session", "csrf", "theme"):
            answer.set_cookie(name, "1")
        answer.headers.add("Link", "</a>; rel=a")
        answer.headers.add("Link", "</b>; rel=b")
        return answer

    @app.get("/typed/<path:mimetype>")
    def typed(mimetype: str) -> flask.Response:
        return flask.Response("{}", mimetype=mimetype)

    return app


@pytest.fixture(scope="module")
def handler() -> Iterator[ModuleType]:
    """Yield the module `handler` over a tiny application, so that only its own rules count."""
    factory = ModuleType("app.factory")
    factory.Front = _tiny_application  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIP_STAGE_PATH", "true")
        patch.delenv("IS_OFFLINE", raising=False)
        patch.setitem(sys.modules, "app.factory", factory)
        patch.delitem(sys.modules, "handler", raising=False)
        module = importlib.import_module("handler")
        yield module
        del sys.modules["handler"]


def event(path: str = "/", **changes: Any) -> dict[str, Any]:
    """Return the event of a GET, with these parts in it changed."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": HOST, "x-forwarded-proto": "https"},
        "requestContext": {
            "domainName": HOST,
            "http": {"method": "GET", "path": path, "sourceIp": "192.0.2.10"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
        **changes,
    }


def told(handler: ModuleType, request: dict[str, Any]) -> dict[str, Any]:
    """Return what the tiny application told about this request."""
    answer = handler.http(request, None)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])


def test_urls_do_not_name_the_stage(handler: ModuleType) -> None:
    assert told(handler, event())["url"] == f"https://{HOST}/simple/x/"


def test_every_cookie_of_an_answer_arrives(handler: ModuleType) -> None:
    answer = handler.http(event("/login"), None)

    assert [cookie.split("=")[0] for cookie in answer["cookies"]] == ["session", "csrf", "theme"]
    assert "set-cookie" not in answer["headers"]


def test_a_repeated_header_arrives_as_one(handler: ModuleType) -> None:
    answer = handler.http(event("/login"), None)

    assert answer["headers"]["link"] == "</a>; rel=a, </b>; rel=b"
    assert all(name == name.lower() for name in answer["headers"])


@pytest.mark.parametrize("path", ["a%41", "100%", "a+b", "a b", "naïve", "what?", "%2F", "日本"])
def test_a_path_is_decoded_once(handler: ModuleType, path: str) -> None:
    assert told(handler, event(f"/{path}"))["path"] == path


def test_a_function_url_hands_over_a_path_that_is_still_quoted(handler: ModuleType) -> None:
    request = event("/na%C3%AFve%2541")
    request["requestContext"]["domainName"] = "abc.lambda-url.us-east-1.on.aws"

    assert told(handler, request)["path"] == "naïve%41"


def test_cookies_are_read_from_the_list(handler: ModuleType) -> None:
    request = event(cookies=["session=abc", "theme=dark"])

    assert told(handler, request)["cookies"] == {"session": "abc", "theme": "dark"}


def test_cookies_are_read_from_the_header_where_there_is_no_list(handler: ModuleType) -> None:
    request = event(headers={"host": HOST, "Cookie": "session=abc; theme=dark"})

    assert told(handler, request)["cookies"] == {"session": "abc", "theme": "dark"}


@pytest.mark.parametrize(
    "mimetype",
    [
        "application/json",
        "application/vnd.pypi.simple.v1+json",
        "application/vnd.pypi.simple.v1+html",
        "text/html",
    ],
)
def test_text_travels_as_text(handler: ModuleType, mimetype: str) -> None:
    answer = handler.http(event(f"/typed/{mimetype}"), None)

    assert (answer["body"], answer["isBase64Encoded"]) == ("{}", False)


def test_bytes_travel_as_base64(handler: ModuleType) -> None:
    answer = handler.http(event("/typed/application/octet-stream"), None)

    assert (answer["body"], answer["isBase64Encoded"]) == ("e30=", True)


def test_a_binary_body_arrives_unchanged(handler: ModuleType) -> None:
    body = bytes(range(256))
    request = event(body=base64.b64encode(body).decode(), isBase64Encoded=True)
    request["requestContext"]["http"]["method"] = "POST"

    assert base64.b64decode(told(handler, request)["body"]) == body


def test_a_header_in_utf8_arrives_unchanged(handler: ModuleType) -> None:
    request = event(headers={"host": HOST, "user-agent": "naïve/日"})

    agent = told(handler, request)["agent"]
    assert agent.encode("latin-1").decode() == "naïve/日"


def test_the_address_is_the_one_the_front_saw(handler: ModuleType) -> None:
    request = event(headers={"host": HOST, "x-forwarded-for": "203.0.113.99"})

    assert told(handler, request)["remote"] == "192.0.2.10"


@pytest.mark.parametrize("file", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_recorded_event_is_answered_or_refused(handler: ModuleType, file: Path) -> None:
    answer = handler.http(json.loads(file.read_text()), None)

    assert (answer["statusCode"] == 400) is (file.stem not in REQUESTS)


def test_a_refusal_is_logged(handler: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    handler.http({"source": "aws.events"}, None)

    assert "Refused an event that is no HTTP request" in caplog.text


def test_a_command_is_never_run(handler: ModuleType) -> None:
    command = {"_serverless-wsgi": {"command": "exec", "data": "raise SystemExit(1)"}}

    assert handler.http(command, None)["statusCode"] == 400
    assert handler.http({**event(), **command}, None)["statusCode"] == 200


def test_an_event_with_a_source_is_a_request_all_the_same(handler: ModuleType) -> None:
    assert handler.http({**event(), "source": "aws.events"}, None)["statusCode"] == 200


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(garbage=_JSON)
def test_garbage_is_refused(handler: ModuleType, garbage: Any) -> None:
    assert handler.http(garbage, None)["statusCode"] == 400


@given(part=st.sampled_from([*sorted(event()), "body", "cookies"]), garbage=_JSON)
def test_a_request_with_garbage_in_one_part_is_answered_or_refused(
    handler: ModuleType, part: str, garbage: Any
) -> None:
    answer = handler.http(event(**{part: garbage}), None)

    assert 200 <= answer["statusCode"] < 500


@given(
    name=st.sampled_from(["host", "cookie", "content-type", "x-forwarded-proto"]), value=st.text()
)
def test_a_header_with_garbage_in_it_is_answered_or_refused(
    handler: ModuleType, name: str, value: str
) -> None:
    answer = handler.http(event(headers={"host": HOST, name: value}), None)

    assert 200 <= answer["statusCode"] < 500
