"""What was measured: rows for a table, and the same for programs."""

import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.limits import LIMITS, Limit

_LIBRARIES = ("flask", "werkzeug", "serverless-wsgi", "pynamodb", "boto3", "gunicorn")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure."""

    part: str
    what: str
    # In `unit`; None if it could not be measured, `note` says why.
    value: float | None
    unit: str
    # How many times that of the yardstick, which `note` names.
    ratio: float | None = None
    # The name of its limit, or empty; of the ratio if there is one, else of the value.
    limit: str = ""
    note: str = ""

    @property
    def bound(self) -> Limit | None:
        """Return the limit of this figure, if it has one."""
        return LIMITS[self.limit] if self.limit else None

    @property
    def missed(self) -> bool:
        """Tell whether the figure is above its limit, or is not there."""
        bound, figure = self.bound, self.value if self.ratio is None else self.ratio
        return bound is not None and (figure is None or round(figure, 2) > bound.at_most)

    @property
    def fails(self) -> bool:
        """Tell whether this is a reason to fail: a missed limit that is counted."""
        return self.missed and self.bound is not None and self.bound.counted


@dataclass
class Report:
    """All rows of a run, and what was counted, for programs that reckon with it."""

    rows: list[Row] = field(default_factory=list)
    # Route by route: calls, read units, write units (see bench/parts/counted.py).
    counted: dict[str, Any] = field(default_factory=dict)
    # Parts that ended in an error.
    broken: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the tables, part by part."""
        parts = [_table(name, rows) for name, rows in groupby(self.rows, key=lambda row: row.part)]
        return "\n".join([_circumstances(), *parts])

    def write_json(self, path: Path) -> None:
        """Write everything, for programs."""
        found = {
            "machine": machine(),
            "versions": versions(),
            "rows": [{**asdict(row), "missed": row.missed} for row in self.rows],
            "counted": self.counted,
        }
        path.write_text(json.dumps(found, indent=1) + "\n")


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, system, Python."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": str(len(_cpuinfo("processor")) or 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the libraries that the figures depend on."""
    return {name: version(name) for name in _LIBRARIES}


def _processor() -> str:
    return next(iter(_cpuinfo("model name")), platform.machine())


def _cpuinfo(key: str) -> list[str]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == key]


def _circumstances() -> str:
    here = machine()
    libraries = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"{here['date']} · {here['processor']}, {here['cores']} cores, {here['system']},"
        f" Python {here['python']} · {libraries}\n"
    )


def _table(name: str, rows: Iterable[Row]) -> str:
    lines = [
        f"## {name}\n",
        "| what | figure | ratio | limit | |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"  # noqa: RUF001 - a multiplication
    bound = "" if row.bound is None else f"{row.bound.at_most:,g}"
    verdict = "" if row.bound is None else "**missed**" if row.missed else "reached"
    remark = " · ".join(filter(None, [verdict, row.note]))
    return f"| {row.what} | {figure(row)} | {ratio} | {bound} | {remark} |"


def figure(row: Row) -> str:
    """Return the value with its unit, in as many digits as it is worth."""
    if row.value is None:
        return "none"
    digits = 2
    if float(row.value).is_integer() or row.value >= 100:  # noqa: PLR2004
        digits = 0
    elif row.value >= 10:  # noqa: PLR2004
        digits = 1
    return f"{row.value:,.{digits}f} {row.unit}".rstrip()


def line(row: Row) -> str:
    """Return a row for whoever waits."""
    ratio = "" if row.ratio is None else f", {row.ratio:.2f} times"
    return f"{row.what}: {figure(row)}{ratio}{' (missed)' if row.missed else ''}"


def say(text: str) -> None:
    """Tell whoever waits what is being done; the report itself goes to standard output."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stderr.flush()
