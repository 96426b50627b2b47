"""Calls to AWS and request units of DynamoDB, of each route: the same on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench.asking import Ask, ask_once
from bench.counting import Proxy
from bench.data import LARGE, PUBLIC, SIZES, SMALL
from bench.index import KEYS, Index, Site
from bench.processes import Server
from bench.report import Report, Row, say
from bench.wheels import upload

NAME = "Calls to AWS and DynamoDB's units, counted"
_versions = count(1)


@dataclass(frozen=True)
class Route:
    """A request, and the names of the limits of its calls and its read units."""

    name: str
    ask: Ask
    calls: str = ""
    reads: str = ""


def run(site: Site, report: Report) -> Iterator[Row]:
    """Count every route."""
    yield from _rows(site, report, [site.small, site.busy, site.large])


def quick(site: Site, report: Report) -> Iterator[Row]:
    """Count what needs no index of thousands of projects."""
    yield from _rows(site, report, [site.small, site.busy])


def _rows(site: Site, report: Report, indexes: list[Index]) -> Iterator[Row]:
    for index in indexes:
        say(f"counting calls on the {index.name} index")
        for route, figures in costs(site, index):
            report.counted[route.name] = figures
            yield _row(f"{route.name}: calls", figures["calls"], route.calls, _details(figures))
            if route.reads:
                yield _row(f"{route.name}: read units", figures["read_units"], route.reads)


def _details(figures: dict[str, Any]) -> str:
    units = [f"{figures[key]:g} {key.replace('_', ' ')}" for key in ("read_units", "write_units")]
    asked = [f"{times} {name}" for name, times in figures["operations"].items()]
    return "; ".join([" + ".join(asked) or "none", *(x for x in units if not x.startswith("0 "))])


def _row(what: str, value: float, limit: str = "", note: str = "") -> Row:
    return Row(part=NAME, what=what, value=value, unit="", limit=limit, note=note)


def costs(site: Site, index: Index) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Yield each route with its calls, read units, write units and operations.

    The process has answered before, so what only its first request needs is not in it.
    """
    with (
        Proxy(site.backend, KEYS).running() as proxy,
        site.serve(index, {**index.settings, **proxy.environment()}) as larder,
    ):
        ask_once(larder, index.page("files-1"))
        if index.name == "busy":
            ask_once(larder, _upload(index, "warm-up"))
        for route in _routes(index, larder):
            with proxy.counted() as cost:
                ask_once(larder, route.ask)
            yield route, cost.figures()


def _routes(index: Index, larder: Server) -> Iterator[Route]:
    match index.name:
        case "small":
            yield from _reading(index, larder)
        case "busy":
            yield from _uploads(index)
        case _:
            yield Route(f"list of {LARGE:,} projects", index.page(""))
            yield Route(f"page among {LARGE:,} projects", index.page("files-1"), *_PAGE)


def _reading(index: Index, larder: Server) -> Iterator[Route]:
    for size in SIZES:
        limits = _PAGE if size <= 10 else ("large page calls", "")  # noqa: PLR2004 - in the head
        yield Route(f"page, {size:,} files", index.page(f"files-{size}"), *limits)
    etag = ask_once(larder, index.page("files-5000")).header("ETag")
    yield Route("page, not modified", index.page("files-5000", etag=etag), *_PAGE)
    public = Ask(path=f"/simple/{PUBLIC}/")
    yield Route("page, public, no credential", public, "page calls", "public page reads")
    metadata = index.file("files-1", metadata=True)
    yield Route("metadata", metadata, "file calls", "metadata reads")
    yield Route("file, redirect", index.file("files-1"), "file calls", "file reads")
    yield Route("file, HEAD", index.file("files-1", method="HEAD"), "file calls", "file reads")
    yield Route(f"list of {SMALL} projects", index.page(""))
    garbage = Ask(path="/simple/files-1/", headers={"Authorization": "Bearer larder_x"}, status=401)
    yield Route("refused, no token of ours", garbage, "refusal calls")


def _uploads(index: Index) -> Iterator[Route]:
    for files in (0, 10, 1000, 5000):
        project = f"files-{files}" if files else "fresh"
        limit = "large upload calls" if files > 10 else "upload calls"  # noqa: PLR2004
        yield Route(f"upload to {files:,} files", _upload(index, project), limit)


def _upload(index: Index, project: str) -> Ask:
    return upload(project, f"2.{next(_versions)}", credential=index.credential)


_PAGE = ("page calls", "page reads")
