"""Start and memory of a server process."""

from collections.abc import Iterator
from statistics import median

from bench.asking import ask_once
from bench.index import Site
from bench.parts.warm import flask
from bench.processes import Server
from bench.report import Report, Row, say
from bench.wheels import upload

NAME = "Start and memory"
_ANSWERS = 200


def run(site: Site, report: Report) -> Iterator[Row]:
    """Start Larder and the trivial application in turns; then make Larder work."""
    say("measuring start and memory")
    index, page = site.busy, site.busy.page("files-10")
    larder: list[float] = []
    trivial: list[float] = []
    idle: list[float] = []
    for _ in range(max(3, site.rounds)):
        with site.serve(index, index.settings) as server:
            larder.append(server.started_in)
            idle.append(server.memory())
            answers = [ask_once(server, page)]
        with flask(site.folder, answers) as floor:
            trivial.append(floor.started_in)
            least = floor.memory()
    yield _row("start until the first answer", median(larder) * 1e3, "ms", median(trivial) * 1e3)
    yield _row("memory, idle", median(idle), "MB", least)
    with site.serve(index, index.settings) as server:
        _work(site, server)
        yield _row(
            f"memory after {_ANSWERS} large pages and 10 uploads to 5,000 files",
            server.memory(), "MB", least,
        )  # fmt: skip


def _work(site: Site, server: Server) -> None:
    for _ in range(_ANSWERS):
        ask_once(server, site.busy.page("files-5000"))
    for number in range(10):
        ask = upload("files-5000", f"4.{number}", credential=site.busy.credential)
        ask_once(server, ask)


def _row(what: str, value: float, unit: str, floor: float) -> Row:
    note = f"gunicorn with a trivial Flask application: {floor:,.0f} {unit}"
    return Row(part=NAME, what=what, value=value, unit=unit, ratio=value / floor, note=note)
