"""uv and pip, asked what they would install.

An `Outcome` keeps everything a client answered, its reasons for failing too: two are equal only if
the client saw the same releases, files, digests, yanks and dependencies.
"""

import itertools
import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import TOOLS, clean_environment
from tests.packse.sources import PYTHON, USUAL_PYTHON, Scenario

_TIMEOUT = 300
_PLACE = re.compile(r"https?://[^\s'\"<>]*/|#sha256=[0-9a-f]{64}")
_NO_SOLUTION = ("No solution found", "No matching distribution found", "ResolutionImpossible")
_PLATFORMS = {"x86_64-manylinux2014": "manylinux2014_x86_64"}  # uv's names, and pip's


@dataclass(frozen=True)
class Index:
    """An index, and the home of the clients that use it."""

    url: str
    home: Path

    def folder(self, tool: str, scenario: Scenario) -> Path:
        """Return a new folder for one question."""
        folder = self.home / tool / scenario.name
        folder.mkdir(parents=True)
        return folder


@dataclass(frozen=True)
class Outcome:
    """What a client made of a scenario."""

    solved: bool
    chosen: frozenset[tuple[str, str]]
    answer: str

    def as_expected(self, scenario: Scenario) -> bool:
        """Tell whether this is what packse expects."""
        if not scenario.satisfiable:
            return not self.solved
        return self.solved and self.chosen >= scenario.expected.items()


def uv(scenario: Scenario, index: Index) -> Outcome:
    """Ask uv: for a lock file where the scenario means every platform, as uv's own tests do."""
    return _uv_lock(scenario, index) if scenario.universal else _uv_compile(scenario, index)


def _uv_compile(scenario: Scenario, index: Index) -> Outcome:
    asked = index.folder("uv", scenario) / "requirements.in"
    asked.write_text("\n".join(scenario.requires))
    done = _uv(
        index, asked.parent, "pip", "compile", asked.name, "--generate-hashes", "--no-header",
        "--python-version", scenario.python,
        *(("--python-platform", scenario.platform) if scenario.platform else ()),
        *(("--prerelease", "allow") if scenario.prereleases else ()),
        *(part for name in scenario.no_build for part in ("--only-binary", name)),
        *(part for name in scenario.no_binary for part in ("--no-binary", name)),
    )  # fmt: skip
    if done.returncode:
        return _failure(done.stderr)
    chosen = re.findall(r"^([^\s=]+)==([^\s;]+)", done.stdout, re.MULTILINE)
    said = [line for line in done.stderr.splitlines() if line.startswith("warning:")]
    answer = "\n".join([*_without_repeats(done.stdout), *sorted(said)])
    return Outcome(solved=True, chosen=frozenset(chosen), answer=answer)


def _without_repeats(requirements: str) -> list[str]:
    """Return the lines of uv's answer, the digest of each file once.

    Where one version begins like another (1.2.3 and 1.2.3+foo), packse's page has a file twice.
    """
    lines = (line.removesuffix(" \\") for line in requirements.splitlines())
    return [line for line, _ in itertools.groupby(lines)]


def _uv_lock(scenario: Scenario, index: Index) -> Outcome:
    folder = index.folder("uv", scenario)
    # JSON's strings and lists of strings are TOML's too.
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "project"\nversion = "1"\n'
        f"requires-python = {json.dumps(scenario.requires_python)}\n"
        f"dependencies = {json.dumps(scenario.requires)}\n"
        f"[tool.uv]\nrequired-environments = {json.dumps(scenario.environments)}\n"
    )
    done = _uv(
        index, folder, "lock",
        *(("--prerelease", "allow") if scenario.prereleases else ()),
        *(part for name in scenario.no_build for part in ("--no-build-package", name)),
        *(part for name in scenario.no_binary for part in ("--no-binary-package", name)),
    )  # fmt: skip
    if done.returncode:
        return _failure(done.stderr)
    lock = tomllib.loads((folder / "uv.lock").read_text())
    chosen = frozenset((each["name"], each["version"]) for each in lock["package"])
    return Outcome(solved=True, chosen=chosen, answer=_dump(_without_places(lock)))


def _uv(index: Index, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / "uv" / "bin" / "uv", *args],
        cwd=folder,
        env=clean_environment(
            index.home,
            PATH=str(PYTHON.parent),  # so that every machine has the same choice of Pythons: one
            UV_PYTHON=str(PYTHON),
            UV_DEFAULT_INDEX=index.url,
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )


def pip(scenario: Scenario, index: Index) -> Outcome:
    """Ask pip, which has an answer for one platform and Python alone.

    For others than those it runs on it considers wheels only.
    """
    folder = index.folder("pip", scenario)
    elsewhere = [
        *(("--python-version", scenario.python) if scenario.python != USUAL_PYTHON else ()),
        *(("--platform", _PLATFORMS[scenario.platform]) if scenario.platform else ()),
    ]
    done = subprocess.run(
        [
            TOOLS / "pip" / "bin" / "python", "-m", "pip", "--python", PYTHON,
            "install", "--dry-run", "--ignore-installed", "--no-build-isolation", "--quiet",
            "--no-input", "--index-url", index.url, "--report", folder / "report.json",
            *(elsewhere and [*elsewhere, "--only-binary", ":all:"]),
            *(("--pre",) if scenario.prereleases else ()),
            *(part for name in scenario.no_build for part in ("--only-binary", name)),
            *(part for name in scenario.no_binary for part in ("--no-binary", name)),
            *scenario.requires,
        ],
        cwd=folder,
        env=clean_environment(index.home),
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )  # fmt: skip
    if done.returncode:
        return _failure(done.stderr)
    report = json.loads((folder / "report.json").read_text())
    chosen = [(each["metadata"]["name"], each["metadata"]["version"]) for each in report["install"]]
    said = _PLACE.sub("", done.stderr)
    return Outcome(
        solved=True, chosen=frozenset(chosen), answer=_dump(_without_places(report)) + said
    )


def _failure(said: str) -> Outcome:
    assert any(each in said for each in _NO_SOLUTION), said  # not for another reason on both
    return Outcome(solved=False, chosen=frozenset(), answer=_PLACE.sub("", said))


def _without_places(value: Any) -> Any:
    """Leave out what a static page does not tell, and keep a file's name of its URL."""
    if isinstance(value, dict):
        kept = value.keys() - {"size", "upload-time"}
        return {key: _without_places(value[key]) for key in kept}
    if isinstance(value, list):
        return [_without_places(each) for each in value]
    return _PLACE.sub("", value) if isinstance(value, str) else value


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True)
