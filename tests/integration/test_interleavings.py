"""Two at once: at every AWS call of one operation another one runs from its beginning to its end.

The promises hold whichever call that is: what was answered with success is true, exactly one of two
uploads wins, the sweep takes nothing that anybody names, and the index verifies without a fault.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from moto.backends import get_backend

from app.features.setup import service as setup
from app.features.sweep.service import sweep
from app.features.verify.service import verify
from app.models.base import LarderItem
from app.store.stores import Stores
from tests import make
from tests.aws import between

Clients = Callable[..., FlaskClient]
Action = Callable[[], int]

BUCKET = "larder-dev"
META = {"meta": {"api-version": "2.0"}}
NAME = make.wheel_name()
ORPHAN = f"files/larder-demo/0123456789abcdef/{NAME}"


class Index:
    """An index that can be emptied, and what people do with it."""

    def __init__(self, client: FlaskClient, stranger: FlaskClient, stores: Stores) -> None:
        self.client, self.stranger, self.stores = client, stranger, stores
        self.publish_url = self.session_url = ""

    def clear(self) -> None:
        for item in list(LarderItem.scan()):
            if not item.pk.startswith(("account#", "token#")):
                item.delete()
        setup.prepare(self.stores)

    def leave_orphan(self) -> None:
        """Leave the object of an upload of the same file that died two days ago."""
        self.stores.blobs.client.put_object(Bucket=BUCKET, Key=ORPHAN, Body=make.wheel())
        [account] = get_backend("s3").values()
        for region in account.values():
            for key in region.buckets[BUCKET].keys.getlist(ORPHAN):
                key.last_modified = datetime.now(UTC) - timedelta(days=2)

    def upload(self) -> int:
        return self.client.post("/legacy/", data=make.form(make.wheel())).status_code

    def upload_other(self) -> int:
        other = make.wheel(Summary="other")
        return self.client.post("/legacy/", data=make.form(other)).status_code

    def upload_sdist(self) -> int:
        form = make.form(make.sdist(), make.sdist_name())
        return self.client.post("/legacy/", data=form).status_code

    def delete(self) -> int:
        return self.client.delete(f"/api/v1/projects/larder-demo/files/{NAME}").status_code

    def yank(self) -> int:
        url = "/api/v1/projects/larder-demo/releases/1.0/yank"
        return self.client.post(url, json={"reason": "broken"}).status_code

    def sweep(self) -> int:
        sweep(stores=self.stores, now=datetime.now(UTC))
        return 200

    def open_session(self) -> None:
        """Open a session with the wheel, completed."""
        archive = make.wheel()
        body = {**META, "name": "larder-demo", "version": "1.0"}
        session = json.loads(self.client.post("/upload/2.0/", json=body).data)["links"]
        about = {
            **META,
            "filename": NAME,
            "size": len(archive),
            "hashes": {"sha256": make.form(archive)["sha256_digest"]},
            "mechanism": "http-post-bytes",
        }
        file = json.loads(self.client.post(_path(session["upload"]), json=about).data)
        self.client.post(_path(file["mechanism"]["file_url"]), data=archive)
        done = self.client.post(_path(file["links"]["complete"]), json=META)
        assert done.status_code == 201
        self.publish_url, self.session_url = _path(session["publish"]), _path(session["session"])

    def open_another(self) -> int:
        body = {**META, "name": "larder-demo", "version": "2.0"}
        return self.client.post("/upload/2.0/", json=body).status_code

    def upload_by_stranger(self) -> int:
        return self.stranger.post("/legacy/", data=make.form(make.wheel())).status_code

    def publish(self) -> int:
        return self.client.post(self.publish_url, json=META).status_code

    def cancel(self) -> int:
        return self.client.delete(self.session_url).status_code

    def listed(self) -> dict[str, Any]:
        url = "/simple/larder-demo/?format=application/vnd.pypi.simple.v1%2Bjson"
        answer = self.client.get(url)
        return {file["filename"]: file for file in answer.json["files"]} if answer.json else {}

    def stored(self) -> bytes | None:
        file = self.stores.files.get("larder-demo", NAME)
        return self.stores.blobs.read(file.blob) if file else None

    def faults(self) -> list[Any]:
        return list(verify(stores=self.stores, read_all=True))


def _path(url: str) -> str:
    return url.removeprefix("http://localhost")


@pytest.fixture
def index(as_: Clients, stores: Stores) -> Index:
    return Index(as_("ada", {"manage"}), as_("eve", {"upload"}), stores)


def try_all(
    first: Action,
    second: Action,
    prepare: Callable[[], None],
    check: Callable[[int, int, int], None],
) -> None:
    """Run `second` before every call of `first` in turn, and `check` how both ended."""
    at, again = 0, True
    while again:
        prepare()
        calls = iter(range(10**6))
        ended: list[int] = []

        def call(_operation: str, _arguments: Any, send: Callable[[], Any]) -> Any:
            if next(calls) == at:  # noqa: B023 - both are of this round, and the calls
                ended.append(second())  # noqa: B023 - of the second go on counting
            return send()

        with between(call):
            status = first()
        again = bool(ended)
        if again:
            check(status, ended[0], at)
            at += 1
    assert at > 3


def test_an_upload_and_a_sweep_that_finds_an_old_attempt(index: Index) -> None:
    def prepare() -> None:
        index.clear()
        index.leave_orphan()

    def check(upload: int, _: int, at: int) -> None:
        assert upload == 200, at
        assert list(index.listed()) == [NAME], at
        assert index.stored() == make.wheel(), at
        assert index.faults() == [], at

    try_all(index.upload, index.sweep, prepare, check)


def test_a_sweep_and_an_upload(index: Index) -> None:
    def prepare() -> None:
        index.clear()
        assert index.upload_sdist() == 200
        index.leave_orphan()

    def check(_: int, upload: int, at: int) -> None:
        assert upload == 200, at
        assert NAME in index.listed(), at
        assert index.stored() == make.wheel(), at
        assert index.faults() == [], at

    try_all(index.sweep, index.upload, prepare, check)


def test_two_uploads_of_one_name(index: Index) -> None:
    def check(upload: int, other: int, at: int) -> None:
        assert sorted([upload, other]) == [200, 409], at
        won = make.wheel() if upload == 200 else make.wheel(Summary="other")
        assert index.stored() == won, at
        assert list(index.listed()) == [NAME], at
        assert index.faults() == [], at

    try_all(index.upload, index.upload_other, index.clear, check)


def test_two_identical_uploads(index: Index) -> None:
    def check(upload: int, other: int, at: int) -> None:
        assert (upload, other) == (200, 200), at
        assert index.stored() == make.wheel(), at
        assert index.faults() == [], at

    try_all(index.upload, index.upload, index.clear, check)


def test_an_upload_and_the_deletion_of_the_same_file(index: Index) -> None:
    """The second upload of the bytes may come before the deletion or after, but not in between."""

    def prepare() -> None:
        index.clear()
        index.upload()

    def check(upload: int, deletion: int, at: int) -> None:
        assert deletion == 204, at
        assert upload in {200, 409, 503}, at
        assert index.listed() == {}, at
        assert index.upload() == 409, at
        assert index.faults() == [], at

    try_all(index.upload, index.delete, prepare, check)


@pytest.mark.parametrize("other", ["upload_sdist", "yank", "sweep", "upload"])
def test_a_deletion_and_something_else(index: Index, other: str) -> None:
    def prepare() -> None:
        index.clear()
        index.upload()

    def check(deletion: int, _: int, at: int) -> None:
        assert deletion in {204, 404}, at
        assert NAME not in index.listed(), at
        assert index.faults() == [], at

    try_all(index.delete, getattr(index, other), prepare, check)


def test_a_yank_and_an_upload(index: Index) -> None:
    def prepare() -> None:
        index.clear()
        index.upload()

    def check(yank: int, upload: int, at: int) -> None:
        assert (yank, upload) == (204, 200), at
        assert index.listed()[NAME]["yanked"] == "broken", at
        assert make.sdist_name() in index.listed(), at
        assert index.faults() == [], at

    try_all(index.yank, index.upload_sdist, prepare, check)


@pytest.mark.parametrize("other", ["sweep", "upload", "upload_other", "publish", "cancel"])
def test_the_publication_of_a_session_and_something_else(index: Index, other: str) -> None:
    def prepare() -> None:
        index.clear()
        index.leave_orphan()
        index.open_session()

    def check(published: int, ended: int, at: int) -> None:
        assert published in {201, 404, 409}, at
        if published == 201:
            assert index.stored() == make.wheel(), at
        elif other == "upload_other" and ended == 200:
            assert index.stored() == make.wheel(Summary="other"), at
        elif other == "cancel":
            assert ended == 204, at
            assert index.listed() == {}, at
        index.sweep()
        assert index.faults() == [], at

    try_all(index.publish, getattr(index, other), prepare, check)


@pytest.mark.parametrize("other", ["publish", "sweep"])
def test_the_end_of_a_session_and_something_else(index: Index, other: str) -> None:
    def prepare() -> None:
        index.clear()
        index.open_session()

    def check(cancelled: int, ended: int, at: int) -> None:
        if other == "publish" and ended == 201:
            assert cancelled in {204, 409}, at
            assert index.stored() == make.wheel(), at
        else:
            assert cancelled == 204, at
        assert index.faults() == [], at

    try_all(index.cancel, getattr(index, other), prepare, check)


@pytest.mark.parametrize("again", ["cancel", "sweep"])
def test_the_end_of_a_session_and_the_next_one_of_a_new_project(index: Index, again: str) -> None:
    """The name stays kept for who has opened another session of it."""

    def prepare() -> None:
        index.clear()
        index.open_session()
        if again == "sweep":  # which ends once more what may have been cut off
            index.cancel()

    def check(_ended: int, opened: int, at: int) -> None:
        assert opened == 201, at
        assert index.upload_by_stranger() == 403, at

    try_all(getattr(index, again), index.open_another, prepare, check)
