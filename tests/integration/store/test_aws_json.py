"""The reader's own calls, against a host on loopback that behaves as badly as hosts do."""

import base64
import datetime as dt
import json
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.config import Config
from app.domain.dist_file import Blob
from app.domain.names import normalize
from app.store import wire
from app.store.aws_json import AwsJson
from app.store.clock import Clock
from app.store.contents import ContentStore
from app.store.failures import ServiceError
from app.store.object_wire import ObjectWire
from app.store.reader import ItemReader
from app.store.wire import Wire

# With its port: the emulated AWS of other tests answers at the plain name.
AMAZON = "https://dynamodb.eu-west-1.amazonaws.com:443"
OK = {"Item": {"pk": {"S": "x"}}}


class Host:
    """A host that gives the answers of a list, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Callable[[BaseHTTPRequestHandler], None]] = [say(OK)]
        self.asked: list[dict[str, str]] = []
        self.connections: set[Any] = set()
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                host.connections.add(self.client_address)
                host.asked.append({name.lower(): value for name, value in self.headers.items()})
                answers = host.answers
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            do_GET = do_HEAD = do_DELETE = do_POST  # noqa: N815

            def do_CONNECT(self) -> None:
                host.asked.append({name.lower(): value for name, value in self.headers.items()})
                self.send_error(407)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def say(body: Any, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        content = json.dumps(body).encode()
        handler.send_response_only(status)
        named = {"date": formatdate(usegmt=True), **headers}
        for name, value in {**named, "content-length": str(len(content))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def refuse(code: str, status: int = 400, **headers: str) -> Callable[..., None]:
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return say({"__type": kind, "message": "no"}, status, **headers)


def say_nothing(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer without a body and without a word about its length, as S3 does."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        handler.end_headers()

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def then_hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Answer, and close the connection without a word, as after some idle minutes."""
    say(OK)(handler)
    handler.close_connection = True


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setattr(wire.time, "sleep", lambda _: None)


@pytest.fixture
def dynamodb(host: Host) -> Iterator[AwsJson]:
    made = AwsJson(
        service="dynamodb",
        protocol="DynamoDB_20120810",
        version="1.0",
        region="eu-west-1",
        url=f"http://127.0.0.1:{host.port}",
        clock=Clock(),
    )
    yield made
    made.wire.close()


def test_one_connection_serves_many_calls(host: Host, dynamodb: AwsJson) -> None:
    for _ in range(5):
        assert dynamodb.call("GetItem", {}) == OK
    assert len(host.connections) == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(host: Host, dynamodb: AwsJson) -> None:
    host.answers = [then_hang_up, say(OK)]
    dynamodb.call("GetItem", {})
    time.sleep(0.05)
    assert dynamodb.call("GetItem", {}) == OK
    assert len(host.asked) == 2


@pytest.mark.parametrize(("method", "status"), [("DELETE", 204), ("GET", 304), ("HEAD", 200)])
def test_what_has_no_body_is_not_waited_for(host: Host, method: str, status: int) -> None:
    host.answers = [say_nothing(status)]
    line = Wire(f"http://127.0.0.1:{host.port}")

    for _ in range(2):
        answer = line.ask(method, "/", {}, operation=method)
        assert (answer.status, answer.body) == (status, b"")

    line.close()
    assert len(host.connections) == 1


def test_threads_have_connections_of_their_own(host: Host, dynamodb: AwsJson) -> None:
    barrier = threading.Barrier(4)

    def wait(handler: BaseHTTPRequestHandler) -> None:
        barrier.wait(5)
        say(OK)(handler)

    host.answers = [wait]
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(dynamodb.call("GetItem", {})))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [OK] * 4
    assert len(host.connections) == 4


@pytest.mark.parametrize(
    "trouble",
    [
        hang_up,
        say({}, 503),
        refuse("ThrottlingException"),
        refuse("ProvisionedThroughputExceededException"),
        refuse("InternalServerError", 500),
        say(OK, x_amz_crc32="1"),
    ],
)
def test_what_may_pass_is_tried_again(
    host: Host, dynamodb: AwsJson, trouble: Callable[..., None]
) -> None:
    host.answers = [trouble, trouble, say(OK)]
    assert dynamodb.call("GetItem", {}) == OK
    assert len(host.asked) == 3


def test_it_is_not_tried_for_ever(host: Host, dynamodb: AwsJson) -> None:
    host.answers = [refuse("ThrottlingException")]
    with pytest.raises(ServiceError) as raised:
        dynamodb.call("GetItem", {})
    assert (raised.value.code, raised.value.operation) == ("ThrottlingException", "GetItem")
    assert len(host.asked) == 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_what_will_not_pass_is_said_at_once(host: Host, dynamodb: AwsJson, code: str) -> None:
    host.answers = [refuse(code)]
    with pytest.raises(ServiceError) as raised:
        dynamodb.call("GetItem", {})
    assert raised.value.code == code
    assert len(host.asked) == 1


def test_a_host_that_never_answers_is_given_up(
    host: Host, dynamodb: AwsJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_READ_SECONDS", 0.05)
    gone = threading.Event()
    host.answers = [lambda _: gone.wait(5) and None]
    with pytest.raises(ServiceError) as raised:
        dynamodb.call("GetItem", {})
    gone.set()
    assert raised.value.code is None


def test_nobody_at_that_address_is_an_error_without_a_code(host: Host, dynamodb: AwsJson) -> None:
    host.stop()
    with pytest.raises(ServiceError) as raised:
        dynamodb.call("GetItem", {})
    assert raised.value.code is None


def test_a_right_checksum_is_accepted(host: Host, dynamodb: AwsJson) -> None:
    host.answers = [say(OK, x_amz_crc32=str(zlib.crc32(json.dumps(OK).encode())))]
    assert dynamodb.call("GetItem", {}) == OK


def signed_at(asked: dict[str, str]) -> float:
    return moment_of(asked["x-amz-date"])


def moment_of(text: str) -> float:
    return dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC).timestamp()


def test_a_wrong_clock_is_corrected_by_the_hosts(host: Host, dynamodb: AwsJson) -> None:
    later = time.time() + 3600
    date = formatdate(later, usegmt=True)
    host.answers = [refuse("InvalidSignatureException", date=date), say(OK)]

    assert dynamodb.call("GetItem", {}) == OK
    dynamodb.call("GetItem", {})

    first, *others = map(signed_at, host.asked)
    assert abs(first - time.time()) < 60
    assert all(abs(moment - later) < 60 for moment in others)
    assert len(others) == 2


def test_what_is_asked_of_the_storage_goes_by_the_corrected_clock_too(host: Host) -> None:
    url, later = f"http://127.0.0.1:{host.port}", time.time() + 7200
    config, clock = replace(Config.from_env({}), dynamodb_url=url, s3_url=url), Clock()
    contents = ContentStore(config, ItemReader(config, clock), clock)
    host.answers = [
        refuse("InvalidSignatureException", date=formatdate(later, usegmt=True)),
        say({}),
        say_nothing(204),
    ]
    blob = Blob(key="files/demo/1/demo-1.0.tar.gz", version_id="1")

    assert contents.head(normalize("demo")) is None
    assert ObjectWire(config, contents.bucket, clock).discard(blob)
    link = contents.link(blob, now=time.time())

    assert abs(signed_at(host.asked[-1]) - later) < 60
    [signed] = parse_qs(urlsplit(link).query)["X-Amz-Date"]
    assert 0 <= later - moment_of(signed) < 3660


def test_whoever_signed_before_the_clock_was_corrected_asks_again_too() -> None:
    clock, later = Clock(), time.time() + 3600
    assert clock.follow(later, 0.0)
    assert clock.follow(later, 0.0)
    assert not clock.follow(later, clock.offset)


def test_a_bad_signature_is_not_blamed_on_a_right_clock(host: Host, dynamodb: AwsJson) -> None:
    host.answers = [refuse("InvalidSignatureException")]
    with pytest.raises(ServiceError):
        dynamodb.call("GetItem", {})
    assert len(host.asked) == 1


def test_new_credentials_are_used_at_once(
    host: Host, dynamodb: AwsJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb.call("GetItem", {})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "NEW")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    dynamodb.call("GetItem", {})

    first, second = host.asked
    assert "Credential=AKID/" in first["authorization"]
    assert "Credential=NEW/" in second["authorization"]
    assert second["x-amz-security-token"] == "session"
    assert re.search("SignedHeaders=[a-z0-9;-]*x-amz-security-token", second["authorization"])


@pytest.fixture
def certified(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the host a certificate for an address of Amazon's; return that certificate."""
    certificate = make_certificate(tmp_path, "dynamodb.eu-west-1.amazonaws.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    host.server.socket = context.wrap_socket(host.server.socket, server_side=True)
    original = wire.http.client.socket.getaddrinfo  # type: ignore[attr-defined]

    def here(_name: str, *rest: Any, **words: Any) -> Any:
        return original("127.0.0.1", *rest, **words)

    monkeypatch.setattr("socket.getaddrinfo", here)
    return certificate


def make_certificate(folder: Path, name: str) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = folder / f"{name}.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


def ask(host: Host) -> int:
    line = Wire(f"https://dynamodb.eu-west-1.amazonaws.com:{host.port}")
    try:
        return line.ask("GET", "/", {}, operation="GetItem").status
    finally:
        line.close()


def test_amazons_own_roots_are_enough_for_amazon(
    host: Host, certified: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_AMAZON_ROOTS", certified)
    assert ask(host) == 200


def test_all_roots_are_tried_where_amazons_are_not_enough(
    host: Host, certified: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setattr(wire, "_AMAZON_ROOTS", make_certificate(tmp_path / "other", "x.example"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certified))
    assert ask(host) == 200


def test_a_host_that_nobody_vouches_for_is_not_spoken_to(
    host: Host, certified: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other", "x.example")
    monkeypatch.setattr(wire, "_AMAZON_ROOTS", other)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(other))
    with pytest.raises(ServiceError):
        ask(host)
    assert host.asked == []


@pytest.fixture
def no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies are for all hosts."""
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_a_proxy_is_shown_the_credentials_of_its_url(
    host: Host, no_exceptions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://us%40er:pass@127.0.0.1:{host.port}")
    with pytest.raises(ServiceError):
        Wire(AMAZON).ask("GET", "/", {}, operation="GetItem")

    [asked] = host.asked
    assert asked["proxy-authorization"] == "Basic " + base64.b64encode(b"us@er:pass").decode()


@pytest.mark.parametrize("proxy", ["http://proxy.example", "proxy.example", "proxy.example:80"])
def test_a_proxy_listens_at_the_port_of_http_unless_it_says_another(
    proxy: str, no_exceptions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    connection = wire.connect(AMAZON, ssl.create_default_context())
    assert (connection.host, connection.port) == ("proxy.example", 80)


def test_a_proxy_that_the_environment_names_is_asked_to_reach_amazon(
    host: Host, no_exceptions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{host.port}")
    connection = wire.connect(AMAZON, ssl.create_default_context())
    assert (connection.host, connection.port) == ("127.0.0.1", host.port)
    monkeypatch.setenv("NO_PROXY", ".amazonaws.com")
    direct = wire.connect(AMAZON, ssl.create_default_context())
    assert direct.host == "dynamodb.eu-west-1.amazonaws.com"
