"""Cold starts: a new process until its first answer, as multiples of BASE."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from statistics import median

from bench import function
from bench.asking import Ask
from bench.counting import Proxy
from bench.function import Function, Start
from bench.index import KEYS, Site
from bench.report import Report, Row, say
from bench.wheels import upload

NAME = "Cold start"
_BASE = Ask(path="/simple/files-1/")
_numbers = count(1)
# By name: the limit, and what makes the request.
_First = dict[str, tuple[str, Callable[[], Ask]]]


def run(site: Site, report: Report) -> Iterator[Row]:
    """Measure the first page, the first download and the first upload."""
    if not function.RUNTIME.exists():
        yield _absent("the Lambda runtime client is not installed: make setup-bench")
        return
    index, base = site.busy, function.base(site.folder / "cold")
    larder = function.larder(site.folder / "cold", index.settings)
    first: _First = {
        "first page": ("cold page", lambda: index.page("files-10")),
        "first file, redirect": ("", lambda: index.file("files-1")),
        "first upload, 20 KB": (
            "cold upload",
            lambda: upload(f"cold-{next(_numbers)}", "1.0", credential=index.credential),
        ),
    }
    # As on AWS, the signing keys are read from Systems Manager, which only the proxy has.
    with Proxy(site.backend, KEYS).running() as proxy:
        settings = {**index.settings, **proxy.environment(), "LARDER_SIGNING_KEYS": "ssm:/bench"}
        yield from _instructions(base, replace(larder, settings=settings), first)
    yield from _seconds(site.rounds, base, larder, first)


def _instructions(base: Function, larder: Function, first: _First) -> Iterator[Row]:
    if not function.has_valgrind():
        yield _absent("valgrind is not installed")
        return
    say("counting the instructions of a cold start")
    floor = base.start(_BASE, counting=True).instructions
    yield _row("BASE", floor / 1e6, "M instructions", note=_WHAT_BASE_IS)
    for name, (limit, ask) in first.items():
        larder.start(ask())  # the very first one would also fill the disk's cache
        say(f"counting the instructions of a cold start, {name}")
        taken = larder.start(ask(), counting=True).instructions
        yield _row(name, taken / 1e6, "M instructions", ratio=taken / floor, limit=limit)


def _seconds(rounds: int, base: Function, larder: Function, first: _First) -> Iterator[Row]:
    say("timing cold starts")
    starts: dict[str, list[Start]] = {name: [] for name in ("BASE", *first)}
    for _ in range(rounds + 2):
        starts["BASE"].append(base.start(_BASE))
        for name, (_, ask) in first.items():
            starts[name].append(larder.start(ask()))
    for kind in ("processor time", "wall"):
        field = "seconds" if kind == "wall" else "cpu"
        middle = {name: median(getattr(x, field) for x in all_) for name, all_ in starts.items()}
        for name, taken in middle.items():
            ratio = None if name == "BASE" else taken / middle["BASE"]
            yield _row(f"{name}, {kind}", taken * 1e3, "ms", ratio=ratio)


_WHAT_BASE_IS = "Lambda runtime client, Flask, serverless_wsgi and one trivial route"


def _row(
    what: str,
    value: float,
    unit: str,
    *,
    ratio: float | None = None,
    limit: str = "",
    note: str = "",
) -> Row:
    return Row(part=NAME, what=what, value=value, unit=unit, ratio=ratio, limit=limit, note=note)


def _absent(why: str) -> Row:
    return Row(part=NAME, what="cold start", value=None, unit="", note=why)
