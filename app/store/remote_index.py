"""Another index, read over HTTP: its list of projects, their pages, and files."""

import functools
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from app.domain import other_index
from app.domain.names import NormalizedName
from app.domain.other_index import Link
from app.domain.transfer import Batch, Fate, Offer, Outcome
from app.errors import BadRequest, NotFound, TooLarge, Unauthorized, Unavailable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_MAX_PAGE_BYTES = 64 * 1024 * 1024
_MAX_REDIRECTS = 5
_BLOCK = 1024 * 1024
_CONNECT_SECONDS = 5
# Between two pieces of an answer.
_READ_SECONDS = 30
_TRIES = 3
_PASSING = (429, 500, 502, 503, 504)
_OK = 200
_UNAUTHORIZED = 401
_ABSENT = (404, 410)


class RemoteIndex:
    """The index at a URL, which may hold a user name and a password; else ~/.netrc may."""

    def __init__(self, url: str, *, max_file_bytes: int) -> None:
        import urllib3

        parts = _split(url)
        self._given = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._origin = _origin(parts)
        self._max_file_bytes = max_file_bytes
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            retries=urllib3.Retry(
                _TRIES,
                redirect=False,
                status_forcelist=_PASSING,
                backoff_factor=0.2,
                raise_on_status=False,
            ),
        )
        self.url = f"{_shown(url).rstrip('/')}/"
        self.label = f"flask import {self.url}"[:200]
        self._check(self.url)

    def projects(self) -> list[NormalizedName]:
        """Return the names of all projects."""
        body, media_type, _ = self._page(self.url)
        return other_index.read_projects(body, media_type)

    def strays(self) -> list[Fate]:
        """Return nothing: every file of an index belongs to a project."""
        return []

    def batch(self, project: NormalizedName) -> Batch:
        """Return the files of a project.

        :raises NotFound: if there is no such project.
        """
        body, media_type, url = self._page(f"{self.url}{project}/")
        offers, others = list[Offer](), list[Fate]()
        for link in other_index.read_page(body, media_type, url):
            subject = f"{project}/{link.filename}"
            if not link.filename.endswith((".whl", ".tar.gz")):
                detail = "it is neither a wheel nor an sdist (.tar.gz)"
                others.append(Fate(subject, Outcome.SKIPPED, detail))
            elif link.sha256 is None:
                detail = "the other index gives no sha256 of it; download it and import the folder"
                others.append(Fate(subject, Outcome.REFUSED, detail))
            else:
                offers.append(self._offer(link))
        return Batch(project=project, offers=offers, others=others)

    def _offer(self, link: Link) -> Offer:
        return Offer(
            filename=link.filename,
            sha256=link.sha256,
            open=functools.partial(self._file, link.url),
            uploaded_at=link.uploaded_at,
            yanked=link.yanked,
        )

    @contextmanager
    def _file(self, url: str) -> Iterator[IO[bytes]]:
        with TemporaryFile() as content:
            with self._answer(url, accept="*/*") as (answer, _):
                # As it came: a .tar.gz that is declared to be gzip-encoded is meant as it is.
                for block in _blocks(answer, self._max_file_bytes, decode=False):
                    content.write(block)
            content.seek(0)
            yield content

    def _page(self, url: str) -> tuple[bytes, str, str]:
        with self._answer(url, accept=other_index.ACCEPT) as (answer, final):
            body = b"".join(_blocks(answer, _MAX_PAGE_BYTES, decode=True))
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in {other_index.JSON, other_index.HTML, "text/html"}:
            raise BadRequest(
                f"{_shown(final)} is no page of the Simple API, but {media_type[:60]!r}."
            )
        return body, media_type, final

    @contextmanager
    def _answer(self, url: str, *, accept: str) -> Iterator[tuple["BaseHTTPResponse", str]]:
        """Follow redirects by hand, so that each address is checked before it is asked."""
        import urllib3

        try:
            for _ in range(_MAX_REDIRECTS):
                self._check(url)
                headers = {"Accept": accept, "Accept-Encoding": "identity", **self._login(url)}
                answer = self._pool.request(
                    "GET", url, headers=headers, redirect=False, preload_content=False
                )
                try:
                    target = answer.get_redirect_location()
                    if not target:
                        _check_status(answer.status, url)
                        yield answer, url
                        return
                finally:
                    answer.close()
                url = urljoin(url, target)
        except urllib3.exceptions.HTTPError as error:
            reason = type(getattr(error, "reason", error)).__name__
            raise Unavailable(
                f"{urlsplit(url).hostname} does not answer as it should ({reason}); what was"
                " imported stays, run the command again to go on."
            ) from error
        raise BadRequest(f"{_shown(url)} leads from one address to the next without an end.")

    def _check(self, url: str) -> None:
        """Refuse plain HTTP, but to this machine from an index on this machine."""
        parts = _split(url)
        is_local = _is_loopback(parts) and self._origin[0] == "http"
        if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
            raise BadRequest(f"{parts.scheme}://{parts.hostname} is not https.")

    def _login(self, url: str) -> dict[str, str]:
        from urllib3.util import make_headers

        parts = _split(url)
        given = self._given if any(self._given) and _origin(parts) == self._origin else None
        login = given or _netrc(parts.hostname or "")
        return make_headers(basic_auth=":".join(login)) if login else {}


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _origin(parts)
    except ValueError as error:
        raise BadRequest(f"The URL cannot be read ({error}).") from error
    if not parts.hostname:
        raise BadRequest("The URL names no host.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return (parts.scheme, parts.hostname, parts.port or (80 if parts.scheme == "http" else 443))


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _netrc(host: str) -> tuple[str, str] | None:
    """Return the login for exactly this host; its `default` is for no index in particular."""
    import netrc

    try:
        found = netrc.netrc().hosts.get(host)
    except FileNotFoundError:
        return None
    except (netrc.NetrcParseError, OSError) as error:
        raise BadRequest(f"Your .netrc cannot be read: {error}.") from error
    return (found[0], found[2] or "") if found else None


def _check_status(status: int, url: str) -> None:
    if status == _OK:
        return
    shown = _shown(url)
    if status == _UNAUTHORIZED:
        raise Unauthorized(f"{shown} asks for credentials; put good ones into the URL or ~/.netrc.")
    if status in _ABSENT:
        raise NotFound(f"{shown} is not there ({status}).")
    if status in _PASSING:
        raise Unavailable(f"{shown} is not available now ({status}); run the command again later.")
    raise BadRequest(f"{shown} answers with {status}.")


def _shown(url: str) -> str:
    """Return a URL without what may be a secret: user, password, and the query of signed links."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="", fragment="").geturl()


def _blocks(answer: "BaseHTTPResponse", most: int, *, decode: bool) -> Iterator[bytes]:
    size = 0
    for block in answer.stream(_BLOCK, decode_content=decode):
        size += len(block)
        if size > most:
            raise TooLarge(f"It has more than {most} bytes, the limit here.")
        yield block
