"""Verification finds every planted fault, and none in an index that is in order."""

import gzip
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

import app.store.metadata as app_store_metadata
from app.domain.names import normalize
from app.features.verify import service
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.metadata import MetadataItem
from app.models.project import ProjectItem
from app.models.release import ReleaseItem
from app.models.role import RoleItem
from app.models.taken_name import TakenNameItem
from app.store import keys
from app.store.stores import Stores
from tests import make
from tests.aws import between, counted

Clients = Callable[..., FlaskClient]

NAME = make.wheel_name()
WHEEL = f"larder-demo/{NAME}: "
PARTITION = keys.project("larder-demo")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes meanwhile, so nothing is waited for."""
    monkeypatch.setattr(service, "_SETTLES", timedelta(0))


# Behind its header nothing of it is gzip.
DAMAGED = gzip.compress(b"", mtime=0)[:10] + b"\xff" * 20


def verify(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["verify", *options])


@pytest.fixture
def item(as_: Clients, stores: Stores) -> FileItem:
    """The item of a published file, with a second file beside it."""
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    client.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))
    return FileItem.get(keys.project("larder-demo"), keys.file(NAME))


def test_an_index_in_order_has_no_faults(app: Flask, item: FileItem) -> None:
    found = verify(app)

    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == "1 projects, 0 faults.\n"


def test_an_empty_index_has_no_faults(app: Flask) -> None:
    assert verify(app).exit_code == 0


def test_a_missing_object_is_found(app: Flask, item: FileItem, stores: Stores) -> None:
    stores.blobs.client.delete_object(
        Bucket="larder-dev", Key=item.object_key, VersionId=item.object_version
    )

    found = verify(app)

    assert (found.exit_code, found.stdout) == (
        1,
        f"{WHEEL}its object {item.object_key} is missing\n",
    )


def test_an_object_that_became_an_old_version_is_found(
    app: Flask, item: FileItem, stores: Stores
) -> None:
    """The bucket's lifecycle would remove it some months later."""
    stores.blobs.client.delete_object(Bucket="larder-dev", Key=item.object_key)

    assert "is an old version" in verify(app).stdout


def test_other_bytes_of_the_same_size_are_found(app: Flask, item: FileItem, stores: Stores) -> None:
    other = stores.blobs.client.put_object(
        Bucket="larder-dev", Key=item.object_key, Body=b"x" * int(item.size)
    )
    item.update(actions=[FileItem.object_version.set(other["VersionId"])])

    assert "its object has sha256" in verify(app, "--read-all").stdout


def test_an_object_of_another_size_is_found(app: Flask, item: FileItem, stores: Stores) -> None:
    other = stores.blobs.client.put_object(Bucket="larder-dev", Key=item.object_key, Body=b"x")
    item.update(actions=[FileItem.object_version.set(other["VersionId"])])

    assert verify(app).stdout == f"{WHEEL}its object has 1 bytes, not {item.size}\n"


def test_missing_metadata_is_found(app: Flask, item: FileItem) -> None:
    MetadataItem.get(item.pk, keys.metadata(NAME)).delete()

    assert verify(app).stdout == f"{WHEEL}its core metadata is missing\n"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"junk", "cannot be read"),
        (DAMAGED, "cannot be read"),
        (gzip.compress(b"Name: x\n"), "not what its page says"),
    ],
)
def test_damaged_metadata_is_found(app: Flask, item: FileItem, body: bytes, says: str) -> None:
    document = MetadataItem.get(item.pk, keys.metadata(NAME))
    document.update(actions=[MetadataItem.body.set(body)])

    assert says in verify(app).stdout


def test_a_name_that_is_not_kept_is_found(app: Flask, item: FileItem) -> None:
    for taken in TakenNameItem.scan(filter_condition=TakenNameItem.filename == NAME):
        taken.delete()

    assert verify(app).stdout == f"{WHEEL}its name is not kept for it\n"


def test_a_page_that_shows_other_files_is_found_and_the_sweep_heals_it(
    app: Flask, item: FileItem
) -> None:
    item.update(actions=[FileItem.yanked.set("behind the index's back")])

    found = verify(app)
    assert found.exit_code == 1
    assert found.stdout.startswith("larder-demo: its page does not show its files")

    assert app.test_cli_runner().invoke(args=["jobs", "run", "sweep"]).exit_code == 0
    assert verify(app).exit_code == 0


def test_an_impossible_version_is_found_and_the_rest_is_verified(
    app: Flask, item: FileItem, as_: Clients, stores: Stores
) -> None:
    lose_object_of_another_project(as_(), stores)
    item.update(actions=[FileItem.version.set("nonsense")])

    found = verify(app)

    assert found.exit_code == 1
    assert found.stderr == "2 projects, 3 faults.\n"
    assert f"{WHEEL}its version is 'nonsense', and 1.0 in its name\n" in found.stdout
    assert "larder-demo: it cannot be verified: InvalidVersion" in found.stdout
    assert "zebra/zebra-1.0-py3-none-any.whl: its object " in found.stdout


def lose_object_of_another_project(client: FlaskClient, stores: Stores) -> None:
    wheel, name = make.wheel("zebra", "1.0"), make.wheel_name("zebra", "1.0")
    assert client.post("/legacy/", data=make.form(wheel, name, name="zebra")).status_code == 200
    other = FileItem.get(keys.project("zebra"), keys.file(name))
    stores.blobs.client.delete_object(
        Bucket="larder-dev", Key=other.object_key, VersionId=other.object_version
    )


@pytest.mark.parametrize("name", ["junk name", "two\nlines"])
def test_an_impossible_file_name_is_found_on_one_line(
    app: Flask, item: FileItem, as_: Clients, stores: Stores, name: str
) -> None:
    lose_object_of_another_project(as_(), stores)
    item.sk = keys.file(name)
    item.save()

    found = verify(app)

    lines = found.stdout.splitlines()
    assert found.stderr == f"2 projects, {len(lines)} faults.\n"
    assert [line for line in lines if "its name cannot be" in line]
    assert all(line.startswith(("larder-demo", "'larder-demo", "zebra")) for line in lines)
    assert lines[-1].startswith("zebra/zebra-1.0-py3-none-any.whl: its object ")


def test_an_item_that_cannot_be_read_is_found_and_the_rest_is_verified(
    app: Flask, item: FileItem, as_: Clients, stores: Stores
) -> None:
    lose_object_of_another_project(as_(), stores)
    item.update(actions=[FileItem.size.remove()])

    found = verify(app).stdout

    assert f"{WHEEL}it cannot be verified: TypeError" in found
    assert "zebra/zebra-1.0-py3-none-any.whl: its object " in found


def test_a_file_that_lies_in_another_project_is_found(app: Flask, item: FileItem) -> None:
    item.sk = keys.file(make.wheel_name("zebra", "1.0"))
    item.save()

    assert "its name is one of zebra\n" in verify(app).stdout


@pytest.mark.parametrize("left", ["a role", "an object"])
def test_files_of_a_project_whose_item_is_gone_are_verified(
    app: Flask, item: FileItem, *, stores: Stores, left: str
) -> None:
    ProjectItem(PARTITION, keys.PROJECT).delete()
    if left == "a role":
        for key, version in versions(stores):
            stores.blobs.client.delete_object(Bucket="larder-dev", Key=key, VersionId=version)
    else:
        RoleItem(PARTITION, keys.role("ada")).delete()

    found = verify(app)

    assert "larder-demo: its project item is missing\n" in found.stdout
    assert ("its object files/" in found.stdout) is (left == "a role")
    assert found.stderr.startswith("1 projects, ")


def versions(stores: Stores) -> list[tuple[str, str]]:
    found = stores.blobs.client.list_object_versions(Bucket="larder-dev")["Versions"]
    return [(one["Key"], one["VersionId"]) for one in found]


def test_a_project_that_is_not_listed_is_found_once_the_list_had_time(
    app: Flask, item: FileItem
) -> None:
    project = ProjectItem(PARTITION, keys.PROJECT)
    project.update(actions=[LarderItem.gsi1pk.remove()])
    assert verify(app).exit_code == 0

    old = datetime.now(UTC) - timedelta(minutes=2)
    project.update(actions=[ProjectItem.created_at.set(old)])

    assert verify(app).stdout == "larder-demo: it is not in the list of projects\n"


def test_objects_of_no_project_are_no_fault(app: Flask, stores: Stores) -> None:
    stores.blobs.client.put_object(Bucket="larder-dev", Key="files/never/0/x.whl", Body=b"left")

    assert verify(app).stderr == "0 projects, 0 faults.\n"


def test_a_missing_release_is_found(app: Flask, item: FileItem) -> None:
    ReleaseItem(PARTITION, keys.release("1.0")).delete()

    assert verify(app).stdout == "larder-demo 1.0: the release is missing\n"


def test_a_project_without_an_owner_is_found(app: Flask, item: FileItem) -> None:
    RoleItem(PARTITION, keys.role("ada")).update(actions=[RoleItem.role.set("maintainer")])

    assert verify(app).stdout == "larder-demo: it has no owner\n"


def test_missing_attestations_are_found(app: Flask, item: FileItem) -> None:
    item.update(actions=[FileItem.attested.set(True)])

    assert verify(app).stdout == f"{WHEEL}its attestations are missing\n"


def test_a_large_document_that_became_an_old_version_is_found(
    app: Flask, as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_store_metadata, "_ITEM_BYTES", 0)
    as_().post("/legacy/", data=make.form(make.wheel()))
    document = MetadataItem.get(PARTITION, keys.metadata(NAME))
    assert verify(app).exit_code == 0

    stores.blobs.client.delete_object(Bucket="larder-dev", Key=document.object_key)

    assert verify(app).stdout == (
        f"{WHEEL}its core metadata {document.object_key} is an old version,"
        " which the bucket will remove\n"
    )


def test_a_file_that_is_deleted_meanwhile_is_no_fault(as_: Clients, stores: Stores) -> None:
    """It goes before each call of the verification in turn."""
    client, at, again = as_("ada", {"manage"}), 0, True
    while again:
        version = f"1.{at}"
        client.post("/legacy/", data=make.form(make.wheel(version=version), release=version))
        calls, again = iter(range(10**6)), False

        def call(_operation: str, _arguments: Any, send: Callable[[], Any]) -> Any:
            nonlocal again
            if next(calls) == at:  # noqa: B023 - both are of this round
                again = True
                url = f"/api/v1/projects/larder-demo/files/{make.wheel_name(version=version)}"  # noqa: B023
                assert client.delete(url).status_code == 204
            return send()

        with between(call):
            assert list(service.verify(stores=stores)) == [], at
        at += 1
    assert at > 10


def run_job(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["jobs", "run", "verify"])


def test_the_job_is_done_where_nothing_is_wrong(app: Flask, item: FileItem) -> None:
    done = run_job(app)

    assert done.exit_code == 0
    assert done.stdout.endswith("(projects: 1, files: 2, faults: 0)\n")


def test_the_job_logs_each_fault_and_fails(
    app: Flask, item: FileItem, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    ReleaseItem(PARTITION, keys.release("1.0")).delete()
    stores.blobs.client.delete_object(Bucket="larder-dev", Key=item.object_key)

    failed = run_job(app)

    assert (failed.exit_code, "2 faults" in failed.stderr) == (1, True)
    told = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
    assert [one["subject"] for one in told] == [f"larder-demo/{NAME}", "larder-demo 1.0"]
    assert [one["detail"].rpartition(" ")[2] for one in told] == ["remove", "missing"]
    [run] = stores.jobs.runs("verify", count=9)
    assert not run.done
    assert (run.facts["files"], run.facts["faults"]) == (2, 2)


def test_the_job_reads_no_file(app: Flask, item: FileItem, stores: Stores) -> None:
    """Not even one of which S3 keeps no SHA-256, as of one that came in parts."""
    begun = stores.blobs.client.create_multipart_upload(Bucket="larder-dev", Key=item.object_key)
    where = {"Bucket": "larder-dev", "Key": item.object_key, "UploadId": begun["UploadId"]}
    part = stores.blobs.client.upload_part(**where, PartNumber=1, Body=b"x" * int(item.size))  # type: ignore[arg-type]
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    made = stores.blobs.client.complete_multipart_upload(**where, MultipartUpload=parts)  # type: ignore[arg-type]
    item.update(actions=[FileItem.object_version.set(made["VersionId"])])

    with counted() as calls:
        assert run_job(app).exit_code == 0
    assert "GetObject" not in calls
    assert "its object has sha256" in verify(app).stdout


def test_the_job_goes_on_where_it_stopped_and_begins_again(
    app: Flask, item: FileItem, as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make.form(make.wheel("zebra", "1.0"), make.wheel_name("zebra", "1.0"), name="zebra")
    as_().post("/legacy/", data=other)
    monkeypatch.setattr(service, "_BUDGET", timedelta(0))

    places = []
    for _ in range(6):
        assert run_job(app).exit_code == 0
        places.append(stores.jobs.place("verify"))

    demo = [f"larder-demo/{NAME}", f"larder-demo/{make.sdist_name()}", "larder-demo"]
    assert places == [*demo, "zebra/zebra-1.0-py3-none-any.whl", "zebra", demo[0]]


def test_the_job_verifies_each_project_once_a_run(
    app: Flask, item: FileItem, as_: Clients, stores: Stores
) -> None:
    other = make.form(make.wheel("zebra", "1.0"), make.wheel_name("zebra", "1.0"), name="zebra")
    as_().post("/legacy/", data=other)
    stores.jobs.keep_place("verify", "larder-demo")

    assert "(projects: 2, files: 3, faults: 0)" in run_job(app).stdout

    assert stores.jobs.place("verify") == "larder-demo"


def test_the_job_goes_on_behind_a_project_that_has_gone(
    app: Flask, item: FileItem, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.jobs.keep_place("verify", "aardvark/x.whl")
    monkeypatch.setattr(service, "_BUDGET", timedelta(0))

    run_job(app)

    assert stores.jobs.place("verify") == f"larder-demo/{NAME}"


def refusing(code: str, word: str = "") -> Callable[[str, Any, Callable[[], Any]], Any]:
    """Return what makes S3 answer so to questions for objects with a word in their keys."""

    def refuse(operation: str, arguments: Any, send: Callable[[], Any]) -> Any:
        if operation == "HeadObject" and word in arguments["Key"]:
            raise ClientError({"Error": {"Code": code}}, operation)
        return send()

    return refuse


def test_a_job_that_the_storage_cuts_off_goes_on_where_it_was(
    app: Flask, as_: Clients, item: FileItem, stores: Stores
) -> None:
    for version in ("2.0", "3.0", "4.0"):
        form = make.form(make.wheel(version=version), release=version)
        assert as_().post("/legacy/", data=form).status_code == 200

    with between(refusing("SlowDown")):
        assert "cannot reach its storage" in run_job(app).stderr
    assert stores.jobs.place("verify") == f"larder-demo/{make.wheel_name(version='2.0')}"

    assert "(projects: 1, files: 2, faults: 0)" in run_job(app).stdout
    assert "(projects: 1, files: 5, faults: 0)" in run_job(app).stdout


@pytest.mark.parametrize("code", ["400", "403", "KMS.DisabledException"])
def test_one_object_that_the_storage_refuses_for_ever_is_a_fault_and_the_rest_is_verified(
    app: Flask, as_: Clients, item: FileItem, stores: Stores, code: str
) -> None:
    other = make.form(make.wheel("zebra"), make.wheel_name("zebra"), name="zebra")
    assert as_().post("/legacy/", data=other).status_code == 200
    FileItem.get(keys.project(normalize("zebra")), keys.file(make.wheel_name("zebra"))).update(
        actions=[FileItem.object_version.set("gone")]
    )

    with between(refusing(code, NAME)):
        first, second = verify(app).stdout.splitlines()
        assert run_job(app).exit_code == 1
    assert first.startswith(f"larder-demo/{NAME}: it cannot be verified: The index")
    assert second.startswith(f"zebra/{make.wheel_name('zebra')}: its object files/")
    assert stores.jobs.place("verify") == "zebra"


def test_jobs_are_listed_with_their_last_run(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert "last: never" in run(args=["jobs", "list"]).stdout
    run(args=["jobs", "run", "sweep"])

    assert "done in" in run(args=["jobs", "list"]).stdout


def test_jobs_are_listed_with_the_last_run_that_failed(app: Flask, item: FileItem) -> None:
    whole = item.object_version
    for version, code in (("gone", 1), (whole, 0)):
        item.update(actions=[FileItem.object_version.set(version)])
        assert run_job(app).exit_code == code

    *_, last, before = app.test_cli_runner().invoke(args=["jobs", "list"]).stdout.splitlines()
    assert ("last: " in last, "done in" in last) == (True, True)
    assert ("before: " in before, "FAILED in" in before) == (True, True)


def test_an_unknown_job_is_named_with_those_there_are(app: Flask) -> None:
    found = app.test_cli_runner().invoke(args=["jobs", "run", "swep"])

    assert found.exit_code == 1
    assert "there are: sweep, catch-up, verify" in found.output
