"""`python -m tests.mutants [WORD]`: exit 1 if a rule can be taken out and no case notices.

Each rule of the modules below (those whose path holds WORD) is taken out in a copy of the tree.
Then the corpus is played, first against the inspector alone, where that is what was changed, and
against the whole application if that saw nothing. If a case gets something else than it must, the
rule is seen. If not, the module's unit tests are run, so that the report tells both apart.
"""

import argparse
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.changes import Change
from tests.mutants.explained import EXPLAINED
from tests.mutants.modules import MODULES, ROOT, Module

_COPIED = ("app", "tests", "handler.py", "pyproject.toml")
_SECONDS = 300
_CASE_SECONDS = 15
_JOBS = 2


@dataclass(frozen=True)
class Verdict:
    """What noticed that a rule was gone; nothing did if it is empty."""

    change: Change
    by: str
    seconds: float

    @property
    def is_seen(self) -> bool:
        """Tell whether a case of the corpus noticed, as one must."""
        return self.by == "corpus"


class Tree:
    """A copy of the repository in which rules are taken out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in _COPIED:
            source, target = ROOT / name, folder / name
            if source.is_dir():
                ignored = shutil.ignore_patterns(
                    "__pycache__", "e2e", "deploy", "browser", "packse"
                )
                shutil.copytree(source, target, ignore=ignored)
            else:
                shutil.copy(source, target)
        compileall.compile_dir(folder, quiet=2, workers=1)

    def is_sound(self) -> bool:
        """Tell whether every case gets what it must while nothing is taken out."""
        return all(self._passes("tests.corpus", target) for target in ("inspector", "flask"))

    def try_out(self, change: Change, module: Module) -> Verdict:
        """Take a rule out, look what notices, and put it back."""
        started, path = time.monotonic(), self._folder / change.path
        before = path.read_bytes()
        path.write_text(change.text)
        try:
            by = self._what_notices(module)
        finally:
            path.write_bytes(before)
        return Verdict(change, by, time.monotonic() - started)

    def _what_notices(self, module: Module) -> str:
        only = [word for theme in module.themes for word in ("--only", theme)]
        plays = [("inspector", *only), ("inspector",)] if module.inspected else []
        for play in [*plays, ("flask", *only), ("flask",)]:
            # Some rules keep a loop from being endless.
            if not self._passes("tests.corpus", "--stop", "--seconds", str(_CASE_SECONDS), *play):
                return "corpus"
        options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--durations=0")
        if not self._passes("pytest", *options, *module.tests):
            return "unit tests"
        return ""

    def _passes(self, program: str, *arguments: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=self._folder,
            env={
                "PATH": os.environ["PATH"],
                # A file that was compiled within the same second would be taken for its successor.
                "PYTHONDONTWRITEBYTECODE": "1",
                "CI": "1",
            },
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        return done.returncode == 0


def main() -> int:
    """Try all rules and print those that nothing notices, then the totals."""
    asked = _parser().parse_args()
    chosen = [module for module in MODULES if asked.word in module.path]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="larder-mutants-") as folder:
        trees: SimpleQueue[Tree] = SimpleQueue()
        for number in range(_JOBS):
            tree = Tree(Path(folder, str(number)))
            trees.put(tree)
        if not tree.is_sound():
            sys.exit("Cases fail before anything is taken out: see `python -m tests.corpus flask`.")
        verdicts = {module: [] for module in chosen}
        for module, verdict in _verdicts(chosen, trees):
            verdicts[module].append(verdict)
            _tell(verdict, verbose=asked.verbose)
    return _summary(verdicts, time.monotonic() - started)


def _verdicts(
    chosen: Sequence[Module], trees: "SimpleQueue[Tree]"
) -> Iterator[tuple[Module, Verdict]]:
    def try_out(job: tuple[Module, Change]) -> tuple[Module, Verdict]:
        module, change = job
        tree = trees.get()
        try:
            return module, tree.try_out(change, module)
        finally:
            trees.put(tree)

    jobs = [(module, change) for module in chosen for change in module.changes()]
    with ThreadPoolExecutor(_JOBS) as pool:
        yield from pool.map(try_out, jobs)


def _tell(verdict: Verdict, *, verbose: bool) -> None:
    change = verdict.change
    reason = EXPLAINED.get((change.path, change.label))
    if verbose or not (verdict.is_seen or reason):
        told = verdict.by or (f"nothing, because {reason}" if reason else "NOTHING")
        _say(f"{change.path}:{change.line} {change.label}\n    {verdict.seconds:.1f} s: {told}")


def _summary(verdicts: dict[Module, list[Verdict]], seconds: float) -> int:
    """Print a line for each module and return 1 if a rule was missed without a reason."""
    _say(f"{'':40}{'rules':>7}{'corpus':>8}{'explained':>11}{'missed':>8}")
    total = missed_in_all = 0
    for module, tried in verdicts.items():
        seen = sum(verdict.is_seen for verdict in tried)
        missed = sum(not verdict.is_seen and _key(verdict) not in EXPLAINED for verdict in tried)
        total, missed_in_all = total + len(tried), missed_in_all + missed
        rest = len(tried) - seen - missed
        _say(f"{module.path:40}{len(tried):7}{seen:8}{rest:11}{missed:8}")
    keys = {_key(verdict) for tried in verdicts.values() for verdict in tried}
    paths = {module.path for module in verdicts}
    for stale in sorted(key for key in EXPLAINED if key[0] in paths and key not in keys):
        _say(f"explained, but not there: {stale}")
        missed_in_all += 1
    _say(f"{total} rules in {seconds:.0f} s")
    return 1 if missed_in_all or not total else 0


def _key(verdict: Verdict) -> tuple[str, str]:
    return verdict.change.path, verdict.change.label


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="in the path of the modules to try")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every rule")
    return parser


if __name__ == "__main__":
    sys.exit(main())
