"""Downloads."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.store.stores import Stores
from app.web.context import Context
from tests import make

Clients = Callable[..., FlaskClient]

WHEEL = f"/files/larder-demo/{make.wheel_name()}"


@pytest.fixture
def reader(as_: Clients) -> FlaskClient:
    """A client that has published one wheel."""
    client = as_()
    assert client.post("/legacy/", data=make.form(make.wheel())).status_code == 200
    return client


def test_a_file_is_a_redirect_to_its_very_version_in_s3(reader: FlaskClient) -> None:
    answer = reader.get(WHEEL)

    target = urlsplit(answer.headers["Location"])
    assert answer.status_code == 302
    assert target.netloc == "larder-dev.s3.us-east-1.amazonaws.com"
    assert target.path.endswith(make.wheel_name())
    assert "versionId" in parse_qs(target.query)
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_reader_gets_the_same_link_within_a_window(
    reader: FlaskClient, app: Flask, stores: Stores, as_: Clients
) -> None:
    def link(client: FlaskClient, hour: int, minute: int) -> str:
        moment = datetime(2026, 11, 22, hour, minute, tzinfo=UTC)
        config = app.extensions["larder"].config
        app.extensions["larder"] = Context(config=config, stores=stores, clock=lambda: moment)
        return client.get(WHEEL).headers["Location"]

    other = as_("bob", {"read"})
    assert link(reader, 9, 0) == link(other, 9, 59)
    assert link(reader, 9, 59) != link(reader, 10, 0)


def test_head_is_answered_here_with_the_size(reader: FlaskClient) -> None:
    answer = reader.head(WHEEL)

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(make.wheel()))
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_metadata_comes_byte_for_byte_and_for_ever(reader: FlaskClient) -> None:
    answer = reader.get(f"{WHEEL}.metadata")
    packed = reader.get(f"{WHEEL}.metadata", headers={"Accept-Encoding": "gzip"})

    assert answer.data == make.metadata()
    assert gzip.decompress(packed.data) == make.metadata()
    assert "immutable" in answer.headers["Cache-Control"]
    again = reader.get(f"{WHEEL}.metadata", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_large_metadata_lies_in_s3_and_comes_the_same(as_: Clients) -> None:
    import random

    noise = random.Random(1).randbytes(150_000).hex()  # noqa: S311
    document = make.metadata() + noise.encode()
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel(document=document)))
    assert client.get(f"{WHEEL}.metadata").data == document


@pytest.mark.parametrize(
    "path",
    [
        "/files/larder-demo/other-1.0-py3-none-any.whl",
        "/files/larder-demo/other-1.0-py3-none-any.whl.metadata",
        f"/files/other/{make.wheel_name()}",
        "/files/larder-demo/.metadata",
        "/files/larder-demo/..%2f",
        "/files/larder-demo/" + "x" * 1100,
        "/files/larder-demo/" + "x" * 1100 + ".metadata",
        "/files/larder-demo/%C3%A9.whl",
    ],
)
def test_what_is_not_there_is_not_found(reader: FlaskClient, path: str) -> None:
    assert reader.get(path).status_code == 404


def test_metadata_in_s3_is_fetched_only_for_those_who_may_read_it(
    as_: Clients, client: FlaskClient, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    import random

    noise = random.Random(1).randbytes(150_000).hex()  # noqa: S311
    as_().post("/legacy/", data=make.form(make.wheel(document=make.metadata() + noise.encode())))
    asked: list[object] = []
    monkeypatch.setattr(type(stores.blobs), "read", lambda _, blob: asked.append(blob) or b"")
    assert client.get(f"{WHEEL}.metadata").status_code == 401
    assert asked == []


def test_without_a_credential_nothing_is_handed_out(
    reader: FlaskClient, client: FlaskClient
) -> None:
    for path in (WHEEL, f"{WHEEL}.metadata", "/files/absent/x.whl"):
        assert client.get(path).status_code == 401


def test_another_spelling_of_the_project_leads_to_the_file(reader: FlaskClient) -> None:
    answer = reader.get(f"/files/Larder.Demo/{make.wheel_name()}")
    assert (answer.status_code, answer.headers["Location"]) == (301, WHEEL)


def test_a_local_version_survives_in_urls(as_: Clients) -> None:
    client, name = as_(), make.wheel_name(version="1.0+a.1")
    client.post("/legacy/", data=make.form(make.wheel(version="1.0+a.1"), release="1.0+a.1"))
    for spelling in (name, name.replace("+", "%2B")):
        assert client.get(f"/files/larder-demo/{spelling}").status_code == 302
        assert client.get(f"/files/larder-demo/{spelling}.metadata").status_code == 200
