"""The index on an emulator that keeps AWS's rules: signatures, versions, transactions."""

import hashlib
import json
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name

from app.config import Config
from app.domain.account import AccountRole
from app.domain.dist_file import Blob, DistFile
from app.domain.pages import Format
from app.domain.project import Project, Visibility
from app.factory import create_app
from app.features.accounts import service as accounts
from app.features.pages import service as pages
from app.features.setup import service as setup
from app.features.tokens import service as tokens
from app.models.base import LarderItem
from app.store.blobs import BlobStore
from app.store.files import file_item
from app.store.pages import PageStore
from app.store.projects import project_item
from tests import make

pytestmark = pytest.mark.emulator

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
PAGE_SIZE = 50


@pytest.fixture
def app(settings: dict[str, str]) -> Flask:
    made = create_app(Config.from_env({**settings, "LARDER_PAGE_SIZE": str(PAGE_SIZE)}))
    setup.prepare(made.extensions["larder"].stores)
    return made


@pytest.fixture
def token(app: Flask) -> str:
    stores, now = app.extensions["larder"].stores, datetime.now(UTC)
    accounts.create("ada", password="x" * 20, role=AccountRole.MEMBER, stores=stores, now=now)
    _, text = tokens.create(
        "ada",
        permissions=["upload"],
        projects=["*"],
        lifetime=None,
        label="",
        stores=stores,
        now=now,
    )
    return text


def client_of(app: Flask, token: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_presigned_link_downloads_the_very_bytes(app: Flask, token: str) -> None:
    client = client_of(app, token)
    content = make.wheel(version="1.0+a.1")
    client.post("/legacy/", data=make.form(content, release="1.0+a.1"))

    link = client.get(f"/files/larder-demo/{make.wheel_name(version='1.0+a.1')}").location

    assert fetch(link) == (200, content)


def test_a_link_is_good_for_nothing_else(app: Flask, token: str) -> None:
    client = client_of(app, token)
    client.post("/legacy/", data=make.form(make.wheel()))
    link = client.get(f"/files/larder-demo/{make.wheel_name()}").location
    for other in (
        link.replace("X-Amz-Expires=7200", "X-Amz-Expires=99999"),
        link.replace("larder_demo-1.0", "larder_demo-1.1"),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.split("?")[0],
    ):
        assert fetch(other)[0] in {400, 403}


def test_fifty_uploads_at_once_are_all_listed_with_few_page_writes(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[bool] = []
    original = PageStore.publish

    def counted(self: PageStore, *args: object, **kwargs: object) -> bool:
        published.append(original(self, *args, **kwargs))  # type: ignore[arg-type]
        return published[-1]

    monkeypatch.setattr(PageStore, "publish", counted)
    versions = [f"1.{number}" for number in range(50)]
    answers: list[int] = []

    def upload(version: str) -> None:
        form = make.form(make.wheel(version=version), release=version)
        answers.append(client_of(app, token).post("/legacy/", data=form).status_code)

    threads = [threading.Thread(target=upload, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 50
    page = json.loads(client_of(app, token).get("/simple/larder-demo/", headers=JSON).data)
    assert page["versions"] == versions
    assert published.count(True) <= 25, f"{published.count(True)} page writes"


def test_of_eight_files_racing_for_one_name_one_wins(app: Flask, token: str) -> None:
    answers: list[int] = []

    def upload(number: int) -> None:
        form = make.form(make.wheel(Summary=str(number)))
        answers.append(client_of(app, token).post("/legacy/", data=form).status_code)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] + [409] * 7
    stores = app.extensions["larder"].stores
    found = stores.blobs.client.list_object_versions(
        Bucket=stores.foundation.config.bucket, Prefix="files/"
    )
    # Those of the others are old versions now, which the bucket removes some day.
    assert [version["IsLatest"] for version in found["Versions"]].count(True) == 1


def test_long_lists_are_complete_though_asked_for_in_pages_of_fifty(app: Flask, token: str) -> None:
    stores, now = app.extensions["larder"].stores, datetime.now(UTC)
    projects = [canonicalize_name(f"p{number}") for number in range(1500)]
    with LarderItem.batch_write() as batch:
        for name in projects:
            batch.save(
                project_item(
                    Project(
                        name=name,
                        display_name=name,
                        visibility=Visibility.TEAM,
                        created_at=now,
                    )
                )
            )
        for number in range(1200):
            batch.save(file_item(_file(number, now)))
    pages.refresh(projects[0], stores=stores)
    client = client_of(app, token)

    listed = json.loads(client.get("/simple/", headers=JSON).data)["projects"]
    page = json.loads(client.get("/simple/p0/", headers=JSON).data)

    assert len(listed) == 1500
    assert len(page["files"]) == len(page["versions"]) == 1200


def _file(number: int, now: datetime) -> DistFile:
    return DistFile(
        project=canonicalize_name("p0"),
        filename=f"p0-1.{number}-py3-none-any.whl",
        version=f"1.{number}",
        kind="bdist_wheel",
        size=1000,
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        md5="0" * 32,
        blake2_256="0" * 64,
        metadata_sha256=hashlib.sha256(b"m" + str(number).encode()).hexdigest(),
        requires_python="",
        uploaded_at=now,
        uploaded_by="ada",
        uploaded_with="test",
        blob=Blob(key=f"files/p0/{number}", version_id="v"),
    )


def test_a_storage_that_checks_digests_is_given_them(app: Flask) -> None:
    stores = app.extensions["larder"].stores
    blob = stores.blobs.put(
        "files/x", b"bytes", sha256=hashlib.sha256(b"bytes").hexdigest(), media_type="text/plain"
    )
    head = stores.blobs.client.head_object(
        Bucket=stores.foundation.config.bucket, Key=blob.key, ChecksumMode="ENABLED"
    )
    assert head["CacheControl"] == "private, max-age=31536000, immutable"
    assert head["ChecksumSHA256"]
    assert head["VersionId"] == blob.version_id


def test_a_large_page_is_written_without_the_sdk_and_checked_by_the_storage(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, now = app.extensions["larder"].stores, datetime.now(UTC)
    name = canonicalize_name("p0")
    project = Project(name=name, display_name=name, visibility=Visibility.TEAM, created_at=now)
    with LarderItem.batch_write() as batch:
        batch.save(project_item(project))
        for number in range(900):
            batch.save(file_item(_file(number, now)))
    by_sdk = []
    original = BlobStore._put
    monkeypatch.setattr(BlobStore, "_put", lambda *a, **k: by_sdk.append(a) or original(*a, **k))

    pages.refresh(name, stores=stores)

    head = stores.pages.head(name)
    blob = head.pages[Format.JSON].blob
    found = stores.incoming.attributes(blob)
    assert found.sha256 == hashlib.sha256(stores.blobs.read(blob)).hexdigest()
    assert by_sdk == []
    pages.refresh(name, stores=stores)
    assert stores.incoming.attributes(blob) is None
