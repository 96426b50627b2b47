"""Tell what most functions never load from what they do."""
# ruff: noqa: INP001 - a step of a build, no part of a package

import csv
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

APART = "pypi-attestations"
"""The requirement that is packaged apart, with what it needs and nothing else does."""


@dataclass(frozen=True)
class _Package:
    needs: set[str]
    files: set[str]


def files_apart(archive: zipfile.ZipFile) -> set[str]:
    """Return the names of those files that nothing needs but APART, as the packages tell.

    What the application itself asks for is in requirements.in, in the present folder.
    """
    packages = dict(_packages(archive))
    roots = set(_names(Path("requirements.in").read_text().splitlines()))
    needed = _closure(roots - {APART}, packages)
    return set().union(*(each.files for name, each in packages.items() if name not in needed))


def _packages(archive: zipfile.ZipFile) -> Iterator[tuple[str, _Package]]:
    for entry in archive.namelist():
        folder, _, file = entry.rpartition("/")
        if file == "METADATA" and folder.endswith(".dist-info"):
            about = message_from_bytes(archive.read(entry))
            lines = archive.read(f"{folder}/RECORD").decode().splitlines()
            files = {row[0] for row in csv.reader(lines)}
            needs = set(_names(about.get_all("Requires-Dist", [])))
            yield next(_names([about["Name"]])), _Package(needs, files)


def _names(requirements: list[str]) -> Iterator[str]:
    """Yield the normal names of what requirements ask for, other than for an extra."""
    for each in requirements:
        name = re.match(r"[\w.-]+", each)
        if name and "extra ==" not in each:
            yield re.sub(r"[-_.]+", "-", name[0]).lower()


def _closure(roots: set[str], packages: dict[str, _Package]) -> set[str]:
    """Return the names of the packages that some need, themselves among them."""
    found = set[str]()
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        if name in packages and name not in found:
            found.add(name)
            waiting |= packages[name].needs
    return found
