"""Doors that tools expect: `/packages/`, `/legacy/+simple/`, and the links they print."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name

from app.domain.event import Event
from app.domain.project import Project, Visibility
from app.features.pages.service import refresh
from app.store.projects import project_item
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

NAME = canonicalize_name("larder-demo")
HATCH = "/legacy/+simple/larder-demo/"
PAGE = "/project/larder-demo/"


def publish(client: FlaskClient, *versions: str) -> None:
    for version in versions or ("1.0",):
        form = make.form(make.wheel(version=version), release=version)
        assert client.post("/legacy/", data=form).status_code == 200


def hide(stores: Stores) -> None:
    project = Project(
        name=NAME,
        display_name="Larder.Demo",
        visibility=Visibility.RESTRICTED,
        created_at=datetime.now(UTC),
    )
    project_item(project).save()
    refresh(NAME, stores=stores)


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_files_are_there_for_mirrors_too(as_: Clients, suffix: str) -> None:
    client = as_()
    publish(client)
    name = make.wheel_name() + suffix
    ours, theirs = (client.get(f"/{door}/larder-demo/{name}") for door in ("files", "packages"))
    assert theirs.status_code == ours.status_code
    assert theirs.data == ours.data
    assert client.head(f"/packages/larder-demo/{name}").status_code == 200


def test_files_of_mirrors_are_as_private_as_all_others(client: FlaskClient, as_: Clients) -> None:
    publish(as_())
    for project in ("larder-demo", "absent"):
        answer = client.get(f"/packages/{project}/{make.wheel_name()}")
        assert answer.status_code == 401
        assert "Basic" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", [HATCH, HATCH.replace("+", "%2B")])
@pytest.mark.parametrize("accept", ["*/*", "application/vnd.pypi.simple.v1+json", ""])
def test_hatch_gets_a_page_in_html_whatever_it_asks_for(
    as_: Clients, path: str, accept: str
) -> None:
    client = as_()
    publish(client, "1.0", "2.0")
    answer = client.get(path, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    anchors = re.findall(r"<a [^>]+>([^<]+)</a>", answer.text)
    assert anchors == [make.wheel_name(), make.wheel_name(version="2.0")]


def test_the_links_of_that_page_lead_to_the_files(as_: Clients) -> None:
    client = as_()
    publish(client)
    (link,) = re.findall(r'href="([^"#]+)', client.get(HATCH).text)
    assert urljoin(HATCH, link) == f"/files/larder-demo/{make.wheel_name()}"
    assert client.get(urljoin(HATCH, link)).status_code == 302


def test_an_unchanged_page_is_not_sent_again(as_: Clients) -> None:
    client = as_()
    publish(client)
    first = client.get(HATCH)
    again = client.get(HATCH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    publish(client, "2.0")
    again = client.get(HATCH, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200


def test_another_spelling_leads_to_the_normal_form(as_: Clients) -> None:
    for path in ("/legacy/+simple/Larder.Demo/", "/project/Larder.Demo/"):
        answer = as_().get(path)
        assert answer.status_code == 301
        assert answer.headers["Location"] == path.replace("Larder.Demo", "larder-demo")


@pytest.mark.parametrize("path", [HATCH, PAGE])
def test_these_doors_are_as_well_guarded(
    as_: Clients, stores: Stores, client: FlaskClient, path: str
) -> None:
    publish(as_("ada"))
    hide(stores)
    absent = path.replace("larder-demo", "larder-demo2")

    anonymous = [client.get(path), client.get(absent)]
    assert {(a.status_code, a.text) for a in anonymous} == {(401, anonymous[0].text)}
    assert all("Basic" in a.headers["WWW-Authenticate"] for a in anonymous)

    hidden, missing = as_("bob").get(path), as_("bob").get(absent)
    assert hidden.status_code == 404
    assert hidden.text == missing.text.replace("larder-demo2", "larder-demo")
    assert as_("ada").get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/legacy/larder-demo/1.0/", "/legacy/larder-demo/1.0+x/", "/project/larder-demo/1.0/"],
)
def test_the_link_to_a_release_leads_to_its_project(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)


def test_the_link_of_a_release_in_the_json_api_is_no_dead_end(as_: Clients) -> None:
    client = as_()
    publish(client)
    info = json.loads(client.get("/pypi/larder-demo/json").data)["info"]
    for key in ("package_url", "project_url", "release_url"):
        assert client.get(info[key], follow_redirects=True).status_code == 200


def test_uploads_still_go_where_they_went(as_: Clients) -> None:
    for path in ("/legacy", "/legacy/"):
        assert as_().post(path, data={}).status_code == 400
        assert as_().get(path).status_code == 405


def test_a_project_is_shown_with_its_releases_and_how_to_install_it(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    publish(client, "1.9", "1.10", "2.0")
    event = Event(id="0", subject="project", action="yank", actor="ada", at=datetime.now(UTC))
    for file in stores.files.of(NAME):
        if file.version == "2.0":
            stores.files.set_yanked(file, "<broken>", event=event)

    text = client.get(PAGE, base_url="https://packages.example.com").text

    releases = [" ".join(item.split()) for item in re.findall(r"<li>(.*?)</li>", text, re.DOTALL)]
    assert releases == ["2.0 (yanked: &lt;broken&gt;)", "1.10", "1.9"]
    assert "Latest release: 1.10" in text
    assert "pip install --index-url https://packages.example.com/simple/" in text
    assert "no-store" in client.get(PAGE).headers["Cache-Control"]
