"""Holds the whole index against itself: it changes nothing, and tells each fault it finds."""

import gzip
import hashlib
import logging
import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial

from app.domain import filenames
from app.domain.dist_file import Blob, DistFile
from app.domain.fault import Fault
from app.domain.job import JobFailed
from app.domain.names import NormalizedName
from app.domain.project import ProjectRole
from app.errors import BadRequest, NotFound, Unavailable
from app.features.pages import service as pages
from app.store.inventory import Holdings
from app.store.stores import Stores

_log = logging.getLogger(__name__)

JOB = "verify"
"""The name of the job, under which its place is kept."""

Progress = Callable[[str], None]
Check = Callable[[], Iterable[str]]

_PREFIXES = ("files/", "metadata/", "pages/")
# How long the job goes on, of Lambda's fifteen minutes.
_BUDGET = timedelta(minutes=10)
# So many things in succession that the storage refuses are not at fault themselves.
_PATIENCE = 3
# Between a file and its page, while it is being published.
_SETTLES = timedelta(seconds=1)
# How long the list of projects may be behind the projects.
_LAG = timedelta(minutes=1)
_MAX_CAUSE = 300


class _Reading(Enum):
    """Which files are read to their ends."""

    NONE = "none"
    # Those that came in parts: of the others S3 keeps the SHA-256, and checked it then.
    UNKNOWN = "unknown"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """A project, and how to look at it."""

    project: NormalizedName
    is_listed: bool
    held: Holdings
    reading: _Reading
    stores: Stores


@dataclass(frozen=True)
class _Step:
    """What was looked at, "project/filename" or at last "project", and what is wrong with it."""

    place: str
    faults: list[Fault]
    # Why looking at it was cut off.
    cut_off: Unavailable | None = None


def verify(
    *, stores: Stores, progress: Progress = lambda _: None, read_all: bool = False
) -> Iterator[Fault]:
    """Yield every fault of the index; `progress` is told the name of each project.

    S3 keeps the SHA-256 of what came in one piece and checked it then; with `read_all`, and where
    it keeps none, the bytes themselves are read.

    :raises Unavailable: if the storage is away.
    """
    reading, patience = _Reading.ALL if read_all else _Reading.UNKNOWN, _Patience()
    for name, is_listed in _projects(stores).items():
        scope = _scope(name, reading, is_listed=is_listed, stores=stores)
        if scope is None:
            continue
        progress(name)
        for step in patience.over(_steps(scope)):
            yield from step.faults


def verify_part(*, stores: Stores, now: datetime) -> dict[str, int]:
    """Verify for ten minutes, from where the last run stopped; return how much it was.

    After the last project comes the first. Each fault is in the log; no file is read.

    :raises JobFailed: at the end, if there is any fault.
    :raises Unavailable: if the storage is away; the next run goes on there.
    """
    place, done = stores.jobs.place(JOB), {"projects": 0, "files": 0, "faults": 0}
    patience = _Patience()
    ends = time.monotonic() + _BUDGET.total_seconds()
    try:
        for step in patience.over(_round(place, stores=stores)):
            place = step.place
            done["files" if "/" in place else "projects"] += 1
            done["faults"] += len(step.faults)
            for fault in step.faults:
                _log.error("fault", extra={"subject": fault.subject, "detail": fault.detail})
            if time.monotonic() >= ends:
                break
    finally:
        stores.jobs.keep_place(JOB, place)
    if done["faults"]:
        raise JobFailed(f"{done['faults']} faults; the log names each.", done)
    return done


class _Patience:
    """Tells one thing that the storage refuses, which is a fault, from a storage that is away."""

    def __init__(self) -> None:
        self._refused = 0

    def over(self, steps: Iterable[_Step]) -> Iterator[_Step]:
        """Yield steps.

        :raises Unavailable: if too many in succession were cut off.
        """
        for step in steps:
            self._refused = self._refused + 1 if step.cut_off else 0
            if step.cut_off and self._refused > _PATIENCE:
                raise step.cut_off
            yield step


def _round(place: str, *, stores: Stores) -> Iterator[_Step]:
    """Verify each project once, beginning behind a place of an earlier round."""
    projects = _projects(stores)
    names, (last, _, filename) = list(projects), place.partition("/")
    # With a file name it was in the midst of that project, else through with it.
    start = bisect_left(names, last) if filename else bisect_right(names, last)
    for name in names[start:] + names[:start]:
        scope = _scope(name, _Reading.NONE, is_listed=projects[name], stores=stores)
        if scope is not None:
            yield from _steps(scope, after=filename if name == last else "")


def _projects(stores: Stores) -> dict[NormalizedName, bool]:
    """Return the names that may be projects', in order, and whether each is in the list of them.

    The item of a project can be lost, and its name in the list with it, so names are also taken
    from roles and from objects: before the list, which then has all that were whole.
    """
    inventory = stores.inventory
    others = inventory.projects_with_roles() | inventory.projects_with_objects(_PREFIXES)
    listed = inventory.listed_projects()
    return {name: name in listed for name in sorted(others | listed)}


def _scope(
    name: NormalizedName, reading: _Reading, *, is_listed: bool, stores: Stores
) -> _Scope | None:
    """Return what to look at; None if there is no project, but objects or roles left behind."""
    held = stores.inventory.holdings(name)
    if not (held.has_project or held.filenames):
        return None
    if held.has_project and not is_listed and _is_new(name, stores=stores):
        return None
    return _Scope(project=name, is_listed=is_listed, held=held, reading=reading, stores=stores)


def _is_new(name: NormalizedName, *, stores: Stores) -> bool:
    """Tell whether a project is so new that the list of projects need not have it yet."""
    try:
        project = stores.projects.get(name)
    except (TypeError, ValueError):  # its item is damaged, which a check will tell
        return False
    return project is not None and project.created_at > datetime.now(UTC) - _LAG


def _steps(scope: _Scope, after: str = "") -> Iterator[_Step]:
    """Yield each file whose name is behind `after`, and then the project itself."""
    for filename in scope.held.filenames:
        if filename > after:
            place = f"{scope.project}/{filename}"
            yield _step(place, {place: [partial(_file, filename, scope)]})
    checks: dict[str, list[Check]] = {
        scope.project: [partial(check, scope) for check in (_listing, _owner, _page)]
    }
    for version in _versions(scope):
        checks[f"{scope.project} {version}"] = [partial(_release, version, scope)]
    yield _step(scope.project, checks)


def _step(place: str, checks: Mapping[str, Iterable[Check]]) -> _Step:
    """Look at one thing by the checks of each subject."""
    found: list[Fault] = []
    try:
        for subject, own in checks.items():
            found += _faults(subject, own)
    except Unavailable as error:
        return _Step(place, found + _faults(place, [partial(_cut_off, error)]), error)
    return _Step(place, found)


def _cut_off(error: Unavailable) -> Iterator[str]:
    yield f"it cannot be verified: {error.detail}"


def _faults(subject: str, checks: Iterable[Check]) -> list[Fault]:
    # Names are of one line of ASCII, but this one may be what is wrong.
    shown = subject if subject.isprintable() else ascii(subject)
    return [Fault(subject=shown, detail=detail) for detail in _details(checks)]


def _details(checks: Iterable[Check]) -> list[str]:
    """Return what checks find; one that breaks off has found something that cannot be."""
    found: list[str] = []
    for check in checks:
        try:
            found.extend(check())
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an item holds, the rest is verified
            cause = f"{type(error).__name__}: {error}".partition("\n")[0]
            found.append(f"it cannot be verified: {cause[:_MAX_CAUSE]}")
    return found


def _listing(scope: _Scope) -> Iterator[str]:
    if not scope.held.has_project:
        yield "its project item is missing"
    elif not scope.is_listed:
        yield "it is not in the list of projects"


def _owner(scope: _Scope) -> Iterator[str]:
    if ProjectRole.OWNER not in scope.stores.projects.members(scope.project).values():
        yield "it has no owner"


def _page(scope: _Scope) -> Iterator[str]:
    if scope.held.has_project and not _is_current(scope):
        yield "its page does not show its files as they are; `flask jobs run sweep` heals it"


def _is_current(scope: _Scope) -> bool:
    if pages.is_current(scope.project, stores=scope.stores):
        return True
    # A file may be in the midst of being published.
    time.sleep(_SETTLES.total_seconds())
    return pages.is_current(scope.project, stores=scope.stores)


def _versions(scope: _Scope) -> list[str]:
    found = set()
    for filename in scope.held.filenames:
        with suppress(BadRequest):  # the file's own fault
            found.add(str(filenames.parse(filename).version))
    return sorted(found)


def _release(version: str, scope: _Scope) -> Iterator[str]:
    if scope.stores.listings.release(scope.project, version) is None:
        yield "the release is missing"


def _file(filename: str, scope: _Scope) -> list[str]:
    stores = scope.stores
    file = stores.files.get(scope.project, filename)
    if file is None:
        return []  # it was deleted a moment ago
    checks = (_name, _object, _document, _provenance)
    found = _details(partial(check, file, scope) for check in checks)
    # What was deleted meanwhile lacks something, and nothing is wrong with that.
    return found if found and stores.files.get(scope.project, filename) else []


def _name(file: DistFile, scope: _Scope) -> Iterator[str]:
    try:
        dist = filenames.parse(file.filename)
    except BadRequest as error:
        yield f"its name cannot be: {error.detail}"
        return
    if dist.project != file.project:
        yield f"its name is one of {dist.project}"
    if not filenames.same_version(file.version, dist.version):
        yield f"its version is {file.version!r}, and {dist.version} in its name"
    if scope.stores.files.taken_by(dist.identity) != file.sha256:
        yield "its name is not kept for it"


def _object(file: DistFile, scope: _Scope) -> Iterator[str]:
    incoming = scope.stores.incoming
    found = incoming.attributes(file.blob)
    if found is None:
        yield f"its object {file.blob.key} is missing"
        return
    if not _is_newest(file.blob, scope):
        yield f"its object {file.blob.key} is an old version, which the bucket will remove"
    if found.size != file.size:
        yield f"its object has {found.size} bytes, not {file.size}"
        return
    sha256 = found.sha256
    if scope.reading is _Reading.ALL or (sha256 is None and scope.reading is _Reading.UNKNOWN):
        sha256 = incoming.sha256(file.blob)
    if sha256 not in {None, file.sha256}:
        yield f"its object has sha256 {sha256}, not {file.sha256}"


def _is_newest(blob: Blob, scope: _Scope) -> bool:
    newest = scope.stores.incoming.find(blob.key)
    return newest is not None and newest.blob == blob


def _document(file: DistFile, scope: _Scope) -> Iterator[str]:
    stored = scope.stores.metadata.of(file.project, file.filename)
    if stored is None:
        yield "its core metadata is missing"
        return
    try:
        document = gzip.decompress(scope.stores.contents.metadata(stored))
    except (NotFound, OSError, EOFError, zlib.error):
        yield "its core metadata cannot be read"
        return
    if hashlib.sha256(document).hexdigest() != file.metadata_sha256:
        yield "its core metadata is not what its page says"
    if stored.blob is not None and not _is_newest(stored.blob, scope):
        yield f"its core metadata {stored.blob.key} is an old version, which the bucket will remove"


def _provenance(file: DistFile, scope: _Scope) -> Iterator[str]:
    if file.attested and file.filename not in scope.held.attested:
        yield "its attestations are missing"
