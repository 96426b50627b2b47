"""Importing wheels and sdists from any folder."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app.config import Config
from app.domain.account import AccountRole
from app.factory import create_app
from app.features.accounts import service as accounts
from app.models.base import LarderItem
from app.models.event import EventItem
from app.store import keys
from app.store.stores import Stores
from tests import make
from tests.conftest import PASSWORD

Clients = Callable[..., FlaskClient]
Run = Callable[..., Result]

PAGE = "application/vnd.pypi.simple.v1+json"
DEMO: Any = "larder-demo"
NAME = make.wheel_name()


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that imports."""

    def invoke(*args: object) -> Result:
        return app.test_cli_runner().invoke(args=["import", *map(str, args)])

    return invoke


def add_account(stores: Stores, name: str, role: AccountRole = AccountRole.MEMBER) -> None:
    accounts.create(name, password=PASSWORD, role=role, stores=stores, now=datetime.now(UTC))


@pytest.fixture(autouse=True)
def admin(stores: Stores, request: pytest.FixtureRequest) -> None:
    """As many admins as the test names, one by default, who owns what is imported."""
    for number in range(getattr(request, "param", 1)):
        add_account(stores, f"root{number or ''}", AccountRole.ADMIN)


def files_of(stores: Stores, project: Any = DEMO) -> list[str]:
    return [file.filename for file in stores.files.of(project)]


def lines(done: Result) -> list[str]:
    return done.stderr.splitlines()


# From a folder


def test_wheels_and_sdists_are_found_in_any_layout_and_nothing_else_is(
    stores: Stores, run: Run, tmp_path: Path
) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / NAME).write_bytes(make.wheel())
    (below / make.sdist_name()).write_bytes(make.sdist())
    (below / make.wheel_name("Shelf")).write_bytes(make.wheel("Shelf"))
    for name in ("README.md", "larder_demo-1.0.zip", f"{NAME}.asc", "index.html"):
        (below / name).write_bytes(b"x")

    done = run(tmp_path)

    assert done.exit_code == 0
    assert lines(done) == [
        f"[1/2] {DEMO}/{NAME}: published",
        f"[1/2] {DEMO}/{make.sdist_name()}: published",
        f"[2/2] shelf/{make.wheel_name('Shelf')}: published",
        "3 published.",
    ]
    assert files_of(stores) == [NAME, make.sdist_name()]
    assert stores.projects.get(DEMO).display_name == "Larder.Demo"  # type: ignore[union-attr]
    assert stores.projects.members(DEMO) == {"root": "owner"}


def test_imported_files_are_on_their_page_and_can_be_downloaded(
    as_: Clients, run: Run, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(make.wheel(Requires_Python=">=3.9"))
    run(tmp_path)

    page = as_("ada").get(f"/simple/{DEMO}/", headers={"Accept": PAGE}).json
    assert page is not None
    [file] = page["files"]
    assert (
        file["hashes"]["sha256"] == hashlib.sha256(make.wheel(Requires_Python=">=3.9")).hexdigest()
    )
    assert file["requires-python"] == ">=3.9"
    assert as_("ada").get(f"/files/{DEMO}/{NAME}").status_code == 302


def test_history_says_who_imported(stores: Stores, run: Run, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(make.wheel())
    run(tmp_path)

    [file] = stores.files.of(DEMO)
    assert (file.uploaded_by, file.uploaded_with) == ("(import)", "flask import")
    found = {(item.action, item.actor) for item in EventItem.query(keys.project(DEMO))}
    assert found == {("project.created", "(import)"), ("file.published", "(import)")}


def test_importing_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(make.wheel())
    run(tmp_path)
    before = sorted((item.serialize() for item in LarderItem.scan()), key=str)

    assert lines(run(tmp_path))[-1] == "1 present."

    assert sorted((item.serialize() for item in LarderItem.scan()), key=str) == before


def test_what_is_refused_is_listed_at_the_end_and_the_rest_goes_on(
    stores: Stores, run: Run, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(make.wheel()[:-1])
    (tmp_path / make.wheel_name(version="2.0")).write_bytes(make.wheel(version="2.0"))
    (tmp_path / make.wheel_name(version="3.0")).write_bytes(make.wheel(version="2.0"))
    (tmp_path / "data.tar.gz").write_bytes(b"")
    (tmp_path / make.wheel_name("simple")).write_bytes(make.wheel("simple"))

    done = run(tmp_path)

    assert done.exit_code == 1
    refused = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert set(refused) == {
        "data.tar.gz",
        f"{DEMO}/{NAME}",
        f"{DEMO}/{make.wheel_name(version='3.0')}",
        f"simple/{make.wheel_name('simple')}",
    }
    assert "reserved" in refused[f"simple/{make.wheel_name('simple')}"]
    assert lines(done)[-1] == "1 published, 4 refused."
    assert files_of(stores) == [make.wheel_name(version="2.0")]
    assert {project.name for project in stores.projects.all()} == {DEMO}


def test_other_bytes_under_a_name_that_is_taken_are_refused(
    as_: Clients, run: Run, tmp_path: Path
) -> None:
    as_("ada").post("/legacy/", data=make.form(make.wheel()))
    (tmp_path / NAME).write_bytes(make.wheel(Summary="another"))

    done = run(tmp_path)

    assert (done.exit_code, "File already exists" in done.stdout) == (1, True)


def test_a_dry_run_inspects_everything_and_writes_nothing(
    stores: Stores, run: Run, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(make.wheel())
    (tmp_path / make.sdist_name()).write_bytes(b"no sdist")
    before = sorted((item.serialize() for item in LarderItem.scan()), key=str)

    done = run(tmp_path, "--dry-run")

    assert done.exit_code == 1
    assert lines(done)[-1] == "1 published, 1 refused."
    assert sorted((item.serialize() for item in LarderItem.scan()), key=str) == before
    assert "Contents" not in stores.blobs.client.list_objects_v2(Bucket="larder-dev")


def test_a_project_that_takes_no_files_takes_none(as_: Clients, run: Run, tmp_path: Path) -> None:
    owner = as_("ada", {"manage"})
    owner.post("/legacy/", data=make.form(make.wheel()))
    owner.put(f"/api/v1/projects/{DEMO}/status", json={"status": "archived"})
    (tmp_path / make.sdist_name()).write_bytes(make.sdist())

    done = run(tmp_path)

    assert (done.exit_code, "is archived and takes no files" in done.stdout) == (1, True)


def test_a_name_that_is_kept_for_an_upload_is_refused(
    as_: Clients, stores: Stores, run: Run, tmp_path: Path
) -> None:
    meta = {"meta": {"api-version": "2.0"}, "name": DEMO, "version": "1.0"}
    assert as_("ada").post("/upload/2.0/", json=meta).status_code == 201
    (tmp_path / NAME).write_bytes(make.wheel())

    done = run(tmp_path)

    assert (done.exit_code, "is kept for an upload" in done.stdout) == (1, True)
    assert stores.projects.get(DEMO) is None


def test_only_the_projects_that_are_named_are_imported(
    stores: Stores, run: Run, tmp_path: Path
) -> None:
    for name in ("Shelf", "Larder.Demo"):
        (tmp_path / make.wheel_name(name)).write_bytes(make.wheel(name))
    (tmp_path / "data.tar.gz").write_bytes(b"")

    done = run(tmp_path, "--projects", "SHELF, nowhere")

    assert (done.exit_code, done.stdout) == (
        1,
        "nowhere: There is no file of this project in the folder.\n",
    )
    assert [project.name for project in stores.projects.all()] == ["shelf"]


@pytest.mark.parametrize("admin", [0, 2], indirect=True)
def test_without_an_only_admin_the_owner_must_be_named(
    stores: Stores, run: Run, tmp_path: Path
) -> None:
    add_account(stores, "ada")
    (tmp_path / NAME).write_bytes(make.wheel())

    refused = run(tmp_path)
    assert (refused.exit_code, "say who owns new projects" in refused.output) == (1, True)

    assert run(tmp_path, "--owner", "ada").exit_code == 0
    assert stores.projects.members(DEMO) == {"ada": "owner"}


def test_an_owner_must_exist(run: Run, tmp_path: Path) -> None:
    done = run(tmp_path, "--owner", "nobody")
    assert (done.exit_code, "no account 'nobody'" in done.output) == (1, True)


def test_a_folder_must_exist(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path / "nowhere").exit_code == 2


def test_a_file_that_is_larger_than_allowed_is_refused(
    config: Config, stores: Stores, tmp_path: Path
) -> None:
    app = create_app(replace(config, max_file_bytes=100), stores)
    (tmp_path / NAME).write_bytes(make.wheel())

    done = app.test_cli_runner().invoke(args=["import", str(tmp_path)])

    assert (done.exit_code, "more than 100 bytes" in done.stdout) == (1, True)


def test_a_file_that_cannot_be_read_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("nowhere")

    done = run(tmp_path)

    assert (done.exit_code, "cannot be read" in done.stdout) == (1, True)
