"""A wheel of 50 MB: straight to storage (PEP 694), and through the application as by twine."""

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.asking import Ask, Line
from bench.index import Index, Site
from bench.processes import Server
from bench.report import Report, Row, say
from bench.wheels import upload, wheel

NAME = "A wheel of 50 MB"
_SIZE = 50_000_000
_META = {"meta": {"api-version": "2.0"}}
_POLL_SECONDS = 0.05


@dataclass
class _Session:
    """The steps of a publishing session, as `larder upload` takes them."""

    line: Line
    credential: str
    # Bytes of the bodies that went to the application.
    sent: int = 0

    def ask(self, url: str, body: dict[str, Any] | None = None, *, status: int) -> dict[str, Any]:
        content = json.dumps(_META | body).encode() if body is not None else None
        self.sent += len(content or b"")
        path, headers = urlsplit(url).path, {"Authorization": self.credential}
        method = "GET" if content is None else "POST"
        asked = Ask(path=path, headers=headers, status=status, method=method, body=content)
        found: dict[str, Any] = json.loads(self.line.send(asked).body)
        return found

    def publish(self, project: str, version: str, filename: str, content: bytes) -> None:
        session = self.ask("/upload/2.0/", {"name": project, "version": version}, status=201)
        file = self.ask(
            session["links"]["upload"],
            {
                "filename": filename,
                "size": len(content),
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "mechanism": "vnd-larder-s3put-v1",
            },
            status=202,
        )
        _store(file["mechanism"]["url"], file["mechanism"]["headers"], content)
        file = self.ask(file["links"]["complete"], {}, status=202)
        while file["status"] == "processing":
            time.sleep(_POLL_SECONDS)
            file = self.ask(file["links"]["file-upload-session"], status=200)
        self.ask(session["links"]["publish"], {}, status=201)


def run(site: Site, report: Report) -> Iterator[Row]:
    """Publish one wheel after another by each of the two ways, in turns."""
    say("publishing wheels of 50 MB")
    larder, index = site.larder(site.busy), site.busy
    direct: list[float] = []
    through: list[float] = []
    for number in range(max(3, site.rounds)):
        seconds, sent = _direct(larder, index, f"1.{number}")
        direct.append(seconds)
        through.append(_through(larder, index, f"1.{number}"))
    yield Row(
        part=NAME, what="straight to storage: bytes that the application is sent",
        value=sent / 1e3, unit="KB", limit="direct upload",
    )  # fmt: skip
    floor = min(through)
    yield _row("straight to storage, its inspection included", min(direct), floor)
    yield _row("through the application", floor)


def _direct(larder: Server, index: Index, version: str) -> tuple[float, int]:
    """Return the processor time of the application in seconds, and the bytes it was sent."""
    filename, content = wheel("direct", version, size=_SIZE)
    line, before = Line(larder.port), larder.cpu()
    session = _Session(line, index.credential)
    try:
        session.publish("direct", version, filename, content)
    finally:
        line.close()
    return larder.cpu() - before, session.sent


def _through(larder: Server, index: Index, version: str) -> float:
    """Return the processor time of the application in seconds."""
    ask = upload("through", version, credential=index.credential, size=_SIZE)
    line, before = Line(larder.port), larder.cpu()
    try:
        line.send(ask)
    finally:
        line.close()
    return larder.cpu() - before


def _store(url: str, headers: dict[str, str], content: bytes) -> None:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=120)
    try:
        connection.request("PUT", f"{place.path}?{place.query}", content, headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status != 200:  # noqa: PLR2004
        raise RuntimeError(f"storage refused a wheel: {answer.status} {said[:300]!r}")


def _row(what: str, seconds: float, floor: float | None = None) -> Row:
    ratio = seconds / floor if floor else None
    return Row(part=NAME, what=f"{what}: processor time", value=seconds, unit="s", ratio=ratio)
