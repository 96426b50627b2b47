"""Managing projects: yanking, deleting, status, roles."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.account import AccountRole
from app.models.event import EventItem
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
API = "/api/v1/projects/larder-demo"
WHEEL = make.wheel_name()
MANAGE = {"manage"}


def publish(client: FlaskClient, version: str = "1.0") -> None:
    wheel, sdist = make.wheel(version=version), make.sdist(version=version)
    for form in (
        make.form(wheel, release=version),
        make.form(sdist, make.sdist_name(version=version), release=version),
    ):
        answer = client.post("/legacy/", data=form)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def owner(as_: Clients) -> FlaskClient:
    """A client that owns a project with two releases of two files each."""
    client = as_("ada", MANAGE)
    publish(client, "1.0")
    publish(client, "2.0")
    return client


def page(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.get("/simple/larder-demo/", headers=JSON).data)
    return found


def yanked(client: FlaskClient) -> dict[str, Any]:
    return {file["filename"]: file["yanked"] for file in page(client)["files"] if file["yanked"]}


def events(action: str) -> list[dict[str, str]]:
    found = EventItem.query("project#larder-demo", EventItem.sk.startswith("event#"))
    return [item.facts for item in found if item.action == action]


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "1"])
def test_a_release_is_yanked_with_its_reason_and_back(owner: FlaskClient, version: str) -> None:
    path = f"{API}/releases/{version}/yank"

    assert owner.post(path, json={"reason": "broken"}).status_code == 204
    assert yanked(owner) == {WHEEL: "broken", make.sdist_name(): "broken"}
    assert len(page(owner)["files"]) == 4

    assert owner.delete(path).status_code == 204
    assert yanked(owner) == {}


def test_one_file_is_yanked_and_back(owner: FlaskClient) -> None:
    path = f"{API}/files/{WHEEL}/yank"
    assert owner.post(path).status_code == 204
    assert yanked(owner) == {WHEEL: True}
    assert owner.delete(path).status_code == 204
    assert yanked(owner) == {}


def test_yanking_again_changes_nothing_and_is_recorded_once(owner: FlaskClient) -> None:
    for _ in range(3):
        owner.post(f"{API}/files/{WHEEL}/yank", json={"reason": "broken"})
    (event,) = events("file.yanked")
    assert (event["filename"], event["reason"]) == (WHEEL, "broken")


def test_a_yanked_file_stays_downloadable(owner: FlaskClient) -> None:
    owner.post(f"{API}/files/{WHEEL}/yank")
    assert owner.get(f"/files/larder-demo/{WHEEL}").status_code == 302


def test_a_deleted_file_is_gone_and_its_name_taken_for_ever(
    owner: FlaskClient, stores: Stores
) -> None:
    assert owner.delete(f"{API}/files/{WHEEL}").status_code == 204

    assert WHEEL not in str(page(owner))
    assert owner.get(f"/files/larder-demo/{WHEEL}").status_code == 404
    assert owner.get(f"/files/larder-demo/{WHEEL}.metadata").status_code == 404
    again = owner.post("/legacy/", data=make.form(make.wheel()))
    assert (again.status_code, "existed before" in again.text) == (409, True)
    other = owner.post("/legacy/", data=make.form(make.wheel(Summary="x")))
    assert other.status_code == 409
    assert owner.delete(f"{API}/files/{WHEEL}").status_code == 404
    assert len(events("file.deleted")) == 1


def test_the_bytes_of_a_deleted_file_can_be_restored(owner: FlaskClient, stores: Stores) -> None:
    from packaging.utils import canonicalize_name

    file = stores.files.get(canonicalize_name("larder-demo"), WHEEL)
    assert file is not None
    owner.delete(f"{API}/files/{WHEEL}")
    assert stores.blobs.read(file.blob) == make.wheel()


def test_to_delete_what_is_deleted_changes_nothing(owner: FlaskClient) -> None:
    assert owner.delete(f"{API}/files/{WHEEL}").status_code == 204
    before = owner.get("/simple/larder-demo/").headers["X-PyPI-Last-Serial"]

    assert owner.delete(f"{API}/files/{WHEEL}").status_code == 404
    assert owner.get("/simple/larder-demo/").headers["X-PyPI-Last-Serial"] == before


@pytest.mark.parametrize("status", ["archived", "quarantined"])
def test_a_finished_project_takes_no_files(owner: FlaskClient, status: str) -> None:
    answer = owner.put(f"{API}/status", json={"status": status, "reason": "because"})
    assert answer.get_json() == {"project": "larder-demo", "status": status, "reason": "because"}

    refused = owner.post("/legacy/", data=make.form(make.wheel(version="3.0"), release="3.0"))

    assert (refused.status_code, f"is {status}" in refused.text) == (403, True)
    assert page(owner)["project-status"] == {"status": status, "reason": "because"}


def test_a_quarantined_project_offers_nothing(owner: FlaskClient) -> None:
    owner.put(f"{API}/status", json={"status": "quarantined", "reason": "<malware>"})

    assert owner.get("/simple/larder-demo/").status_code == 200
    assert page(owner)["files"] == page(owner)["versions"] == []
    html = owner.get("/simple/larder-demo/").text
    assert '<meta name="pypi:project-status" content="quarantined">' in html
    assert '<meta name="pypi:project-status-reason" content="&lt;malware&gt;">' in html
    for path in (WHEEL, f"{WHEEL}.metadata"):
        assert owner.get(f"/files/larder-demo/{path}").status_code == 403


def test_an_active_project_is_as_before(owner: FlaskClient) -> None:
    before = page(owner)
    for status in ("quarantined", "deprecated", "active"):
        assert owner.put(f"{API}/status", json={"status": status}).status_code == 200
    assert page(owner) == before
    assert len(events("project.status")) == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("status", {"status": "gone"}),
        ("status", {}),
        ("status", {"status": 7}),
        ("status", {"status": "active", "reason": "a\nb"}),
        ("status", {"status": "active", "reason": "x" * 501}),
        ("roles/bob", {"role": "king"}),
        ("roles/bob", {}),
        ("roles/nobody", {"role": "reader"}),
    ],
)
def test_a_wrong_body_is_refused_with_its_reason(
    owner: FlaskClient, path: str, body: dict[str, Any]
) -> None:
    answer = owner.put(f"{API}/{path}", json=body)
    assert answer.status_code == 400
    assert "must be" in answer.text or "no account" in answer.text


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 50_000, b'"x"'])
def test_a_body_that_is_no_object_is_refused(owner: FlaskClient, body: bytes) -> None:
    assert owner.put(f"{API}/status", data=body).status_code == 400


def test_an_endless_body_is_refused(owner: FlaskClient) -> None:
    assert owner.put(f"{API}/status", data=b" " * 100_000).status_code == 413


def test_what_is_not_there_is_not_found(owner: FlaskClient) -> None:
    for path in (
        "/api/v1/projects/absent/releases/1.0/yank",
        f"{API}/releases/9.9/yank",
        f"{API}/releases/{'9' * 6000}/yank",
        f"{API}/files/absent-1.0.tar.gz/yank",
        f"{API}/files/{'x' * 3000}/yank",
    ):
        assert owner.post(path).status_code == 404


def test_an_uploader_may_publish_but_not_yank(owner: FlaskClient, as_: Clients) -> None:
    bob = as_("bob", MANAGE)
    assert bob.post(f"{API}/releases/1.0/yank").status_code == 403
    assert owner.put(f"{API}/roles/bob", json={"role": "uploader"}).status_code == 200

    publish(bob, "3.0")

    refused = bob.post(f"{API}/releases/1.0/yank")
    assert (refused.status_code, "larder-demo" in refused.text) == (403, True)
    owner.put(f"{API}/roles/bob", json={"role": "maintainer"})
    assert bob.post(f"{API}/releases/1.0/yank").status_code == 204
    assert bob.delete(f"{API}/files/{WHEEL}").status_code == 403
    assert bob.put(f"{API}/roles/bob", json={"role": "owner"}).status_code == 403


def test_a_token_for_publishing_does_not_manage(owner: FlaskClient, as_: Clients) -> None:
    answer = as_("ada", {"upload"}).post(f"{API}/releases/1.0/yank")
    assert (answer.status_code, "not for manage" in answer.text) == (403, True)


def test_a_token_for_another_project_does_not_manage_this_one(
    owner: FlaskClient, as_: Clients
) -> None:
    assert as_("ada", MANAGE, ("other",)).post(f"{API}/releases/1.0/yank").status_code == 404


def test_without_a_credential_nothing_is_managed(owner: FlaskClient, client: FlaskClient) -> None:
    answers = [
        client.post(f"{API}/releases/1.0/yank"),
        client.delete(f"{API}/files/{WHEEL}"),
        client.put(f"{API}/status", json={"status": "archived"}),
        client.put(f"{API}/roles/bob", json={"role": "owner"}),
        client.get(f"{API}/roles/ada"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert page(owner)["files"]


def test_an_admin_manages_every_project(owner: FlaskClient, as_: Clients) -> None:
    root = as_("root", {"admin"}, role=AccountRole.ADMIN)
    assert root.post(f"{API}/releases/1.0/yank").status_code == 204
    assert root.delete(f"{API}/files/{WHEEL}").status_code == 204


def test_roles_are_told_and_taken_away(owner: FlaskClient, as_: Clients) -> None:
    as_("bob")
    owner.put(f"{API}/roles/bob", json={"role": "reader"})
    assert owner.get(f"{API}/roles/bob").get_json()["role"] == "reader"
    for _ in range(2):
        assert owner.delete(f"{API}/roles/bob").status_code == 204
    assert owner.get(f"{API}/roles/bob").get_json()["role"] is None
    assert len(events("project.role")) == 2


def test_the_last_owner_cannot_leave(owner: FlaskClient, as_: Clients) -> None:
    as_("bob")
    for attempt in (
        owner.delete(f"{API}/roles/ada"),
        owner.put(f"{API}/roles/ada", json={"role": "reader"}),
    ):
        assert (attempt.status_code, "last owner" in attempt.text) == (409, True)

    owner.put(f"{API}/roles/bob", json={"role": "owner"})

    assert owner.delete(f"{API}/roles/ada").status_code == 204
    assert owner.delete(f"{API}/roles/bob").status_code == 403


def test_two_owners_leaving_at_once_leave_one(owner: FlaskClient, as_: Clients) -> None:
    import threading

    bob = as_("bob", MANAGE)
    owner.put(f"{API}/roles/bob", json={"role": "owner"})
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda c=c, n=n: answers.append(c.delete(f"{API}/roles/{n}").status_code)
        )
        for c, n in ((owner, "ada"), (bob, "bob"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 409]
