"""The sweep: what crashes and abandoned uploads leave behind."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.config import Config
from app.domain.pages import Head
from app.features.sweep.service import sweep
from app.models.base import LarderItem
from app.models.page import PageItem
from app.store import keys
from app.store.jobs import JobStore
from app.store.pages import PageStore
from app.store.stores import Stores, open_stores
from tests import make

Clients = Callable[..., FlaskClient]

BUCKET = "larder-dev"
META = {"meta": {"api-version": "2.0"}}
TOMORROW = timedelta(days=1, hours=1)


def run(stores: Stores, after: timedelta = TOMORROW) -> dict[str, int]:
    """Sweep some time from now, when everything that is there now is old; tell what was done."""
    done = sweep(stores=stores, now=datetime.now(UTC) + after)
    return {kind: count for kind, count in done.items() if count}


def objects(stores: Stores) -> list[str]:
    found = stores.blobs.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [one["Key"] for one in found]


def leave(stores: Stores, key: str) -> None:
    stores.blobs.client.put_object(Bucket=BUCKET, Key=key, Body=b"left behind")


def opened(client: FlaskClient, archive: bytes | None = None) -> dict[str, Any]:
    """Open a session, with a completed file if there is an archive."""
    session = client.post("/upload/2.0/", json={**META, "name": "larder-demo", "version": "1.0"})
    found: dict[str, Any] = json.loads(session.data)
    if archive is not None:
        file = client.post(
            path(found["links"]["upload"]),
            json={
                **META,
                "filename": make.wheel_name(),
                "size": len(archive),
                "hashes": {"sha256": make.form(archive)["sha256_digest"]},
                "mechanism": "http-post-bytes",
            },
        ).json
        assert file is not None
        client.post(path(file["mechanism"]["file_url"]), data=archive)
        assert client.post(path(file["links"]["complete"]), json=META).status_code == 201
    return found


def path(url: str) -> str:
    return url.removeprefix("http://localhost")


def test_an_index_in_order_is_left_alone(as_: Clients, stores: Stores) -> None:
    client = as_()
    large = make.metadata(Summary="x") + bytes(range(33, 127)) * 2
    client.post("/legacy/", data=make.form(make.wheel(document=large)))
    client.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))
    before = objects(stores)
    items = sorted((item.pk, item.sk) for item in LarderItem.scan())

    assert run(stores) == {}

    assert objects(stores) == before
    assert sorted((item.pk, item.sk) for item in LarderItem.scan()) == items


def test_documents_and_pages_in_storage_are_left_alone(
    as_: Clients, stores: Stores, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.store.metadata

    monkeypatch.setattr(app.store.metadata, "_ITEM_BYTES", 0)
    tight = open_stores(dataclasses.replace(config, inline_page_bytes=0, item_page_bytes=0))
    client = as_()
    client.application.extensions["larder"] = dataclasses.replace(
        client.application.extensions["larder"], stores=tight
    )
    client.post("/legacy/", data=make.form(make.wheel()))
    before = objects(stores)
    assert {key.partition("/")[0] for key in before} == {"files", "metadata", "pages"}

    assert run(stores) == {}
    assert objects(stores) == before


@pytest.mark.parametrize("prefix", ["files", "metadata", "pages"])
def test_an_object_that_nothing_names_is_retired_after_a_day(
    as_: Clients, stores: Stores, prefix: str
) -> None:
    as_().post("/legacy/", data=make.form(make.wheel()))
    before = objects(stores)
    leave(stores, f"{prefix}/larder-demo/0123456789abcdef/{make.wheel_name()}")
    leave(stores, f"{prefix}/never-published/0123456789abcdef/x.whl")

    assert run(stores, timedelta(hours=23)) == {}
    assert run(stores) == {"objects retired": 2}

    assert objects(stores) == before
    versions = stores.blobs.client.list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(versions) == len(before) + 2


def test_other_prefixes_are_nobodys_business(stores: Stores) -> None:
    leave(stores, "drop/demo/demo-1.0.tar.gz")

    assert run(stores) == {}


def test_a_live_session_keeps_its_bytes_and_an_abandoned_one_loses_them(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    session = opened(client, make.wheel())
    assert run(stores, timedelta(days=6)) == {}
    assert len(objects(stores)) == 1

    assert run(stores, timedelta(days=8)) == {"sessions ended": 1}

    assert objects(stores) == []
    assert client.get(path(session["links"]["session"])).status_code == 404
    assert run(stores, timedelta(days=8)) == {}


def test_a_published_session_keeps_its_files(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client, make.wheel())
    assert client.post(path(session["links"]["publish"]), json=META).status_code == 201

    assert run(stores, timedelta(days=50)) == {}

    assert len(objects(stores)) == 1


def test_a_replaced_page_that_was_left_behind_is_removed(as_: Clients, stores: Stores) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    partition = keys.project("larder-demo")
    PageItem(partition, "page#0000000001#dead#json", body=b"old").save()
    PageItem(partition, "page#0000000099#busy#json", body=b"of a writer at work").save()

    assert run(stores) == {"pages removed": 1}

    left = [item.sk for item in LarderItem.query(partition) if item.sk.startswith("page#")]
    assert left == ["page#0000000099#busy#json"]


def test_a_page_that_an_upload_could_not_write_is_healed(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    with monkeypatch.context() as patch:

        def die(self: PageStore, *args: object) -> Head:
            raise KeyboardInterrupt

        patch.setattr(PageStore, "bump", die)
        with pytest.raises(KeyboardInterrupt):
            client.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))
    assert make.sdist_name() not in client.get("/simple/larder-demo/").text

    assert run(stores) == {"pages healed": 1}

    assert make.sdist_name() in client.get("/simple/larder-demo/").text
    assert run(stores) == {}


def job(work: Any) -> jobs.Job:
    return jobs.Job(name="test", purpose="tests", every=timedelta(hours=1), work=work)


def test_a_run_is_on_record(stores: Stores) -> None:
    now = datetime.now(UTC)
    jobs.run(job(lambda **_: {"things": 3}), stores=stores, now=now)

    [run] = stores.jobs.runs("test", count=9)
    assert (run.started_at, run.done, run.facts) == (now, True, {"things": 3})


def test_a_failed_run_is_on_record_and_raised(stores: Stores) -> None:
    def work(**_: Any) -> dict[str, Any]:
        raise ValueError("out of order")

    now = datetime.now(UTC)
    with pytest.raises(ValueError, match="out of order"):
        jobs.run(job(work), stores=stores, now=now)

    [run] = stores.jobs.runs("test", count=9)
    assert (run.done, run.facts) == (False, {"error": "ValueError: out of order"})
    assert jobs.run(job(lambda **_: {}), stores=stores, now=now + timedelta(seconds=1))


def test_a_job_runs_once_at_a_time(stores: Stores) -> None:
    now = datetime.now(UTC)
    inner: list[object] = []

    def work(**_: Any) -> dict[str, Any]:
        inner.append(jobs.run(job(lambda **_: {}), stores=stores, now=now))
        return {}

    assert jobs.run(job(work), stores=stores, now=now)
    assert inner == [None]


def test_the_lease_of_a_run_that_died_ends(stores: Stores) -> None:
    now = datetime.now(UTC)
    dead = stores.jobs.lease("test", until=now + timedelta(minutes=20), now=now)
    assert jobs.run(job(lambda **_: {}), stores=stores, now=now + timedelta(minutes=19)) is None

    later = now + timedelta(minutes=21)
    newer = stores.jobs.lease("test", until=later + timedelta(minutes=20), now=later)
    assert dead is not None
    stores.jobs.release("test", dead, now=later)

    assert newer == dead + 1
    assert jobs.run(job(lambda **_: {}), stores=stores, now=later) is None


@pytest.mark.parametrize("event", [None, {}, {"job": "x"}, {"job": ["sweep"]}, "sweep", 3])
def test_an_event_that_names_no_job_is_refused(stores: Stores, event: Any) -> None:
    assert jobs.handle(event, stores=stores, now=datetime.now(UTC)) == "refused"
    assert not list(LarderItem.scan())


def test_an_event_of_the_schedule_runs_its_job(stores: Stores) -> None:
    assert jobs.handle({"job": "sweep"}, stores=stores, now=datetime.now(UTC)) == "done"
    assert stores.jobs.runs("sweep", count=1)[0].done


def test_lists_are_complete_whatever_the_size_of_their_pages(as_: Clients, stores: Stores) -> None:
    """LARDER_PAGE_SIZE is 3 here."""
    client = as_()
    for number in range(5):
        version = f"1.{number}"
        client.post("/legacy/", data=make.form(make.wheel(version=version), release=version))
        leave(stores, f"files/larder-demo/left{number}/x.whl")

    assert run(stores) == {"objects retired": 5}
    assert isinstance(stores.jobs, JobStore)
    assert len(objects(stores)) == 5
