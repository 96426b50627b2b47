"""Measures the index and writes a table: how fast it is, and what a request costs in AWS.

    make bench                    everything, in about 20 minutes
    make bench WORD=cold          the parts whose name has the word: see below
    make bench-quick              what can be counted, in a minute; fails if a limit is passed
    python -m bench --write       everything, and keep the table in docs/performance.md

Nothing but the processes it starts is used: an embedded back end, data made up from a seed, and
servers on 127.0.0.1. All ratios are of figures of one run, taken in turns, so that they hold on a
machine that has other work, more or less; the figures themselves hold for this machine alone.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from bench.index import Site, site
from bench.parts import (
    cold,
    counted,
    direct,
    inspection,
    package,
    parallel,
    peers,
    resolve,
    startup,
    steady,
    uploads,
    warm,
)
from bench.processes import ROOT
from bench.report import Report, figure, line, say

PARTS: dict[str, ModuleType] = {
    "package": package,
    "counted": counted,
    "cold": cold,
    "steady": steady,
    "warm": warm,
    "uploads": uploads,
    "parallel": parallel,
    "direct": direct,
    "inspection": inspection,
    "startup": startup,
    "resolve": resolve,
    "peers": peers,
}
_QUICK = ("package", "counted")
_ROUNDS = 5
_PAGE = ROOT / "docs" / "performance.md"


def main() -> int:
    """Measure, write, and return 1 if a limit that is counted was passed."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # all servers are ended on the way out
    names = [name for name in PARTS if options.word in name]
    if options.quick:
        names = [name for name in names if name in _QUICK]
    if not names:
        sys.stderr.write(f"No part has {options.word!r} in its name: {', '.join(PARTS)}.\n")
        return 2
    report, start = Report(), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="larder-bench-") as folder,
        site(Path(folder), rounds=options.rounds) as here,
    ):
        _measure(names, here, report, quick=options.quick)
    say(f"done in {(time.monotonic() - start) / 60:.1f} minutes")
    sys.stdout.write(report.markdown())
    if options.json:
        report.write_json(options.json)
    if options.write and not report.broken:
        _keep(report)
    return _verdict(report)


def _measure(names: Iterable[str], here: Site, report: Report, *, quick: bool) -> None:
    for name in names:
        say(f"part: {name}")
        part = PARTS[name]
        try:
            for row in (part.quick if quick else part.run)(here, report):
                report.rows.append(row)
                say(f"  {line(row)}")
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            # The others are worth having, but nothing is kept.
            report.broken.append(name)
            say(f"{name} could not be measured: {error}")


def _keep(report: Report) -> None:
    """Write the table where it is kept."""
    head = _PAGE.read_text().partition("<!-- measured -->")[0]
    _PAGE.write_text(f"{head}<!-- measured -->\n\n{report.markdown()}")


def _verdict(report: Report) -> int:
    missed = [row for row in report.rows if row.missed]
    failed = [row for row in missed if row.fails]
    sys.stderr.write(
        f"{len(report.rows)} figures; limits missed: {len(missed)}, of those counted:"
        f" {len(failed)}\n"
    )
    for row in failed:
        most = row.bound.at_most if row.bound else 0
        sys.stderr.write(f"  {row.what}: {figure(row)}, at most {most:g} {row.note}\n")
    if report.broken:
        sys.stderr.write(f"could not be measured: {', '.join(report.broken)}\n")
    return int(bool(failed or report.broken))


def _parser() -> argparse.ArgumentParser:
    first, _, rest = (__doc__ or "").partition("\n\n")
    listed = "\n".join(
        f"    {name:<12}{(part.__doc__ or '').splitlines()[0]}" for name, part in PARTS.items()
    )
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=first,
        epilog=f"{rest}\nParts:\n{listed}\n\nbench/README.md says how to read the tables,"
        " bench/limits.py what must be reached.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("word", nargs="?", default="", help="measure the parts with it in the name")
    parser.add_argument("--quick", action="store_true", help="only what can be counted")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="rounds (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON too")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
