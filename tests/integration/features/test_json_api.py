"""The JSON API: `/pypi/<project>/json`."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.utils import canonicalize_name

from app.config import Config
from app.domain.event import Event
from app.domain.project import Project, ProjectRole, ProjectStatus, Visibility
from app.factory import create_app
from app.features.pages.service import refresh
from app.store.projects import project_item, role_item
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]

PATH = "/pypi/larder-demo/json"
NAME = canonicalize_name("larder-demo")

# As the public index has them.
INFO = [
    "author", "author_email", "bugtrack_url", "classifiers", "description",
    "description_content_type", "docs_url", "download_url", "downloads", "dynamic", "home_page",
    "keywords", "license", "license_expression", "license_files", "maintainer",
    "maintainer_email", "name", "package_url", "platform", "project_url", "project_urls",
    "provides_extra", "release_url", "requires_dist", "requires_python", "summary", "version",
    "yanked", "yanked_reason",
]  # fmt: skip
FILE = [
    "comment_text", "core-metadata", "digests", "downloads", "filename", "has_sig", "md5_digest",
    "packagetype", "python_version", "requires_python", "size", "upload_time",
    "upload_time_iso_8601", "url", "yanked", "yanked_reason",
]  # fmt: skip

DOCUMENT = b"""\
Metadata-Version: 2.4
Name: Larder.Demo
Version: 1.0
Summary: A demo
Keywords: shelf,cool
Author-Email: Ada <ada@example.com>
License-Expression: MIT
License-File: LICENSE
Classifier: Topic :: Software Development
Classifier: Typing :: Typed
Platform: any
Requires-Python: >=3.9
Requires-Dist: base>=1
Provides-Extra: fast
Project-URL: Source, https://example.com/source
Description-Content-Type: text/markdown
Dynamic: Requires-Dist

# Larder \xe2\x98\x95
"""


def upload(client: FlaskClient, archive: bytes, filename: str | None = None, **form: Any) -> None:
    answer = client.post("/legacy/", data=make.form(archive, filename, **form))
    assert answer.status_code == 200, answer.text


def publish(client: FlaskClient, *versions: str, **fields: str) -> None:
    for version in versions or ("1.0",):
        upload(client, make.wheel(version=version, **fields), release=version)


def ask(client: FlaskClient, path: str = PATH) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


def yank(stores: Stores, version: str, reason: str) -> None:
    for file in stores.files.of(NAME):
        if file.version == version:
            event = Event(
                id="0", subject="project", action="yank", actor="ada", at=datetime.now(UTC)
            )
            stores.files.set_yanked(file, reason, event=event)
    refresh(NAME, stores=stores)


def change(stores: Stores, **facts: Any) -> None:
    project = Project(
        name=NAME,
        display_name="Larder.Demo",
        created_at=datetime.now(UTC),
        **{"visibility": Visibility.TEAM, **facts},
    )
    project_item(project).save()
    refresh(NAME, stores=stores)


def test_every_key_of_the_public_index_is_there(as_: Clients) -> None:
    publish(as_())
    found = ask(as_())
    assert sorted(found) == [
        "info", "last_serial", "ownership", "releases", "urls", "vulnerabilities",
    ]  # fmt: skip
    assert sorted(found["info"]) == sorted(INFO)
    assert [sorted(entry) for entry in found["urls"]] == [sorted(FILE)]


def test_the_release_is_described_by_its_metadata(as_: Clients) -> None:
    licence = {"larder_demo-1.0.dist-info/licenses/LICENSE": b"MIT"}
    upload(as_(), make.wheel(document=DOCUMENT, members=licence))
    info = ask(as_())["info"]
    assert (
        info
        | {
            "name": "Larder.Demo",
            "version": "1.0",
            "summary": "A demo",
            "description": "# Larder ☕\n",
            "description_content_type": "text/markdown",
            "keywords": "shelf,cool",
            "author": None,
            "author_email": "Ada <ada@example.com>",
            "license": None,
            "license_expression": "MIT",
            "license_files": ["LICENSE"],
            "classifiers": ["Topic :: Software Development", "Typing :: Typed"],
            "platform": "any",
            "requires_python": ">=3.9",
            "requires_dist": ["base>=1"],
            "provides_extra": ["fast"],
            "project_urls": {"Source": "https://example.com/source"},
            "dynamic": ["Requires-Dist"],
            "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
            "yanked": False,
            "yanked_reason": None,
        }
        == info
    )


def test_the_first_file_speaks_for_its_release(as_: Clients) -> None:
    first = make.sdist(document=make.metadata(Summary="the first"))
    upload(as_(), first, make.sdist_name())
    publish(as_(), Summary="the second")
    assert ask(as_())["info"]["summary"] == "the first"


def test_a_file_is_told_with_its_digests_and_an_absolute_address(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    archive = make.wheel(Requires_Python=">=3.9")
    upload(client, archive)
    file = stores.files.get(NAME, make.wheel_name())
    assert file is not None

    (entry,) = ask(client)["urls"]

    assert entry["digests"] == {
        "md5": file.md5,
        "sha256": file.sha256,
        "blake2b_256": file.blake2_256,
    }
    assert entry["url"] == f"http://localhost/packages/larder-demo/{make.wheel_name()}"
    assert client.get(entry["url"]).status_code == 302
    assert (entry["packagetype"], entry["python_version"]) == ("bdist_wheel", "py3")
    assert (entry["size"], entry["requires_python"]) == (len(archive), ">=3.9")
    assert entry["upload_time_iso_8601"].endswith("Z")
    assert entry["upload_time_iso_8601"].startswith(entry["upload_time"])


def test_an_sdist_is_for_every_python(as_: Clients) -> None:
    upload(as_(), make.sdist(), make.sdist_name())
    (entry,) = ask(as_())["urls"]
    assert (entry["packagetype"], entry["python_version"]) == ("sdist", "source")


def test_the_configured_address_wins_over_the_host_header(
    stores: Stores, mint: Callable[..., str], app: Flask
) -> None:
    config = Config.from_env({"LARDER_PUBLIC_URL": "https://packages.example.com"})
    client = create_app(config, stores).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint()}"
    publish(client)
    found = json.loads(client.get(PATH, base_url="http://evil.example").data)
    assert found["urls"][0]["url"].startswith("https://packages.example.com/packages/")
    assert found["info"]["project_url"] == "https://packages.example.com/project/larder-demo/"


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_release_is_told_without_the_others(as_: Clients, slash: str) -> None:
    publish(as_(), "1.0", "2.0")
    found = ask(as_(), f"/pypi/larder-demo/1.0/json{slash}")
    assert found["info"]["version"] == "1.0"
    assert "releases" not in found
    assert [entry["filename"] for entry in found["urls"]] == [make.wheel_name()]


@pytest.mark.parametrize("slash", ["", "/"])
def test_all_releases_are_listed_though_they_are_read_three_at_a_time(
    as_: Clients, slash: str
) -> None:
    versions = ["1.2", "1.10", "1.9", "2.0rc1", "1.0+local.1"]
    publish(as_(), *versions)
    found = ask(as_(), f"/pypi/larder-demo/json{slash}")
    assert list(found["releases"]) == ["1.0+local.1", "1.2", "1.9", "1.10", "2.0rc1"]
    assert all(len(files) == 1 for files in found["releases"].values())
    assert found["urls"] == found["releases"]["1.10"]


@pytest.mark.parametrize("spelling", ["1.0+local.1", "1.0%2Blocal.1", "v1.0.0+local-1"])
def test_a_version_is_found_in_every_spelling(as_: Clients, spelling: str) -> None:
    publish(as_(), "1.0+local.1")
    found = ask(as_(), f"/pypi/larder-demo/{spelling}/json")
    assert found["info"]["version"] == "1.0+local.1"
    assert "%2B" in found["urls"][0]["url"]
    assert as_().get(found["urls"][0]["url"]).status_code == 302


@pytest.mark.parametrize("version", ["9", "x", "json", "1" * 5000, "1.0 "])
def test_a_release_that_is_not_there_is_not_found(as_: Clients, version: str) -> None:
    publish(as_(), "2.0")
    answer = as_().get(f"/pypi/larder-demo/{version}/json")
    assert answer.status_code == 404
    assert "There is no version" in answer.text


def test_the_latest_release_is_neither_yanked_nor_a_prerelease_if_there_is_another(
    as_: Clients, stores: Stores
) -> None:
    client = as_()
    publish(client, "1.0", "1.1", "2.0rc1")
    assert ask(client)["info"]["version"] == "1.1"
    yank(stores, "1.1", "broken")
    assert ask(client)["info"]["version"] == "1.0"
    yank(stores, "1.0", "old")
    assert ask(client)["info"]["version"] == "2.0rc1"
    yank(stores, "2.0rc1", "")
    found = ask(client)["info"]
    assert (found["version"], found["yanked"], found["yanked_reason"]) == ("1.1", True, "broken")


def test_a_yanked_file_says_so_and_why(as_: Clients, stores: Stores) -> None:
    publish(as_(), "1.0", "2.0")
    yank(stores, "1.0", "broken")
    yank(stores, "2.0", "")
    files = ask(as_())["releases"]
    assert (files["1.0"][0]["yanked"], files["1.0"][0]["yanked_reason"]) == (True, "broken")
    assert (files["2.0"][0]["yanked"], files["2.0"][0]["yanked_reason"]) == (True, None)


def test_the_serial_grows_with_every_change(as_: Clients) -> None:
    client = as_()
    publish(client)
    first = client.get(PATH)
    publish(client, "2.0")
    second = client.get(PATH)
    for answer in (first, second):
        assert answer.headers["X-PyPI-Last-Serial"] == str(json.loads(answer.data)["last_serial"])
    assert json.loads(first.data)["last_serial"] < json.loads(second.data)["last_serial"]


def test_owners_and_maintainers_are_named_to_those_who_may_know(
    as_: Clients, stores: Stores, client: FlaskClient
) -> None:
    publish(as_("ada"))
    role_item(NAME, "bob", ProjectRole.MAINTAINER).save()
    role_item(NAME, "carol", ProjectRole.READER).save()
    change(stores, visibility=Visibility.PUBLIC)
    assert ask(as_("ada"))["ownership"] == {
        "organization": None,
        "roles": [{"role": "Owner", "user": "ada"}, {"role": "Maintainer", "user": "bob"}],
    }
    assert ask(client)["ownership"]["roles"] == []


def test_an_unchanged_answer_is_not_sent_again(as_: Clients) -> None:
    client = as_()
    publish(client)
    first = client.get(PATH)
    for tag in (first.headers["ETag"], f'"x", W/{first.headers["ETag"]}', "*"):
        again = client.get(PATH, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary", "X-PyPI-Last-Serial"):
            assert again.headers[name] == first.headers[name]
    publish(client, "2.0")
    assert client.get(PATH, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_it_is_sent_compressed_to_those_who_take_it(as_: Clients) -> None:
    client = as_()
    publish(client)
    plain = client.get(PATH)
    packed = client.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["Content-Type"] == packed.headers["Content-Type"] == "application/json"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    head = client.head(PATH)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == plain.headers["Content-Length"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/pypi/Larder.Demo/json", "/pypi/larder-demo/json"),
        ("/pypi/larder_demo/1.0/json", "/pypi/larder-demo/1.0/json"),
        ("/pypi/LARDER-DEMO/1.0%2Bx/json", "/pypi/larder-demo/1.0+x/json"),
    ],
)
def test_every_spelling_leads_to_the_normal_form(as_: Clients, path: str, expected: str) -> None:
    answer = as_().get(path)
    assert (answer.status_code, answer.headers["Location"]) == (301, expected)


@pytest.mark.parametrize("path", [PATH, "/pypi/larder-demo/1.0/json"])
def test_who_may_not_read_a_project_is_told_what_there_would_be_without_it(
    as_: Clients, stores: Stores, client: FlaskClient, path: str
) -> None:
    publish(as_("ada"))
    change(stores, visibility=Visibility.RESTRICTED)
    absent = path.replace("larder-demo", "larder-demo2")

    anonymous = [client.get(path), client.get(absent)]
    assert {(a.status_code, a.text) for a in anonymous} == {(401, anonymous[0].text)}
    assert all("Basic" in a.headers["WWW-Authenticate"] for a in anonymous)

    for stranger in (as_("bob"), as_("ada", {"read"}, ("other",))):
        hidden, missing = stranger.get(path), stranger.get(absent)
        assert hidden.status_code == 404
        assert hidden.text == missing.text.replace("larder-demo2", "larder-demo")
        assert "X-PyPI-Last-Serial" not in hidden.headers

    assert as_("ada").get(path).status_code == 200


def test_a_quarantined_project_tells_of_no_release(as_: Clients, stores: Stores) -> None:
    publish(as_())
    change(stores, status=ProjectStatus.QUARANTINED)
    for path in (PATH, "/pypi/larder-demo/1.0/json"):
        assert as_().get(path).status_code == 404


def test_the_three_faces_of_a_project_agree(as_: Clients) -> None:
    client = as_()
    publish(client, "1.0", "2.0", Requires_Python=">=3.9")
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = json.loads(client.get("/simple/larder-demo/", headers=accept).data)
    told = [file for files in ask(client)["releases"].values() for file in files]
    assert len(told) == 2
    for simple, entry in zip(page["files"], told, strict=True):
        assert simple["filename"] == entry["filename"]
        assert simple["hashes"]["sha256"] == entry["digests"]["sha256"]
        assert simple["upload-time"] == entry["upload_time_iso_8601"]
        assert simple["requires-python"] == entry["requires_python"]
        assert simple["core-metadata"] == entry["core-metadata"]
        assert simple["size"] == entry["size"]
