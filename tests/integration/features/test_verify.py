"""Verification finds every planted fault, and none in an index that is in order."""

import gzip
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app.models.dist_file import FileItem
from app.models.metadata import MetadataItem
from app.models.taken_name import TakenNameItem
from app.store import keys
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

NAME = make.wheel_name()
WHEEL = f"larder-demo/{NAME}: "


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
    [(b"junk", "cannot be read"), (gzip.compress(b"Name: x\n"), "not what its page says")],
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


def test_jobs_are_listed_with_their_last_run(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert "last: never" in run(args=["jobs", "list"]).stdout
    run(args=["jobs", "run", "sweep"])

    assert "done in" in run(args=["jobs", "list"]).stdout


def test_an_unknown_job_is_named_with_those_there_are(app: Flask) -> None:
    found = app.test_cli_runner().invoke(args=["jobs", "run", "swep"])

    assert found.exit_code == 1
    assert "there are: sweep, catch-up" in found.output
