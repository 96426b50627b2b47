"""Pages of many files: a change costs one piece of them, and the page is right all the same."""

import gzip
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.config import Config
from app.domain import pieces
from app.domain.dist_file import Blob, DistFile
from app.domain.names import NormalizedName
from app.domain.pages import Format, Head
from app.domain.project import Project, ProjectRole, Visibility
from app.factory import create_app
from app.features.pages import service as pages
from app.features.sweep.service import sweep
from app.features.verify.service import verify
from app.models.base import LarderItem
from app.models.head import HeadItem
from app.models.page import PageItem
from app.store import keys
from app.store.files import file_item
from app.store.projects import project_item, role_item
from app.store.stores import Stores, open_stores
from tests import make
from tests.aws import between, counted

DEMO = NormalizedName("larder-demo")
FILES = 140
PLACES = {
    "item": {},
    "object": {"LARDER_INLINE_PAGE_BYTES": "1", "LARDER_ITEM_PAGE_BYTES": "1"},
    "head": {"LARDER_INLINE_PAGE_BYTES": "1000000"},
}


class Index:
    """An index with one large project, and somebody who may do everything in it."""

    def __init__(self, stores: Stores, client: FlaskClient) -> None:
        self.stores, self.client = stores, client
        now = datetime.now(UTC)
        project = Project(
            name=DEMO, display_name="Larder.Demo", visibility=Visibility.TEAM, created_at=now
        )
        with LarderItem.batch_write() as batch:
            batch.save(project_item(project))
            batch.save(role_item(DEMO, "ada", ProjectRole.OWNER))
            for number in range(FILES):
                batch.save(file_item(file_of(f"1.{number}", now)))
        pages.refresh(DEMO, stores=stores)

    def upload(self, version: str = "7.0", *, sdist: bool = False) -> int:
        archive = make.sdist(version=version) if sdist else make.wheel(version=version)
        name = make.sdist_name(version=version) if sdist else make.wheel_name(version=version)
        form = make.form(archive, name, release=version, version=version)
        return self.client.post("/legacy/", data=form).status_code

    def listed(self) -> dict[str, Any]:
        url = "/simple/larder-demo/?format=application/vnd.pypi.simple.v1%2Bjson"
        page = json.loads(self.client.get(url).data)
        return {file["filename"]: file for file in page["files"]}

    def head(self) -> Head:
        head = self.stores.pages.head(DEMO)
        assert head is not None
        return head

    def is_current(self) -> bool:
        return pages.is_current(DEMO, stores=self.stores)

    def page_faults(self) -> list[str]:
        return [fault.detail for fault in verify(stores=self.stores) if fault.subject == DEMO]


def file_of(version: str, now: datetime, project: NormalizedName = DEMO) -> DistFile:
    return DistFile(
        project=project,
        filename=make.wheel_name(version=version),
        version=version,
        kind="bdist_wheel",
        size=1000,
        sha256="1" * 64,
        md5="0" * 32,
        blake2_256="0" * 64,
        metadata_sha256="2" * 64,
        requires_python="",
        uploaded_at=now,
        uploaded_by="ada",
        uploaded_with="test",
        blob=Blob(key=f"files/larder-demo/{version}", version_id="v"),
    )


@pytest.fixture(params=PLACES)
def index(stores: Stores, mint: Callable[..., str], request: pytest.FixtureRequest) -> Index:
    opened = open_stores(Config.from_env(PLACES[request.param]))
    client = create_app(Config.from_env(PLACES[request.param]), opened).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint('ada', {'manage'})}"
    return Index(opened, client)


def items_read(call: Callable[[], object]) -> int:
    """Return how many items queries have brought."""
    read = [0]

    def count(_operation: str, _arguments: dict[str, Any], send: Callable[[], Any]) -> Any:
        answer = send()
        read[0] += len(answer.get("Items", [])) if isinstance(answer, dict) else 0
        return answer

    with between(count):
        call()
    return read[0]


def test_a_change_reads_one_piece_of_the_files_and_gives_the_page_of_all_of_them(
    index: Index,
) -> None:
    assert index.head().index is not None
    api = "/api/v1/projects/larder-demo"

    for change in (
        lambda: index.upload("7.0"),
        lambda: index.upload("7.0", sdist=True),
        lambda: index.upload("0.1"),
        lambda: index.client.post(f"{api}/files/{make.wheel_name(version='1.7')}/yank", json={}),
        lambda: index.client.delete(f"{api}/files/{make.wheel_name(version='1.8')}"),
    ):
        assert items_read(change) < FILES / 2
        assert index.is_current()
    status = {"status": "deprecated", "reason": "old"}
    assert items_read(lambda: index.client.put(f"{api}/status", json=status)) == 0
    assert index.is_current()

    listed = index.listed()
    assert len(listed) == FILES + 2
    assert listed[make.wheel_name(version="1.7")]["yanked"] is True
    assert make.wheel_name(version="1.8") not in listed
    html = index.client.get("/simple/larder-demo/").text
    assert html.count("<a ") == FILES + 2
    assert 'content="deprecated"' in html


def test_a_quarantined_project_comes_back_whole(index: Index) -> None:
    url = "/api/v1/projects/larder-demo/status"
    for status, files in (("quarantined", 0), ("active", FILES)):
        assert index.client.put(url, json={"status": status}).status_code < 300
        assert len(index.listed()) == files
        assert index.is_current()


def test_a_project_that_shrinks_gets_a_small_page_again(index: Index) -> None:
    files = index.stores.files.of(DEMO)
    with LarderItem.batch_write() as batch:
        for file in files[pieces.LARGE :]:
            batch.delete(file_item(file))
    pages.refresh(DEMO, stores=index.stores)
    assert index.head().index is not None
    name = files[3].filename
    index.client.delete(f"/api/v1/projects/larder-demo/files/{name}")

    assert index.head().index is None
    assert len(index.listed()) == pieces.LARGE - 1
    assert index.is_current()
    assert len(stored_parts(index)) <= 2


def stored_parts(index: Index) -> list[str]:
    found = PageItem.query(keys.project(DEMO), PageItem.sk.startswith("page#"))
    objects = index.stores.blobs.client.list_objects_v2(Bucket="larder-dev", Prefix="pages/")
    return [item.sk for item in found] + [one["Key"] for one in objects.get("Contents", [])]


def test_nothing_is_left_of_pages_that_were_replaced(index: Index) -> None:
    before = len(stored_parts(index))
    for number in range(4):
        assert index.upload(f"7.{number}") == 200

    assert len(stored_parts(index)) == before
    assert sweep(stores=index.stores, now=datetime.now(UTC))["pages removed"] == 0


def test_uploads_at_the_same_time_are_all_on_the_page(index: Index) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(index.upload(f"8.{n}")))
        for n in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 10
    assert len(index.listed()) == FILES + 10
    assert index.is_current()
    assert not index.head().changes


def test_a_change_that_was_counted_but_never_shown_is_shown_by_the_next(index: Index) -> None:
    now = datetime.now(UTC)
    file_item(file_of("5.0", now)).save()
    index.stores.pages.bump(DEMO, 1, [make.wheel_name(version="5.0")])

    assert items_read(lambda: index.upload("1.500")) < FILES / 2

    assert make.wheel_name(version="5.0") in index.listed()
    assert index.is_current()


def test_a_change_that_was_counted_without_a_name_is_shown_by_the_next(index: Index) -> None:
    """The release of before counts like this, for as long as an update takes."""
    file_item(file_of("5.0", datetime.now(UTC))).save()
    HeadItem(keys.project(DEMO), keys.HEAD).update([HeadItem.gen.add(1)])

    assert index.upload("1.500") == 200

    assert make.wheel_name(version="5.0") in index.listed()
    assert index.is_current()


def test_a_page_that_does_not_know_of_a_change_is_found_and_healed(index: Index) -> None:
    """Whoever made it died before it was counted."""
    file_item(file_of("5.0", datetime.now(UTC))).save()
    assert index.upload("0.1") == 200
    assert not index.is_current()
    assert index.page_faults()

    assert sweep(stores=index.stores, now=datetime.now(UTC))["pages healed"] == 1

    assert make.wheel_name(version="5.0") in index.listed()
    assert index.page_faults() == []


def lose(index: Index) -> None:
    """Remove all that is stored of the page beside the head."""
    for item in list(PageItem.query(keys.project(DEMO), PageItem.sk.startswith("page#"))):
        item.delete()
    for ref in index.head().pages.values():
        if ref.blob:
            index.stores.blobs.discard(ref.blob)


@pytest.mark.parametrize("index", ["item", "object"], indirect=True)
def test_a_page_whose_bytes_are_gone_is_found_and_healed(index: Index) -> None:
    lose(index)
    assert index.page_faults()

    assert sweep(stores=index.stores, now=datetime.now(UTC))["pages healed"] == 1

    assert index.page_faults() == []
    assert len(index.listed()) == FILES


def test_an_upload_needs_no_page_that_is_gone(index: Index) -> None:
    lose(index)

    assert index.upload() == 200

    assert len(index.listed()) == FILES + 1
    assert index.is_current()


@pytest.mark.parametrize("index", ["item"], indirect=True)
@pytest.mark.parametrize("body", [b"junk", gzip.compress(b"{}"), b""])
def test_a_page_whose_bytes_are_not_its_own_is_found(index: Index, body: bytes) -> None:
    place = index.head().pages[Format.JSON].item
    item = PageItem.get(keys.project(DEMO), place)
    item.update([PageItem.body.set(body)])

    assert index.page_faults()


def test_the_sweep_leaves_the_index_of_a_page_alone(index: Index) -> None:
    before = stored_parts(index)
    done = sweep(stores=index.stores, now=datetime(2100, 1, 1, tzinfo=UTC))

    assert (done["pages removed"], done["pages healed"]) == (0, 0)
    assert stored_parts(index) == before
    assert items_read(index.upload) < FILES / 2


def test_an_upload_needs_no_page_that_the_head_does_not_name(index: Index) -> None:
    head = HeadItem(keys.project(DEMO), keys.HEAD)
    head.update([HeadItem.json.remove(), HeadItem.html.remove()])

    assert index.upload() == 200

    assert len(index.listed()) == FILES + 1
    assert index.is_current()


def test_of_many_uploads_only_the_first_reads_the_page_before(index: Index) -> None:
    other = open_stores(Config.from_env(PLACES["item"]))
    pages.refresh(DEMO, [], stores=other)  # another process has changed it last

    def reads() -> int:
        with counted() as calls:
            assert index.upload(f"7.{next(numbers)}") == 200
        return calls.count("GetObject") + calls.count("GetItem")

    numbers = iter(range(9))
    assert reads() > 0
    assert reads() == 0
    pages.refresh(DEMO, [], stores=other)
    assert reads() > 0
    assert index.is_current()
    assert len(index.listed()) == FILES + 3


def test_the_pages_of_a_few_projects_stay_in_the_process(index: Index) -> None:
    now, first = datetime.now(UTC), NormalizedName("project-0")
    several = [first, *(NormalizedName(f"project-{number}") for number in range(1, 5))]
    for name in several:
        project = Project(name=name, display_name=name, visibility=Visibility.TEAM, created_at=now)
        with LarderItem.batch_write() as batch:
            batch.save(project_item(project))
            for number in range(FILES):
                batch.save(file_item(file_of(f"1.{number}", now, name)))

    def reads(project: NormalizedName) -> int:
        with counted() as calls:
            pages.refresh(project, [make.wheel_name(version="1.7")], stores=index.stores)
        return calls.count("GetObject") + calls.count("GetItem")

    for name in several[:4]:
        pages.refresh(name, stores=index.stores)
    assert [reads(name) for name in several[:4]] == [0] * 4
    pages.refresh(several[4], stores=index.stores)
    assert reads(several[4]) == 0
    assert reads(first) > 0
    assert all(pages.is_current(name, stores=index.stores) for name in several)
