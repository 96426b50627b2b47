"""What packse makes below `.tools/packse`, once: the files of every scenario, and its own index.

The scenarios are in packse's sdist alone, so the sdist is fetched too, by its pinned hash, and
packse runs from there.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import ROOT, TOOLS, clean_environment

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOLDER = TOOLS / "packse"
PYTHON = FOLDER / "bin" / "python"
_DONE = FOLDER / ".done"
USUAL_PYTHON = "3.12"  # what a scenario means that names none
_SCENARIOS = "source/scenarios"


@dataclass(frozen=True)
class Scenario:
    """One question to a resolver, and the answer that packse expects."""

    name: str
    requires: list[str]
    requires_python: str
    python: str
    universal: bool
    prereleases: bool
    no_build: list[str]
    no_binary: list[str]
    platform: str | None
    environments: list[str]
    satisfiable: bool
    expected: dict[str, str]
    yanked: list[tuple[str, str]]

    @property
    def files(self) -> list[Path]:
        """What the scenario publishes."""
        return sorted((FOLDER / "dist" / self.name).iterdir())


def prepare(python: str) -> list[Scenario]:
    """Return the scenarios, once everything is there; `python` is an interpreter from 3.12 on."""
    wanted = f"{python}\n{REQUIREMENTS.read_text()}"
    if not _DONE.exists() or _DONE.read_text() != wanted:
        shutil.rmtree(FOLDER, ignore_errors=True)
        _install(python)
        _packse("build", _SCENARIOS)
        _packse("index", "build", _SCENARIOS, "--dist-dir", "dist", "--index-dir", "index")
        _DONE.write_text(wanted)
    described = json.loads(_packse("inspect", _SCENARIOS))["scenarios"]
    return sorted(map(_scenario, described), key=lambda scenario: scenario.name)


def static_index() -> Path:
    """Return the folder that packse would serve."""
    return FOLDER / "index"


def packse_version() -> str:
    """Return the version that is pinned."""
    return _pin().split("==")[1].split()[0]


def _install(python: str) -> None:
    _run(python, "-m", "venv", FOLDER)
    pip = (PYTHON, "-m", "pip")
    hashed = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    _run(*pip, "install", *hashed, "--requirement", REQUIREMENTS)
    (FOLDER / "packse.txt").write_text(_pin())
    # pip builds the sdist's metadata even so; the backend it takes is the pinned one.
    sdist_only = ("--no-build-isolation", "--no-binary=:all:", "--dest", FOLDER / "sdist")
    _run(*pip, "download", *hashed, *sdist_only, "--requirement", FOLDER / "packse.txt")
    (archive,) = (FOLDER / "sdist").iterdir()
    _run(PYTHON, "-m", "tarfile", "--filter", "data", "-e", archive, FOLDER)
    (FOLDER / archive.name.removesuffix(".tar.gz")).rename(FOLDER / "source")


def _pin() -> str:
    found = re.search(r"^packse==.*?(?=^\S)", REQUIREMENTS.read_text(), re.MULTILINE | re.DOTALL)
    assert found, REQUIREMENTS
    return found[0]


def _packse(*args: str) -> str:
    path = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])  # it calls hatchling
    environment = clean_environment(FOLDER, PATH=path, PYTHONPATH=str(FOLDER / "source" / "src"))
    return _run(PYTHON, "-m", "packse", *args, cwd=FOLDER, env=environment)


def _run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _scenario(described: dict[str, Any]) -> Scenario:
    """Read one from `packse inspect`; names have the scenario and its digest in them already."""
    options, root = described["resolver_options"], described["root"]
    return Scenario(
        name=f"{described['name']}-{described['version']}",
        requires=[each["requirement"] for each in root["requires"]],
        requires_python=root["requires_python"],
        python=options["python"] or described["environment"]["python"],
        universal=options["universal"],
        prereleases=options["prereleases"],
        no_build=options["no_build"],
        no_binary=options["no_binary"],
        platform=options["python_platform"],
        environments=options["required_environments"] or [],
        satisfiable=described["expected"]["satisfiable"],
        expected={each["name"]: each["version"] for each in described["expected"]["packages"]},
        yanked=[
            (package["name"], release["version"])
            for package in described["packages"]
            for release in package["versions"]
            if release["yanked"]
        ],
    )
