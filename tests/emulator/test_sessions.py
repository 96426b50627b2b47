"""Publishing sessions on an emulator that checks signatures, digests and conditions."""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import Config
from app.domain.account import AccountRole
from app.factory import create_app
from app.features.accounts import service as accounts
from app.features.setup import service as setup
from app.features.tokens import service as tokens
from app.web.context import utc_now
from tests import make

pytestmark = pytest.mark.emulator

META = {"meta": {"api-version": "2.0"}}
PUT, MULTIPART = "vnd-larder-s3put-v1", "vnd-larder-s3multipart-v1"
MIB = 1024 * 1024


@pytest.fixture
def app(settings: dict[str, str]) -> Flask:
    made = create_app(Config.from_env(settings))
    setup.prepare(made.extensions["larder"].stores)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    stores = app.extensions["larder"].stores
    accounts.create(
        "ada", password="a long password", role=AccountRole.MEMBER, stores=stores, now=utc_now()
    )
    _, token = tokens.create(
        "ada",
        permissions=["upload"],
        projects=["*"],
        lifetime=None,
        label="test",
        stores=stores,
        now=utc_now(),
    )
    made = app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return made


def send(client: FlaskClient, url: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(url.removeprefix("http://localhost"), json={**META, **body})
    return answer.status_code, json.loads(answer.data)


def announced(
    client: FlaskClient, archive: bytes, mechanism: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    _, session = send(client, "/upload/2.0/", name="larder-demo", version="1.0")
    status, file = send(
        client,
        session["links"]["upload"],
        filename=make.wheel_name(),
        size=len(archive),
        hashes={"sha256": hashlib.sha256(archive).hexdigest()},
        mechanism=mechanism,
    )
    assert status == 202, file
    return session, file


def put(url: str, data: bytes, headers: dict[str, str] | None = None) -> int:
    """PUT without a credential; return the status."""
    request = urllib.request.Request(url, data=data, headers=headers or {}, method="PUT")  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def large_wheel(size: int) -> bytes:
    """Return a wheel of at least `size` bytes that does not shrink."""
    noise = hashlib.shake_256(b"larder").digest(size)
    return make.wheel(members={"larder_demo.bin": noise})


def test_a_link_takes_the_announced_bytes_and_the_file_can_be_downloaded(
    client: FlaskClient,
) -> None:
    archive = make.wheel()
    session, file = announced(client, archive, PUT)
    way = file["mechanism"]

    assert put(way["url"], archive, way["headers"]) == 200
    assert send(client, file["links"]["complete"])[0] == 201
    assert send(client, session["links"]["publish"])[0] == 201

    link = client.get(f"/files/larder-demo/{make.wheel_name()}").headers["Location"]
    with urllib.request.urlopen(link) as answer:  # noqa: S310
        assert answer.read() == archive
        assert "immutable" in answer.headers["Cache-Control"]


def test_a_link_takes_no_other_bytes(client: FlaskClient) -> None:
    archive = make.wheel()
    _, file = announced(client, archive, PUT)
    way = file["mechanism"]
    headers = way["headers"]

    same_size = bytes(len(archive))
    assert put(way["url"], same_size, headers) == 400
    other = base64.b64encode(hashlib.sha256(same_size).digest()).decode()
    assert put(way["url"], same_size, headers | {"x-amz-checksum-sha256": other}) == 403
    longer = archive + b"x"
    assert put(way["url"], longer, headers | {"Content-Length": str(len(longer))}) == 403
    without = {name: value for name, value in headers.items() if name != "If-None-Match"}
    assert put(way["url"], archive, without) == 403
    assert put(way["url"].replace(make.wheel_name(), "other.whl"), archive, headers) == 403
    assert send(client, file["links"]["complete"])[0] == 409


def test_a_link_takes_bytes_once_so_that_what_is_published_stays_the_newest_version(
    client: FlaskClient, app: Flask
) -> None:
    archive = make.wheel()
    session, file = announced(client, archive, PUT)
    way = file["mechanism"]
    put(way["url"], archive, way["headers"])
    assert put(way["url"], archive, way["headers"]) == 412
    send(client, file["links"]["complete"])
    send(client, session["links"]["publish"])

    assert put(way["url"], archive, way["headers"]) == 412

    stores = app.extensions["larder"].stores
    [published] = stores.files.of("larder-demo")
    assert stores.incoming.find(published.blob.key).blob == published.blob


def test_parts_arrive_in_any_order_and_only_missing_ones_are_asked_for(
    client: FlaskClient,
) -> None:
    archive = large_wheel(34 * MIB)
    session, file = announced(client, archive, MULTIPART)
    size = file["mechanism"]["part_size"]
    chunks = [archive[at : at + size] for at in range(0, len(archive), size)]
    parts = file["mechanism"]["parts"]
    assert [part["size"] for part in parts] == list(map(len, chunks))
    for part in parts[:0:-1]:
        assert put(part["url"], chunks[part["number"] - 1]) == 200
    assert send(client, file["links"]["complete"])[0] == 409

    here = file["links"]["file-upload-session"].removeprefix("http://localhost")
    again = json.loads(client.get(here).data)["mechanism"]["parts"]
    assert [part["stored"] for part in again] == [False, True, True]
    put(again[0]["url"], chunks[0])

    with client.post(
        file["links"]["complete"].removeprefix("http://localhost"), json=META
    ) as answer:
        assert answer.status_code == 202
    assert send(client, session["links"]["publish"])[0] == 201
    link = client.get(f"/files/larder-demo/{make.wheel_name()}").headers["Location"]
    with urllib.request.urlopen(link) as answer:  # noqa: S310
        assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(archive).digest()


def test_a_cancelled_multipart_upload_leaves_nothing(client: FlaskClient, app: Flask) -> None:
    archive = large_wheel(6 * MIB)
    session, file = announced(client, archive, MULTIPART)
    put(file["mechanism"]["parts"][0]["url"], archive)

    client.delete(session["links"]["session"].removeprefix("http://localhost"))

    s3, bucket = (
        app.extensions["larder"].stores.blobs.client,
        app.extensions["larder"].config.bucket,
    )
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    assert put(file["mechanism"]["parts"][0]["url"], archive) == 404


def test_what_storage_forgot_of_a_multipart_upload_is_begun_again(
    client: FlaskClient, app: Flask
) -> None:
    """A multipart upload that the lifecycle rule ended, or an emulator lost with its process."""
    archive = large_wheel(6 * MIB)
    session, file = announced(client, archive, MULTIPART)
    context = app.extensions["larder"]
    s3 = context.stores.blobs.client
    [upload] = s3.list_multipart_uploads(Bucket=context.config.bucket)["Uploads"]
    s3.abort_multipart_upload(
        Bucket=context.config.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
    )

    here = file["links"]["file-upload-session"].removeprefix("http://localhost")
    [part] = json.loads(client.get(here).data)["mechanism"]["parts"]
    assert put(part["url"], archive) == 200
    assert send(client, file["links"]["complete"])[0] == 201
    assert send(client, session["links"]["publish"])[0] == 201


def test_a_large_file_is_not_read_before_publishing_on_lambda(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = app.extensions["larder"]
    settings = replace(context.config, object_events=True, inspect_bytes=1000)
    app.extensions["larder"] = replace(context, config=settings)
    archive = large_wheel(6 * MIB)
    _, file = announced(client, archive, PUT)
    put(file["mechanism"]["url"], archive, file["mechanism"]["headers"])
    read: list[Any] = []
    monkeypatch.setattr(type(context.stores.incoming), "download", lambda *args: read.append(args))

    assert send(client, file["links"]["complete"])[0] == 202
    assert read == []
