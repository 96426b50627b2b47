"""A folder of wheels and sdists: one that `flask export` wrote, or any other."""

import functools
import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from app.domain import filenames, manifest
from app.domain.manifest import FileRecord, Manifest
from app.domain.names import NormalizedName
from app.domain.transfer import Batch, Fate, Offer, Outcome
from app.errors import AppError, BadRequest, NotFound

_ENDINGS = (".whl", ".tar.gz")
# Nobody else writes into the folder of a project.
_UNFINISHED = ".part"


class ImportFolder:
    """All wheels and sdists below a folder, wherever they lie."""

    label = "flask import"

    def __init__(self, root: Path) -> None:
        self._root = root
        # With the moment when the project was made.
        self._exported: dict[NormalizedName, tuple[datetime, Path]] = {}
        self._plain: dict[NormalizedName, list[Path]] = defaultdict(list)
        self._strays: list[Fate] = []
        for folder, below, names in os.walk(root, onerror=_refuse):
            below.sort()
            self._add(Path(folder), sorted(names))

    def projects(self) -> list[NormalizedName]:
        """Return exported projects in the order in which they were made, then all others."""
        # Of names that look alike, the first project holds the look.
        exported = sorted(self._exported, key=self._exported.__getitem__)
        return exported + sorted(self._plain.keys() - self._exported.keys())

    def strays(self) -> list[Fate]:
        """Return what ends like a wheel or an sdist and is named like none."""
        return self._strays

    def batch(self, project: NormalizedName) -> Batch:
        """Return the files of a project.

        :raises NotFound: if there are none.
        """
        plain = [_plain(path) for path in self._plain.get(project, [])]
        if project not in self._exported:
            if not plain:
                raise NotFound("There is no file of this project in the folder.")
            return Batch(project=project, offers=plain)
        path = self._exported[project][1]
        described = _read(path)
        recorded = [_recorded(path.parent, record) for record in described.files]
        return Batch(
            project=project,
            offers=recorded + plain,
            others=list(self._unlisted(path.parent, described)),
            manifest=described,
        )

    def _unlisted(self, folder: Path, described: Manifest) -> Iterator[Fate]:
        listed = {record.filename for record in described.files}
        for path in sorted(folder.iterdir()):
            if path.name.endswith(_ENDINGS) and path.name not in listed:
                detail = f"it is not in {manifest.FILENAME}"
                yield Fate(self._shown(path), Outcome.SKIPPED, detail)

    def _add(self, folder: Path, names: Collection[str]) -> None:
        if manifest.FILENAME in names:
            self._add_exported(folder / manifest.FILENAME)
            return
        for path in (folder / name for name in names if name.endswith(_ENDINGS)):
            try:
                self._plain[filenames.parse(path.name).project].append(path)
            except BadRequest as error:
                self._strays.append(Fate(self._shown(path), Outcome.REFUSED, error.detail))

    def _add_exported(self, path: Path) -> None:
        described = _read(path)
        if described.name in self._exported:
            raise BadRequest(
                f"{self._exported[described.name][1]} and {path} are both of {described.name!r};"
                " import one of them."
            )
        self._exported[described.name] = (described.created_at, path)

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._root))


def _refuse(error: OSError) -> None:
    raise BadRequest(f"{error.filename} cannot be read: {error.strerror}.") from error


def _read(path: Path) -> Manifest:
    try:
        return manifest.parse(path.read_bytes())
    except AppError as error:
        raise BadRequest(f"{path}: {error.detail}") from error


def _recorded(folder: Path, record: FileRecord) -> Offer:
    return Offer(
        filename=record.filename,
        sha256=record.sha256,
        # Whatever stands there, it does not lead out of the folder.
        open=functools.partial(_opened, folder / Path(record.filename).name),
        uploaded_at=record.uploaded_at,
        uploaded_by=record.uploaded_by,
        uploaded_with=record.uploaded_with,
        yanked=record.yanked,
        provenance=record.provenance,
    )


def _plain(path: Path) -> Offer:
    return Offer(filename=path.name, sha256=None, open=functools.partial(_opened, path))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        content = path.open("rb")
    except OSError as error:
        raise NotFound(f"It cannot be read: {error.strerror}.") from error
    with content:
        yield content


def holds(path: Path, sha256: str) -> bool:
    """Tell whether there is a file of exactly these bytes."""
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to and read from, which is at `path` afterwards, whole or not at all."""
    unfinished = path.with_name(_UNFINISHED)
    try:
        with unfinished.open("w+b") as content:
            yield content
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
