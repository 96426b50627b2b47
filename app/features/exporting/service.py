"""Writing the whole index into a folder: the files of each project, and what they do not say.

What is not part of a project stays: accounts, tokens, signing keys, and the history of events.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.domain import manifest
from app.domain.cursor import Span
from app.domain.dist_file import DistFile
from app.domain.manifest import FileRecord, Manifest, ReleaseRecord, TakenName
from app.domain.project import Project, Release
from app.domain.transfer import Fate, Outcome, Step
from app.store import folder
from app.store.stores import Stores


def export(directory: Path, *, stores: Stores) -> Iterator[Step]:
    """Write every project below `directory`; what is there already, whole, is left as it is.

    A file whose bytes are missing or damaged is refused, and the others go on.
    """
    # Before the files, so that a name whose file is deleted meanwhile is among them.
    taken = stores.inventory.taken_names()
    projects = stores.projects.all()
    for number, listed in enumerate(projects, 1):
        project = stores.projects.get(listed.name) or listed
        names = taken.get(project.name, [])
        for fate in _project(directory / project.name, project, names, stores=stores):
            yield Step(number, len(projects), fate)


def _project(
    target: Path, project: Project, taken: Sequence[TakenName], *, stores: Stores
) -> Iterator[Fate]:
    target.mkdir(parents=True, exist_ok=True)
    files = stores.files.of(project.name)
    for file in files:
        outcome, detail = _file(target / file.filename, file, stores=stores)
        yield Fate(f"{project.name}/{file.filename}", outcome, detail)
    # Last: where it lies, the folder is complete.
    text = manifest.render(_manifest(project, files, taken, stores=stores))
    with folder.written(target / manifest.FILENAME) as content:
        content.write(text)


def _file(target: Path, file: DistFile, *, stores: Stores) -> tuple[Outcome, str]:
    if folder.holds(target, file.sha256):
        return Outcome.PRESENT, ""
    if stores.incoming.attributes(file.blob) is None:
        return Outcome.REFUSED, f"its object {file.blob.key} is missing"
    with folder.written(target) as content:
        stores.incoming.download(file.blob, content)
    if not folder.holds(target, file.sha256):
        target.unlink()
        return Outcome.REFUSED, f"its object {file.blob.key} has other bytes than were published"
    return Outcome.WRITTEN, ""


def _manifest(
    project: Project, files: Sequence[DistFile], taken: Sequence[TakenName], *, stores: Stores
) -> Manifest:
    live = {file.filename for file in files}
    gone = [name for name in taken if name.filename not in live]
    return Manifest(
        name=project.name,
        display_name=project.display_name,
        visibility=project.visibility,
        status=project.status,
        status_reason=project.status_reason,
        created_at=project.created_at,
        roles=dict(sorted(stores.projects.members(project.name).items())),
        releases=[_release(each) for each in _releases(project, stores=stores)],
        files=[_record(file, stores=stores) for file in files],
        taken=sorted(gone, key=lambda name: name.filename),
    )


def _releases(project: Project, *, stores: Stores) -> Iterator[Release]:
    span = Span()
    while True:
        part = stores.listings.releases(project.name, span)
        yield from part.entries
        if part.next is None:
            return
        span = Span(cursor=part.next)


def _release(release: Release) -> ReleaseRecord:
    return ReleaseRecord(
        version=release.version,
        summary=release.summary,
        created_at=release.created_at,
        fields=release.fields,
    )


def _record(file: DistFile, *, stores: Stores) -> FileRecord:
    return FileRecord(
        filename=file.filename,
        sha256=file.sha256,
        uploaded_at=file.uploaded_at,
        uploaded_by=file.uploaded_by,
        uploaded_with=file.uploaded_with,
        yanked=file.yanked,
        provenance=_provenance(file, stores=stores) if file.attested else None,
    )


def _provenance(file: DistFile, *, stores: Stores) -> dict[str, Any] | None:
    packed = stores.provenance.load(file.project, file.filename)
    found: dict[str, Any] | None = json.loads(gzip.decompress(packed)) if packed else None
    return found
