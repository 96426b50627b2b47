"""Importing from another index."""

import base64
import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.config import Config
from app.domain.account import AccountRole
from app.errors import BadRequest
from app.factory import create_app
from app.features.accounts import service as accounts
from app.models.base import LarderItem
from app.store.remote_index import RemoteIndex
from app.store.stores import Stores
from tests import make, other_index
from tests.conftest import PASSWORD
from tests.other_index import PAGE, Index

Run = Callable[..., Result]

DEMO: Any = "larder-demo"
NAME = make.wheel_name()


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that imports."""

    def invoke(*args: object) -> Result:
        return app.test_cli_runner().invoke(args=["import", *map(str, args)])

    return invoke


@pytest.fixture(autouse=True)
def admin(stores: Stores) -> None:
    """The only admin, who owns what is imported."""
    role, now = AccountRole.ADMIN, datetime.now(UTC)
    accounts.create("root", password=PASSWORD, role=role, stores=stores, now=now)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Another index, and a home without a .netrc."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with other_index.started() as index:
        yield index


def lines(done: Result) -> list[str]:
    return done.stderr.splitlines()


def test_files_of_another_index_keep_their_time_and_their_yanks(
    stores: Stores, run: Run, other: Index
) -> None:
    other.offer(
        other.add(make.wheel(), **{"upload-time": "2021-03-04T05:06:07.000089Z"}),
        other.add(make.sdist(), make.sdist_name(), yanked="broken"),
        other.add(make.wheel(version="2.0"), make.wheel_name(version="2.0"), yanked=True),
    )

    done = run(other.url, "--all")

    assert (done.exit_code, done.stdout) == (0, "")
    files = {file.filename: file for file in stores.files.of(DEMO)}
    assert files[NAME].uploaded_at == datetime(2021, 3, 4, 5, 6, 7, 89, UTC)
    assert files[NAME].uploaded_with == f"flask import {other.url}"
    assert [files[name].yanked for name in files] == [None, "broken", ""]


def test_an_index_that_only_speaks_html_is_read_too(stores: Stores, run: Run, other: Index) -> None:
    other.add(make.wheel())
    digest = hashlib.sha256(make.wheel()).hexdigest()
    other.say("/simple/", b'<a href="/simple/larder-demo/">Larder.Demo</a>', "text/html")
    page = f'<a href="../../files/{NAME}#sha256={digest}" data-yanked="old&amp;bad">a wheel</a>'
    other.say(f"/simple/{DEMO}/", page.encode(), "text/html; charset=utf-8")

    assert run(other.url, "--all").exit_code == 0

    [file] = stores.files.of(DEMO)
    assert (file.filename, file.yanked) == (NAME, "old&bad")


def test_bytes_that_are_not_what_the_page_says_are_refused(
    stores: Stores, run: Run, other: Index
) -> None:
    entry = other.add(make.wheel())
    other.add(make.wheel(Summary="replaced on its way"))
    other.offer(entry)

    done = run(other.url, "--projects", DEMO)

    assert (done.exit_code, "was changed or damaged" in done.stdout) == (1, True)
    assert stores.projects.get(DEMO) is None


def test_what_is_no_wheel_and_no_sdist_is_skipped_with_a_line(run: Run, other: Index) -> None:
    other.offer(other.add(b"egg", "larder_demo-1.0-py3.11.egg"), other.add(b"", "demo-1.0.zip"))

    done = run(other.url, "--all")

    assert done.exit_code == 0
    why = "skipped (it is neither a wheel nor an sdist (.tar.gz))"
    assert lines(done) == [
        f"[1/1] {DEMO}/larder_demo-1.0-py3.11.egg: {why}",
        f"[1/1] {DEMO}/demo-1.0.zip: {why}",
        "2 skipped.",
    ]


def test_a_file_without_a_digest_is_refused(run: Run, other: Index) -> None:
    other.offer(other.add(make.wheel(), hashes={"md5": "0" * 32}))

    done = run(other.url, "--all")

    assert (done.exit_code, "gives no sha256" in done.stdout) == (1, True)


def test_a_file_of_another_project_is_refused(run: Run, other: Index) -> None:
    other.offer(other.add(make.wheel("Shelf"), make.wheel_name("Shelf")))

    done = run(other.url, "--all")

    assert (done.exit_code, "does not belong to project" in done.stdout) == (1, True)


def test_what_is_here_is_not_downloaded_again(run: Run, other: Index) -> None:
    other.offer(other.add(make.wheel()), other.add(make.sdist(), make.sdist_name()))
    missing = other.answers.pop(f"/files/{NAME}")
    assert run(other.url, "--all").exit_code == 1
    other.answers[f"/files/{NAME}"] = missing
    other.asked.clear()

    done = run(other.url, "--all")

    assert lines(done)[-1] == "1 published, 1 present."
    assert other.asked == ["/simple/", f"/simple/{DEMO}/", f"/files/{NAME}"]


def test_a_tarball_that_is_declared_to_be_gzip_encoded_is_taken_as_it_is(
    stores: Stores, run: Run, other: Index
) -> None:
    entry = other.add(make.sdist(), make.sdist_name())
    status, headers, body = other.answers[f"/files/{make.sdist_name()}"]
    headers = {**headers, "Content-Encoding": "gzip"}
    other.answers[f"/files/{make.sdist_name()}"] = (status, headers, body)
    other.offer(entry)

    assert run(other.url, "--all").exit_code == 0
    assert [file.filename for file in stores.files.of(DEMO)] == [make.sdist_name()]


@pytest.mark.parametrize("place", ["url", "netrc"])
def test_credentials_come_from_the_url_or_from_netrc(
    run: Run, other: Index, tmp_path: Path, place: str
) -> None:
    other.offer(other.add(make.wheel()))
    url = other.url
    if place == "url":
        url = url.replace("127.0.0.1", "ada:s%20s@127.0.0.1")
    else:
        netrc = tmp_path / ".netrc"
        netrc.write_text('machine 127.0.0.1 login ada password "s s"\n')
        netrc.chmod(0o600)

    done = run(url, "--all")

    assert done.exit_code == 0
    assert other.logins == [f"Basic {base64.b64encode(b'ada:s s').decode()}"] * 3
    assert "s%20s" not in done.output
    assert "s%20s" not in str([item.serialize() for item in LarderItem.scan()])


def test_credentials_are_not_given_to_other_hosts(run: Run, other: Index, tmp_path: Path) -> None:
    """Neither where a page links to nor where a download leads to."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login ada password secret\n")
    netrc.chmod(0o600)
    with other_index.started() as files:
        elsewhere = files.url.removesuffix("/simple/")
        wheel = files.add(make.wheel(), url=f"{elsewhere}/files/{NAME}")
        other.offer(wheel, other.add(make.sdist(), make.sdist_name()))
        files.add(make.sdist(), make.sdist_name())
        other.lead(f"/files/{make.sdist_name()}", f"{elsewhere}/files/{make.sdist_name()}")

        url = other.url.replace("127.0.0.1", "ada:secret@127.0.0.1")
        assert run(url, "--all").exit_code == 0

    assert None not in other.logins
    assert files.logins == [None, None]


@pytest.mark.parametrize("target", ["http://old.example.com/simple/", "ftp://127.0.0.1/simple/"])
def test_plain_http_is_for_this_machine_alone(run: Run, other: Index, target: str) -> None:
    if target.startswith("http"):
        refused = run(target, "--all")
        assert (refused.exit_code, "http://old.example.com is not https" in refused.output) == (
            1,
            True,
        )
    other.offer(other.add(make.wheel(), url=target))

    done = run(other.url, "--all")

    assert (done.exit_code, "is not https" in done.stdout) == (1, True)


def test_a_remote_index_leads_nobody_to_this_machine() -> None:
    index = RemoteIndex("https://old.example.com/simple/", max_file_bytes=1)

    with pytest.raises(BadRequest, match=re.escape("http://127.0.0.1 is not https")):
        index._check("http://127.0.0.1/latest/meta-data")


def test_a_file_that_is_too_large_is_refused(config: Config, stores: Stores, other: Index) -> None:
    app = create_app(replace(config, max_file_bytes=100), stores)
    other.offer(other.add(make.wheel()))

    done = app.test_cli_runner().invoke(args=["import", other.url, "--all"])

    assert (done.exit_code, "more than 100 bytes" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((b"hello", "text/plain"), "is no page of the Simple API"),
        ((b"{", PAGE), "not JSON"),
        ((b'{"meta":{"api-version":"2.0"},"projects":[]}', PAGE), "version 1"),
        ((b'{"meta":{"api-version":"1.0"}}', PAGE), "without projects"),
        ((b"", "text/plain", 401), "asks for credentials"),
        ((b"", "text/plain", 404), "is not there"),
        ((b"", "text/plain", 418), "answers with 418"),
        ((b"", "text/plain", 503), "not available now"),
    ],
)
def test_what_is_no_index_is_refused_in_one_sentence(
    run: Run, other: Index, answer: tuple[Any, ...], says: str
) -> None:
    other.say("/simple/", *answer)

    done = run(other.url, "--all")

    assert (done.exit_code, says in done.output) == (1, True), done.output


@pytest.mark.parametrize("status", [401, 503])
def test_an_index_that_refuses_or_is_away_is_not_asked_for_the_rest(
    run: Run, other: Index, status: int
) -> None:
    other.offer(other.add(make.wheel()))
    other.say(f"/files/{NAME}", b"", status=status)

    done = run(other.url, "--projects", f"{DEMO},next")

    assert (done.exit_code, f"Error: http://127.0.0.1:{other.server_port}" in done.output) == (
        1,
        True,
    )
    assert "/simple/next/" not in other.asked


def test_a_page_without_an_end_is_not_read_to_it(
    run: Run, other: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.remote_index._MAX_PAGE_BYTES", 10)
    other.offer()

    done = run(other.url, "--all")

    assert (done.exit_code, "more than 10 bytes" in done.output) == (1, True)


def test_an_index_that_leads_in_a_circle_is_left(run: Run, other: Index) -> None:
    other.lead("/simple/", "/simple/")

    done = run(other.url, "--all")

    assert (done.exit_code, "without an end" in done.output) == (1, True)


def test_an_index_that_is_away_ends_the_import_with_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        done = run(f"http://127.0.0.1:{port}/simple/", "--all")

    assert (done.exit_code, "run the command again to go on" in done.output) == (1, True)


def test_of_an_index_the_projects_must_be_named(run: Run, other: Index) -> None:
    for options in ((), ("--all", "--projects", "a")):
        assert run(other.url, *options).exit_code == 2
