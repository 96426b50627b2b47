"""Reading pages of the Simple API."""

import dataclasses
import gzip
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name
from werkzeug.test import TestResponse

from app.config import Config
from app.domain.project import Project, ProjectRole, Visibility
from app.factory import create_app
from app.features.pages import service as pages
from app.features.simple import service
from app.models.base import LarderItem
from app.store.projects import project_item, role_item
from app.store.stores import Stores, open_stores
from tests import make, make_attestations
from tests.aws import counted

Clients = Callable[..., FlaskClient]

V1 = "application/vnd.pypi.simple.v1"
PIP = f"{V1}+json, {V1}+html; q=0.1, text/html; q=0.01"
DEMO = "/simple/larder-demo/"


def publish(client: FlaskClient, *versions: str) -> None:
    for version in versions or ("1.0",):
        answer = client.post(
            "/legacy/", data=make.form(make.wheel(version=version), release=version)
        )
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PIP, f"{V1}+json"),
        (f"{V1}+json, */*;q=0.1", f"{V1}+json"),
        ("*/*", "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        (f"{V1}+html", f"{V1}+html"),
        ("application/vnd.pypi.simple.latest+json", f"{V1}+json"),
        ("application/vnd.pypi.simple.latest+html", f"{V1}+html"),
        (f"{V1}+json;q=0.2, text/html;q=0.5", "text/html; charset=utf-8"),
        (f"text/html;q=0, {V1}+json;q=0.1", f"{V1}+json"),
    ],
)
@pytest.mark.parametrize("path", ["/simple/", DEMO])
def test_the_client_gets_the_type_it_likes_best(
    as_: Clients, path: str, accept: str, expected: str
) -> None:
    client = as_()
    publish(client)
    answer = client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, expected)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("accept", ["image/png", "application/json", f"{V1}+json;q=0"])
def test_a_client_that_takes_no_representation_is_told_which_there_are(
    as_: Clients, accept: str
) -> None:
    answer = as_().get("/simple/", headers={"Accept": accept})
    assert answer.status_code == 406
    assert f"{V1}+json" in answer.text


def test_the_format_in_the_url_wins(as_: Clients) -> None:
    answer = as_().get("/simple/", query_string={"format": f"{V1}+json"})
    assert answer.headers["Content-Type"] == f"{V1}+json"
    assert as_().get("/simple/?format=text/plain").status_code == 406


@pytest.mark.parametrize("spelling", ["Larder.Demo", "larder_demo", "LARDER-DEMO"])
def test_every_spelling_leads_to_the_normal_form(as_: Clients, spelling: str) -> None:
    answer = as_().get(f"/simple/{spelling}/?format=x")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{DEMO}?format=x")


def test_a_missing_slash_leads_to_the_page(as_: Clients) -> None:
    answer = as_().get("/simple/larder-demo")
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith(DEMO)


def test_posting_to_a_page_is_not_allowed(as_: Clients) -> None:
    for path in ("/simple/", DEMO):
        answer = as_().post(path)
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/simple/", DEMO])
@pytest.mark.parametrize("accept", [f"{V1}+json", "text/html"])
def test_an_unchanged_page_is_not_sent_again(
    app: Flask, as_: Clients, path: str, accept: str
) -> None:
    client = as_()
    publish(client)
    # Until then the list for mirrors is still settling.
    context = app.extensions["larder"]
    later = datetime.now(UTC) + timedelta(minutes=2)
    app.extensions["larder"] = dataclasses.replace(context, clock=lambda: later)
    first = client.get(path, headers={"Accept": accept})

    for tag in (
        first.headers["ETag"],
        f'"x", {first.headers["ETag"]}',
        f"W/{first.headers['ETag']}",
        "*",
    ):
        again = client.get(path, headers={"Accept": accept, "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
        assert again.headers["Vary"] == first.headers["Vary"]
        assert again.headers["X-PyPI-Last-Serial"] == first.headers["X-PyPI-Last-Serial"]


def test_a_changed_page_is_sent_again(as_: Clients) -> None:
    client = as_()
    publish(client)
    tag = client.get(DEMO).headers["ETag"]
    publish(client, "2.0")

    answer = client.get(DEMO, headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert b"larder_demo-2.0" in answer.data


def test_each_representation_has_a_validator_of_its_own(as_: Clients) -> None:
    client = as_()
    publish(client)
    tags = {
        client.get(DEMO, headers={"Accept": accept, "Accept-Encoding": encoding}).headers["ETag"]
        for accept in (f"{V1}+json", f"{V1}+html", "text/html")
        for encoding in ("gzip", "identity")
    }
    assert len(tags) == 6


def test_a_page_is_sent_compressed_to_those_who_take_it(as_: Clients) -> None:
    client = as_()
    publish(client)
    plain = client.get(DEMO)
    packed = client.get(DEMO, headers={"Accept-Encoding": "gzip, deflate"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers


def test_a_page_too_large_to_be_sent_uncompressed_says_how_to_ask(
    stores: Stores, as_: Clients, mint: Callable[..., str]
) -> None:
    """Lambda would make a 502 of it."""
    publish(as_())
    size = len(as_().get(DEMO).data)
    headers = {"Authorization": f"Bearer {mint()}"}

    def answer(most: int, coding: str) -> TestResponse:
        config = Config.from_env({"LARDER_ANSWER_BYTES": str(most)})
        asked = headers | {"Accept-Encoding": coding}
        return create_app(config, stores).test_client().get(DEMO, headers=asked)

    assert answer(size, "identity").status_code == 200
    assert answer(size - 1, "gzip").status_code == 200
    refused = answer(size - 1, "identity")
    assert (refused.status_code, "--compressed" in refused.text) == (406, True)


def test_head_tells_what_get_would(as_: Clients) -> None:
    client = as_()
    publish(client)
    head, get = client.head(DEMO), client.get(DEMO)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    ("limits", "place"),
    [
        ({"LARDER_INLINE_PAGE_BYTES": "100000"}, "inline"),
        ({"LARDER_INLINE_PAGE_BYTES": "1"}, "item"),
        ({"LARDER_INLINE_PAGE_BYTES": "1", "LARDER_ITEM_PAGE_BYTES": "1"}, "blob"),
    ],
)
def test_a_page_reads_the_same_wherever_it_lies(
    aws: None, mint: Callable[..., str], limits: dict[str, str], place: str
) -> None:
    config = Config.from_env(limits)
    stores = open_stores(config)
    client = create_app(config, stores).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint()}"

    publish(client, "1.0", "2.0", "3.0")

    head = stores.pages.head(canonicalize_name("larder-demo"))
    assert head is not None
    for ref in head.pages.values():
        assert getattr(ref, place) is not None
    found = json.loads(client.get(DEMO, headers={"Accept": PIP}).data)
    assert found["versions"] == ["1.0", "2.0", "3.0"]


def test_replaced_pages_are_removed(aws: None, mint: Callable[..., str]) -> None:
    config = Config.from_env({"LARDER_INLINE_PAGE_BYTES": "1"})
    stores = open_stores(config)
    client = create_app(config, stores).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint()}"
    publish(client, "1.0", "2.0", "3.0")

    assert pages_left() == 2


def test_pages_that_were_replaced_by_many_at_once_are_removed_too(
    aws: None, mint: Callable[..., str]
) -> None:
    config = Config.from_env({"LARDER_INLINE_PAGE_BYTES": "1"})
    app, token = create_app(config, open_stores(config)), mint()

    def upload(version: str) -> None:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        publish(client, version)

    threads = [threading.Thread(target=upload, args=(f"1.{n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert pages_left() == 2


def pages_left() -> int:
    found = LarderItem.query("project#larder-demo", LarderItem.sk.startswith("page#"))
    return len(list(found))


def test_a_reader_follows_a_page_that_was_replaced_meanwhile(
    aws: None, mint: Callable[..., str]
) -> None:
    from app.domain.pages import Format

    config = Config.from_env({"LARDER_INLINE_PAGE_BYTES": "1"})
    stores = open_stores(config)
    client = create_app(config, stores).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint()}"
    project = canonicalize_name("larder-demo")
    publish(client)
    head = stores.pages.head(project)
    assert head is not None
    old = head.pages[Format.JSON]
    publish(client, "2.0")

    ref, body = service.load(project, Format.JSON, old, stores=stores)

    assert ref != old
    assert json.loads(gzip.decompress(body))["versions"] == ["1.0", "2.0"]


def test_a_slow_writer_never_replaces_a_newer_page(as_: Clients, stores: Stores) -> None:
    from app.domain.pages import Format, pack
    from app.domain.pieces import Edition

    client, project = as_(), canonicalize_name("larder-demo")
    publish(client)
    old_head = stores.pages.head(project)
    assert old_head is not None
    publish(client, "2.0")
    stale = Edition(pages={form: pack(b"stale") for form in Format})

    record = stores.projects.get(project)
    assert record is not None
    stores.pages.publish(old_head, record, stale)

    assert b"larder_demo-2.0" in client.get(DEMO).data


def test_without_a_credential_everything_looks_the_same(client: FlaskClient, as_: Clients) -> None:
    publish(as_())
    answers = [client.get(path) for path in (DEMO, "/simple/absent/", "/simple/")]
    assert {(a.status_code, a.text) for a in answers} == {(401, answers[0].text)}
    assert all(a.headers["WWW-Authenticate"].startswith("Basic") for a in answers)


def test_an_absent_project_is_not_found(as_: Clients) -> None:
    answer = as_().get("/simple/absent/")
    assert (answer.status_code, "no project 'absent'" in answer.text) == (404, True)


def change_visibility(stores: Stores, visibility: Visibility) -> None:
    project = Project(
        name=canonicalize_name("larder-demo"),
        display_name="Larder.Demo",
        visibility=visibility,
        created_at=datetime.now(UTC),
    )
    project_item(project).save()
    pages.refresh(project.name, stores=stores)


def test_a_restricted_project_is_hidden_from_the_team(as_: Clients, stores: Stores) -> None:
    publish(as_("ada"))
    change_visibility(stores, Visibility.RESTRICTED)
    bob = as_("bob")

    hidden, absent = bob.get(DEMO), bob.get("/simple/larder-demo2/")

    assert hidden.status_code == 404
    assert hidden.text == absent.text.replace("larder-demo2", "larder-demo")
    assert b"larder-demo" not in bob.get("/simple/").data
    assert b"larder-demo" in as_("ada").get("/simple/").data
    assert as_("ada").get(DEMO).status_code == 200


def test_a_reader_of_a_restricted_project_sees_it(as_: Clients, stores: Stores) -> None:
    publish(as_("ada"))
    change_visibility(stores, Visibility.RESTRICTED)
    role_item(canonicalize_name("larder-demo"), "bob", ProjectRole.READER).save()
    assert as_("bob").get(DEMO).status_code == 200
    assert b"larder-demo" in as_("bob").get("/simple/").data


def test_an_opened_project_needs_no_credential(
    as_: Clients, stores: Stores, client: FlaskClient
) -> None:
    publish(as_("ada"))
    change_visibility(stores, Visibility.PUBLIC)
    assert client.get(DEMO).status_code == 200
    assert client.get(f"/files/larder-demo/{make.wheel_name()}").status_code == 302


def test_a_narrow_token_sees_only_its_projects(as_: Clients) -> None:
    publish(as_("ada"))
    narrow = as_("ada", {"read"}, ("other",))
    assert narrow.get(DEMO).status_code == 404
    assert json.loads(narrow.get("/simple/", headers={"Accept": PIP}).data)["projects"] == []


def test_lists_are_complete_though_they_come_in_pages_of_three(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    versions = [f"1.{n}" for n in range(8)]
    publish(client, *versions)
    for number in range(8):
        project = Project(
            name=canonicalize_name(f"p{number}"),
            display_name="p",
            visibility=Visibility.TEAM,
            created_at=datetime.now(UTC),
        )
        project_item(project).save()

    assert json.loads(client.get(DEMO, headers={"Accept": PIP}).data)["versions"] == versions
    listed = json.loads(client.get("/simple/", headers={"Accept": PIP}).data)["projects"]
    assert len(listed) == 9


def test_a_page_costs_one_call_to_the_database_and_making_it_five(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    publish(client)
    tag = client.get(DEMO).headers["ETag"]
    with counted() as calls:
        client.get(DEMO)
        assert calls == ["BatchGetItem"]
        client.get(DEMO, headers={"If-None-Match": tag})
        client.get(f"/files/larder-demo/{make.wheel_name()}")
        client.get(f"/files/larder-demo/{make.wheel_name()}.metadata")
        assert calls == ["BatchGetItem"] * 4

    with counted() as calls:
        pages.refresh(canonicalize_name("larder-demo"), stores=stores)
    assert calls == ["UpdateItem", "UpdateItem", "PutItem", "Query", "UpdateItem"]


def test_attested_files_link_to_their_provenance_where_the_index_knows_its_address(
    stores: Stores, config: Config, mint: Callable[..., str]
) -> None:
    known = dataclasses.replace(config, public_url="https://index.example")
    app = create_app(known, open_stores(known))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint()}"
    archive = make.wheel()
    stated = make_attestations.text(archive, make.wheel_name())
    client.post("/legacy/", data=make.form(archive, attestations=stated))
    client.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))

    page = client.get("/simple/larder-demo/?format=application/vnd.pypi.simple.v1%2Bjson").json
    assert page is not None
    link = f"https://index.example/integrity/larder-demo/1.0/{make.wheel_name()}/provenance"
    assert [file.get("provenance") for file in page["files"]] == [link, None]
    assert f'data-provenance="{link}"' in client.get("/simple/larder-demo/").text
    assert client.get(link.removeprefix("https://index.example")).status_code == 200


def test_an_index_that_does_not_know_its_address_does_not_tell_where_provenance_is(
    as_: Clients,
) -> None:
    client, archive = as_(), make.wheel()
    stated = make_attestations.text(archive, make.wheel_name())
    client.post("/legacy/", data=make.form(archive, attestations=stated))

    assert "provenance" not in client.get("/simple/larder-demo/").text
