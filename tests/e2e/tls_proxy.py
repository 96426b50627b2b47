"""A proxy on loopback that ends TLS and notes what passes: pip caches over https alone.

A client that uses it as its proxy asks `CONNECT localhost:PORT` and is answered with a certificate
for that name; what it then says goes to PORT of this machine in plain text. Nothing of it is
changed, for the signature of a download link covers the Host header.
"""

import datetime as dt
import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# What one connection says to the next, and no further (RFC 9110, section 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding"}


@dataclass(frozen=True)
class Passed:
    """One request and how it was answered."""

    port: int
    method: str
    # Without its query.
    path: str
    status: int

    @property
    def line(self) -> str:
        """All of it but whom it was asked of."""
        return f"{self.method} {self.path} {self.status}"


@dataclass
class Proxy:
    """A running proxy, and the certificate that makes a client believe it."""

    url: str
    authority: Path
    passed: list[Passed] = field(default_factory=list)

    @contextmanager
    def watch(self) -> Iterator[list[Passed]]:
        """Collect what passes in the block; it is there once the block has ended."""
        start, seen = len(self.passed), list[Passed]()
        yield seen
        seen.extend(self.passed[start:])


@contextmanager
def running(folder: Path) -> Iterator[Proxy]:
    """Run a proxy, with certificates of its own that it keeps in `folder`."""
    authority, chain = _certify(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.context = context
        server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}", authority)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    context: ssl.SSLContext
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 30

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        if host != "localhost":
            self.send_error(403, "Only this machine")
            return
        self.port = int(port)
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.close_connection = False

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in {*_HOP_BY_HOP, "expect"}:
                upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        path = self.path.partition("?")[0]
        # Before the answer: whoever has it may look here at once.
        self.server.proxy.passed.append(Passed(self.port, self.command, path, answer.status))
        self._answer(answer, content)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP_BY_HOP, "content-length"}:
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", answer.getheader("Content-Length", "0"))
        elif answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def flush_headers(self) -> None:
        """Send at once: "100 Continue" is followed by nothing that would flush it."""
        super().flush_headers()
        self.wfile.flush()

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _certify(folder: Path) -> tuple[Path, Path]:
    """Write an authority's certificate, and a key with its certificate for `localhost`."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Loopback authority")])
    localhost = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    root = (
        _certificate(authority, authority, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        _certificate(localhost, authority, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem, believed, chain = serialization.Encoding.PEM, folder / "ca.pem", folder / "localhost.pem"
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    believed.write_bytes(root.public_bytes(pem))
    chain.write_bytes(private + leaf.public_bytes(pem))
    return believed, chain


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
    )
