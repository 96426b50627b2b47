"""Fills an index with projects and files; the same seed gives the same ones.

    python -m bench.data small|large

Run with the settings of the index to fill. Items are written as the stores write them, without the
uploads before them, which would take an hour. Prints what the measurements need, as JSON.
"""

import gzip
import hashlib
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.config import Config
from app.domain import names, simple
from app.domain.account import AccountRole
from app.domain.dist_file import Blob, DistFile, StoredMetadata
from app.domain.names import NormalizedName
from app.domain.pages import Format, pack
from app.domain.project import Project, ProjectRole, Visibility
from app.features.accounts import service as accounts
from app.features.pages import service as pages
from app.features.setup import service as setup
from app.features.tokens import service as tokens
from app.models.base import LarderItem
from app.models.head import HeadItem, PageRefMap
from app.store import keys
from app.store.files import file_item
from app.store.metadata import metadata_item
from app.store.projects import project_item, role_item
from app.store.stores import open_stores

SEED = 20261122
SIZES = (1, 10, 1000, 5000)
"""Files of the projects `files-1`, `files-10`, … of the small index."""

SMALL, LARGE = 10, 9000
"""Projects of the small index and of the large one, where each has one file."""

PUBLIC = "files-public"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def wheel_of(project: str, number: int) -> str:
    """Return the name of a file of a project."""
    return f"{project.replace('-', '_')}-1.{number}-py3-none-any.whl"


def document(project: str, number: int) -> bytes:
    """Return the METADATA of a file, about as long as those of real packages are."""
    chance = random.Random(f"{SEED} {project} {number}")  # noqa: S311 - the same every time
    words = [
        "".join(chance.choices("abcdefghijklmnop", k=chance.randint(3, 9))) for _ in range(400)
    ]
    head = [
        "Metadata-Version: 2.4",
        f"Name: {project}",
        f"Version: 1.{number}",
        "Summary: Made up to be measured",
        "Requires-Python: >=3.9",
        "Description-Content-Type: text/markdown",
    ]
    return ("\n".join(head) + "\n\n" + " ".join(words) + "\n").encode()


def file_of(project: NormalizedName, number: int) -> DistFile:
    """Return a file of a project."""
    chance = random.Random(f"{SEED} {project} {number}")  # noqa: S311 - the same every time
    name = wheel_of(project, number)
    return DistFile(
        project=project,
        filename=name,
        version=f"1.{number}",
        kind="bdist_wheel",
        size=chance.randrange(10_000, 10_000_000),
        sha256=chance.randbytes(32).hex(),
        md5=chance.randbytes(16).hex(),
        blake2_256=chance.randbytes(32).hex(),
        metadata_sha256=hashlib.sha256(document(project, number)).hexdigest(),
        requires_python=">=3.9",
        uploaded_at=_START + timedelta(seconds=number),
        uploaded_by="bench",
        uploaded_with="twine/6.2.0 CPython/3.11",
        blob=Blob(key=f"files/{project}/{chance.randbytes(8).hex()}/{name}", version_id="1"),
    )


def projects_of(kind: str) -> Iterator[tuple[NormalizedName, int]]:
    """Yield the projects of an index, each with its number of files."""
    sized = [(f"files-{size}", size) for size in (SIZES if kind == "small" else (1,))]
    sized.append((PUBLIC, 1))
    count = SMALL if kind == "small" else LARGE
    sized += [(f"other-{number:04}", 1) for number in range(count - len(sized))]
    yield from ((names.normalize(name), size) for name, size in sized)


def main() -> None:
    """Fill the index that the environment names."""
    kind = sys.argv[1]
    stores, now = open_stores(Config.from_env()), datetime.now(UTC)
    setup.prepare(stores)
    accounts.create("bench", password="x" * 30, role=AccountRole.ADMIN, stores=stores, now=now)
    _, token = tokens.create(
        "bench",
        permissions=["upload"],
        projects=["*"],
        lifetime=None,
        label="bench",
        stores=stores,
        now=now,
    )
    with LarderItem.batch_write() as batch:
        for name, size in projects_of(kind):
            for item in _items(name, size):
                batch.save(item)
    for name, size in projects_of(kind):
        if size > 1:
            pages.refresh(name, stores=stores)
            # As if that were long ago: the list of projects tells nothing of its last minute.
            project_item(_project(name)).save()
    stores.projects.announce()
    sys.stdout.write(json.dumps({"token": token}))


def _items(name: NormalizedName, size: int) -> Iterator[LarderItem]:
    project = _project(name)
    files = [file_of(name, number) for number in range(size)]
    yield project_item(project)
    yield role_item(name, "bench", ProjectRole.OWNER)
    yield from map(file_item, files)
    for number in range(min(size, 10)):
        kept = StoredMetadata(body=gzip.compress(document(name, number), mtime=0))
        yield metadata_item(name, wheel_of(name, number), kept)
    if size == 1:  # larger ones are published as they would be
        yield _head(project, files)


def _project(name: NormalizedName) -> Project:
    visibility = Visibility.PUBLIC if name == PUBLIC else Visibility.TEAM
    return Project(name=name, display_name=name, visibility=visibility, created_at=_START, serial=1)


def _head(project: Project, files: list[DistFile]) -> HeadItem:
    page = simple.page_of(project.name, files)
    rendered = {form: pack(simple.render(page, form)) for form in Format}
    refs: dict[str, Any] = {
        form.value: PageRefMap(digest=one.digest, serial=1, inline=one.body)  # type: ignore[no-untyped-call]
        for form, one in rendered.items()
    }
    return HeadItem(
        keys.project(project.name),
        keys.HEAD,
        gen=1,
        page_gen=1,
        serial=1,
        visibility=project.visibility.value,
        status=project.status.value,
        **refs,
    )


if __name__ == "__main__":
    main()
