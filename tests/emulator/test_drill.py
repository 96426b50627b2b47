"""Export, import and the restore drill on a back end that keeps AWS's rules."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app.config import Config
from app.domain.account import AccountRole
from app.factory import create_app
from app.features.accounts import service as accounts
from app.features.setup import service as setup
from app.features.tokens import service as tokens
from app.models.base import connection
from app.store.stores import Stores, open_stores
from tests import make

pytestmark = pytest.mark.emulator


@pytest.fixture
def app(settings: dict[str, str]) -> Flask:
    """The application, with an admin."""
    made = create_app(Config.from_env({**settings, "LARDER_PAGE_SIZE": "3"}))
    prepare(made.extensions["larder"].stores)
    return made


def prepare(stores: Stores) -> None:
    setup.prepare(stores)
    role, now = AccountRole.ADMIN, datetime.now(UTC)
    accounts.create("ada", password="x" * 20, role=role, stores=stores, now=now)


def run(app: Flask, *args: object) -> Result:
    return app.test_cli_runner().invoke(args=list(map(str, args)))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """The owner of an index with some files."""
    stores, client = app.extensions["larder"].stores, app.test_client()
    _, token = tokens.create(
        "ada",
        permissions=["manage"],
        projects=["*"],
        lifetime=None,
        label="",
        stores=stores,
        now=datetime.now(UTC),
    )
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for version in ("1.0", "1.1", "1.2", "1.3"):
        form = make.form(make.wheel(version=version), release=version)
        assert client.post("/legacy/", data=form).status_code == 200
    gone = f"/api/v1/projects/larder-demo/files/{make.wheel_name(version='1.1')}"
    assert client.delete(gone).status_code == 204
    return client


def spares(app: Flask) -> list[str]:
    """Return the table and the bucket that drills have left."""
    here = app.extensions["larder"]
    tables = connection().client.list_tables()["TableNames"]
    buckets = here.stores.blobs.client.list_buckets()["Buckets"]
    found = [*tables, *(bucket["Name"] for bucket in buckets)]
    return [name for name in found if name.startswith(f"{here.config.table}-drill-")]


@pytest.mark.parametrize("backups", [False, True])
def test_the_drill_restores_the_index_and_leaves_nothing(
    app: Flask, client: FlaskClient, *, backups: bool
) -> None:
    if backups:
        connection().client.update_continuous_backups(
            TableName=app.extensions["larder"].config.table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    done = run(app, "drill")

    assert (done.exit_code, done.stdout) == (0, "")
    assert "1 projects, 3 files, 0 faults." in done.stderr
    assert ("DynamoDB restores" in done.stderr) is backups
    assert spares(app) == []
    assert client.get("/simple/larder-demo/").status_code == 200


def test_the_drill_finds_a_missing_object(app: Flask, client: FlaskClient) -> None:
    stores = app.extensions["larder"].stores
    [file, *_] = stores.files.of("larder-demo")
    stores.blobs.discard(file.blob)

    done = run(app, "drill")

    assert (done.exit_code, "is missing" in done.stdout) == (1, True)


def test_what_a_drill_keeps_is_an_index(app: Flask, client: FlaskClient) -> None:
    page = client.get("/simple/larder-demo/").data
    assert run(app, "drill", "--keep").exit_code == 0
    [table, bucket] = spares(app)

    kept = replace(app.extensions["larder"].config, table=table, bucket=bucket)
    other = create_app(kept, open_stores(kept))
    reader = other.test_client()
    reader.environ_base.update(client.environ_base)

    assert reader.get("/simple/larder-demo/").data == page
    assert run(other, "verify", "--read-all").exit_code == 0


def test_a_round_trip_gives_the_same_folder(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    assert run(app, "export", tmp_path / "first").exit_code == 0
    empty = replace(app.extensions["larder"].config, table="empty", bucket="empty")
    other = create_app(empty, open_stores(empty))
    prepare(other.extensions["larder"].stores)

    assert run(other, "import", tmp_path / "first").exit_code == 0
    assert run(other, "verify").exit_code == 0
    assert run(other, "export", tmp_path / "second").exit_code == 0

    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).rglob("*.*")}
        for folder in ("first", "second")
    )
    assert len(first) == 4
    assert first == second
