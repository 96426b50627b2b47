"""Looking projects over: lists in parts, and what each reader finds in them."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name

from app.domain import cursor
from app.domain.account import AccountRole
from app.domain.dist_file import Blob, DistFile
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Release, Visibility
from app.features.pages import service as pages
from app.store.files import file_item
from app.store.projects import project_item, release_item, role_item
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

PROJECTS = "/api/v1/projects"
DEMO = f"{PROJECTS}/larder-demo"
NAME = canonicalize_name("larder-demo")
MANAGE = {"manage"}
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def publish(client: FlaskClient, version: str = "1.0", **fields: str) -> None:
    wheel, sdist = make.wheel(version=version, **fields), make.sdist(version=version)
    for form in (
        make.form(wheel, release=version),
        make.form(sdist, make.sdist_name(version=version), release=version),
    ):
        answer = client.post("/legacy/", data=form)
        assert answer.status_code == 200, answer.text


def make_project(
    stores: Stores, name: str, visibility: Visibility = Visibility.TEAM
) -> NormalizedName:
    """Write a project and its head, as the first upload does."""
    project = Project(
        name=canonicalize_name(name), display_name=name, visibility=visibility, created_at=NOW
    )
    project_item(project).save()
    pages.refresh(project.name, stores=stores)
    return project.name


def make_file(project: NormalizedName, version: str) -> None:
    """Write a file and its release, with no bytes behind them."""
    filename = f"{project.replace('-', '_')}-{version}.tar.gz"
    file = DistFile(
        project=project,
        filename=filename,
        version=version,
        kind="sdist",
        size=1,
        sha256="0" * 64,
        md5="0" * 32,
        blake2_256="0" * 64,
        metadata_sha256="0" * 64,
        requires_python="",
        uploaded_at=NOW,
        uploaded_by="ada",
        uploaded_with="test",
        blob=Blob(key=f"files/{filename}", version_id="1"),
    )
    file_item(file).save()
    release_item(Release(project=project, version=version, summary="", created_at=NOW)).save()


def read(client: FlaskClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def parts(client: FlaskClient, path: str, limit: int) -> Iterator[list[dict[str, Any]]]:
    """Follow a list to its end."""
    query: dict[str, Any] = {"limit": limit}
    seen: set[str] = set()
    while True:
        found = read(client, path, **query)
        following = found.pop("next")
        [entries] = found.values()
        yield entries
        if following is None:
            return
        assert following not in seen
        seen.add(following)
        query["cursor"] = following


def whole(client: FlaskClient, path: str, limit: int = 2) -> list[dict[str, Any]]:
    return [entry for part in parts(client, path, limit) for entry in part]


# Projects


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8, 9, 100])
def test_every_project_is_listed_once_in_parts_of_any_size(
    as_: Clients, stores: Stores, limit: int
) -> None:
    names = [f"p{number}" for number in range(8)]
    for name in names[::-1]:
        make_project(stores, name)

    found = list(parts(as_("bob"), PROJECTS, limit))

    assert [project["name"] for part in found for project in part] == names
    assert {len(part) for part in found[:-1]} <= {limit}
    assert 0 < len(found[-1]) <= limit


def test_a_project_is_listed_with_what_is_known_of_it(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    publish(client)
    client.put(f"{DEMO}/status", json={"status": "deprecated", "reason": "use another"})

    [project] = read(client, PROJECTS)["projects"]

    assert project.pop("created_at").endswith("Z")
    assert project == {
        "name": "larder-demo",
        "display_name": "Larder.Demo",
        "visibility": "team",
        "status": "deprecated",
        "status_reason": "use another",
    }


@pytest.fixture
def mixed(stores: Stores) -> list[str]:
    """Twelve projects of which the even ones are hidden from the team; return the others."""
    for number in range(12):
        hidden = number % 2 == 0
        visibility = Visibility.RESTRICTED if hidden else Visibility.TEAM
        make_project(stores, f"{'secret' if hidden else 'open'}{number:02}", visibility)
    return [f"open{number:02}" for number in range(1, 12, 2)]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_hidden_projects_are_neither_listed_nor_named_by_a_cursor(
    as_: Clients, stores: Stores, mixed: list[str], limit: int
) -> None:
    for number in range(9):  # a run of hidden ones between two that are not
        make_project(stores, f"open05-{number}", Visibility.RESTRICTED)
    client = as_("bob")
    listed = [project["name"] for project in whole(client, PROJECTS, limit)]
    found = read(client, PROJECTS, limit=limit)

    assert listed == mixed
    if found["next"]:
        payload = base64.urlsafe_b64decode(found["next"] + "==")
        assert payload.endswith(found["projects"][-1]["name"].encode())


def test_a_role_shows_a_restricted_project(as_: Clients, stores: Stores, mixed: list[str]) -> None:
    role_item(canonicalize_name("secret04"), "bob", ProjectRole.READER).save()
    assert [project["name"] for project in whole(as_("bob"), PROJECTS)] == [*mixed, "secret04"]
    assert len(whole(as_("root", {"read"}, role=AccountRole.ADMIN), PROJECTS)) == 12


def test_a_narrow_token_sees_its_projects_and_the_public_ones(
    as_: Clients, stores: Stores, mixed: list[str]
) -> None:
    make_project(stores, "everybodys", Visibility.PUBLIC)
    client = as_("bob", {"read"}, ("open05", "secret02", "absent"))
    assert [one["name"] for one in whole(client, PROJECTS, 1)] == ["everybodys", "open05"]


def test_a_list_goes_on_though_the_project_of_its_cursor_is_gone(
    as_: Clients, stores: Stores
) -> None:
    for name in "abcd":
        make_project(stores, name)
    client = as_("bob")
    following = read(client, PROJECTS, limit=2)["next"]

    make_project(stores, "b", Visibility.RESTRICTED)

    found = read(client, PROJECTS, limit=2, cursor=following)
    assert [one["name"] for one in found["projects"]] == ["c", "d"]
    assert found["next"] is None


def test_an_empty_index_lists_nothing(as_: Clients) -> None:
    assert read(as_("bob"), PROJECTS) == {"projects": [], "next": None}


def test_a_project_tells_its_latest_version(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    for version in ("1.9", "1.10", "2.0rc1"):
        publish(client, version)

    def latest() -> str:
        found: str = read(client, DEMO)["latest"]
        assert found == client.get("/pypi/larder-demo/json").get_json()["info"]["version"]
        return found

    assert latest() == "1.10"
    client.post(f"{DEMO}/releases/1.10/yank")
    assert latest() == "1.9"
    assert read(client, f"{PROJECTS}/Larder.Demo") == read(client, DEMO)


# Releases and files


@pytest.fixture
def many(as_: Clients, stores: Stores) -> FlaskClient:
    """A reader of a project with eight releases of one file each, and a namesake with others."""
    make_project(stores, "larder-demo")
    make_project(stores, "larder-demo2")
    for number in range(8):
        make_file(NAME, f"1.{number}")
        make_file(canonicalize_name("larder-demo2"), f"2.{number}")
    return as_("bob")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9, 100])
@pytest.mark.parametrize(("kind", "key"), [("releases", "version"), ("files", "filename")])
def test_releases_and_files_are_complete_in_parts_of_any_size(
    many: FlaskClient, kind: str, key: str, limit: int
) -> None:
    found = [entry[key] for entry in whole(many, f"{DEMO}/{kind}", limit)]
    assert len(found) == 8
    assert all(one < other for one, other in pairwise(found))
    versions = {entry["version"] for entry in whole(many, f"{DEMO}/{kind}", limit)}
    assert versions == {f"1.{number}" for number in range(8)}


def test_a_list_has_fifty_entries_where_nothing_else_is_asked_for(
    many: FlaskClient, stores: Stores
) -> None:
    for number in range(52):
        make_file(NAME, f"3.{number}")
    found = read(many, f"{DEMO}/files")
    assert (len(found["files"]), found["next"] is None) == (50, False)
    rest = read(many, f"{DEMO}/files", cursor=found["next"])
    assert (len(rest["files"]), rest["next"]) == (10, None)


def test_a_list_goes_on_though_the_file_of_its_cursor_was_deleted(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    publish(client, "1.0")
    publish(client, "2.0")
    first = read(client, f"{DEMO}/files", limit=2)
    for file in first["files"]:
        assert client.delete(f"{DEMO}/files/{file['filename']}").status_code == 204

    rest = read(client, f"{DEMO}/files", limit=2, cursor=first["next"])

    assert {file["version"] for file in rest["files"]} == {"2.0"}
    assert len(rest["files"]) == 2


def test_a_release_is_described_with_its_files(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    publish(client, "1.0", Summary="A demo")
    publish(client, "2.0")

    release = read(client, f"{DEMO}/releases/1.0.0")

    assert [file["filename"] for file in release["files"]] == [
        make.wheel_name(),
        make.sdist_name(),
    ]
    assert (release["version"], release["summary"]) == ("1.0", "A demo")
    assert (release["yanked"], release["yanked_reason"]) == (False, None)
    [listed, _] = read(client, f"{DEMO}/releases")["releases"]
    assert listed == {key: release[key] for key in ("version", "summary", "created_at")}


def test_a_release_is_yanked_when_all_of_its_files_are(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    publish(client)
    client.post(f"{DEMO}/files/{make.wheel_name()}/yank", json={"reason": "broken"})
    release = read(client, f"{DEMO}/releases/1.0")
    assert (release["yanked"], release["yanked_reason"]) == (False, None)
    assert [file["yanked"] for file in release["files"]] == ["broken", None]

    client.post(f"{DEMO}/files/{make.sdist_name()}/yank")
    release = read(client, f"{DEMO}/releases/1.0")
    assert (release["yanked"], release["yanked_reason"]) == (True, "broken")
    assert [file["yanked"] for file in release["files"]] == ["broken", ""]


def test_a_release_outlives_its_files(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    publish(client)
    for filename in (make.wheel_name(), make.sdist_name()):
        client.delete(f"{DEMO}/files/{filename}")

    release = read(client, f"{DEMO}/releases/1.0")

    assert (release["files"], release["yanked"], release["yanked_reason"]) == ([], False, None)
    assert [one["version"] for one in whole(client, f"{DEMO}/releases")] == ["1.0"]
    assert read(client, DEMO)["latest"] is None


def test_a_file_is_described(as_: Clients) -> None:
    client = as_("ada", MANAGE)
    publish(client, Requires_Python=">=3.9")
    wheel = make.wheel(Requires_Python=">=3.9")

    file = read(client, f"{DEMO}/files/{make.wheel_name()}")

    uploaded = datetime.fromisoformat(file.pop("uploaded_at"))
    assert abs(datetime.now(UTC) - uploaded) < timedelta(minutes=5)
    assert file.pop("uploaded_with").startswith("Werkzeug")
    assert file == {
        "filename": make.wheel_name(),
        "version": "1.0",
        "kind": "bdist_wheel",
        "size": len(wheel),
        "sha256": hashlib.sha256(wheel).hexdigest(),
        "md5": hashlib.md5(wheel).hexdigest(),  # noqa: S324 - as the upload API has it
        "blake2b_256": hashlib.blake2b(wheel, digest_size=32).hexdigest(),
        "requires_python": ">=3.9",
        "uploaded_by": "ada",
        "yanked": None,
        "url": f"http://localhost/files/larder-demo/{make.wheel_name()}",
    }
    assert client.get(file["url"]).status_code == 302
    listed = {one["filename"]: one for one in whole(client, f"{DEMO}/files")}
    assert listed[make.wheel_name()] == read(client, f"{DEMO}/files/{make.wheel_name()}")
    assert listed[make.sdist_name()]["requires_python"] is None


@pytest.mark.parametrize(
    "path",
    [
        "releases/9.9",
        "releases/none",
        "releases/" + "9" * 6000,
        "releases/" + "\N{ARABIC-INDIC DIGIT ONE}" * 250,
        "files/absent-1.0.tar.gz",
        "files/" + "x" * 3000,
    ],
)
def test_what_is_not_there_is_not_found(as_: Clients, path: str) -> None:
    client = as_("ada")
    publish(client)
    answer = client.get(f"{DEMO}/{path}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")


# Roles and tokens


def test_roles_are_listed_for_those_who_may_ask_for_one(as_: Clients) -> None:
    owner = as_("ada", MANAGE)
    publish(owner)
    roles = [{"user": "ada", "role": "owner"}]
    for number in range(5):
        as_(f"m{number}")
        owner.put(f"{DEMO}/roles/m{number}", json={"role": "reader"})
        roles.append({"user": f"m{number}", "role": "reader"})

    assert whole(owner, f"{DEMO}/roles") == roles
    assert read(as_("m1", MANAGE), f"{DEMO}/roles") == {"roles": roles, "next": None}
    assert as_("m1", {"upload"}).get(f"{DEMO}/roles").status_code == 403
    stranger = as_("eve", MANAGE)
    assert stranger.get(f"{DEMO}/roles").status_code == 403
    assert stranger.get(f"{DEMO}/roles/ada").status_code == 403


def test_tokens_are_listed_in_parts_and_only_ones_own(as_: Clients) -> None:
    for _ in range(7):
        as_("ada")
    as_("ada-2")
    client = as_("ada", MANAGE)
    found = [token["id"] for token in whole(client, "/api/v1/tokens", 3)]
    assert len(found) == len(set(found)) == 8
    assert found == [token["id"] for token in read(client, "/api/v1/tokens")["tokens"]]


# Who may look


BELOW = ("", "/releases", "/releases/1.0", "/files", f"/files/{make.wheel_name()}")


def test_who_may_not_read_a_project_learns_no_more_than_that_of_an_absent_one(
    as_: Clients, stores: Stores
) -> None:
    publish(as_("ada"))
    make_project(stores, "Larder.Demo", Visibility.RESTRICTED)
    for client in (as_("bob", MANAGE), as_("ada", {"read"}, ("other",))):
        for path in (*BELOW, "/roles"):
            hidden = client.get(f"{DEMO}{path}")
            absent = client.get(f"{PROJECTS}/larder-demo9{path}")
            assert (hidden.status_code, absent.status_code) == (404, 404)
            assert hidden.text == absent.text.replace("larder-demo9", "larder-demo")


@pytest.mark.parametrize("visibility", [Visibility.TEAM, Visibility.PUBLIC])
def test_without_a_credential_nothing_is_listed(
    as_: Clients, stores: Stores, client: FlaskClient, visibility: Visibility
) -> None:
    publish(as_("ada"))
    make_project(stores, "Larder.Demo", visibility)
    for path in (PROJECTS, *(f"{DEMO}{path}" for path in (*BELOW, "/roles"))):
        assert client.get(path).status_code == 401, path


def test_a_token_for_reading_reads_everything_but_roles_and_tokens(as_: Clients) -> None:
    publish(as_("ada"))
    reader = as_("bob", {"read"})
    for path in (PROJECTS, *(f"{DEMO}{path}" for path in BELOW)):
        assert reader.get(path).status_code == 200, path
    assert reader.get("/api/v1/tokens").status_code == 403


def test_what_a_quarantined_project_holds_is_for_its_maintainers(as_: Clients) -> None:
    owner, reader = as_("ada", MANAGE), as_("bob")
    publish(owner)
    owner.put(f"{DEMO}/status", json={"status": "quarantined", "reason": "malware"})

    [listed] = read(reader, PROJECTS)["projects"]
    assert (listed["status"], listed["status_reason"]) == ("quarantined", "malware")
    assert read(reader, DEMO)["latest"] is None
    for path in BELOW[1:]:
        refused = reader.get(f"{DEMO}{path}")
        assert (refused.status_code, "quarantined" in refused.text) == (403, True)
        assert owner.get(f"{DEMO}{path}").status_code == 200

    as_("carol")
    owner.put(f"{DEMO}/roles/carol", json={"role": "uploader"})
    assert as_("carol").get(f"{DEMO}/files").status_code == 403
    owner.put(f"{DEMO}/roles/carol", json={"role": "maintainer"})
    assert len(read(as_("carol"), f"{DEMO}/files")["files"]) == 2
    assert as_("root", {"read"}, role=AccountRole.ADMIN).get(f"{DEMO}/files").status_code == 200


def test_a_maintainers_token_for_something_else_sees_no_quarantined_files(
    as_: Clients, stores: Stores
) -> None:
    owner = as_("ada", MANAGE)
    publish(owner)
    make_project(stores, "Larder.Demo", Visibility.PUBLIC)
    owner.put(f"{DEMO}/status", json={"status": "quarantined"})
    assert as_("ada", MANAGE, ("other",)).get(f"{DEMO}/files").status_code == 403


# Wrong questions


LISTS = (PROJECTS, f"{DEMO}/releases", f"{DEMO}/files", f"{DEMO}/roles", "/api/v1/tokens")


@pytest.fixture
def owner(as_: Clients, stores: Stores) -> FlaskClient:
    """Somebody for whom each list has at least two entries."""
    client = as_("ada", MANAGE)
    as_("bob")
    for name in ("Larder.Demo", "Larder.Demo2"):
        project = make_project(stores, name)
        for account in ("ada", "bob"):
            role_item(project, account, ProjectRole.OWNER).save()
        for version in ("1.0", "2.0", "3.0"):
            make_file(project, version)
    as_("ada")
    return client


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_out_of_bounds_is_refused(owner: FlaskClient, path: str) -> None:
    for limit in ("0", "-1", "101", "", "x", "1.5", "1e2", "+5", "٣", "9" * 5000):
        answer = owner.get(path, query_string={"limit": limit})
        assert answer.status_code == 400, limit
        assert "from 1 to 100" in answer.get_json()["detail"]


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_is_none_is_refused(owner: FlaskClient, path: str) -> None:
    for text in ("", "null", "AAAA", "=", "%00", "\x00", "é", "A" * 100_000, "eyJwayI6ICJ4In0"):
        answer = owner.get(path, query_string={"cursor": text})
        assert answer.status_code == 400, text
        assert "leave it out" in answer.get_json()["detail"]


def test_bytes_that_are_no_text_are_no_cursor(owner: FlaskClient) -> None:
    for query in ("cursor=%ff%fe", "limit=%ff"):
        assert owner.get(f"{PROJECTS}?{query}").status_code == 400


def test_a_cursor_leads_on_in_its_own_list_alone(owner: FlaskClient, as_: Clients) -> None:
    lists = (*LISTS, f"{PROJECTS}/larder-demo2/files", f"{PROJECTS}/larder-demo2/releases")
    given = {path: read(owner, path, limit=1)["next"] for path in lists}
    assert len(set(given.values())) == len(lists)
    for path in lists:
        for origin, text in given.items():
            answer = owner.get(path, query_string={"cursor": text})
            assert answer.status_code == (200 if origin == path else 400), (path, origin)
    stolen = as_("bob", MANAGE).get("/api/v1/tokens", query_string={"cursor": given[LISTS[-1]]})
    assert stolen.status_code == 400


@pytest.mark.parametrize("after", ["~", "\x00", "zz#file#y", "é" * 200, "larder_demo2-1.0.tar.gz"])
def test_a_forged_cursor_starts_the_same_list_elsewhere_and_no_more(
    owner: FlaskClient, after: str
) -> None:
    places = {
        PROJECTS: "projects",
        f"{DEMO}/files": "project#larder-demo file#",
        f"{DEMO}/releases": "project#larder-demo release#",
        f"{DEMO}/roles": "project#larder-demo role#",
        "/api/v1/tokens": "account#ada token#",
    }
    for path, place in places.items():
        all_of_it = whole(owner, path, 100)
        found = read(owner, path, cursor=cursor.encode(place, after))
        found.pop("next")
        [entries] = found.values()
        assert [entry for entry in all_of_it if entry in entries] == entries, path


def test_the_links_name_the_index_as_its_operator_does(
    owner: FlaskClient, app: Flask, stores: Stores
) -> None:
    import dataclasses

    context = app.extensions["larder"]
    app.extensions["larder"] = dataclasses.replace(
        context,
        config=dataclasses.replace(context.config, public_url="https://packages.example.com"),
    )
    [file, *_] = read(owner, f"{DEMO}/files")["files"]
    assert file["url"].startswith("https://packages.example.com/files/larder-demo/larder_demo-1.0")
