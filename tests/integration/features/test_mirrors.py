"""What a mirror is told: serials, in the list of projects and beside each page."""

import dataclasses
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name

from app.domain import serial
from app.domain.project import Visibility
from app.features.pages.service import refresh
from app.models.head import HeadItem
from app.models.project import ProjectItem
from app.store import keys
from app.store.pages import PageStore
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

JSON = "application/vnd.pypi.simple.v1+json"
HEADER = "X-PyPI-Last-Serial"
A, B = canonicalize_name("a"), canonicalize_name("b")


def publish(client: FlaskClient, name: str, *versions: str) -> None:
    for version in versions or ("1.0",):
        form = make.form(
            make.wheel(name, version), make.wheel_name(name, version), name=name, version=version
        )
        answer = client.post("/legacy/", data=form)
        assert answer.status_code == 200, answer.text


def ask(client: FlaskClient, path: str, accept: str = JSON) -> tuple[int, Any]:
    """Return the serial in the header of a page, and the page."""
    answer = client.get(path, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    return int(answer.headers[HEADER]), json.loads(answer.data) if "json" in accept else None


def listed(client: FlaskClient) -> dict[str, int]:
    projects = ask(client, "/simple/")[1]["projects"]
    return {project["name"]: project["_last-serial"] for project in projects}


def wait(app: Flask, **time: float) -> datetime:
    """Move the application's clock to that long from now; return what it says."""
    moment = datetime.now(UTC) + timedelta(**time)
    context = app.extensions["larder"]
    app.extensions["larder"] = dataclasses.replace(context, clock=lambda: moment)
    return moment


@dataclass
class Mirror:
    """Looks as bandersnatch does: one number for the whole index, and what stands above it."""

    client: FlaskClient
    serial: int = 0
    # The versions of each project that was ever fetched.
    copies: dict[str, list[str]] = field(default_factory=dict)

    def look(self) -> set[str]:
        """Fetch what has changed, by a list that is read once; return its names."""
        due = {name: each for name, each in listed(self.client).items() if each > self.serial}
        for name, each in due.items():
            answer = self.client.get(f"/pypi/{name}/json")
            if answer.status_code != 404:
                assert int(answer.headers[HEADER]) >= each, "behind the list"
                self.copies[name] = list(json.loads(answer.data)["releases"])
        self.serial = max([self.serial, *due.values()])
        return set(due)


@pytest.fixture
def mirror(as_: Clients) -> Mirror:
    """A mirror that has seen nothing yet."""
    return Mirror(as_("mirror", {"read"}))


def test_every_page_tells_the_serial_of_its_last_change(app: Flask, as_: Clients) -> None:
    client, before = as_(), serial.at(datetime.now(UTC))
    publish(client, "a")
    publish(client, "b")
    wait(app, minutes=2)

    a, _ = ask(client, "/simple/a/")
    b, _ = ask(client, "/simple/b/")
    assert before <= a < b <= serial.at(datetime.now(UTC))
    assert ask(client, "/simple/a/", "text/html")[0] == a
    assert ask(client, "/pypi/a/json")[0] == ask(client, "/pypi/a/json")[1]["last_serial"] == a
    assert listed(client) == {"a": a, "b": b}
    whole, page = ask(client, "/simple/")
    assert whole == page["meta"]["_last-serial"] == b
    assert ask(client, "/simple/", "text/html")[0] == b


def test_an_index_without_projects_has_the_serial_0(as_: Clients) -> None:
    whole, page = ask(as_(), "/simple/")
    assert (whole, page["meta"]["_last-serial"], page["projects"]) == (0, 0, [])


def test_a_serial_grows_by_one_where_the_clock_does_not(as_: Clients, stores: Stores) -> None:
    publish(as_(), "a")
    ahead = serial.at(datetime.now(UTC) + timedelta(hours=1))
    told = [stores.pages.bump(A, moment).serial for moment in (ahead, ahead, ahead - 5, ahead + 9)]
    assert told == [ahead, ahead + 1, ahead + 2, ahead + 9]


def test_a_list_is_never_told_a_lower_serial_than_before(as_: Clients, stores: Stores) -> None:
    publish(as_(), "a")
    before = stores.projects.get(A)
    assert before is not None
    assert stores.projects.touch(A, before.serial - 1) == before
    assert stores.projects.get(A) == before
    assert stores.projects.touch(canonicalize_name("absent"), 1) is None


def test_a_mirror_sees_a_change_at_its_very_next_look(
    as_: Clients, stores: Stores, mirror: Mirror
) -> None:
    client = as_()
    publish(client, "a")
    publish(client, "b")
    mirror.look()
    publish(client, "a", "2.0")
    publish(client, "c")

    mirror.look()

    assert mirror.copies == {"a": ["1.0", "2.0"], "b": ["1.0"], "c": ["1.0"]}


def test_a_mirror_leaves_alone_what_has_settled(
    app: Flask, as_: Clients, mirror: Mirror, stores: Stores
) -> None:
    client = as_()
    publish(client, "a")
    publish(client, "b")
    wait(app, seconds=59)
    assert (mirror.look(), mirror.look()) == ({"a", "b"}, set())
    wait(app, seconds=62)
    assert (mirror.look(), mirror.look()) == ({"a", "b"}, set())
    wait(app, seconds=0)
    publish(client, "a", "2.0")
    wait(app, seconds=62)
    assert (mirror.look(), mirror.look()) == ({"a"}, set())


def test_a_change_that_is_listed_late_is_not_lost(
    app: Flask, as_: Clients, stores: Stores, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is read between a change and its listing, and shows a later change of another."""
    publish(as_(), "a")
    publish(as_(), "b")
    wait(app, seconds=62)
    mirror.look()

    changed = datetime.now(UTC) + timedelta(seconds=62)
    cut_off(monkeypatch, "bump", as_(), "a", "2.0")
    counted = stores.pages.bump(A, serial.at(changed))
    later = stores.pages.bump(B, serial.at(changed + timedelta(seconds=50)))
    stores.projects.touch(B, later.serial)
    stores.projects.announce()
    wait(app, seconds=62 + 59)
    assert mirror.look() == {"b"}
    stores.projects.touch(A, counted.serial)
    stores.projects.announce()

    wait(app, seconds=62 + 62)
    mirror.look()
    assert mirror.copies["a"] == ["1.0", "2.0"]


def cut_off(
    monkeypatch: pytest.MonkeyPatch, step: str, client: FlaskClient, name: str, version: str
) -> None:
    """Publish, but end at this step of publishing the page."""

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PageStore, step, crash)
        with pytest.raises(KeyboardInterrupt):
            publish(client, name, version)


def test_a_project_that_is_listed_before_its_first_page_is_not_lost(
    app: Flask, as_: Clients, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(as_(), "b")
    cut_off(monkeypatch, "bump", as_(), "a", "1.0")
    wait(app, minutes=2)
    assert set(listed(as_())) == {"a", "b"}
    mirror.look()
    assert set(mirror.copies) == {"b"}

    wait(app, minutes=0)
    publish(as_(), "a")
    wait(app, minutes=2)
    assert mirror.look() == {"a"}
    assert set(mirror.copies) == {"a", "b"}


def test_a_publication_that_ended_halfway_stops_no_mirror(
    app: Flask, as_: Clients, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    publish(client, "a")
    cut_off(monkeypatch, "publish", client, "a", "2.0")
    wait(app, minutes=2)
    mirror.look()  # nothing is behind the list, though the page is
    assert mirror.copies["a"] == ["1.0", "2.0"]


def test_repeating_a_publication_that_nobody_counted_tells_every_mirror(
    app: Flask, as_: Clients, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    publish(client, "a")
    cut_off(monkeypatch, "bump", client, "a", "2.0")
    mirror.look()
    publish(client, "a", "2.0")
    wait(app, minutes=2)
    assert mirror.look() == {"a"}
    assert mirror.copies["a"] == ["1.0", "2.0"]


def test_many_changes_at_once_end_with_one_serial_everywhere(
    app: Flask, mint: Callable[..., str]
) -> None:
    token = mint()

    def client() -> FlaskClient:
        made = app.test_client()
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return made

    threads = [
        threading.Thread(target=publish, args=(client(), "a", f"1.{number}"))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(app, minutes=2)

    page, document = ask(client(), "/simple/a/"), ask(client(), "/pypi/a/json")
    assert page[0] == document[0] == listed(client())["a"]
    assert len(page[1]["versions"]) == 12


def test_projects_from_before_there_were_serials_are_mirrored_too(
    app: Flask, as_: Clients, mirror: Mirror, stores: Stores
) -> None:
    client = as_()
    publish(client, "a")
    ProjectItem(keys.project(A), keys.PROJECT).update([ProjectItem.serial.remove()])
    HeadItem(keys.project(A), keys.HEAD).update([
        HeadItem.serial.remove(),
        HeadItem.json.serial.remove(),
        HeadItem.html.serial.remove(),
    ])  # fmt: skip

    assert listed(client) == {"a": 1}
    assert ask(client, "/simple/a/")[0] == ask(client, "/pypi/a/json")[0] == 1
    assert mirror.look() == {"a"}
    refresh(A, stores=stores)
    assert mirror.look() == {"a"}
    assert ask(client, "/simple/a/")[0] == ask(client, "/pypi/a/json")[0] > 1


def test_nobody_learns_from_a_serial_that_something_hidden_changed(
    app: Flask, as_: Clients, stores: Stores
) -> None:
    publish(as_("ada"), "a")
    publish(as_("ada"), "b")
    item = ProjectItem.get(keys.project(B), keys.PROJECT)
    item.update([ProjectItem.visibility.set(Visibility.RESTRICTED.value)])
    refresh(B, stores=stores)
    wait(app, minutes=2)
    bob = as_("bob")
    assert ask(bob, "/simple/")[0] == listed(bob)["a"] < listed(as_("ada"))["b"]


def test_the_list_keeps_its_validator_once_it_has_settled(app: Flask, as_: Clients) -> None:
    client = as_()
    publish(client, "a")

    def tag(accept: str, **time: float) -> str:
        wait(app, **time)
        return str(client.get("/simple/", headers={"Accept": accept}).headers["ETag"])

    assert tag(JSON, seconds=1) != tag(JSON, seconds=4)
    assert tag(JSON, seconds=70) == tag(JSON, days=9)
    assert tag("text/html", seconds=1) == tag("text/html", days=9)
