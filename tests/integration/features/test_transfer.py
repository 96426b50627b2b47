"""Exporting a whole index into a folder, and importing folders."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from moto.backends import get_backend

from app.domain.account import AccountRole
from app.features.accounts import service as accounts
from app.features.setup import service as setup
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.lookalike import LookAlikeItem
from app.models.project import ProjectItem
from app.store import keys
from app.store.stores import Stores
from tests import make, make_attestations
from tests.conftest import PASSWORD

Clients = Callable[..., FlaskClient]
Run = Callable[..., Result]

BUCKET = "larder-dev"
MANAGE = {"manage"}
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
API = "/api/v1/projects"
NAME = make.wheel_name()
DEMO = "larder-demo"
DELETED = (NAME, make.wheel_name(version="1.1"))


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs a command."""

    def invoke(*args: object) -> Result:
        return app.test_cli_runner().invoke(args=list(map(str, args)))

    return invoke


@pytest.fixture
def admin(stores: Stores) -> str:
    """The only admin, who owns what is imported."""
    add_account(stores, "root", AccountRole.ADMIN)
    return "root"


def add_account(stores: Stores, name: str, role: AccountRole = AccountRole.MEMBER) -> None:
    accounts.create(name, password=PASSWORD, role=role, stores=stores, now=datetime.now(UTC))


def upload(
    client: FlaskClient, name: str = "Larder.Demo", version: str = "1.0", **more: Any
) -> None:
    """Publish a wheel."""
    archive = make.wheel(name, version, **more.pop("fields", {}))
    filename = make.wheel_name(name, version)
    if more.pop("attested", False):
        more["attestations"] = make_attestations.text(archive, filename)
    form = make.form(archive, filename, name=name, version=version, **more)
    answer = client.post("/legacy/", data=form)
    assert answer.status_code == 200, answer.text


def fill(as_: Clients) -> FlaskClient:
    """Make an index that has one of everything; return its admin and owner."""
    owner = as_("ada", MANAGE, role=AccountRole.ADMIN)
    as_("bob")
    upload(owner, fields={"Summary": "as its wheel says", "Requires_Python": ">=3.9"})
    owner.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))
    upload(owner, version="1.1")
    upload(owner, version="2.0", attested=True)
    for name in DELETED:
        assert owner.delete(f"{API}/{DEMO}/files/{name}").status_code == 204
    owner.post(f"{API}/{DEMO}/releases/2.0/yank", json={"reason": "broken on Mondays"})
    owner.post(f"{API}/{DEMO}/files/{make.sdist_name()}/yank", json={"reason": ""})
    owner.put(f"{API}/{DEMO}/roles/bob", json={"role": "uploader"})
    for name, status in (("Shelf", "archived"), ("cellar", "quarantined")):
        upload(owner, name)
        owner.put(f"{API}/{name.lower()}/status", json={"status": status, "reason": "so be it"})
    upload(owner, "secret")
    hidden = ProjectItem(keys.project("secret"), keys.PROJECT)  # type: ignore[arg-type]
    hidden.update(actions=[ProjectItem.visibility.set("restricted")])
    upload(owner, "secret", "2.0")
    return owner


def empty(stores: Stores, *names: str) -> None:
    """Make the index a new one that knows these accounts and an admin."""
    for service in ("dynamodb", "s3"):
        get_backend(service).reset()
    setup.prepare(stores)
    add_account(stores, "root", AccountRole.ADMIN)
    for name in names:
        add_account(stores, name)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files)}


def told(client: FlaskClient) -> dict[str, Any]:
    """Return all that the index says of its projects."""
    paths = []
    for name in (DEMO, "shelf", "cellar", "secret"):
        about = ("", "/files", "/releases", "/roles")
        paths += [f"/simple/{name}/", *(f"{API}/{name}{rest}" for rest in about)]
    paths += [f"{API}/{DEMO}/releases/{version}" for version in ("1.0", "1.1", "2.0")]
    paths += [f"/integrity/{DEMO}/2.0/{make.wheel_name(version='2.0')}/provenance"]
    answers = {path: client.get(path, headers=JSON if "simple" in path else {}) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: answer.data for path, answer in answers.items()}


def everything() -> list[dict[str, Any]]:
    return sorted((item.serialize() for item in LarderItem.scan()), key=str)


# The whole index


def test_a_round_trip_gives_the_same_folder_and_the_same_pages(
    as_: Clients, stores: Stores, run: Run, tmp_path: Path
) -> None:
    before = told(fill(as_))
    assert run("export", tmp_path / "first").exit_code == 0
    empty(stores, "ada", "bob")

    done = run("import", tmp_path / "first")
    assert (done.exit_code, done.stdout) == (0, "")
    assert run("export", tmp_path / "second").exit_code == 0

    first = tree(tmp_path / "first")
    assert len(first) == 6 + 4
    assert first == tree(tmp_path / "second")
    after = told(as_("root", MANAGE))
    for path, answer in before.items():
        assert after[path] == answer, path
    assert run("verify").exit_code == 0


def test_the_name_of_a_deleted_file_stays_taken(
    as_: Clients, stores: Stores, run: Run, tmp_path: Path
) -> None:
    fill(as_)
    run("export", tmp_path)
    empty(stores, "ada", "bob")
    run("import", tmp_path)

    owner = as_("ada")
    for version in ("1.0", "1.1"):
        archive = make.wheel(version=version)
        answer = owner.post("/legacy/", data=make.form(archive, release=version))
        assert (answer.status_code, "existed before" in answer.text) == (409, True)


def test_the_first_of_projects_that_look_alike_stays_the_first(
    as_: Clients, stores: Stores, run: Run, tmp_path: Path
) -> None:
    owner = as_("ada", role=AccountRole.ADMIN)
    upload(owner, "tool-kit")
    upload(owner, "t00lkit")
    run("export", tmp_path)
    empty(stores, "ada")

    run("import", tmp_path)

    assert [item.project for item in LookAlikeItem.scan()] == ["tool-kit"]


def test_accounts_tokens_and_events_are_not_exported(
    as_: Clients, run: Run, tmp_path: Path
) -> None:
    upload(as_("ada"))
    run("export", tmp_path)

    described = json.loads((tmp_path / DEMO / "larder.json").read_text())
    assert set(described) == {
        "name",
        "display_name",
        "visibility",
        "status",
        "status_reason",
        "created_at",
        "roles",
        "releases",
        "files",
        "taken",
        "format",
    }
    assert set(tree(tmp_path)) == {f"{DEMO}/{NAME}", f"{DEMO}/larder.json"}


# Exporting


def test_an_export_goes_on_where_it_was_cut_off(as_: Clients, run: Run, tmp_path: Path) -> None:
    fill(as_)
    run("export", tmp_path)
    whole = tree(tmp_path)
    sdist = tmp_path / DEMO / make.sdist_name()
    sdist.write_bytes(sdist.read_bytes()[:-1])
    (tmp_path / "shelf" / make.wheel_name("Shelf")).unlink()
    (tmp_path / "shelf" / "larder.json").unlink()
    (tmp_path / "shelf" / ".part").write_bytes(b"cut off")

    again = run("export", tmp_path)

    assert again.stderr.splitlines()[-1] == "2 written, 4 present."
    assert tree(tmp_path) == whole


@pytest.mark.parametrize("harm", ["missing", "other bytes"])
def test_a_damaged_object_is_not_exported_and_the_others_are(
    as_: Clients, stores: Stores, run: Run, tmp_path: Path, harm: str
) -> None:
    owner = as_("ada")
    upload(owner)
    upload(owner, version="2.0")
    item = FileItem.get(keys.project(DEMO), keys.file(NAME))  # type: ignore[arg-type]
    place = {"Bucket": BUCKET, "Key": item.object_key}
    stores.blobs.client.delete_object(**place, VersionId=item.object_version)
    if harm == "other bytes":
        other = stores.blobs.client.put_object(**place, Body=b"x")["VersionId"]
        item.update(actions=[FileItem.object_version.set(other)])

    done = run("export", tmp_path)

    assert done.exit_code == 1
    assert done.stdout.startswith(f"{DEMO}/{NAME}: its object {item.object_key}")
    left = {"larder.json", make.wheel_name(version="2.0")}
    assert set(tree(tmp_path)) == {f"{DEMO}/{name}" for name in left}


def test_each_file_is_told_with_counts(as_: Clients, run: Run, tmp_path: Path) -> None:
    owner = as_("ada")
    upload(owner)
    upload(owner, "Shelf")

    assert run("export", tmp_path).stderr.splitlines() == [
        f"[1/2] {DEMO}/{NAME}: written",
        f"[2/2] shelf/{make.wheel_name('Shelf')}: written",
        "2 written.",
    ]


def test_an_empty_index_exports_to_nothing(stores: Stores, run: Run, tmp_path: Path) -> None:
    done = run("export", tmp_path / "new")
    assert (done.exit_code, done.stderr) == (0, "There was nothing to do.\n")


# Importing what was exported


def exported(as_: Clients, run: Run, stores: Stores, folder: Path, *names: str) -> None:
    """Export an index of one file, and empty it."""
    upload(as_("ada"))
    run("export", folder)
    empty(stores, *names)


@pytest.fixture
def folder(as_: Clients, run: Run, stores: Stores, tmp_path: Path) -> Path:
    """The export of an index of one file, which is empty now and knows the owner."""
    exported(as_, run, stores, tmp_path, "ada")
    return tmp_path


def edit(folder: Path, **changes: Any) -> None:
    path = folder / DEMO / "larder.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_roles_of_unknown_accounts_are_left_out_and_told(
    as_: Clients, run: Run, stores: Stores, tmp_path: Path
) -> None:
    exported(as_, run, stores, tmp_path)

    done = run("import", tmp_path)

    assert f"{DEMO}: note (there is no account 'ada' to be owner)" in done.stderr
    assert stores.projects.members(DEMO) == {"root": "owner"}  # type: ignore[arg-type]


def test_an_owner_of_old_needs_nobody_beside(
    as_: Clients, run: Run, stores: Stores, tmp_path: Path
) -> None:
    exported(as_, run, stores, tmp_path, "ada")

    run("import", tmp_path)

    assert stores.projects.members(DEMO) == {"ada": "owner"}  # type: ignore[arg-type]


def test_more_roles_than_a_transaction_takes_are_restored(
    as_: Clients, run: Run, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.store.imports

    exported(as_, run, stores, tmp_path, "ada", *"bcd")
    edit(tmp_path, roles={"b": "reader", "c": "maintainer", "ada": "owner", "d": "uploader"})
    monkeypatch.setattr(app.store.imports, "_ROLES_AT_ONCE", 1)

    run("import", tmp_path)

    members = stores.projects.members(DEMO)  # type: ignore[arg-type]
    assert members == {"ada": "owner", "b": "reader", "c": "maintainer", "d": "uploader"}


def test_a_project_that_exists_keeps_its_settings_and_gets_missing_files(
    as_: Clients, run: Run, stores: Stores, tmp_path: Path
) -> None:
    exported(as_, run, stores, tmp_path, "ada", "eve")
    edit(tmp_path, visibility="public", roles={"eve": "owner"})
    upload(as_("ada"), version="2.0")

    done = run("import", tmp_path)

    assert f"{DEMO}: note (it exists, and keeps its own settings and roles)" in done.stderr
    assert stores.projects.members(DEMO) == {"ada": "owner"}  # type: ignore[arg-type]
    assert len(as_("ada").get(f"/simple/{DEMO}/", headers=JSON).json["files"]) == 2  # type: ignore[index]
    assert as_("ada").application.test_client().get(f"/simple/{DEMO}/").status_code == 401


def test_an_import_that_ends_anywhere_is_completed_by_repeating_it(
    as_: Clients, stores: Stores, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(as_)
    run("export", tmp_path / "first")
    empty(stores, "ada", "bob")

    ends = 0
    while cut_off(monkeypatch, ends + 1, lambda: run("import", tmp_path / "first")):
        ends += 1

    assert ends > 30
    run("export", tmp_path / "second")
    assert tree(tmp_path / "first") == tree(tmp_path / "second")
    assert run("verify").exit_code == 0


def cut_off(monkeypatch: pytest.MonkeyPatch, at: int, command: Callable[[], Result]) -> bool:
    """Run a command that dies with its call to AWS of this number; tell whether it did."""
    send, calls = BaseClient._make_api_call, 0

    def die_in_time(self: Any, operation: str, arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= at:
            raise KeyboardInterrupt
        return send(self, operation, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", die_in_time)
        done = command()
    assert done.exit_code == 0 or calls >= at
    return calls >= at


def test_a_quarantined_project_never_offers_its_files(
    as_: Clients, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, status="quarantined")
    reader = as_("ada")
    seen: list[int] = []
    send = BaseClient._make_api_call

    def look(self: Any, operation: str, arguments: Any) -> Any:
        answer = send(self, operation, arguments)
        if operation in {"TransactWriteItems", "UpdateItem", "PutObject"}:
            with monkeypatch.context() as patch:
                patch.setattr(BaseClient, "_make_api_call", send)
                seen.append(reader.get(f"/files/{DEMO}/{NAME}").status_code)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", look)
        assert run("import", folder).exit_code == 0

    assert (set(seen), len(seen) > 3) == ({403}, True)


def test_an_archived_project_gets_the_files_that_it_had(
    run: Run, stores: Stores, folder: Path
) -> None:
    edit(folder, status="archived")
    wheel = folder / DEMO / NAME
    wheel.rename(folder / "elsewhere")
    assert run("import", folder).exit_code == 1
    (folder / "elsewhere").rename(wheel)

    assert run("import", folder).exit_code == 0

    assert [file.filename for file in stores.files.of(DEMO)] == [NAME]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sha256": "0" * 64}, "was changed or damaged"),
        ({"filename": "/etc/passwd"}, "not allowed in the name"),
        ({"filename": "../../x-1.0.tar.gz"}, "not allowed in the name"),
        ({"filename": make.wheel_name("Shelf")}, "does not belong to project"),
        ({"filename": make.wheel_name(version="2.0")}, "cannot be read"),
        ({"provenance": {"version": 1}}, "has no bundle of attestations"),
        ({"provenance": {"attestation_bundles": ["x"]}}, "JSON array of one or 2"),
        (
            {
                "provenance": {
                    "attestation_bundles": [
                        {"attestations": [make_attestations.attestation(b"other", NAME)]}
                    ]
                }
            },
            "is about other bytes",
        ),
    ],
)
def test_a_file_that_is_not_what_was_exported_is_refused(
    run: Run, stores: Stores, folder: Path, change: dict[str, Any], says: str
) -> None:
    [file] = json.loads((folder / DEMO / "larder.json").read_text())["files"]
    edit(folder, files=[file | change])

    done = run("import", folder)

    assert (done.exit_code, says in done.stdout) == (1, True), done.output
    assert stores.files.of(DEMO) == []  # type: ignore[arg-type]
    assert stores.blobs.client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 2}, "of this version: format"),
        ({"status": "lost"}, "of this version: status"),
        ({"name": "Larder.Demo"}, "no normal form"),
        ({"name": "../x"}, "not a valid project name"),
        ({"created_at": "2026-11-22T09:30:00"}, "a time without its zone"),
        ({"roles": {"ada": "king"}}, "of this version: roles.ada"),
    ],
)
def test_a_description_that_is_wrong_stops_the_import_before_its_start(
    run: Run, stores: Stores, folder: Path, change: dict[str, Any], says: str
) -> None:
    edit(folder, **change)

    done = run("import", folder)

    assert (done.exit_code, says in done.output) == (1, True), done.output
    assert stores.projects.all() == []


@pytest.mark.parametrize(
    ("taken", "says"),
    [
        ({"filename": "nonsense", "sha256": "0" * 64}, "neither a wheel"),
        ({"filename": make.wheel_name("Shelf"), "sha256": "0" * 64}, "does not belong"),
        ({"filename": make.sdist_name(), "sha256": "0" * 64}, "kept for other bytes"),
    ],
)
def test_a_taken_name_that_cannot_be_kept_is_told(
    as_: Clients, run: Run, folder: Path, taken: dict[str, str], says: str
) -> None:
    edit(folder, taken=[taken], files=[])
    owner = as_("ada")
    owner.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))

    done = run("import", folder)

    assert (done.exit_code, says in done.stdout) == (1, True), done.output


def test_a_project_whose_name_is_reserved_or_kept_is_refused(
    as_: Clients, run: Run, stores: Stores, folder: Path
) -> None:
    meta = {"meta": {"api-version": "2.0"}, "name": DEMO, "version": "3.0"}
    assert as_("bob").post("/upload/2.0/", json=meta).status_code == 201
    kept = run("import", folder)
    edit(folder, name="simple")
    reserved = run("import", folder)

    assert (kept.exit_code, kept.stdout.startswith(f"{DEMO}: The project")) == (1, True)
    assert (reserved.exit_code, reserved.stdout.startswith("simple: 'simple' is reserved")) == (
        1,
        True,
    )
    assert stores.projects.all() == []


def test_a_file_that_its_project_does_not_list_is_skipped(
    run: Run, stores: Stores, folder: Path
) -> None:
    """It was deleted between two exports into one folder."""
    (folder / DEMO / make.sdist_name()).write_bytes(make.sdist())

    done = run("import", folder)

    assert done.exit_code == 0
    line = f"[1/1] {DEMO}/{make.sdist_name()}: skipped (it is not in larder.json)"
    assert line in done.stderr.splitlines()


def test_two_exports_of_one_project_are_too_many(
    as_: Clients, run: Run, stores: Stores, tmp_path: Path
) -> None:
    exported(as_, run, stores, tmp_path / "a", "ada")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "larder.json").write_bytes(
        (tmp_path / "a" / DEMO / "larder.json").read_bytes()
    )

    done = run("import", tmp_path)

    assert (done.exit_code, "both of 'larder-demo'" in done.output) == (1, True)


def test_a_folder_that_cannot_be_written_is_told_in_a_line(
    as_: Clients, run: Run, tmp_path: Path
) -> None:
    upload(as_("ada"))
    (tmp_path / DEMO).write_text("in the way")

    done = run("export", tmp_path)

    assert (done.exit_code, "Error: " in done.output) == (1, True)
    assert DEMO in done.output
