"""The restore drill: an index in order is restored, and every fault of another one is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

import app.store.metadata as app_store_metadata
from app.config import Config
from app.factory import create_app
from app.features.drill import service
from app.models.base import LarderItem, connection
from app.models.dist_file import FileItem
from app.models.kept_name import KeptNameItem
from app.models.metadata import MetadataItem
from app.models.project import ProjectItem
from app.models.taken_name import TakenNameItem
from app.store import keys
from app.store.spare import Spare
from app.store.stores import Stores, open_stores
from tests import make
from tests.aws import counted

Clients = Callable[..., FlaskClient]

# The table and the bucket.
HOME = "larder-dev"
DEMO: Any = "larder-demo"
NAME = make.wheel_name(version="1.3")
PARTITION = keys.project(DEMO)


@pytest.fixture
def client(as_: Clients) -> FlaskClient:
    """The owner of an index of four files, more than are read at a time."""
    owner = as_("ada", {"manage"})
    for version in ("1.0", "1.1", "1.2", "1.3"):
        owner.post("/legacy/", data=make.form(make.wheel(version=version), release=version))
    return owner


@pytest.fixture(params=["restored", "copied"])
def way(request: pytest.FixtureRequest, stores: Stores) -> str:
    """How the table is had: from its continuous backups, or by copying it."""
    if request.param == "restored":
        keep_backups()
    return str(request.param)


def keep_backups() -> None:
    connection().client.update_continuous_backups(
        TableName=HOME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def drill(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["drill", *options])


def items() -> list[dict[str, Any]]:
    return sorted((item.serialize() for item in LarderItem.scan()), key=str)


def versions(stores: Stores, bucket: str = HOME) -> list[tuple[str, str]]:
    found = stores.blobs.client.list_object_versions(Bucket=bucket).get("Versions", [])
    return [(one["Key"], one["VersionId"]) for one in found]


def spares(stores: Stores) -> list[str]:
    """Return the tables and buckets that there are beside the index's own."""
    tables = connection().client.list_tables()["TableNames"]
    buckets = [bucket["Name"] for bucket in stores.blobs.client.list_buckets()["Buckets"]]
    return [name for name in tables + buckets if name != HOME]


def test_an_index_in_order_is_restored_without_faults_and_left_alone(
    app: Flask, client: FlaskClient, stores: Stores, way: str
) -> None:
    before = (items(), versions(stores))

    done = drill(app)

    assert (done.exit_code, done.stdout) == (0, "")
    said = done.stderr.splitlines()
    assert "1 projects, 4 files, 0 faults." in said
    assert any("no continuous backups" in line for line in said) is (way == "copied")
    assert spares(stores) == []
    assert (items(), versions(stores)) == before
    assert client.get(f"/simple/{DEMO}/").status_code == 200


def test_what_is_kept_is_an_index_of_its_own(
    app: Flask, client: FlaskClient, stores: Stores, way: str, config: Config
) -> None:
    page = client.get(f"/simple/{DEMO}/").data
    assert drill(app, "--keep").exit_code == 0
    lose(stores)

    [table, bucket] = spares(stores)
    restored = replace(config, table=table, bucket=bucket)
    again = create_app(restored, open_stores(restored))
    reader = again.test_client()
    reader.environ_base.update(client.environ_base)

    assert reader.get(f"/simple/{DEMO}/").data == page
    assert reader.get(f"/files/{DEMO}/{NAME}").location.startswith(f"https://{bucket}.s3")
    assert again.test_cli_runner().invoke(args=["verify", "--read-all"]).exit_code == 0
    assert stores.blobs.client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    other = make.form(make.wheel(version="1.3", Summary="other"), release="1.3")
    assert reader.post("/legacy/", data=other).status_code == 409
    assert reader.delete(f"/api/v1/projects/{DEMO}/files/{NAME}").status_code == 204


def lose(stores: Stores) -> None:
    """Lose the whole index."""
    for key, version in versions(stores):
        stores.blobs.client.delete_object(Bucket=HOME, Key=key, VersionId=version)
    connection().client.delete_table(TableName=HOME)


def test_an_object_that_became_an_old_version_is_restored(
    app: Flask, client: FlaskClient, stores: Stores
) -> None:
    """As for a table of a moment before a file was deleted."""
    item = FileItem.get(PARTITION, keys.file(NAME))
    stores.blobs.client.delete_object(Bucket=HOME, Key=item.object_key)

    assert drill(app, "--keep").exit_code == 0

    bucket = spares(stores)[1]
    assert stores.blobs.client.head_object(Bucket=bucket, Key=item.object_key)


def test_documents_in_storage_are_copied_and_pages_there_are_made_anew(
    app: Flask, client: FlaskClient, stores: Stores, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    monkeypatch.setattr(app_store_metadata, "_ITEM_BYTES", 0)
    tight = replace(config, inline_page_bytes=1, item_page_bytes=1)
    small = create_app(tight, open_stores(tight))
    owner = small.test_client()
    owner.environ_base.update(client.environ_base)
    owner.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))
    [page] = {key for key, _ in versions(stores) if key.startswith("pages/")}
    stores.blobs.client.delete_object(Bucket=HOME, Key=page, VersionId=dict(versions(stores))[page])

    with counted() as asked:
        assert drill(small, "--keep").exit_code == 0

    # The pages of old are not even there to be removed.
    assert ("CopyObject" in asked, "DeleteObject" in asked) == (True, False)
    copied = [key.partition("/")[0] for key, _ in versions(stores, spares(stores)[1])]
    assert sorted(copied) == ["files"] * 5 + ["metadata", "pages"]


def test_work_in_progress_is_left_out(
    app: Flask, client: FlaskClient, stores: Stores, config: Config
) -> None:
    """A session names objects that may not be there any more; its client begins again."""
    session = {"meta": {"api-version": "2.0"}, "name": DEMO, "version": "9"}
    assert client.post("/upload/2.0/", json=session).status_code == 201

    drill(app, "--keep")
    restored = replace(config, table=spares(stores)[0])
    open_stores(restored).bind()

    kinds = {item.pk.partition("#")[0] for item in LarderItem.scan()}
    assert kinds == {"account", "lookalike", "project", "projects", "taken", "token"}
    assert not list(KeptNameItem.scan())


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("no object", "its object files/"),
        ("other bytes", "its object has sha256"),
        ("fewer bytes", "its object has 1 bytes"),
        ("no metadata", "its core metadata is missing"),
        ("no taken name", "its name is not kept for it"),
    ],
)
def test_every_planted_fault_is_told(
    app: Flask, client: FlaskClient, stores: Stores, what: str, says: str
) -> None:
    harm(stores, what)

    done = drill(app)

    assert done.exit_code == 1
    [line] = done.stdout.splitlines()
    assert line.startswith(f"{DEMO}/{NAME}: {says}")
    assert spares(stores) == []


def harm(stores: Stores, what: str) -> None:
    """Plant a fault."""
    item, s3 = FileItem.get(PARTITION, keys.file(NAME)), stores.blobs.client
    if what == "no object":
        s3.delete_object(Bucket=HOME, Key=item.object_key, VersionId=item.object_version)
    if what in {"other bytes", "fewer bytes"}:
        body = b"x" * int(item.size if what == "other bytes" else 1)
        other = s3.put_object(Bucket=HOME, Key=item.object_key, Body=body)
        item.update(actions=[FileItem.object_version.set(other["VersionId"])])
    if what == "no metadata":
        MetadataItem(PARTITION, keys.metadata(NAME)).delete()
    if what == "no taken name":
        [taken] = TakenNameItem.scan(TakenNameItem.filename == NAME)
        taken.delete()


def test_what_cannot_be_read_is_told_and_the_rest_restored(
    app: Flask, client: FlaskClient, as_: Clients
) -> None:
    other = make.form(make.wheel("zebra"), make.wheel_name("zebra"), name="zebra")
    assert as_("ada", {"manage"}).post("/legacy/", data=other).status_code == 200
    item = FileItem.get(PARTITION, keys.file(NAME))
    item.update(actions=[FileItem.version.set("impossible")])

    done = drill(app)

    assert done.exit_code == 1
    assert f"{DEMO}/{NAME}: its version is 'impossible', and 1.3 in its name" in done.stdout
    assert "zebra" not in done.stdout
    assert "2 projects, 5 files" in done.stderr


def test_a_project_that_is_not_listed_is_told(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_LAG_SECONDS", 1)
    ProjectItem(PARTITION, keys.PROJECT).update(actions=[LarderItem.gsi1pk.remove()])

    done = drill(app)

    assert (done.exit_code, done.stdout) == (
        1,
        "the list of projects: it has 0 of 1 projects\n",
    )


def test_the_drill_waits_until_the_table_is_restored(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_backups()
    call, answers = BaseClient._make_api_call, []

    def slow(self: Any, operation: str, arguments: Any) -> Any:
        answer = call(self, operation, arguments)
        if operation == "DescribeTable" and "drill" in arguments["TableName"]:
            answers.append(operation)
            if len(answers) < 7:
                answer["Table"]["TableStatus"] = "CREATING"
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", slow)
    monkeypatch.setattr("time.sleep", lambda _: None)

    done = drill(app)

    assert done.exit_code == 0
    assert "... 30 s" in done.stderr.splitlines()


def test_a_moment_is_asked_of_the_backups(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_backups()
    call, asked = BaseClient._make_api_call, []

    def watch(self: Any, operation: str, arguments: Any) -> Any:
        if operation == "RestoreTableToPointInTime":
            asked.append(arguments)
        return call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", watch)

    assert drill(app, "--at", "2026-11-22T09:30").exit_code == 0
    assert drill(app).exit_code == 0
    assert asked[0]["RestoreDateTime"].isoformat() == "2026-11-22T09:30:00+00:00"
    assert asked[1]["UseLatestRestorableTime"] is True


def test_without_backups_there_is_no_other_moment(
    app: Flask, client: FlaskClient, stores: Stores
) -> None:
    done = drill(app, "--at", "2026-11-22T09:30")

    assert (done.exit_code, "keeps no continuous backups" in done.output) == (1, True)
    assert spares(stores) == []


@pytest.mark.parametrize("operation", ["DescribeTable", "CreateBucket", "CopyObject", "Query"])
def test_a_drill_that_is_ended_leaves_nothing_and_the_index_as_it_was(
    app: Flask, client: FlaskClient, stores: Stores, operation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    keep_backups()
    before, call = items(), BaseClient._make_api_call

    def interrupted(self: Any, called: str, arguments: Any) -> Any:
        if called == operation:
            raise KeyboardInterrupt
        return call(self, called, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", interrupted)
        assert drill(app).exit_code == 1

    assert spares(stores) == []
    assert items() == before
    assert client.get(f"/simple/{DEMO}/").status_code == 200


def test_a_spare_is_never_the_index_itself(config: Config, stores: Stores) -> None:
    for same in (replace(config, table="other"), replace(config, bucket="other"), config):
        with pytest.raises(ValueError, match="not the index itself"):
            Spare(config, same)


def test_the_name_of_the_bucket_is_never_too_long(config: Config) -> None:
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    long = replace(config, bucket=f"{'l' * 41}.{'l' * 20}")

    assert service._spare_of(long, now).bucket == f"{'l' * 41}-drill-20261122093000"
    assert service._spare_of(config, now).bucket == f"{HOME}-drill-20261122093000"
