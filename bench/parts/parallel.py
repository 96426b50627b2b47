"""Fifty uploads to one project at the same moment: what is listed, and how often it is rendered."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.asking import Ask, ask_once
from bench.counting import Proxy
from bench.index import KEYS, Index, Site
from bench.report import Report, Row, say
from bench.wheels import upload

NAME = "Uploads at the same moment"
_PROJECT = "at-once"
_UPLOADS = 50
_WORKERS = 2


def run(site: Site, report: Report) -> Iterator[Row]:
    """Upload from as many connections as files, all to one project."""
    say("uploading at the same moment")
    index = site.busy
    asks, warm_up = _asks(_PROJECT, index), _asks("at-once-before", index)[: _WORKERS * 4]
    with (
        Proxy(site.backend, KEYS, units=False).running() as proxy,
        site.serve(index, {**index.settings, **proxy.environment()}, workers=_WORKERS) as larder,
        ThreadPoolExecutor(_UPLOADS) as senders,
    ):

        def send(ask: Ask) -> None:
            # Another status than 200 ends the run.
            ask_once(larder, ask)

        list(senders.map(send, warm_up))
        before = larder.cpu()
        with proxy.counted() as cost:
            list(senders.map(send, asks))
        cpu = larder.cpu() - before
        listed = json.loads(ask_once(larder, index.page(_PROJECT, coding="identity")).body)
    operations = cost.figures()["operations"]
    yield _row(
        "not listed when the last one is answered",
        _UPLOADS - len(listed["files"]),
        "",
        "lost uploads",
    )
    # Each reads the files by one query, and nothing else that uploads do is a query.
    yield _row("renderings of the page", operations["Query"], "", "renderings")
    yield _row("processor time of one", cpu / _UPLOADS * 1e3, "ms")


def _asks(project: str, index: Index) -> list[Ask]:
    credential = index.credential
    return [upload(project, f"1.{number}", credential=credential) for number in range(_UPLOADS)]


def _row(what: str, value: float, unit: str, limit: str = "") -> Row:
    note = f"{_UPLOADS} wheels of 20 KB, {_WORKERS} workers"
    return Row(
        part=NAME, what=f"{_UPLOADS} uploads: {what}", value=value, unit=unit, limit=limit,
        note=note,
    )  # fmt: skip
