"""What S3's events start: inspections of large files, and the drop prefix."""

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import objects
from app.errors import Unavailable
from app.features.sweep.service import catch_up
from app.models.base import table
from app.store.files import FileStore
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

BUCKET = "larder-dev"
RECORDED = json.loads((Path(__file__).parents[2] / "events" / "s3.json").read_text())


def created(key: str, **changes: Any) -> dict[str, Any]:
    about = {**RECORDED["detail"], "object": {"key": key}, **changes}
    return {**RECORDED, "detail": about}


def drop(app: Flask, stores: Stores, key: str, archive: bytes) -> None:
    """Copy a file to the drop prefix, and tell of it."""
    stores.blobs.client.put_object(Bucket=BUCKET, Key=key, Body=archive)
    assert objects.handle(created(key), app.extensions["larder"]) == "drop"


def keys(stores: Stores) -> list[str]:
    found = stores.blobs.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [one["Key"] for one in found]


def listed(client: FlaskClient) -> list[str]:
    answer = client.get("/simple/larder-demo/?format=application/vnd.pypi.simple.v1%2Bjson")
    return [file["filename"] for file in answer.json["files"]] if answer.json else []


def test_a_dropped_file_is_published_and_leaves_the_drop_prefix(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    name = make.wheel_name(version="1.1")

    drop(app, stores, f"drop/larder-demo/{name}", make.wheel(version="1.1"))

    assert listed(client) == [make.wheel_name(), name]
    assert not [key for key in keys(stores) if key.startswith("drop/")]
    file = stores.files.get("larder-demo", name)
    assert file is not None
    assert (file.uploaded_by, file.uploaded_with) == ("(drop)", "s3-drop/111122223333")


@pytest.mark.parametrize(
    ("key", "archive", "says"),
    [
        ("drop/larder-demo/larder_demo-1.0-py3-none-any.whl", b"junk", "different content"),
        ("drop/larder-demo/larder_demo-3.0-py3-none-any.whl", b"junk", "zip archive"),
        ("drop/other/larder_demo-3.0-py3-none-any.whl", b"junk", "does not belong"),
        ("drop/new/new-3.0-py3-none-any.whl", make.wheel("new", "3.0"), "needs an owner"),
        ("drop/larder-demo/notes.txt", b"junk", "neither a wheel"),
        ("drop/notes", b"junk", "neither a wheel"),
    ],
)
def test_a_refused_file_leaves_its_reason_beside_it(
    as_: Clients, app: Flask, *, stores: Stores, key: str, archive: bytes, says: str
) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))

    drop(app, stores, key, archive)

    assert listed(client) == [make.wheel_name()]
    assert [found for found in keys(stores) if found.startswith("drop/")] == [f"{key}.error.json"]
    report = stores.blobs.client.get_object(Bucket=BUCKET, Key=f"{key}.error.json")["Body"]
    assert says in json.loads(report.read())["detail"]


def test_a_report_is_no_file_to_publish(app: Flask, stores: Stores) -> None:
    key = "drop/larder-demo/x.whl.error.json"
    drop(app, stores, key, b"{}")
    assert keys(stores) == [key]


def test_an_event_that_comes_twice_changes_nothing(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    key = f"drop/larder-demo/{make.wheel_name(version='1.1')}"
    drop(app, stores, key, make.wheel(version="1.1"))
    before = (listed(client), keys(stores))

    objects.handle(created(key), app.extensions["larder"])

    assert (listed(client), keys(stores)) == before


def test_a_file_dropped_while_the_storage_is_away_is_kept_for_the_next_try(
    as_: Clients, app: Flask, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    key = f"drop/larder-demo/{make.wheel_name(version='1.1')}"
    with monkeypatch.context() as patch:

        def away(*args: Any) -> None:
            raise Unavailable("away")

        patch.setattr(FileStore, "add", away)
        with pytest.raises(Unavailable):
            drop(app, stores, key, make.wheel(version="1.1"))
    assert key in keys(stores)

    objects.handle(created(key), app.extensions["larder"])

    assert len(listed(client)) == 2


def test_an_event_of_another_bucket_is_refused(app: Flask) -> None:
    event = created("drop/a/b", bucket={"name": "other"})
    assert objects.handle(event, app.extensions["larder"]) == "refused"


def test_the_recorded_event_is_understood(app: Flask) -> None:
    assert objects.handle(RECORDED, app.extensions["larder"]) == "session"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=json_values)
def test_an_event_of_any_shape_is_refused(app: Flask, event: Any) -> None:
    assert objects.handle(event, app.extensions["larder"]) == "refused"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(key=st.text(max_size=1100) | json_values, requester=st.text() | json_values)
def test_an_event_about_any_key_writes_nothing(
    app: Flask, stores: Stores, key: Any, requester: Any
) -> None:
    event = created("", object={"key": key}, requester=requester)

    assert objects.handle(event, app.extensions["larder"]) in {"refused", "session", "drop"}

    assert table().scan()["Count"] == 0


def test_the_lambda_entry_refuses_what_is_no_event(stores: Stores) -> None:
    handler = importlib.import_module("handler")
    assert handler.objects({"Records": []}, None) == "refused"


def test_what_was_dropped_and_missed_by_its_event_is_published_after_an_hour(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    name = make.wheel_name(version="1.1")
    stores.blobs.client.put_object(
        Bucket=BUCKET, Key=f"drop/larder-demo/{name}", Body=make.wheel(version="1.1")
    )
    now, taken = datetime.now(UTC), "files taken from the drop prefix"
    assert catch_up(stores=stores, now=now)[taken] == 0

    assert catch_up(stores=stores, now=now + timedelta(hours=2))[taken] == 1

    assert listed(client) == [make.wheel_name(), name]
