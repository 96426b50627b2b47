"""HTTP: to the index with the credential, to the storage without, and again where that helps."""

import base64
import json
import random
import threading
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import urllib3

from larder_client import __version__, address
from larder_client.address import Address
from larder_client.errors import Interrupted, LarderError, Refused, Unreachable
from larder_client.settings import Credential

ATTEMPTS = 6
# An answer with one of these may be another one next time.
PASSING = frozenset({429, 500, 502, 503, 504})
# Seconds; each pause is about twice the one before.
FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
# An index on Lambda answers within 30 s; one under gunicorn may inspect a large file first.
TIMEOUT = urllib3.Timeout(connect=30, read=300)
BLOCK = 256 * 1024
_AGENT = f"larder/{__version__}"
_SHOWN = 300


class Body(ABC):
    """A request's body that can be sent again."""

    size: int

    @abstractmethod
    def open(self) -> IO[bytes]:
        """Return a binary file of `size` bytes, at its first byte."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    url: str

    @property
    def retry_after(self) -> float | None:
        """The seconds to wait that the server asked for, None if it did not."""
        text = self.headers.get("Retry-After", "")
        return float(text) if text.isdecimal() else None

    @property
    def location(self) -> str:
        """The absolute URL in `Location`, "" for none."""
        text = self.headers.get("Location", "")
        return urljoin(self.url, text) if text else ""


class Line:
    """Connections to anywhere, by way of the proxy that the environment names if it names one."""

    def __init__(self, *, stop: threading.Event, note: Callable[[str], None], size: int) -> None:
        self.stop = stop
        self.note = note
        self._options: dict[str, Any] = {
            "maxsize": size,
            "blocksize": BLOCK,
            "timeout": TIMEOUT,
            "retries": False,
        }
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | Body | None = None
    ) -> Answer:
        """Send one request once, and follow no redirect.

        :raises Unreachable: if no whole answer came.
        """
        parts = urlsplit(url)
        if not address.is_protected(parts):
            raise LarderError(
                f"The index names {address.shown(parts)}, which is no https address; its operator"
                " must set LARDER_PUBLIC_URL."
            )
        # Names in any case, so that a header that the index names replaces ours.
        fields = urllib3.HTTPHeaderDict({"User-Agent": _AGENT})
        if isinstance(body, Body):
            fields["Content-Length"] = str(body.size)
        for name, value in headers.items():
            fields[name] = value
        content = body.open() if isinstance(body, Body) else body
        try:
            answer = self._pool(url).request(
                method, url, headers=fields, body=content, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{parts.netloc} cannot be reached: {_reason(error)}.") from error
        finally:
            if content is not None and not isinstance(content, bytes):
                content.close()
        return Answer(status=answer.status, headers=answer.headers, body=_parsed(answer), url=url)

    def pause(self, attempt: int, asked: float | None = None) -> None:
        """Wait longer with every attempt, by chance, so that not all come again together.

        :raises Interrupted: if the command is being stopped.
        """
        ceiling = min(FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
        self.wait(asked if asked is not None else ceiling * random.uniform(0.5, 1))  # noqa: S311

    def wait(self, seconds: float) -> None:
        """Wait.

        :raises Interrupted: if the command is being stopped.
        """
        if self.stop.wait(min(seconds, 2 * _LONGEST_PAUSE)):
            raise Interrupted

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxies = urllib.request.getproxies()
        proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
        if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
            proxy = ""
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._open(proxy)
            return self._pools[proxy]

    def _open(self, proxy: str) -> urllib3.PoolManager:
        if not proxy:
            return urllib3.PoolManager(**self._options)
        login = urllib3.util.parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **self._options)


class Index:
    """An index, asked with a credential that goes nowhere else."""

    def __init__(self, where: Address, credential: Credential, line: Line) -> None:
        self.where = where
        self.line = line
        login = f"{credential.username}:{credential.password}".encode()
        self._authorization = f"Basic {base64.b64encode(login).decode()}"

    def url(self, path: str) -> str:
        """Return the URL of a path of this index."""
        return f"{self.where.root}{path}"

    def ask(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> Answer:
        """Ask until there is an answer that will not change by asking again.

        Everything the index offers may be repeated: what is done already is a 409 at worst.

        :raises Refused: for 400 and more.
        :raises Unreachable: if no answer came in several attempts.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        if content is not None:
            headers["Content-Type"] = content_type
        return self._insist(method, url, headers, content)

    def post_bytes(self, url: str, body: Body) -> Answer:
        """Send the bytes of a file to the index itself, as `ask` does."""
        return self._insist(
            "POST", url, {"Content-Type": "application/octet-stream", "Accept": "*/*"}, body
        )

    def _insist(
        self, method: str, url: str, headers: dict[str, str], body: bytes | Body | None
    ) -> Answer:
        self._require_here(url)
        headers["Authorization"] = self._authorization
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self.line.send(method, url, headers=headers, body=body)
            except Unreachable as error:
                if last or not may_pass(error):
                    raise
                self.line.note(f"{error} Trying again.")
                self.line.pause(attempt)
                continue
            if answer.status not in PASSING or last:
                return _accepted(answer, self.where)
            self.line.note(f"{self.where.netloc} answered {answer.status}. Trying again.")
            self.line.pause(attempt, answer.retry_after)
        raise AssertionError("unreachable")

    def _require_here(self, url: str) -> None:
        if address.origin(url) != address.origin(self.where.root):
            there = "{}://{}".format(*urlsplit(url)[:2])
            raise LarderError(
                f"This index calls itself {there}, where your token was not meant to go: use"
                f" --index {there}, or ask its operator to set LARDER_PUBLIC_URL."
            )


def may_pass(error: Unreachable) -> bool:
    """Tell whether asking again may help; a wrong name or certificate stays wrong."""
    return not isinstance(
        error.__cause__, urllib3.exceptions.SSLError | urllib3.exceptions.NameResolutionError
    )


def _accepted(answer: Answer, where: Address) -> Answer:
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    if answer.status < HTTPStatus.BAD_REQUEST:
        raise Refused(
            f"{where.netloc} sends requests on to {answer.location or 'elsewhere'}; if that is your"
            " index, name it with --index.",
            status=answer.status,
        )
    raise refusal(answer)


def refusal(answer: Answer) -> Refused:
    """Return the refusal that an answer is, with the server's own sentences."""
    return Refused(
        " ".join(_sentences(answer)),
        status=answer.status,
        problem=answer.body,
        location=answer.location,
    )


def _sentences(answer: Answer) -> Iterator[str]:
    body = answer.body
    said = [str(body[key]) for key in ("detail", "message", "title", "text") if body.get(key)]
    yield said[0] if said else f"The answer was {answer.status} {_phrase(answer.status)}."
    errors = body.get("errors")
    for each in errors if isinstance(errors, list) else []:
        message = str(each.get("message", "")) if isinstance(each, dict) else ""
        if message and message not in said:
            yield f"{each.get('source', '')}: {message}".removeprefix(": ")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _parsed(answer: urllib3.BaseHTTPResponse) -> Mapping[str, Any]:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        try:
            found = json.loads(answer.data)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    text = answer.data.decode("utf-8", "replace")
    if kind == "text/plain":
        return {"text": text.strip()[:_SHOWN]}
    if kind.endswith("xml"):
        return {"code": _element(text, "Code"), "detail": _element(text, "Message")}
    return {}


def _element(document: str, name: str) -> str:
    """Return what stands in an element of S3's small error documents, "" if it has none."""
    return document.partition(f"<{name}>")[2].partition(f"</{name}>")[0][:_SHOWN]


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    """Say what went wrong; the library's own words may hold a signed URL."""
    match error:
        case urllib3.exceptions.NameResolutionError():
            return "there is no host of this name"
        case urllib3.exceptions.SSLError():
            return f"its certificate is not accepted ({_innermost(error)})"
        case urllib3.exceptions.ProxyError():
            return "the proxy does not answer"
        case urllib3.exceptions.NewConnectionError():
            return "it does not listen there"
        case urllib3.exceptions.TimeoutError():
            return "it took too long"
        case _:
            return "the connection broke off"


def _innermost(error: BaseException) -> str:
    inner = error.args[0] if error.args else ""
    return str(getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or "TLS")
