"""AWS refuses, throttles, breaks or is silent at any one call: a 503, and one line with the cause.

Faults are answers on the wire, and so pass through the SDK's retries and readers, PynamoDB and our
own reader. Each request is sent once to count its calls; then once for each of them and each fault.
"""

import gzip
import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from flask import Flask
from flask.testing import FlaskClient
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from werkzeug.test import TestResponse

from app.config import Config
from app.errors import AppError, NotFound, Unavailable
from app.factory import create_app
from app.features.setup import service as setup
from app.models.base import LarderItem
from app.store.clock import Clock
from app.store.failures import ServiceError, code_of, is_passing, translated
from app.store.keyring import Keyring
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]
Act = Callable[[], TestResponse]

META = {"meta": {"api-version": "2.0"}}
NAME = make.wheel_name()
FILE = f"/api/v1/projects/larder-demo/files/{NAME}"
JSON = "?format=application/vnd.pypi.simple.v1%2Bjson"
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/larder-dev"
REFUSAL = f"User: arn:aws:sts::111122223333:assumed-role/web/f is not authorized on {TABLE}"
# The function has 29 seconds, the HTTP API 30; some go to the rest and to pauses.
FRONT_SECONDS = 26
KEY = "KMS key access denied error: The ciphertext refers to a key that does not exist"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What AWS answers: code, status and words, of DynamoDB and of S3; silence is no answer."""

    dynamodb: tuple[int, str, str] = (0, "", "")
    s3: tuple[int, str, str] = (0, "", "")
    is_silent: bool = False


FAULTS = {
    "no permission": Fault(
        dynamodb=(400, "AccessDeniedException", REFUSAL),
        s3=(403, "AccessDenied", "Access Denied"),
    ),
    "no key": Fault(
        dynamodb=(400, "AccessDeniedException", KEY),
        s3=(400, "KMS.DisabledException", "arn:aws:kms:::key/1 is disabled."),
    ),
    "throttled": Fault(
        dynamodb=(400, "ThrottlingException", "Throughput exceeds the current capacity"),
        s3=(503, "SlowDown", "Please reduce your request rate."),
    ),
    "broken": Fault(
        dynamodb=(500, "InternalServerError", "Internal server error"),
        s3=(500, "InternalError", "We encountered an internal error."),
    ),
    "silent": Fault(is_silent=True),
}


@dataclass
class Wire:
    """The requests to AWS, of which one, and its repetitions, meet a fault; counted from 0."""

    fault: Fault | None = None
    at: int = -1
    operations: list[str] = field(default_factory=list)
    # Whether everything after that request meets it as well.
    is_outage: bool = False
    _hit: object = None

    def is_hit(self, request: AWSPreparedRequest) -> bool:
        identity = (request.method, request.url, _body(request))
        number = len(self.operations)
        self.operations.append(operation_of(request))
        if number == self.at:
            self._hit = identity
        return identity == self._hit or (self.is_outage and number >= self.at)


def _body(request: AWSPreparedRequest) -> Any:
    return request.body if isinstance(request.body, bytes) else None


def operation_of(request: AWSPreparedRequest) -> str:
    """Return the name of DynamoDB's operation, or S3's method."""
    target = request.headers.get("X-Amz-Target") or request.headers.get("x-amz-target") or ""
    target = target.decode() if isinstance(target, bytes) else target
    return target.rpartition(".")[2] or str(request.method)


@contextmanager
def on(wire: Wire) -> Iterator[None]:
    """Let requests to AWS pass along this wire, and nobody wait before a repetition."""
    passed = BotocoreStubber.__call__

    def call(
        self: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **more: Any
    ) -> AWSResponse | None:
        if not wire.is_hit(request):
            return passed(self, event_name=event_name, request=request, **more)
        assert wire.fault is not None
        if wire.fault.is_silent:
            # The SDK's names of events end with the operation; our own reader has sockets.
            of_sdk = event_name.count(".") > 1
            raise ReadTimeoutError(endpoint_url=request.url) if of_sdk else TimeoutError("silence")
        return _answer(wire.fault, request)

    with patch.object(BotocoreStubber, "__call__", call), patch.object(time, "sleep"):
        yield


def _answer(fault: Fault, request: AWSPreparedRequest) -> AWSResponse:
    if operation_of(request) != request.method:
        status, code, words = fault.dynamodb
        kind = f"com.amazonaws.dynamodb.v20120810#{code}"
        body = json.dumps({"__type": kind, "message": words, "ThrottlingReasons": []})
    else:
        status, code, words = fault.s3
        body = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>"
    raw = MockRawResponse(b"" if request.method == "HEAD" else body.encode())
    return AWSResponse(request.url, status, {"x-amzn-requestid": "r-1"}, raw)


def code_due(fault: Fault, operation: str) -> set[str]:
    """Return the codes that the log may name."""
    if fault.is_silent:
        return {"ReadTimeoutError", "ServiceError"}
    if operation == "HEAD":  # which has no body
        return {str(fault.s3[0])}
    return {fault.s3[1] if operation.isupper() else fault.dynamodb[1]}


def path(url: str) -> str:
    return url.removeprefix("http://localhost")


def published(client: FlaskClient, **fields: str) -> None:
    assert client.post("/legacy/", data=make.form(make.wheel(**fields))).status_code == 200


def reading(url: str, **headers: str) -> Callable[[FlaskClient], Act]:
    def prepared(client: FlaskClient) -> Act:
        published(client)
        return lambda: client.get(url, headers=headers)

    return prepared


def managing(method: str, url: str, body: Any = None) -> Callable[[FlaskClient], Act]:
    def prepared(client: FlaskClient) -> Act:
        published(client)
        return lambda: client.open(url, method=method, json=body)

    return prepared


def an_upload(client: FlaskClient) -> Act:
    return lambda: client.post("/legacy/", data=make.form(make.wheel()))


def a_large_document(client: FlaskClient) -> Act:
    published(client, Keywords=gzip.compress(bytes(range(256)) * 9).hex() + noise())
    return lambda: client.get(f"/files/larder-demo/{NAME}.metadata")


def noise() -> str:
    """Return so much that does not shrink that its document lies in S3."""
    from tests.corpus import archives

    return archives.noise(60_000).hex()


def opened(client: FlaskClient) -> dict[str, Any]:
    made = client.post("/upload/2.0/", json={**META, "name": "larder-demo", "version": "1.0"})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = json.loads(made.data)["links"]
    return found


def announced(client: FlaskClient, links: dict[str, Any], way: str) -> Act:
    archive = make.wheel()
    body = {
        **META,
        "filename": NAME,
        "size": len(archive),
        "hashes": {"sha256": make.form(archive)["sha256_digest"]},
        "mechanism": way,
    }
    return lambda: client.post(path(links["upload"]), json=body)


def staged(client: FlaskClient, links: dict[str, Any]) -> dict[str, Any]:
    """Announce a file and send its bytes; return what the index told of it."""
    told: dict[str, Any] = json.loads(announced(client, links, "http-post-bytes")().data)
    assert client.post(path(told["mechanism"]["file_url"]), data=make.wheel()).status_code < 300
    return told


def a_session(client: FlaskClient) -> Act:
    body = {**META, "name": "larder-demo", "version": "1.0"}
    return lambda: client.post("/upload/2.0/", json=body)


def an_announcement(client: FlaskClient) -> Act:
    return announced(client, opened(client), "vnd-larder-s3put-v1")


def bytes_of_a_session(client: FlaskClient) -> Act:
    told = json.loads(announced(client, opened(client), "http-post-bytes")().data)
    return lambda: client.post(path(told["mechanism"]["file_url"]), data=make.wheel())


def a_completion(client: FlaskClient) -> Act:
    told = staged(client, opened(client))
    return lambda: client.post(path(told["links"]["complete"]), json=META)


def a_publication(client: FlaskClient) -> Act:
    links = opened(client)
    told = staged(client, links)
    assert client.post(path(told["links"]["complete"]), json=META).status_code == 201
    return lambda: client.post(path(links["publish"]), json=META)


REQUESTS: dict[str, Callable[[FlaskClient], Act]] = {
    "a page": reading("/simple/larder-demo/"),
    "the list of projects": reading(f"/simple/{JSON}"),
    "a file": reading(f"/files/larder-demo/{NAME}"),
    "metadata": reading(f"/files/larder-demo/{NAME}.metadata"),
    "metadata in S3": a_large_document,
    "the JSON API": reading("/pypi/larder-demo/json"),
    "who am I": reading("/api/v1/whoami"),
    "an upload": an_upload,
    "a session": a_session,
    "an announcement": an_announcement,
    "bytes of a session": bytes_of_a_session,
    "a completion": a_completion,
    "a publication": a_publication,
    "a yank": managing("POST", f"{FILE}/yank", {"reason": "broken"}),
    "a deletion": managing("DELETE", FILE),
    "a status": managing("PUT", "/api/v1/projects/larder-demo/status", {"status": "archived"}),
    "a role": managing("PUT", "/api/v1/projects/larder-demo/roles/ada", {"role": "owner"}),
    "a token": managing(
        "POST",
        "/api/v1/tokens",
        {"name": "x", "permissions": ["read"], "projects": ["*"], "expires": "1h"},
    ),
}


# Every request meets a closed door and silence, some the rest too.
CASES = [(request, fault) for request in REQUESTS for fault in ("no permission", "silent")] + [
    (request, fault)
    for request in ("a page", "a file", "an upload", "a completion")
    for fault in ("no key", "throttled", "broken")
]


def clear(stores: Stores) -> None:
    """Empty the index but for accounts and tokens."""
    for item in list(LarderItem.scan()):
        if not item.pk.startswith(("account#", "token#")):
            item.delete()
    setup.prepare(stores)


def loud(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def client(as_: Clients) -> FlaskClient:
    return as_("ada", {"manage"})


@pytest.mark.parametrize(("request_of", "fault"), CASES)
def test_a_failure_of_aws_is_a_503_and_one_line_that_names_the_cause(
    client: FlaskClient,
    stores: Stores,
    request_of: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted, refused = Wire(), 0
    act = REQUESTS[request_of](client)
    with on(counted):
        assert act().status_code < 400
    for at in range(len(counted.operations)):
        clear(stores)
        act = REQUESTS[request_of](client)
        wire = Wire(FAULTS[fault], at)
        caplog.clear()
        with on(wire):
            answer = act()
        if answer.status_code < 400:  # what failed was not needed for the answer
            continue
        refused += 1
        where = (at, wire.operations[at], answer.text)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), where
        [line] = loud(caplog)
        assert line.getMessage() == "back end unavailable", where
        assert vars(line)["code"] in code_due(FAULTS[fault], wire.operations[at]), where
        if "operation" in vars(line):  # where there is no answer, the SDK does not tell
            known = {wire.operations[at], *S3.get(wire.operations[at], ())}
            assert vars(line)["operation"] in known, where
        assert "." in vars(line)["call"]
        assert len(vars(line)["cause"]) > 5, where
    assert refused > 0


# By which operations of the SDK a method comes about.
S3 = {
    "GET": {"GetObject", "ListParts"},
    "HEAD": {"HeadObject"},
    "PUT": {"PutObject", "UploadPart"},
    "POST": {"CreateMultipartUpload", "CompleteMultipartUpload"},
    "DELETE": {"DeleteObject"},
}


@pytest.fixture
def of_small_items(config: Config, stores: Stores, mint: Callable[..., str]) -> FlaskClient:
    """A client of an index whose pages all lie in S3."""
    small = replace(config, inline_page_bytes=1, item_page_bytes=1)
    app = create_app(small, type(stores)(small))
    app.testing = True
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint('ada', {'manage'})}"
    return client


def test_a_page_that_lies_in_s3_fails_like_all_else(
    of_small_items: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    published(of_small_items)

    with on(Wire(FAULTS["no permission"], at=1)):
        answer = of_small_items.get("/simple/larder-demo/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    [line] = loud(caplog)
    assert (vars(line)["code"], vars(line)["operation"]) == ("AccessDenied", "GetObject")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "not authorized to perform: ssm:GetParameter on parameter/keys"),
        ("InvalidKeyId", "The key is disabled."),
        ("ParameterNotFound", ""),
        ("ThrottlingException", "Rate exceeded"),
    ],
)
def test_signing_keys_that_cannot_be_read_are_a_503(
    config: Config,
    stores: Stores,
    mint: Callable[..., str],
    *,
    code: str,
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keyring = Keyring(replace(config, signing_keys="ssm:/larder/keys"), Clock())
    token = mint("ada")

    with on(Wire(Fault(dynamodb=(400, code, words)), at=0)), pytest.raises(Unavailable):
        keyring.verify(token)

    [line] = loud(caplog)
    assert (vars(line)["code"], vars(line)["operation"]) == (code, "GetParameter")
    assert token not in str(vars(line))


@pytest.mark.parametrize("request_of", REQUESTS)
def test_a_request_gives_up_before_its_front_does_when_aws_falls_silent(
    client: FlaskClient, stores: Stores, request_of: str
) -> None:
    counted = Wire()
    act = REQUESTS[request_of](client)
    with on(counted):
        act()
    for at in range(len(counted.operations)):
        clear(stores)
        act = REQUESTS[request_of](client)
        wire = Wire(FAULTS["silent"], at, is_outage=True)
        with on(wire):
            answer = act()
        seconds = [6 if operation.isupper() else 4 for operation in wire.operations[at:]]
        assert sum(seconds) <= FRONT_SECONDS, (at, wire.operations, answer.status_code)


def test_a_table_that_is_not_there_is_told_to_the_operator(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(dynamodb=(400, "ResourceNotFoundException", "Requested resource not found"))
    with on(Wire(fault, at=0)):
        answer = client.get("/simple/larder-demo/")

    assert answer.status_code == 503
    assert "run `flask init`" in answer.text
    [line] = loud(caplog)
    assert (line.levelname, vars(line)["code"]) == ("ERROR", "ResourceNotFoundException")


def test_a_throttled_read_that_leaves_items_out_is_logged_once(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """DynamoDB answers 200 then, with what it did not read."""

    def answer(_fault: Fault, request: AWSPreparedRequest) -> AWSResponse:
        left = json.loads(request.body)["RequestItems"]
        body = json.dumps({"Responses": {}, "UnprocessedKeys": left})
        return AWSResponse(request.url, 200, {}, MockRawResponse(body))

    for at, act in ((0, lambda: client.get("/simple/larder-demo/")), (1, an_upload(client))):
        caplog.clear()
        with patch(f"{__name__}._answer", answer), on(Wire(Fault(), at)):
            given = act()
        assert (given.status_code, given.headers["Retry-After"]) == (503, "2")
        [line] = loud(caplog)
        assert "more than it may read" in vars(line)["cause"]


def test_what_lasts_is_louder_than_what_passes(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("no permission", "throttled"):
        with on(Wire(FAULTS[name], at=0)):
            client.get("/simple/larder-demo/")

    assert [line.levelname for line in loud(caplog)] == ["ERROR", "WARNING"]


def test_a_throttled_partition_is_named_where_dynamodb_names_it(
    client: FlaskClient, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    counted = Wire()
    with on(counted):
        an_upload(client)()
    clear(stores)
    at = counted.operations.index("TransactWriteItems")
    reason = {"reason": "TableReadKeyRangeThroughputExceeded", "resource": TABLE}

    def answer(_fault: Fault, request: AWSPreparedRequest) -> AWSResponse:
        body = {"__type": "x#ThrottlingException", "message": "m", "throttlingReasons": [reason]}
        return AWSResponse(request.url, 400, {}, MockRawResponse(json.dumps(body)))

    with patch(f"{__name__}._answer", answer), on(Wire(Fault(), at)):
        assert an_upload(client)().status_code == 503

    [line] = loud(caplog)
    assert vars(line)["limits"] == [f"TableReadKeyRangeThroughputExceeded {TABLE}"]


def test_what_was_signed_with_a_session_is_not_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    words = (
        "The request signature we calculated does not match the signature you provided.\n\n"
        "The Canonical String for this request should have been\n'POST\nx-amz-token:canary'"
    )
    fault = Fault(dynamodb=(400, "InvalidSignatureException", words))
    for act in (an_upload(client), lambda: client.get("/simple/larder-demo/")):
        caplog.clear()
        with on(Wire(fault, at=0)):
            assert act().status_code == 503
        [line] = loud(caplog)
        assert vars(line)["code"] == "InvalidSignatureException"
        assert "does not match" in vars(line)["cause"]
        assert "canary" not in str({**vars(line), "exc_info": None})


def test_a_request_that_aws_calls_wrong_is_a_bug_and_stays_one(
    app: Flask, client: FlaskClient
) -> None:
    app.testing = False
    with on(Wire(Fault(dynamodb=(400, "ValidationException", "wrong")), at=0)):
        assert client.get("/simple/larder-demo/").status_code == 500


@pytest.mark.parametrize("error", [NotFound("x"), KeyError("x"), ValueError("x")])
def test_what_is_no_failure_of_aws_passes_as_it_is(error: Exception) -> None:
    @translated
    def failing() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        failing()
    assert caught.value is error


def test_an_error_of_ours_is_logged_once_however_many_stores_it_passes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @translated
    def inner() -> None:
        raise ServiceError("away", code=None, operation="GetItem")

    @translated
    def outer() -> None:
        inner()

    with pytest.raises(Unavailable):
        outer()
    [line] = loud(caplog)
    assert re.fullmatch(r".*inner", vars(line)["call"])


@pytest.mark.parametrize(
    "error",
    [
        "NotFound('x')",
        "ServiceError('x', code='ThrottlingException', operation='GetItem')",
        "ServiceError('x', code=None, operation='GetItem')",
    ],
)
def test_a_failure_without_the_sdk_is_told_without_the_sdk(error: str) -> None:
    program = f"""
import sys
from app.errors import AppError, NotFound
from app.store.failures import ServiceError, translated

@translated
def failing():
    raise {error}

try:
    failing()
except AppError:
    sys.exit("botocore" in sys.modules or "pynamodb" in sys.modules)
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (None, True),
        ("", True),
        ("503", True),
        ("ThrottlingException", True),
        ("KMS.KMSInternalException", True),
        ("KMS.DisabledException", False),
        ("AccessDeniedException", False),
        ("ValidationException", False),
    ],
)
def test_an_error_of_the_signed_reader_tells_whether_it_passes(
    *, code: str | None, passes: bool
) -> None:
    error = ServiceError("x", code=code, operation="GetItem")
    assert (code_of(error), is_passing(error)) == (code or None, passes)


def test_a_refusal_of_aws_is_an_error_of_ours_with_its_own_words() -> None:
    @translated
    def failing() -> None:
        raise ServiceError("closed", code="AccessDenied", operation="GetObject")

    with pytest.raises(AppError, match="Its operator finds the cause"):
        failing()
