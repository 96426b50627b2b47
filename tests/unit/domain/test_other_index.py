"""Pages of other indexes, as they are written in practice."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.other_index import HTML, JSON, Link, read_page, read_projects
from app.errors import BadRequest

URL = "https://old.example.com/team/simple/demo/"
DIGEST = "ab" * 32


def page(*files: Any) -> bytes:
    return json.dumps({"meta": {"api-version": "1.9"}, "files": files}).encode()


def read(entry: dict[str, Any]) -> Link:
    [link] = read_page(page({"filename": "demo-1.0.tar.gz", "url": "x", **entry}), JSON, URL)
    return link


def anchor(text: str) -> Link:
    [link] = read_page(text.encode(), HTML, URL)
    return link


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("demo-1.0.tar.gz", f"{URL}demo-1.0.tar.gz"),
        ("../../files/d.whl", "https://old.example.com/team/files/d.whl"),
        ("/files/d.whl", "https://old.example.com/files/d.whl"),
        ("https://files.example.com/d.whl", "https://files.example.com/d.whl"),
    ],
)
def test_links_are_relative_to_the_page(url: str, whole: str) -> None:
    assert read({"url": url}).url == whole
    assert anchor(f'<a href="{url}#sha256={DIGEST}">d</a>').url == whole


@pytest.mark.parametrize(
    ("yanked", "reason"),
    [(False, None), (None, None), (True, ""), ("", ""), ("broken", "broken")],
)
def test_a_yank_may_have_a_reason(yanked: Any, reason: str | None) -> None:
    assert read({"yanked": yanked}).yanked == reason


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [("", None), ("data-yanked", ""), ('data-yanked=""', ""), ('data-yanked="a &lt; b"', "a < b")],
)
def test_a_yank_in_html_is_an_attribute(attribute: str, reason: str | None) -> None:
    assert anchor(f'<a href="d.whl" {attribute}>d</a>').yanked == reason


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-03-04T05:06:07.000089Z", datetime(2021, 3, 4, 5, 6, 7, 89, UTC)),
        ("2021-03-04T06:06:07+01:00", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2021-03-04T05:06:07", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("yesterday", None),
        (1234, None),
        (None, None),
    ],
)
def test_times_are_in_utc(text: Any, moment: datetime | None) -> None:
    assert read({"upload-time": text}).uploaded_at == moment


@pytest.mark.parametrize(
    ("hashes", "digest"),
    [
        ({"sha256": DIGEST, "md5": "x"}, DIGEST),
        ({"md5": "x"}, None),
        ({"sha256": "short"}, None),
        ({"sha256": None}, None),
        ([], None),
    ],
)
def test_a_digest_is_taken_or_left(hashes: Any, digest: str | None) -> None:
    assert read({"hashes": hashes}).sha256 == digest


@pytest.mark.parametrize(
    ("fragment", "digest"),
    [
        (f"sha256={DIGEST}", DIGEST),
        (f"egg=x&sha256={DIGEST}", DIGEST),
        ("md5=12", None),
        ("", None),
    ],
)
def test_a_digest_in_html_is_the_fragment(fragment: str, digest: str | None) -> None:
    assert anchor(f'<a href="d.whl#{fragment}">d</a>').sha256 == digest


def test_the_name_of_a_file_in_html_is_that_of_its_url() -> None:
    found = anchor('<a href="../p/demo-1.0%2Blocal-py3-none-any.whl?key=1">a wheel<br></a>')

    assert found.filename == "demo-1.0+local-py3-none-any.whl"


def test_anchors_that_lead_nowhere_are_no_files() -> None:
    assert read_page(b'<a name="top">top</a><a href="">x</a><a href>y</a>', HTML, URL) == []


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        b'{"meta":{"api-version":"1.0"},"files":{}}',
        b'{"meta":{"api-version":"1.0"},"files":["x"]}',
        b'{"meta":{"api-version":1},"files":[]}',
        page({"url": "x"}),
        page({"filename": "x"}),
        page({"filename": "x", "url": "http://[::1"}),
    ],
)
def test_a_page_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_page(body, JSON, URL)


def test_projects_are_told_in_normal_form_and_once() -> None:
    names = ["Demo", "demo", "a.b", "-", "", 3, None]
    body = {"meta": {"api-version": "1.0"}, "projects": [{"name": name} for name in names]}

    assert read_projects(json.dumps(body).encode(), JSON) == ["a-b", "demo"]
    assert read_projects(b'<a href="/x/"> Tool_Kit\n</a> and <a href="y">-</a>', HTML) == [
        "tool-kit"
    ]
