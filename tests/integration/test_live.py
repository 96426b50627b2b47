"""What WebSocket clients send: a ping is answered, and nothing else is done for anybody."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import live
from app.store import sockets

EVENTS = Path(__file__).parents[2] / "events"
GONE, REFUSED = "no-longer-there=", "not-allowed="
STATUS = {GONE: 410, REFUSED: 403}


class Gateway(HTTPServer):
    """API Gateway's side: it notes what is sent to which connection."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
        before, _, connection = unquote(self.path).rpartition("/")
        assert before == "/prod/@connections"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = STATUS.get(connection, 200)
        if status == 200:
            self.server.sent.append((connection, body))
        self.send_response(status)
        if status == 410:
            self.send_header("x-amzn-ErrorType", "GoneException")
        if status == 403:
            self.send_header("x-amzn-ErrorType", "AccessDeniedException")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def running() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def gateway(running: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    url = f"http://127.0.0.1:{running.server_port}/prod"
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    sockets._client.cache_clear()
    running.sent.clear()
    yield running
    sockets._client.cache_clear()


def recorded(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def message(body: Any, connection: Any = "BmVzIfaBoAMCJ1g=") -> dict[str, Any]:
    event = recorded("live-ping")
    event["requestContext"]["connectionId"] = connection
    return {**event, "body": body}


@pytest.mark.parametrize("name", ["live-connect", "live-disconnect"])
def test_who_comes_and_goes_is_let_and_told_nothing(gateway: Gateway, name: str) -> None:
    assert live.handle(recorded(name)) == {"statusCode": 200}
    assert gateway.sent == []


def test_a_ping_is_answered_to_whom_it_came_from(gateway: Gateway) -> None:
    assert live.handle(recorded("live-ping")) == {"statusCode": 200}
    assert gateway.sent == [("BmVzIfaBoAMCJ1g=", b'{"action": "pong"}')]


@pytest.mark.parametrize(
    "body", ["", "ping", "[]", "7", '{"action": "pin"}', '{"action": ["ping"]}', "[" * 5000]
)
def test_nothing_else_is_answered(gateway: Gateway, body: str) -> None:
    assert live.handle(message(body)) == {"statusCode": 400}
    assert gateway.sent == []


def test_who_has_left_before_the_answer_is_no_failure(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    assert live.handle(message('{"action": "ping"}', GONE)) == {"statusCode": 200}
    assert not caplog.records


def test_a_missing_permission_is_told_to_the_operator(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    assert live.handle(message('{"action": "ping"}', REFUSED)) == {"statusCode": 503}
    (record,) = caplog.records
    assert (record.levelno, vars(record)["operation"]) == (logging.ERROR, "PostToConnection")


@pytest.mark.parametrize("connection", ["", "a/../b", "x" * 200, "é", "\ud800", 7, None])
def test_an_address_that_is_none_is_not_written_to(gateway: Gateway, connection: Any) -> None:
    assert live.handle(message('{"action": "ping"}', connection)) == {"statusCode": 400}
    assert gateway.sent == []


@pytest.mark.parametrize("name", ["healthz", "s3", "schedule", "command", "garbage"])
def test_events_of_others_are_refused(gateway: Gateway, name: str) -> None:
    assert live.handle(recorded(name)) == {"statusCode": 400}
    assert gateway.sent == []


NESTED = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KINDS = st.sampled_from(["CONNECT", "DISCONNECT", "MESSAGE"])
EVENT = st.fixed_dictionaries({
    "requestContext": NESTED
    | st.fixed_dictionaries({"eventType": NESTED | KINDS, "connectionId": NESTED}),
    "body": NESTED,
})  # fmt: skip


@given(NESTED | EVENT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_event_of_any_shape_is_answered_and_sends_nothing(gateway: Gateway, event: Any) -> None:
    assert live.handle(event)["statusCode"] in {200, 400}
    assert gateway.sent == []
