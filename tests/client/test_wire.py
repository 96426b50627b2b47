"""Requests: by way of a proxy, and when no answer comes."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from larder_client import settings, wire
from larder_client.address import parse

from tests.client.conftest import Larder
from tests.client.fake_index import WHOAMI, Asked, FakeIndex, Reply


def answer_as_proxy(fake: FakeIndex) -> None:
    def rule(asked: Asked) -> Reply | None:
        if asked.path == "http://127.0.0.1:9/api/v1/whoami":
            return 200, {"Content-Type": "application/json"}, json.dumps(WHOAMI).encode()
        return None

    fake.rules.append(rule)


def test_the_proxy_of_the_environment_is_used(
    fake: FakeIndex, larder: Larder, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_as_proxy(fake)
    monkeypatch.setenv("HTTP_PROXY", fake.url.replace("//", "//bob:secret@"))
    larder.env["LARDER_INDEX"] = "http://127.0.0.1:9"
    assert "Account  ada" in larder("status").out
    assert fake.asked[0].headers["proxy-authorization"] == "Basic Ym9iOnNlY3JldA=="


def test_hosts_that_need_no_proxy_are_asked_directly(
    fake: FakeIndex, larder: Larder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert "Account  ada" in larder("status").out


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """An https server with a certificate that nobody trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.NameAttribute
    subject = x509.Name([name(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path / "impostor.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_greet, args=(server, context))
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}"
        thread.join()


def _greet(server: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):  # the client hangs up, as it should
        context.wrap_socket(connection, server_side=True).close()


def test_a_certificate_that_nobody_trusts_is_refused_at_once(larder: Larder, impostor: str) -> None:
    done = larder("status", "--index", impostor, code=1)
    assert "its certificate is not accepted (self-signed certificate)" in done.err
    assert "Trying again" not in done.err


def test_a_host_that_does_not_exist_is_told_at_once(
    larder: Larder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    done = larder("status", "--index", "https://packages.example.com", code=1)
    assert done.err == (
        "larder: packages.example.com cannot be reached: there is no host of this name.\n"
    )


def test_an_answer_that_never_comes_is_not_waited_for_for_ever(
    larder: Larder, fake: FakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TIMEOUT", wire.urllib3.Timeout(connect=1, read=0.05))
    late = threading.Event()
    fake.rules.append(lambda _: late.wait(5) and None)
    done = larder("status", code=1)
    late.set()
    assert "cannot be reached: it took too long." in done.err


def test_a_token_of_any_characters_is_sent(fake: FakeIndex) -> None:
    line = wire.Line(stop=threading.Event(), note=str, size=1)
    index = wire.Index(parse(fake.url), settings.Credential(password="übermütig"), line)
    with pytest.raises(wire.Refused):
        index.ask("GET", index.url("/api/v1/whoami"))
    assert fake.asked[0].headers["authorization"] == "Basic X190b2tlbl9fOsO8YmVybcO8dGln"
