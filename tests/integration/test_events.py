"""Events of any shape, to any function, and bodies and headers at their limits, to the whole index.

Nothing is raised, nothing is answered with a 5xx, and nothing is written but by whoever may.
"""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import factory
from app import jobs as app_jobs
from app.config import Config
from app.store.stores import Stores
from tests import make
from tests.aws import counted
from tests.corpus.case import File, Own
from tests.corpus.uploads import MULTIPART, encode, fields
from tests.function import function_over

Mint = Callable[..., str]
Handle = Callable[[Any, None], Any]

FOLDER = Path(__file__).parents[2] / "events"
EVENTS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
KEYS = ("drop/larder-demo/larder_demo-1.0.tar.gz", "drop/x", "files/larder-demo/session-1-2/x.whl")
EVENTS |= {
    key: {**EVENTS["s3"], "detail": {**EVENTS["s3"]["detail"], "object": {"key": key}}}
    for key in KEYS
}
FUNCTIONS = ("http", "objects", "jobs", "live")
MIB = 1024 * 1024
HOST = "abcde12345.execute-api.us-east-1.amazonaws.com"
# What asks AWS for something and changes nothing. A pong goes to whoever pinged.
READS = {
    *("GetItem", "BatchGetItem", "Query", "Scan"),
    *("GetObject", "HeadObject", "ListObjectsV2", "GetParameter", "PostToConnection"),
}
LIMITS = {"LARDER_POST_BYTES": "4000000", "LARDER_OBJECT_EVENTS": "1"}
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


@pytest.fixture
def handler(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Yield the module that Lambda calls, over the whole index on an emulated AWS."""
    monkeypatch.setenv("STRIP_STAGE_PATH", "true")
    front = factory.Front(Config.from_env(LIMITS), stores)
    with function_over(front) as handler:
        yield handler


@pytest.fixture
def token(mint: Mint) -> str:
    return mint("ada", {"manage"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each part of an event."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(parts):
        yield (*path, key)
        if isinstance(part, dict | list):
            yield from _places(part, (*path, key))


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """Draw a recorded event with garbage in one or two of its places, or without them."""
    event = json.loads(json.dumps(EVENTS[draw(st.sampled_from(sorted(EVENTS)))]))
    for _ in range(draw(st.integers(0, 2))):
        places = list(_places(event)) if isinstance(event, dict | list) else []
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        parent = event
        for key in way:
            parent = parent[key]
        if draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = draw(json_values)
    return event


def _is_job(event: Any) -> bool:
    names = {job.name for job in app_jobs.JOBS}
    return isinstance(event, dict) and isinstance(event.get("job"), str) and event["job"] in names


@pytest.mark.parametrize("function", FUNCTIONS)
@SHARED
@given(event=damaged() | json_values)
def test_an_event_of_any_shape_is_answered_or_refused_and_writes_nothing(
    handler: ModuleType, function: str, event: Any
) -> None:
    with counted() as calls:
        answer = getattr(handler, function)(event, None)

    json.dumps(answer)  # what the runtime does with it
    if function == "http":
        assert 200 <= answer["statusCode"] < 500, answer
    if function != "jobs" or not _is_job(event):
        assert set(calls) <= READS


@SHARED
@given(data=st.data())
def test_a_request_with_a_credential_and_garbage_elsewhere_is_answered_or_refused(
    handler: ModuleType, token: str, data: st.DataObject
) -> None:
    method = data.draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "x"]))
    roots = ["/", "/simple/", "/files/a/", "/legacy/", "/upload/2.0/", "/api/v1/projects/a/", "/p/"]
    path = data.draw(st.sampled_from(roots)) + data.draw(st.text(max_size=30))
    body = data.draw(st.binary(max_size=200))
    kinds = ["application/json", "multipart/form-data; boundary=x", "", "text/\xe9"]
    event = request(method, path, body, token=token)
    event["headers"]["content-type"] = data.draw(st.sampled_from(kinds))
    event["rawQueryString"] = data.draw(st.text(max_size=30))

    assert 200 <= handler.http(event, None)["statusCode"] < 500


def request(
    method: str, path: str, body: bytes = b"", *, token: str = "", **headers: str
) -> dict[str, Any]:
    """Return the event of a request."""
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": HOST, "x-forwarded-proto": "https", **headers},
        "requestContext": {
            "domainName": HOST,
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.10"},
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    event["headers"]["content-length"] = str(len(body))
    if token:
        event["headers"]["authorization"] = f"Bearer {token}"
    return event


def text_of(answer: dict[str, Any]) -> str:
    body: str = answer["body"]
    return base64.b64decode(body).decode() if answer["isBase64Encoded"] else body


def announced(handler: ModuleType, token: str, size: int) -> tuple[str, Any]:
    """Open a session and announce a file of a size; return where its bytes go, and the answer."""
    meta = {"meta": {"api-version": "2.0"}}
    body = json.dumps({**meta, "name": "larder-demo", "version": "1.0"}).encode()
    answer = handler.http(request("POST", "/upload/2.0/", body, token=token), None)
    links = json.loads(text_of(answer))["links"]
    file = {
        **meta,
        "filename": make.wheel_name(),
        "size": size,
        "hashes": {"sha256": "0" * 64},
        "mechanism": "http-post-bytes",
    }
    where = links["upload"].removeprefix(f"https://{HOST}")
    answer = handler.http(request("POST", where, json.dumps(file).encode(), token=token), None)
    told = json.loads(text_of(answer))
    return told.get("mechanism", {}).get("file_url", "").removeprefix(f"https://{HOST}"), answer


@pytest.mark.parametrize(("size", "status"), [(4_000_000, 202), (4_000_001, 413)])
def test_a_file_that_lambda_cannot_take_is_turned_away_when_it_is_announced(
    handler: ModuleType, token: str, size: int, status: int
) -> None:
    _, answer = announced(handler, token, size)

    assert answer["statusCode"] == status
    if status == 413:
        assert "straight to the storage" in text_of(answer)


def test_more_bytes_than_lambda_can_take_are_refused_with_the_other_door(
    handler: ModuleType, token: str
) -> None:
    where, _ = announced(handler, token, 4_000_000)

    at, over = (
        handler.http(request("POST", where, bytes(size), token=token), None)
        for size in (4_000_000, 4_000_001)
    )

    assert at["statusCode"] in {204, 400}  # zeros are no wheel
    assert over["statusCode"] == 413
    assert "4000000 bytes" in text_of(over)
    assert "`larder upload`" in text_of(over)


@pytest.mark.parametrize(("size", "status"), [(16 * MIB, 200), (16 * MIB + 1, 413)])
def test_fields_of_16_mib_pass_and_more_are_told_of_the_other_door(
    handler: ModuleType, token: str, size: int, status: int
) -> None:
    own = Own(project="larder-demo", token=token)
    file = File(own.wheel, make.wheel("larder-demo"))
    others = sum(len(name) + len(text) for name, text in fields(own, file, content=None))
    rest = size - others - len("description")
    parts = fields(own, file, description="x" * rest)
    body = request("POST", "/legacy/", encode(parts), token=token)
    body["headers"]["content-type"] = MULTIPART["Content-Type"]

    answer = handler.http(body, None)

    assert answer["statusCode"] == status, text_of(answer)
    if status == 413:
        assert "`larder upload`" in text_of(answer)


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 201), (64 * 1024 + 1, 413)])
def test_a_body_of_64_kib_passes_and_a_larger_one_is_told_the_limit(
    handler: ModuleType, token: str, size: int, status: int
) -> None:
    body = {"name": "x", "permissions": ["read"], "projects": ["*"], "expires": "1h"}
    text = json.dumps(body).ljust(size).encode()

    answer = handler.http(request("POST", "/api/v1/tokens", text, token=token), None)

    assert answer["statusCode"] == status, text_of(answer)
    if status == 413:
        assert "65536 bytes" in text_of(answer)


@pytest.mark.parametrize("path", ["/simple/", "/legacy/", "/api/v1/whoami", "/"])
@pytest.mark.parametrize("name", ["authorization", "cookie", "user-agent", "accept", "x-other"])
def test_headers_of_10_kib_are_answered(handler: ModuleType, path: str, name: str) -> None:
    large = request(
        "POST" if path == "/legacy/" else "GET", path, **{name: "Bearer " + "x" * 9_900}
    )

    answer = handler.http(large, None)

    assert answer["statusCode"] in {200, 401, 406}


def test_a_path_of_8_kib_is_answered(handler: ModuleType, token: str) -> None:
    answer = handler.http(request("GET", f"/simple/{'x' * 8_000}/", token=token), None)
    assert answer["statusCode"] in {400, 404}
