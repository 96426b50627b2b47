"""The files to publish: what their names say, and their digests."""

import glob
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from larder_client.errors import Interrupted, UsageError

# What follows the name of a file in those of its attestations, after what each of them is.
ATTESTATION = ".attestation"
_BLOCK = 1024 * 1024
_WHEEL_PARTS = (5, 6)


@dataclass(frozen=True, kw_only=True)
class Dist:
    """A wheel or an sdist on this machine."""

    path: Path
    # As the file name spells them; the index knows better which spellings are equal.
    project: str
    version: str
    # Bytes.
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """The name it is published under."""
        return self.path.name


@dataclass(frozen=True, kw_only=True)
class Release:
    """The files of one version of one project."""

    project: str
    version: str
    dists: Sequence[Dist]

    @cached_property
    def label(self) -> str:
        """How to call it."""
        return f"{self.project} {self.version}"


def normalize(project: str) -> str:
    """Return the normal form of a project's name (PEP 503).

    >>> normalize("Larder_.Demo")
    'larder-demo'
    """
    return re.sub(r"[-_.]+", "-", project).lower()


def parse_name(filename: str) -> tuple[str, str]:
    """Return project, in normal form, and version of a file name.

    >>> parse_name("larder_demo-1.0-1-py3-none-any.whl")
    ('larder-demo', '1.0')
    >>> parse_name("larder_demo-1.0.tar.gz")
    ('larder-demo', '1.0')

    :raises UsageError: if it is the name of neither a wheel nor an sdist.
    """
    if filename.endswith(".whl"):
        parts = filename.removesuffix(".whl").split("-")
        if len(parts) in _WHEEL_PARTS and all(parts):
            return normalize(parts[0]), parts[1]
    elif filename.endswith(".tar.gz"):
        project, _, version = filename.removesuffix(".tar.gz").rpartition("-")
        if project and version:
            return normalize(project), version
    raise UsageError(f"{filename} is the name of neither a wheel (.whl) nor an sdist (.tar.gz).")


def find(patterns: Iterable[str]) -> list[Path]:
    """Return the files that are meant, each once, without attestations.

    A shell that leaves `dist/*` as it is finds its match here.

    :raises UsageError: if there is nothing, or two files would have the same name.
    """
    found: dict[str, Path] = {}
    for pattern in patterns:
        for path in _matching(pattern):
            if path.name.endswith(ATTESTATION):
                continue
            other = found.setdefault(path.name, path)
            if other.resolve() != path.resolve():
                raise UsageError(f"{other} and {path} have the same name; give one of them.")
    if not found:
        raise UsageError("There is no file to publish.")
    return list(found.values())


def _matching(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_file():
        return [path]
    matching = [Path(each) for each in sorted(glob.glob(pattern))]  # noqa: PTH207 - any pattern
    files = [each for each in matching if each.is_file()]
    if path.is_dir() or not files:
        raise UsageError(f"{pattern} is no file{f'; try {path}/*' if path.is_dir() else ''}.")
    return files


def total(paths: Iterable[Path]) -> int:
    """Return how many bytes the files have together."""
    return sum(path.stat().st_size for path in paths)


def read(path: Path, *, advance: Callable[[int], None], stopped: Callable[[], bool]) -> Dist:
    """Measure a file.

    :raises UsageError: if its name or size is impossible, or it cannot be read.
    :raises Interrupted: if the command is being stopped.
    """
    project, version = parse_name(path.name)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                if stopped():
                    raise Interrupted
                digest.update(block)
                size += len(block)
                advance(len(block))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if not size:
        raise UsageError(f"{path} is empty; build it again.")
    return Dist(path=path, project=project, version=version, size=size, sha256=digest.hexdigest())


def releases(dists: Iterable[Dist]) -> list[Release]:
    """Group files by release, in the order of their names; wheels come before the sdist."""
    groups: dict[tuple[str, str], list[Dist]] = {}
    for dist in sorted(dists, key=lambda each: (each.filename.endswith(".gz"), each.filename)):
        groups.setdefault((dist.project, dist.version), []).append(dist)
    return [
        Release(project=project, version=version, dists=tuple(group))
        for (project, version), group in sorted(groups.items())
    ]


def attestations(dists: Iterable[Dist]) -> dict[str, list[Any]]:
    """Return the attestations (PEP 740) that lie beside each file.

    :raises UsageError: if a file has none, or something else.
    """
    found = {}
    for dist in dists:
        beside = sorted(dist.path.parent.glob(f"{glob.escape(dist.filename)}.*{ATTESTATION}"))
        if not beside:
            missing = f"{dist.path}.publish{ATTESTATION}"
            raise UsageError(f"{dist.filename} has no attestation: {missing} is missing.")
        found[dist.filename] = [_attestation(path) for path in beside]
    return found


def _attestation(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise UsageError(f"{path} cannot be read as an attestation, which is JSON.") from None
