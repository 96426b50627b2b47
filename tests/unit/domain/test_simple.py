"""Pages of the Simple API and their representations."""

import dataclasses
import gzip
import hashlib
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from pypi_simple import ProjectPage

from app.domain import simple
from app.domain.dist_file import Blob, DistFile
from app.domain.pages import Format, pack

FILE = DistFile(
    project=canonicalize_name("demo"),
    filename="demo-1.0+a.1-py3-none-any.whl",
    version="1.0+a.1",
    kind="bdist_wheel",
    size=1234,
    sha256="a" * 64,
    md5="b" * 32,
    blake2_256="c" * 64,
    metadata_sha256="d" * 64,
    requires_python=">=3.11,<4",
    uploaded_at=datetime(2026, 11, 22, 9, 8, 7, 65, tzinfo=UTC),
    uploaded_by="ada",
    uploaded_with="twine/7",
    blob=Blob(key="k", version_id="v"),
)


def page_of(*files: DistFile) -> simple.ProjectPage:
    return simple.page_of(FILE.project, files)


def test_the_json_page_says_everything_of_version_1_4() -> None:
    page = json.loads(simple.render(page_of(FILE), Format.JSON))

    assert page == {
        "meta": {"api-version": "1.4"},
        "name": "demo",
        "versions": ["1.0+a.1"],
        "files": [
            {
                "filename": "demo-1.0+a.1-py3-none-any.whl",
                "url": "../../files/demo/demo-1.0%2Ba.1-py3-none-any.whl",
                "hashes": {"sha256": "a" * 64},
                "size": 1234,
                "upload-time": "2026-11-22T09:08:07.000065Z",
                "core-metadata": {"sha256": "d" * 64},
                "dist-info-metadata": {"sha256": "d" * 64},
                "yanked": False,
                "requires-python": ">=3.11,<4",
            }
        ],
    }


def test_the_html_page_escapes_what_html_would_misread() -> None:
    file = dataclasses.replace(FILE, yanked='"<b>broken & bad</b>"')
    page = simple.render(page_of(file), Format.HTML).decode()

    assert 'data-requires-python="&gt;=3.11,&lt;4"' in page
    assert 'data-yanked="&quot;&lt;b&gt;broken &amp; bad&lt;/b&gt;&quot;"' in page
    assert page.startswith("<!DOCTYPE html>")
    assert '<meta name="pypi:repository-version" content="1.4">' in page


def test_an_empty_reason_still_says_yanked() -> None:
    file = dataclasses.replace(FILE, yanked="")
    assert json.loads(simple.render(page_of(file), Format.JSON))["files"][0]["yanked"] is True
    assert b'data-yanked=""' in simple.render(page_of(file), Format.HTML)


def test_files_come_in_the_order_of_their_versions() -> None:
    versions = ["1.10", "1.2", "1.2rc1", "0.9"]
    files = [
        dataclasses.replace(FILE, version=v, filename=f"demo-{v}-py3-none-any.whl")
        for v in versions
    ]
    page = json.loads(simple.render(page_of(*files), Format.JSON))
    assert page["versions"] == ["0.9", "1.2rc1", "1.2", "1.10"]


def test_a_project_without_files_has_an_empty_page() -> None:
    assert json.loads(simple.render(page_of(), Format.JSON))["files"] == []


FILES = st.lists(
    st.builds(
        lambda number, python, yanked, size: dataclasses.replace(
            FILE,
            filename=f"demo-{number}-py3-none-any.whl",
            version=str(number),
            requires_python=python,
            yanked=yanked,
            size=size,
        ),
        st.integers(0, 10_000),
        st.sampled_from(["", ">=3", ">=3.11,!=3.12.0,<4"]),
        st.none() | st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20),
        st.integers(0, 2**40),
    ),
    max_size=6,
    unique_by=lambda file: file.filename,
)


@given(FILES)
def test_both_representations_tell_a_reader_the_same(files: list[DistFile]) -> None:
    page = page_of(*files)
    from_json = ProjectPage.from_json_data(
        json.loads(simple.render(page, Format.JSON)), base_url="http://index/simple/demo/"
    )
    from_html = ProjectPage.from_html(
        "demo", simple.render(page, Format.HTML).decode(), base_url="http://index/simple/demo/"
    )

    for one, other in zip(from_json.packages, from_html.packages, strict=True):
        assert (one.filename, one.url, one.requires_python) == (
            other.filename,
            other.url,
            other.requires_python,
        )
        assert one.is_yanked == other.is_yanked
        assert one.digests == other.digests
        assert one.has_metadata
        assert one.metadata_digests == other.metadata_digests


def test_equal_pages_are_packed_into_equal_bytes() -> None:
    body = simple.render(page_of(FILE), Format.JSON)
    packed = pack(body)

    assert gzip.decompress(packed.body) == body
    assert packed == pack(body)
    assert packed.digest == hashlib.sha256(body).hexdigest()[:32]


def test_the_list_of_projects_has_both_representations() -> None:
    serials = {canonicalize_name("a"): 7, canonicalize_name("b"): 5}

    assert json.loads(simple.render_list(serials, Format.JSON)) == {
        "meta": {"_last-serial": 7, "api-version": "1.4"},
        "projects": [{"_last-serial": 7, "name": "a"}, {"_last-serial": 5, "name": "b"}],
    }
    assert b'<a href="a/">a</a>' in simple.render_list(serials, Format.HTML)


def test_a_list_of_no_projects_has_the_serial_0() -> None:
    assert json.loads(simple.render_list({}, Format.JSON)) == {
        "meta": {"_last-serial": 0, "api-version": "1.4"},
        "projects": [],
    }
