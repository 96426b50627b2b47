"""The drop prefix tells why the latest file of a name was refused, and nothing of earlier ones."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.features.drop.service import object_arrived
from app.store.stores import Stores
from tests import make

BUCKET = "larder-dev"
NAME = make.wheel_name(version="1.1")
KEY = f"drop/larder-demo/{NAME}"
REPORT = f"{KEY}.error.json"


@pytest.fixture(autouse=True)
def project(as_: Callable[..., FlaskClient]) -> FlaskClient:
    """The owner of a project, which takes what is dropped."""
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    return client


def drop(stores: Stores, archive: bytes, key: str = KEY) -> None:
    stores.blobs.client.put_object(Bucket=BUCKET, Key=key, Body=archive)
    object_arrived(key, requester="1", max_bytes=10**6, stores=stores, now=datetime.now(UTC))


def dropped(stores: Stores) -> list[str]:
    found = stores.blobs.client.list_objects_v2(Bucket=BUCKET, Prefix="drop/").get("Contents", [])
    return [one["Key"] for one in found]


def reason(stores: Stores) -> str:
    found = stores.blobs.client.get_object(Bucket=BUCKET, Key=REPORT)["Body"].read()
    return str(json.loads(found)["detail"])


def test_another_refusal_of_the_same_key_leaves_its_own_reason(stores: Stores) -> None:
    drop(stores, b"junk")
    assert "zip archive" in reason(stores)

    drop(stores, make.wheel(version="1.2"))

    assert "zip archive" not in reason(stores)
    assert dropped(stores) == [REPORT]


@pytest.mark.parametrize("times", [1, 2])
def test_a_published_file_takes_the_reason_of_an_earlier_refusal_away(
    stores: Stores, project: FlaskClient, times: int
) -> None:
    drop(stores, b"junk")

    for _ in range(times):
        drop(stores, make.wheel(version="1.1"))

    assert dropped(stores) == []
    assert NAME in project.get("/simple/larder-demo/").text


def test_reports_that_a_client_wrote_himself_give_way_to_the_reason(stores: Stores) -> None:
    for number in range(3):
        body = json.dumps({"detail": f"mine {number}"})
        stores.blobs.client.put_object(Bucket=BUCKET, Key=REPORT, Body=body)

    drop(stores, b"junk")

    assert "zip archive" in reason(stores)


def test_the_reason_of_another_file_stays(stores: Stores) -> None:
    drop(stores, b"junk")

    drop(stores, make.wheel(version="1.2"), f"drop/larder-demo/{make.wheel_name(version='1.2')}")

    assert dropped(stores) == [REPORT]


def test_nothing_but_the_drop_prefix_loses_an_object(stores: Stores) -> None:
    def versions() -> list[Any]:
        found = stores.blobs.client.list_object_versions(Bucket=BUCKET, Prefix="files/")
        return [(one["Key"], one["VersionId"]) for one in found["Versions"]]

    before = versions()
    drop(stores, b"junk")
    drop(stores, b"other junk")
    assert versions() == before

    drop(stores, make.wheel(version="1.1"))
    assert set(before) < set(versions())


def test_a_key_that_leaves_no_room_for_a_reason_is_refused_and_leaves(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    key = f"{KEY}/{'x' * 1000}"[:1020]

    drop(stores, b"junk", key)

    assert dropped(stores) == []
    assert [one.levelno for one in caplog.records] == [logging.WARNING]
