"""Kept-open HTTP connections to one host, for the few calls that readers and uploads wait for.

`http.client` alone, because every other client takes longer to load than a whole request takes. Of
it we use the connections and the answers; requests are written in one piece (two would be two
packets) and header fields are kept as they come (its own parser is made for mail), which together
takes a third of the processor time of its own way.
"""

import base64
import http.client
import importlib.util
import logging
import os
import random
import ssl
import threading
import time
import weakref
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from app.store.failures import ServiceError

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 1
_PROXY_PORT = 80
_READ_SECONDS = 4
_ATTEMPTS = 3
_MAX_LINE = 65_536
_MAX_LINES = 100
_WITHOUT_BODY = {204, 304}
# What is only found out when a connection is used again that the other side has closed.
_STALE = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)
# The certificates of Amazon's own roots, which the deployment zip brings: to load these five takes
# 2 ms of every cold start, to load the world's takes 27.
_AMAZON_ROOTS = Path(__file__).with_name("amazon-roots.pem")


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_damaged(self) -> bool:
        """Tell whether the body is not the one that was sent, where its checksum came with it."""
        stated = self.headers.get("x-amz-crc32")
        return stated is not None and zlib.crc32(self.body) != int(stated)

    @property
    def moment(self) -> float | None:
        """Return the time of the host, in seconds since the epoch, where it tells."""
        stated = self.headers.get("date")
        return parsedate_to_datetime(stated).timestamp() if stated else None


class _Response(http.client.HTTPResponse):
    """An answer whose header fields are in `fields`, with names in lower case."""

    _method: str

    def begin(self) -> None:
        """Read the status line and the header fields (RFC 9112, 4 and 5)."""
        first, *lines = self._head()
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise http.client.BadStatusLine(first)
        named = (line.partition(":") for line in lines)
        self.status = int(rest[:3])
        self.fields = {name.lower(): value.strip() for name, _, value in named}
        self.chunked = self.fields.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        length = "0" if self._has_no_body() else self.fields.get("content-length")
        self.length = int(length) if length and not self.chunked else None
        self.will_close = (
            version == "HTTP/1.0"
            or self.fields.get("connection", "").lower() == "close"
            or (self.length is None and not self.chunked)
        )

    def _has_no_body(self) -> bool:
        """Tell whether the answer ends with its header, which then need not say so (RFC 9112, 6.3).

        S3 says of an object that it was removed in just this way.
        """
        return self.status in _WITHOUT_BODY or self._method == "HEAD"

    def _head(self) -> list[str]:
        """Return the lines up to the empty one; as a rule they have come in one piece."""
        end = self.fp.peek(1).find(b"\r\n\r\n")
        head = self.fp.read(end + 4) if end >= 0 else b"".join(self._lines())
        return list(head.decode("latin-1").strip().split("\r\n"))

    def _lines(self) -> Iterator[bytes]:
        for _ in range(_MAX_LINES):
            line = self.fp.readline(_MAX_LINE)
            if not line.endswith(b"\n"):
                raise http.client.RemoteDisconnected("the connection ended within the header")
            yield line
            if line == b"\r\n":
                return
        raise http.client.HTTPException("there is no end of header fields")


class Wire:
    """Connections to the host of one URL.

    What is sent here may be sent twice: it reads, or writes or removes what has its own key.
    """

    def __init__(self, url: str) -> None:
        """Open nothing yet."""
        self.host = urlsplit(url).netloc
        self._url = url
        self._idle: list[http.client.HTTPConnection] = []
        weakref.finalize(self, _close_all, self._idle)
        self._lock = threading.Lock()
        self._trust: ssl.SSLContext | None = None
        self._trust_is_small = False

    def ask(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes | None = None,
        *,
        operation: str,
    ) -> Answer:
        """Send a request and return the answer to it; `operation` names it in errors.

        A connection that was open already may have been closed by the other side meanwhile, which
        only shows when it is used; then it is tried again on a new one.

        :raises ServiceError: without a code if there is no answer.
        """
        try:
            while connection := self._take():
                try:
                    return self._exchange(connection, method, target, headers, body)
                except _STALE:
                    continue
            return self._exchange(self._open(), method, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            what = f"{self.host} does not answer: {error!r}"
            raise ServiceError(what, code=None, operation=operation) from error

    def open(self) -> None:
        """Have a connection ready.

        :raises ServiceError: without a code if nobody answers.
        """
        try:
            connection = self._open()
        except (OSError, http.client.HTTPException) as error:
            what = f"{self.host} does not answer: {error!r}"
            raise ServiceError(what, code=None, operation="connect") from error
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is open and not in use: a snapshot of the process must hold no connection."""
        while connection := self._take():
            connection.close()

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes | None,
    ) -> Answer:
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1")
        try:
            connection.send(head + b"\r\n\r\n" + (body or b""))
            with closing(_Response(connection.sock, method=method)) as answer:
                answer.begin()
                found = Answer(answer.status, answer.fields, answer.read())
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return found

    def _open(self) -> http.client.HTTPConnection:
        connection = connect(self._url, self._context())
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            if not self._forget_roots():
                raise
            _log.warning("%s is not signed by Amazon's known roots: %s", self.host, error)
            return self._open()
        if connection.sock:
            connection.sock.settimeout(_READ_SECONDS)
        return connection

    def _context(self) -> ssl.SSLContext | None:
        if self._trust is None and self._url.startswith("https:"):
            host = urlsplit(self._url).hostname or ""
            small = _AMAZON_ROOTS.exists() and host.endswith(".amazonaws.com")
            self._trust = ssl.create_default_context(
                cafile=str(_AMAZON_ROOTS) if small else _all_roots()
            )
            self._trust_is_small = small
        return self._trust

    def _forget_roots(self) -> bool:
        """Trust what the SDK trusts from now on; return False if that is so already."""
        if not self._trust_is_small:
            return False
        self._trust = ssl.create_default_context(cafile=_all_roots())
        self._trust_is_small = False
        return True


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    while connections:
        connections.pop().close()


def connect(url: str, trust: ssl.SSLContext | None) -> http.client.HTTPConnection:
    """Return a connection to the host of `url`, through a proxy where the environment names one."""
    parts = urlsplit(url)
    if trust is None:
        return http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=_CONNECT_SECONDS
        )
    proxy = _proxy(url)
    first = proxy or parts
    connection = http.client.HTTPSConnection(
        first.hostname or "",
        first.port or (_PROXY_PORT if proxy else None),
        timeout=_CONNECT_SECONDS,
        context=trust,
    )
    if proxy:
        connection.set_tunnel(parts.hostname or "", parts.port or 443, _credentials(proxy))
    return connection


def _proxy(url: str) -> SplitResult | None:
    """Return the proxy for TLS connections to `url`; others go to a back end beside us."""
    names = {name.lower() for name in os.environ}  # noqa: TID251 - what all programs agree upon
    if not url.startswith("https:") or not names & {"https_proxy", "all_proxy"}:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies, parts = getproxies(), urlsplit(url)
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    found = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    return found if found.hostname else None


def _credentials(proxy: SplitResult) -> dict[str, str]:
    """Return the header field that shows a proxy what its URL says of us (RFC 9110, 11.7.2)."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _all_roots() -> str | None:
    """Return the file of all roots that the SDK trusts, None for those of the system."""
    chosen = os.environ.get("AWS_CA_BUNDLE")  # noqa: TID251 - a setting of the SDK, not of ours
    if chosen:
        return chosen
    sdk = importlib.util.find_spec("botocore")
    bundle = Path(sdk.origin).with_name("cacert.pem") if sdk and sdk.origin else None
    return str(bundle) if bundle and bundle.exists() else None


def pause(attempt: int) -> bool:
    """Wait before another attempt, a little at random; return False if there were enough."""
    if attempt + 1 >= _ATTEMPTS:
        return False
    time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads readers
    return True
