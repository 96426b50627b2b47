"""The sweep: what crashes and abandoned uploads leave behind."""

import dataclasses
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.config import Config
from app.domain.job import JobFailed
from app.domain.pages import Head
from app.features.sweep.service import catch_up, sweep
from app.models.base import LarderItem, connection
from app.models.dist_file import FileItem
from app.models.page import PageItem
from app.models.project import ProjectItem
from app.models.publishing_session import PublishingSessionItem
from app.models.staged_file import StagedFileItem
from app.store import keys
from app.store.jobs import JobStore
from app.store.pages import PageStore
from app.store.stores import Stores, open_stores
from tests import make
from tests.aws import between

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


def id_of(session: dict[str, Any]) -> str:
    return path(session["links"]["session"]).strip("/").rpartition("/")[2]


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


def publish(client: FlaskClient, project: str, version: str = "1.0") -> FileItem:
    name = make.wheel_name(project, version)
    form = make.form(make.wheel(project, version), name, name=project, release=version)
    assert client.post("/legacy/", data={**form, "version": version}).status_code == 200
    return FileItem.get(keys.project(project), keys.file(name))  # type: ignore[arg-type]


def damage_item(partition: str, sort_key: str, name: str, value: dict[str, Any]) -> None:
    """Write into an item what no model would."""
    connection().client.update_item(
        TableName=BUCKET,  # it has the same name
        Key={"pk": {"S": partition}, "sk": {"S": sort_key}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": value},
    )


def failures(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return what failed, and of what kind the cause was, as the log tells it at ERROR."""
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    return [
        (vars(one)["what"], one.exc_info[0].__name__)
        for one in told
        if one.exc_info and one.exc_info[0]
    ]


def test_a_bad_row_of_one_project_keeps_no_other_from_being_healed(
    as_: Clients, app: Flask, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    client = as_()
    bad, good = publish(client, "aaa"), publish(client, "bbb")
    bad.update(actions=[FileItem.version.set("nonsense")])
    good.update(actions=[FileItem.yanked.set("behind the index's back")])

    done = app.test_cli_runner().invoke(args=["jobs", "run", "sweep"])

    assert (done.exit_code, "sweep: 1 failed" in done.stderr) == (1, True)
    assert 'data-yanked="behind' in client.get("/simple/bbb/?format=text/html").text
    assert failures(caplog) == [("the page of aaa", "InvalidVersion")]
    [run] = stores.jobs.runs("sweep", count=9)
    assert not run.done
    assert run.facts["pages healed"] == 1
    assert run.facts["error"].startswith("JobFailed: 1 failed")


def test_a_bad_row_of_a_project_itself_keeps_no_other_from_being_healed(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    publish(client, "aaa")
    publish(client, "bbb").update(actions=[FileItem.yanked.set("behind the index's back")])
    project = ProjectItem(keys.project("aaa"), keys.PROJECT)  # type: ignore[arg-type]
    project.update(actions=[ProjectItem.visibility.set("nonsense")])

    with pytest.raises(JobFailed, match="1 failed") as failed:
        run(stores)
    assert failed.value.facts["pages healed"] == 1


def test_a_bad_head_of_one_project_keeps_replaced_pages_of_no_other(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    bad, good = publish(client, "aaa"), publish(client, "bbb")
    damage_item(bad.pk, keys.HEAD, "page_gen", {"S": "nonsense"})
    PageItem(good.pk, "page#0000000001#dead#json", body=b"old").save()

    with pytest.raises(JobFailed) as failed:
        run(stores)

    assert failed.value.facts["pages removed"] == 1


@pytest.mark.parametrize("damage", ["its file", "itself"])
def test_a_bad_session_keeps_no_other_from_being_ended(
    as_: Clients, stores: Stores, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    client = as_()
    bad = id_of(opened(client, make.wheel()))
    body = {**META, "name": "zebra", "version": "1.0"}
    other = json.loads(client.post("/upload/2.0/", json=body).data)["links"]["session"]
    if damage == "itself":
        session = PublishingSessionItem(keys.upload(bad), keys.SESSION)
        session.update(actions=[PublishingSessionItem.status.set("nonsense")])
    else:
        file = StagedFileItem(keys.upload(bad), keys.file(make.wheel_name()))
        file.update(actions=[StagedFileItem.mechanism.set("nonsense")])

    with pytest.raises(JobFailed) as failed:
        run(stores, timedelta(days=8))

    assert failed.value.facts["sessions ended"] == 1
    assert client.get(path(other)).status_code == 404
    assert (f"session {bad}", "ValueError") in failures(caplog)


def test_nothing_is_retired_while_a_session_cannot_be_read(as_: Clients, stores: Stores) -> None:
    """What it names is not known."""
    session = id_of(opened(as_(), make.wheel()))
    item = PublishingSessionItem(keys.upload(session), keys.SESSION)
    item.update(actions=[PublishingSessionItem.ends_at.set(datetime(2000, 1, 1, tzinfo=UTC))])
    item.update(actions=[PublishingSessionItem.status.set("nonsense")])
    before = objects(stores)

    with pytest.raises(JobFailed):
        run(stores)

    assert objects(stores) == before
    assert before


def test_a_project_that_cannot_be_read_keeps_its_objects_and_others_are_retired(
    as_: Clients, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    bad = publish(as_(), "aaa")
    for project in ("aaa", "bbb"):
        leave(stores, f"files/{project}/0123456789abcdef/x.whl")
    damage_item(bad.pk, bad.sk, "uploaded_at", {"S": "yesterday"})

    with pytest.raises(JobFailed) as failed:
        run(stores)

    assert failed.value.facts["objects retired"] == 1
    assert objects(stores) == sorted([bad.object_key, "files/aaa/0123456789abcdef/x.whl"])
    assert "the objects of aaa below files/" in dict(failures(caplog))


def test_an_object_that_cannot_be_retired_keeps_no_other_from_it(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    locked, other = "files/demo/0/a.whl", "files/demo/0/b.whl"
    for key in (locked, other):
        leave(stores, key)

    def refuse(operation: str, arguments: Any, send: Callable[[], Any]) -> Any:
        if operation == "DeleteObject" and arguments["Key"] == locked:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
        return send()

    with between(refuse), pytest.raises(JobFailed) as failed:
        run(stores)

    assert failed.value.facts["objects retired"] == 1
    assert objects(stores) == [locked]
    assert (locked, "Unavailable") in failures(caplog)


def test_a_list_that_cannot_be_had_keeps_no_other_step_from_being_taken(stores: Stores) -> None:
    leave(stores, "files/demo/0/a.whl")

    def refuse(operation: str, arguments: Any, send: Callable[[], Any]) -> Any:
        if operation == "Query" and keys.UPLOADS in str(arguments):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
        return send()

    with between(refuse), pytest.raises(JobFailed, match="2 failed") as failed:
        run(stores)
    assert list(failed.value.facts.values()) == [0, 0, 0, 0]


def test_a_file_that_cannot_be_caught_up_with_keeps_no_other_from_it(
    as_: Clients, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    client = as_()
    publish(client, "zebra")
    bad = id_of(opened(client, make.wheel()))
    damaged = StagedFileItem(keys.upload(bad), keys.file(make.wheel_name()))
    damaged.update(actions=[StagedFileItem.mechanism.set("nonsense")])
    waiting = [cut_off(client, version) for version in ("2.0", "3.0")]
    refused: list[str] = []
    for name in ("zebra-1.1-py3-none-any.whl", "zebra-1.2-py3-none-any.whl"):
        version = name.split("-")[1]
        body = make.wheel("zebra", version)
        stores.blobs.client.put_object(Bucket=BUCKET, Key=f"drop/zebra/{name}", Body=body)

    def refuse(operation: str, arguments: Any, send: Callable[[], Any]) -> Any:
        key = arguments.get("Key", "")
        is_first = "session-" in key and refused in ([], [key])
        if operation == "GetObject" and (is_first or "zebra-1.1" in key):
            refused[:] = refused or [key]
            raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
        return send()

    with between(refuse), pytest.raises(JobFailed, match="3 failed") as failed:
        catch_up(stores=stores, now=datetime.now(UTC) + timedelta(hours=2))

    assert failed.value.facts == {"files inspected": 1, "files taken from the drop prefix": 1}
    inspected = [bool(StagedFileItem.get(one.pk, one.sk).prepared) for one in waiting]
    assert sorted(inspected) == [False, True]
    assert "zebra-1.2" in client.get("/simple/zebra/").text
    assert [what for what, _ in failures(caplog) if "zebra-1.1" in what]


def cut_off(client: FlaskClient, version: str) -> StagedFileItem:
    """Leave a file of another session as it is where its inspection was cut off."""
    name, archive = make.wheel_name(version=version), make.wheel(version=version)
    body = {**META, "name": "larder-demo", "version": version}
    session = json.loads(client.post("/upload/2.0/", json=body).data)
    about = {
        **META,
        "filename": name,
        "size": len(archive),
        "hashes": {"sha256": make.form(archive)["sha256_digest"]},
        "mechanism": "http-post-bytes",
    }
    file = json.loads(client.post(path(session["links"]["upload"]), json=about).data)
    client.post(path(file["mechanism"]["file_url"]), data=archive)
    item = StagedFileItem(keys.upload(id_of(session)), keys.file(name))
    item.update(actions=[StagedFileItem.asked_at.set(datetime.now(UTC))])
    return item


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
