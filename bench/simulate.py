"""Ten thousand CI jobs a minute against one project: what each item and partition is asked for.

    python -m bench.simulate [--jobs N] [--minutes N] [--seed N]

A simulation: nothing is sent. What a request reads and writes is counted in the application
(tests/integration/test_counted_costs.py); DynamoDB's limits, its partitions and the front's bucket
are modelled from their documents. Prints Markdown, for docs/scaling.md.
"""

import argparse
import hashlib
import heapq
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

READ_LIMIT, WRITE_LIMIT = 3000, 1000
"""Units a second that one partition of DynamoDB gives, and so one item at most."""

_WHO = ("token", "account")
READS: Mapping[str, Mapping[str, int]] = {
    "page": dict.fromkeys([*_WHO, "head", "role"], 1),
    "metadata": dict.fromkeys([*_WHO, "head", "role", "file", "metadata"], 1),
    "file": dict.fromkeys([*_WHO, "head", "role", "file"], 1),
    # Of a project that is not here; what is absent is billed like what is small.
    "absent page": dict.fromkeys([*_WHO, "head", "role"], 1),
}
"""Read units of a request by kind of item, for a project of up to some 25 files."""

UPLOAD_WRITES = 19
"""Write units of an upload to a project of ten files; nearly all below the project's key."""

# A limit is judged by so many seconds: DynamoDB saves up some of what was not asked for before.
_WINDOW = 10
_ROUND_TRIP = 0.05
_ATTEMPTS = 6
_HOT = "project#hot"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What happens in each minute."""

    title: str
    jobs: int = 10_000
    minutes: int = 3
    seed: int = 1
    # Jobs start evenly within so many seconds of each minute.
    within: float = 60
    # Accounts with a token each, which the jobs share.
    accounts: int = 1
    # Names that each job asks for though they are not here.
    absent: int = 0
    uploads: int = 6
    # Requests a second that the front lets through; beyond, it answers 429.
    rate: int = 1000
    # What a new table on demand begins with; DynamoDB splits those that are busy.
    partitions: int = 4


@dataclass(frozen=True)
class Load:
    """What something is asked for: units in a second, on average and when most is asked."""

    what: str
    mean: float
    busiest_ten: float
    busiest: float
    limit: int

    @property
    def is_too_much(self) -> bool:
        """Tell whether more is asked for than there is."""
        return self.busiest_ten > self.limit


@dataclass
class Outcome:
    """What became of a plan."""

    plan: Plan
    requests: int = 0
    refused: int = 0
    given_up: int = 0
    reads: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    writes: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    passed: Counter[int] = field(default_factory=Counter)

    def loads(self) -> list[Load]:
        """Return the load of the hottest items, of the fullest partition, and of all of them."""
        partitions = self.plan.partitions
        place = {key: _partition(key, self.plan) for key, _, _ in self.reads}
        each = [
            self._load(
                f"fullest of {partitions} partitions",
                (entry for entry in self.reads.items() if place[entry[0][0]] == number),
            )
            for number in range(partitions)
        ]
        whole = self._load("the table", self.reads.items())
        return [
            *(self._hottest(f"one {kind}", kind) for kind in ("head", "token", "account")),
            self._load("the project", (x for x in self.reads.items() if x[0][0] == _HOT)),
            max(each, key=lambda load: load.busiest_ten),
            replace(whole, limit=partitions * READ_LIMIT),
            replace(self._load("writes", self.writes.items()), limit=WRITE_LIMIT),
        ]

    def _hottest(self, what: str, kind: str) -> Load:
        totals: Counter[str] = Counter()
        for (key, of, _), units in self.reads.items():
            totals[key] += units if of == kind else 0
        [(hottest, _)] = totals.most_common(1)
        return self._load(what, (x for x in self.reads.items() if x[0][:2] == (hottest, kind)))

    def _load(self, what: str, units: Iterable[tuple[tuple[str, str, int], int]]) -> Load:
        by_second: Counter[int] = Counter()
        for (_, _, second), asked in units:
            by_second[second] += asked
        tens = (
            sum(by_second[second + n] for n in range(_WINDOW)) / _WINDOW for second in by_second
        )
        return Load(
            what,
            mean=sum(by_second.values()) / max(1, len(self.passed)),
            busiest_ten=max(list(tens), default=0),
            busiest=max(by_second.values(), default=0),
            limit=READ_LIMIT,
        )


def run(plan: Plan) -> Outcome:
    """Let the jobs of a plan run, each one request after the other."""
    chance = random.Random(plan.seed)  # noqa: S311 - the same every time
    outcome, numbers = Outcome(plan), count()
    queue = [(start, next(numbers), job, 0, 1) for job, start in enumerate(_starts(plan, chance))]
    heapq.heapify(queue)
    front = _Front(plan.rate)
    steps = ["absent page"] * plan.absent + ["page", "metadata", "file"]
    while queue:
        now, _, job, step, attempt = heapq.heappop(queue)
        outcome.requests += 1
        if front.lets_through(now):
            _count(outcome, steps[step], job, step, int(now))
            after = (now + _ROUND_TRIP, next(numbers), job, step + 1, 1)
            if step + 1 < len(steps):
                heapq.heappush(queue, after)
        elif attempt < _ATTEMPTS:
            outcome.refused += 1
            pause = chance.uniform(0.5, 1) * 2**attempt
            heapq.heappush(queue, (now + pause, next(numbers), job, step, attempt + 1))
        else:
            outcome.refused += 1
            outcome.given_up += 1
    for number in range(plan.uploads * plan.minutes):
        outcome.writes[_HOT, "upload", int(number * 60 / plan.uploads)] += UPLOAD_WRITES
    return outcome


def _starts(plan: Plan, chance: random.Random) -> Iterator[float]:
    for minute in range(plan.minutes):
        for _ in range(plan.jobs):
            yield minute * 60 + chance.uniform(0, plan.within)


def _count(outcome: Outcome, request: str, job: int, step: int, second: int) -> None:
    outcome.passed[second] += 1
    who = job % outcome.plan.accounts
    project = f"project#absent-{step}" if request == "absent page" else _HOT
    for kind, units in READS[request].items():
        key = f"{kind}#{who}" if kind in _WHO else project
        outcome.reads[key, kind, second] += units


class _Front:
    """The front's bucket of requests: filled at a rate, never with more than a second's."""

    def __init__(self, rate: int) -> None:
        self._rate = self._left = float(rate)
        self._at = 0.0

    def lets_through(self, now: float) -> bool:
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _partition(key: str, plan: Plan) -> int:
    digest = hashlib.blake2b(f"{plan.seed} {key}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % plan.partitions


def markdown(outcome: Outcome) -> str:
    """Return an outcome as a table."""
    plan, passed = outcome.plan, outcome.passed
    lines = [
        f"**{plan.title}.** {plan.jobs * plan.minutes:,} jobs, {plan.jobs:,} a minute:",
        f"{passed.total():,} requests answered, at most {max(passed.values()):,} in a second;",
        f"{outcome.refused:,} times 429, after which {outcome.given_up:,} jobs gave up.",
        "",
        "| read units a second | average | busiest 10 s | busiest 1 s | limit | |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for load in outcome.loads():
        verdict = "**above**" if load.is_too_much else f"{load.busiest_ten / load.limit:.0%}"
        figures = (load.mean, load.busiest_ten, load.busiest, load.limit)
        cells = " | ".join(f"{figure:,.0f}" for figure in figures)
        lines.append(f"| {load.what} | {cells} | {verdict} |")
    return "\n".join(lines)


_ALL_NAMES = Plan(
    title="Each job asks here for 60 other names too",
    absent=60,
    minutes=1,
    rate=20_000,
    partitions=32,
)
PLANS = (
    Plan(title="Evenly, one token"),
    Plan(title="All within ten seconds of each minute, one token", within=10),
    _ALL_NAMES,
    replace(_ALL_NAMES, title=f"{_ALL_NAMES.title}, with eight accounts", accounts=8),
)


def main() -> None:
    """Print a table for each plan."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulate", description=__doc__)
    for name, kind in (("jobs", int), ("minutes", int), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind)
    chosen = {name: value for name, value in vars(parser.parse_args()).items() if value}
    tables = [markdown(run(replace(plan, **chosen))) for plan in PLANS]
    sys.stdout.write("\n\n".join(tables) + "\n")


if __name__ == "__main__":
    main()
