"""Processor time of an upload of 20 KB, into projects of any size."""

from collections.abc import Iterator
from itertools import count
from statistics import median

from bench.asking import Line
from bench.index import Index, Site
from bench.processes import Server
from bench.report import Report, Row, say
from bench.wheels import upload

NAME = "Uploads"
_SIZES = (0, 1000, 5000)
_EACH = 8
_numbers = count(1)


def run(site: Site, report: Report) -> Iterator[Row]:
    """Upload to projects without files, of 1,000 and of 5,000 files, in turns."""
    say("measuring uploads")
    larder, index = site.larder(site.busy), site.busy
    times: dict[int, list[float]] = {size: [] for size in _SIZES}
    for size in _SIZES:
        _cpu(larder, index, size)
    for _ in range(max(3, site.rounds)):
        for size in _SIZES:
            times[size].append(_cpu(larder, index, size))
    floor = median(times[0])
    for size in _SIZES:
        taken = median(times[size])
        yield Row(
            part=NAME,
            what=f"upload of 20 KB into a project of {size:,} files, processor time",
            value=taken * 1e3,
            unit="ms",
            ratio=taken / floor if size else None,
            limit=f"upload among {size:,} files" if size else "",
        )


def _cpu(larder: Server, index: Index, size: int) -> float:
    """Return the processor time of one upload, in seconds."""
    asks = []
    for _ in range(_EACH):
        number = next(_numbers)
        project = f"files-{size}" if size else f"new-{number}"
        asks.append(upload(project, f"3.{number}", credential=index.credential))
    line, before = Line(larder.port), larder.cpu()
    try:
        for ask in asks:
            line.send(ask)
    finally:
        line.close()
    return (larder.cpu() - before) / _EACH
