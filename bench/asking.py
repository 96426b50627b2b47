"""Asking servers, over one connection that is kept open, as installers do."""

import http.client
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.processes import Server

# As pip and uv ask.
ACCEPT = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.2,"
    " text/html; q=0.01"
)
_TIMEOUT = 300


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request, and the status that is due to it."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    method: str = "GET"
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What came back, as it was sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, empty if it is not there."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")


class Line:
    """A connection to a server; one that the server has closed is opened again."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)

    def send(self, ask: Ask) -> Answer:
        """Ask once.

        :raises RuntimeError: if the status is another one than is due.
        """
        self._connection.request(ask.method, ask.path, ask.body, dict(ask.headers))
        response = self._connection.getresponse()
        body = response.read()
        if response.status != ask.status:
            raise RuntimeError(f"{ask.method} {ask.path}: {response.status} {body[:300]!r}")
        return Answer(response.status, response.getheaders(), body)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def ask_once(server: Server, ask: Ask) -> Answer:
    """Ask over a connection of its own."""
    line = Line(server.port)
    try:
        return line.send(ask)
    finally:
        line.close()


def cpu_of(server: Server, ask: Ask, *, seconds: float, most: int) -> float:
    """Return the processor time of one such request at the server, in microseconds.

    It is asked again and again until `most` answers have come, or `seconds` have passed.
    """
    line, answers = Line(server.port), 0
    try:
        line.send(ask)
        until, before = time.monotonic() + seconds, server.cpu()
        while answers < most and time.monotonic() < until:
            line.send(ask)
            answers += 1
        return (server.cpu() - before) / max(answers, 1) * 1e6
    finally:
        line.close()


def compare(
    asked: Sequence[tuple[Server, Ask]], *, rounds: int, seconds: float = 0.4, most: int = 200
) -> list[float]:
    """Return the microseconds of each, the least of rounds in which all take turns.

    Whatever else the machine does then falls on all of them alike, and only ever adds to them.
    """
    found: list[list[float]] = [[] for _ in asked]
    for _ in range(rounds):
        for times, (server, ask) in zip(found, asked, strict=True):
            times.append(cpu_of(server, ask, seconds=seconds, most=most))
    return [min(times) for times in found]
