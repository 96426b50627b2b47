"""Whether uv and pip resolve the scenarios of packse here as they do on packse's own index.

    python -m tests.packse [WORD]       (only the scenarios with the word in their name)

Everything is published to a new index first, yanks included. Ends with 1 if a client answers
differently anywhere, or if a file is refused.
"""

import difflib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sls.finish_zip import find_python
from tests.e2e.conftest import TOOLS
from tests.packse import indexes, resolvers, sources
from tests.packse.indexes import Refusal
from tests.packse.resolvers import Index, Outcome
from tests.packse.sources import Scenario

_VERSIONS = ("3.12", "3.13", "3.14")
_WORKERS = 2
_CLIENTS: dict[str, Callable[[Scenario, Index], Outcome]] = {
    "uv": resolvers.uv,
    "pip": resolvers.pip,
}


@dataclass(frozen=True)
class Answer:
    """What one client made of one scenario on both indexes."""

    scenario: Scenario
    client: str
    static: Outcome
    larder: Outcome

    @property
    def equal(self) -> bool:
        return self.static == self.larder


def main() -> int:
    """Compare and print; return 1 if anything differs."""
    python = next(filter(None, map(find_python, _VERSIONS)), None)
    if python is None:
        _say(f"skipped: packse needs Python >= {_VERSIONS[0]}, and none was found")
        return 0
    word = "".join(sys.argv[1:])
    scenarios = [each for each in sources.prepare(python) if word in each.name]
    with tempfile.TemporaryDirectory() as name:
        refused, answers = _compare(scenarios, Path(name))
    _report(scenarios, refused, answers)
    taken, equal = all(each.twine for each in refused), all(answer.equal for answer in answers)
    return int(not (taken and equal))


def _compare(scenarios: list[Scenario], folder: Path) -> tuple[list[Refusal], list[Answer]]:
    with indexes.larder(folder / "data") as served, indexes.static(sources.static_index()) as url:
        _say(f"publishing {sum(len(each.files) for each in scenarios)} files ...")
        refused = indexes.publish(scenarios, served, folder / "publisher")
        static, larder = Index(url, folder / "static"), Index(served.simple, folder / "larder")
        _say(f"resolving {len(scenarios)} scenarios with {' and '.join(_CLIENTS)} ...")
        return refused, _ask_all(scenarios, static, larder)


def _ask_all(scenarios: list[Scenario], static: Index, larder: Index) -> list[Answer]:
    def ask(scenario: Scenario) -> list[Answer]:
        return [
            Answer(scenario, client, resolve(scenario, static), resolve(scenario, larder))
            for client, resolve in _CLIENTS.items()
        ]

    answers: list[Answer] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for number, found in enumerate(pool.map(ask, scenarios), 1):
            answers += found
            if number % 25 == 0:
                _say(f"  {number} of {len(scenarios)}")
    return answers


def _report(scenarios: list[Scenario], refused: list[Refusal], answers: list[Answer]) -> None:
    for each in refused:
        _say(f"{'refused from uv alone' if each.twine else 'REFUSED'}: {each.file.name}")
        _say(f"  {each.reason}")
    for answer in answers:
        if not answer.equal:
            _say(f"\n{answer.client} DIFFERS: {answer.scenario.name}\n{_difference(answer)}")
    for client in _CLIENTS:
        _say(f"\n{client} {_version(client)} on packse's own index, not as packse expects:")
        _surprises([answer for answer in answers if answer.client == client])
    yanks = sum(len(each.yanked) for each in scenarios)
    _say(
        f"\npackse {sources.packse_version()}: {len(scenarios)} scenarios, {yanks} yanked releases"
    )
    _say(_table(answers))


def _surprises(answers: list[Answer]) -> None:
    for answer in answers:
        if not answer.static.as_expected(answer.scenario):
            found = "solved" if answer.static.solved else "not solved"
            _say(f"  {answer.scenario.name}: {found}")


def _table(answers: list[Answer]) -> str:
    lines = [f"{'as packse expects':>30}", f"{'':8}{'its index':>12}{'Larder':>12}{'equal':>12}"]
    for client in _CLIENTS:
        of = [answer for answer in answers if answer.client == client]
        static = sum(answer.static.as_expected(answer.scenario) for answer in of)
        larder = sum(answer.larder.as_expected(answer.scenario) for answer in of)
        equal = sum(answer.equal for answer in of)
        lines.append(f"{client:8}{static:>12}{larder:>12}{equal:>12}")
    return "\n".join(lines)


def _difference(answer: Answer) -> str:
    static, larder = (each.answer.splitlines() for each in (answer.static, answer.larder))
    return "\n".join(difflib.unified_diff(static, larder, "static", "larder", lineterm="", n=1))


def _version(client: str) -> str:
    python = TOOLS / client / "bin" / "python"
    ask = f"import importlib.metadata as m; print(m.version({client!r}))"
    return subprocess.check_output([python, "-c", ask], text=True).strip()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
