"""Processor time of requests to a running index, as multiples of what must be paid anyway.

FLASK is gunicorn and Flask handing out the recorded answer of Larder, its headers included; nginx
hands out the same bytes from a file. AWS answers Larder at once (bench/replaying.py).
"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.asking import Answer, Ask, ask_once, compare
from bench.data import LARGE, SIZES, SMALL
from bench.function import keep_answer
from bench.index import Index, Site
from bench.processes import Server, at, environment, gunicorn, python_here, serving
from bench.report import Report, Row, say
from local.ports import free_port

NAME = "Processor time of a request"


@dataclass(frozen=True)
class Case:
    """A request to Larder; its name is that of the recorded answer too, in place of a path."""

    name: str
    server: Server
    ask: Ask
    limit: str = "warm"


def run(site: Site, report: Report) -> Iterator[Row]:
    """Measure all hot routes, small and large."""
    found = {}
    for cases in (_cases(site.small, site), _cases(site.large, site)):
        found.update(_measured(site, list(cases)))
    for name, (case, larder, floor, nginx) in found.items():
        note = f"Flask {floor:,.0f} µs" + (f", nginx {nginx:,.0f} µs" if nginx else "")
        yield Row(
            part=NAME, what=name, value=larder, unit="µs", ratio=larder / floor,
            limit=case.limit, note=note,
        )  # fmt: skip
    yield from _against(found)


_Found = dict[str, tuple[Case, float, float, float]]


def _against(found: _Found) -> Iterator[Row]:
    """Compare Larder with itself, where more must not cost more."""
    pairs = [
        (f"page, {SIZES[-1]:,} files", "page, 10 files", "page of 5,000 files"),
        (f"page among {LARGE:,} projects", "page, 1 files", "page among 9,000 projects"),
    ]
    for large, small, limit in pairs:
        taken, yardstick = found[large][1], found[small][1]
        yield Row(
            part=NAME, what=f"{large}, against: {small}", value=taken, unit="µs",
            ratio=taken / yardstick, limit=limit, note=f"{yardstick:,.0f} µs",
        )  # fmt: skip


def _cases(index: Index, site: Site) -> Iterator[Case]:
    larder = site.larder_alone(index)
    if index is site.small:
        for size in SIZES:
            name, ask = f"page, {size:,} files", index.page(f"files-{size}")
            etag = ask_once(larder, ask).header("ETag")
            yield Case(name, larder, ask)
            yield Case(f"{name}, plain", larder, index.page(f"files-{size}", coding="identity"))
            yield Case(f"{name}, 304", larder, index.page(f"files-{size}", etag=etag))
        yield Case("metadata", larder, index.file("files-1", metadata=True))
        yield Case("file, redirect", larder, index.file("files-1"))
        yield Case("file, HEAD", larder, index.file("files-1", method="HEAD"))
    else:
        yield Case(f"page among {LARGE:,} projects", larder, index.page("files-1"))
    name = f"list of {SMALL if index is site.small else LARGE:,} projects"
    etag = ask_once(larder, index.page("")).header("ETag")
    yield Case(name, larder, index.page(""))
    yield Case(f"{name}, plain", larder, index.page("", coding="identity"))
    yield Case(f"{name}, 304", larder, index.page("", etag=etag))


def _measured(site: Site, cases: list[Case]) -> _Found:
    say(f"measuring {len(cases)} requests on {cases[0].server.name}")
    answers = [ask_once(case.server, case.ask) for case in cases]
    with ExitStack() as stack:
        floor = stack.enter_context(flask(site.folder, answers))
        nginx = _nginx(site.folder, answers, stack)
        asked = [(case.server, case.ask) for case in cases]
        asked += [(floor, _recorded(number, case)) for number, case in enumerate(cases)]
        if nginx:
            asked += [(nginx, _from_file(nginx, number, case)) for number, case in enumerate(cases)]
        times = compare(asked, rounds=site.rounds)
    size = len(cases)
    nginx_times = times[2 * size :] or [0.0] * size
    columns = zip(cases, times[:size], times[size : 2 * size], nginx_times, strict=True)
    return {found[0].name: found for found in columns}


def _recorded(number: int, case: Case) -> Ask:
    return Ask(
        path=f"/{number}", method=case.ask.method, status=case.ask.status, headers=case.ask.headers
    )


def flask(folder: Path, answers: list[Answer]) -> AbstractContextManager[Server]:
    """Serve recorded answers by Flask, at the paths `/0`, `/1` and so on."""
    recorded = folder / f"recorded-{free_port()}"
    recorded.mkdir()
    for number, answer in enumerate(answers):
        keep_answer(recorded / str(number), answer)
    port = free_port()
    env = environment(folder, **at(port), LARDER_BENCH_RECORDED=str(recorded))
    command = gunicorn(python_here(), "bench.floor:app")
    return serving("Flask", command, port, env=env, log=folder / "floor.log")


_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; keepalive_requests 1000000; keepalive_timeout 75;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  default_type application/vnd.pypi.simple.v1+json;
  server {{
    listen 127.0.0.1:{port}; root {folder}/files;
    add_header Cache-Control "private, max-age=0, must-revalidate";
    add_header Vary "Accept, Accept-Encoding, Authorization";
    location /redirect {{ return 302 https://example.com/; }}
  }}
}}
"""


def _nginx(folder: Path, answers: list[Answer], stack: ExitStack) -> Server | None:
    program, port = shutil.which("nginx"), free_port()
    if program is None:
        return None
    place = folder / f"nginx-{port}"
    (place / "files").mkdir(parents=True)
    for number, answer in enumerate(answers):
        (place / "files" / str(number)).write_bytes(answer.body)
    for each in (place, place / "files", folder):
        each.chmod(0o755)  # its worker is another user where it is started by root
    (place / "conf").write_text(_NGINX.format(folder=place, port=port))
    command: list[str | Path] = [program, "-c", place / "conf", "-e", place / "error.log"]
    env = environment(folder)
    return stack.enter_context(
        serving("nginx", command, port, env=env, log=place / "log", path="/redirect")
    )


def _from_file(nginx: Server, number: int, case: Case) -> Ask:
    if case.ask.status == 302:  # noqa: PLR2004
        return Ask(path="/redirect", status=302)
    plain = Ask(path=f"/{number}", method=case.ask.method)
    if case.ask.status == 200:  # noqa: PLR2004
        return plain
    etag = ask_once(nginx, plain).header("ETag")
    return Ask(path=f"/{number}", status=304, headers={"If-None-Match": etag})
