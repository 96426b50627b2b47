"""The list of all projects: kept until one of them changes, and right for each of its readers."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.account import AccountRole
from app.domain.names import NormalizedName
from app.domain.project import Project, ProjectRole, Visibility
from app.store.failures import ServiceError
from app.store.projects import project_item, role_item
from app.store.stores import Stores
from tests import make
from tests.aws import between, counted

Clients = Callable[..., FlaskClient]
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def add(name: str, visibility: Visibility = Visibility.TEAM, reader: str | None = None) -> None:
    """Add a project; nobody is told."""
    project = NormalizedName(name)
    now = datetime.now(UTC)
    project_item(
        Project(name=project, display_name=name, visibility=visibility, created_at=now)
    ).save()
    if reader:
        role_item(project, reader, ProjectRole.READER).save()


def names(client: FlaskClient) -> list[str]:
    answer = client.get("/simple/", headers=JSON)
    assert answer.status_code == 200, answer.text
    return [project["name"] for project in json.loads(answer.data)["projects"]]


def wait(app: Flask, seconds: float) -> None:
    context, moment = app.extensions["larder"], datetime.now(UTC) + timedelta(seconds=seconds)
    app.extensions["larder"] = dataclasses.replace(context, clock=lambda: moment)


def test_the_list_is_read_once_for_all_readers(app: Flask, as_: Clients, stores: Stores) -> None:
    add("a")
    stores.projects.announce()
    ada, bob = as_("ada"), as_("bob")
    wait(app, 0)
    with counted() as calls:
        assert names(ada) == ["a"]
        first = list(calls)
        for client in (ada, bob, ada):
            assert names(client) == ["a"]
            assert client.get("/simple/").status_code == 200

    assert first == ["BatchGetItem", "Query"]
    assert calls == [*first, *["BatchGetItem"] * 6]


def test_what_another_process_announces_is_listed_at_once(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    client = as_()
    stores.projects.announce()
    wait(app, 0)
    assert names(client) == []
    add("a")
    stores.projects.announce()
    assert names(client) == ["a"]


def test_what_is_published_is_listed_at_once(app: Flask, as_: Clients) -> None:
    client = as_()
    wait(app, 0)
    for version in ("1.0", "2.0"):
        client.post("/legacy/", data=make.form(make.wheel(version=version), release=version))
        assert names(client) == ["larder-demo"]


def test_what_the_index_of_the_table_shows_late_is_listed_soon(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    client = as_()
    stores.projects.announce()
    wait(app, 0)
    assert names(client) == []
    add("a")  # announced before it could be seen
    assert names(client) == []
    wait(app, 2)
    assert names(client) == ["a"]


def test_what_was_never_announced_is_listed_in_the_end(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    client = as_()
    stores.projects.announce()
    for seconds in (0, 3):
        wait(app, seconds)
        assert names(client) == []
    add("a")
    wait(app, 32)
    assert names(client) == []
    wait(app, 33)
    assert names(client) == ["a"]


def test_without_a_mark_nothing_is_kept(app: Flask, as_: Clients) -> None:
    client = as_()
    wait(app, 0)
    assert names(client) == []
    add("a")
    assert names(client) == ["a"]


def test_a_change_while_the_list_is_being_read_is_not_overlooked(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    client = as_()
    stores.projects.announce()
    wait(app, 0)
    changed: list[str] = []

    def change(operation: str, _: dict[str, Any], send: Callable[[], Any]) -> Any:
        answer = send()
        if operation == "Query" and not changed:
            changed.append(operation)
            add("a")
            stores.projects.announce()
        return answer

    with between(change):
        assert names(client) == []
    assert names(client) == ["a"]


def test_a_list_that_could_not_be_read_is_read_again(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    client = as_()
    stores.projects.announce()
    wait(app, 0)
    assert names(client) == []
    add("a")
    stores.projects.announce()

    def fail(operation: str, _: dict[str, Any], send: Callable[[], Any]) -> Any:
        if operation == "Query":
            raise ServiceError("away", code=None, operation=operation)
        return send()

    with between(fail):
        assert client.get("/simple/").status_code == 503
    assert names(client) == ["a"]


def test_readers_of_one_list_see_each_what_is_theirs(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    stores.projects.announce()
    add("open")
    add("adas", Visibility.RESTRICTED, reader="ada")
    add("bobs", Visibility.RESTRICTED, reader="bob")
    add("world", Visibility.PUBLIC)
    readers = {
        as_("ada"): ["adas", "open", "world"],
        as_("bob"): ["bobs", "open", "world"],
        as_("eve"): ["open", "world"],
        as_("root", role=AccountRole.ADMIN): ["adas", "bobs", "open", "world"],
        as_("ada", {"read"}, ("bobs", "adas")): ["adas", "world"],
        as_("ada", {"read"}, ("open",)): ["open", "world"],
    }
    wait(app, 0)
    for _ in range(2):
        for client, listed in readers.items():
            assert names(client) == listed


def test_a_role_that_was_taken_away_counts_at_once(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    stores.projects.announce()
    add("adas", Visibility.RESTRICTED, reader="ada")
    client = as_("ada")
    wait(app, 0)
    assert names(client) == ["adas"]
    role_item(NormalizedName("adas"), "ada", ProjectRole.READER).delete()
    assert names(client) == []


@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_list_is_complete_though_it_comes_in_pages_of_three(as_: Clients, count: int) -> None:
    for number in range(count):
        add(f"p{number}")
    assert names(as_()) == [f"p{number}" for number in range(count)]
