"""Pages as libraries read them: three parsers and two formats, the JSON API and METADATA agree."""

import hashlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from packaging.metadata import parse_email
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from tests import make
from tests.e2e.conftest import TOOLS, Client, Served, clean_environment
from tests.e2e.test_managing import call

READERS = ("pypi-simple", "simple-repository", "unearth")
PAGES = [f"{reader} {form}" for reader in READERS for form in ("json", "html")]
# What every letter of a page must survive.
REASON = "Eats <b>data</b> & \"more\" of 'it' — \N{PILE OF POO}"

Facts = dict[str, Any]


@dataclass
class Shelf:
    """What was published, and between which moments."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    yanked: dict[str, str] = field(default_factory=dict)
    began: float = 0
    ended: float = 0

    def add(self, name: str, filename: str, content: bytes) -> None:
        self.files.setdefault(canonicalize_name(name), {})[filename] = content

    def wheel(
        self, name: str, version: str, tags: str = "py3-none-any", *, standard: str = "2.4",
        **fields: str,
    ) -> None:  # fmt: skip
        """Add a wheel; `name` is written into METADATA as it is, `standard` is its version."""
        document = make.metadata(name, version, **fields)
        document = document.replace(
            b"Metadata-Version: 2.4", f"Metadata-Version: {standard}".encode()
        )
        plain = canonicalize_name(name)
        stem = f"{plain.replace('-', '_')}-{version}"
        self.add(name, f"{stem}-{tags}.whl", make.wheel(plain, version, document=document))

    def sdist(self, name: str, version: str, **fields: str) -> None:
        plain, document = canonicalize_name(name), make.metadata(name, version, **fields)
        self.add(
            name, make.sdist_name(plain, version), make.sdist(plain, version, document=document)
        )

    @property
    def everything(self) -> dict[str, bytes]:
        return {filename: data for files in self.files.values() for filename, data in files.items()}


LONG = "long-" + "very-" * 14 + "name"
STATES = {
    "shelf-archived": ("archived", "Finished: see <a href='x'>its successor</a>"),
    "shelf-deprecated": ("deprecated", ""),
    "shelf-quarantined": ("quarantined", "malware?"),
}


def fill(shelf: Shelf) -> None:
    """Put everything there that a page may have to tell."""
    pythons = ("", ">=3.8", ">=3.8,<4,!=3.9.*", "~=3.11", "<3,>=2.7", "==3.*")
    versions = (
        "0.1.dev1", "1.0a1", "1.0b2.post3.dev4", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.10",
        "2.0", "2.0+abc.1", "2.0+ubuntu.22.4", "3.0", "4.0rc2", "1!0.9", "1!1.0rc1",
    )  # fmt: skip
    for number, version in enumerate(versions):
        python = pythons[number % len(pythons)]
        fields = {"Requires_Python": python} if python else {}
        shelf.wheel("shelf-varied", version, Summary="Größe > 1 & <2>", **fields)
        shelf.sdist("shelf-varied", version, **fields)
    shelf.wheel("shelf-varied", "1.0", "1-py3-none-any")
    shelf.wheel("shelf-varied", "1.0", "2build_3-cp311.cp312-abi3.none-any")
    shelf.wheel("shelf-varied", "1.0", "cp313-cp313-manylinux_2_28_x86_64.manylinux2014_x86_64")
    for version in range(60):  # more than lies in the head of a project
        shelf.wheel("shelf-many", f"2026.{version}", Requires_Python=">=3.9")
    shelf.wheel("Shelf.Odd__Spelling-Name", "1.0")
    shelf.sdist("SHELF-odd.spelling_NAME", "1.0")
    shelf.wheel("shelf_odd-spelling.name", "1.1")
    shelf.wheel(LONG, "1.0")
    shelf.sdist(LONG, "1.0.post12345")
    for standard in ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.5", "2.6"):
        shelf.wheel("shelf-standards", f"1.{standard}", standard=standard)
    for name in STATES:
        shelf.wheel(name, "1.0")
        shelf.sdist(name, "1.0")


def yank(index: Served, shelf: Shelf) -> None:
    """Yank releases with and without a reason, and single files."""
    files = shelf.files["shelf-varied"]
    for version, reason in {"3.0": REASON, "1.0.1": ""}.items():
        call(index, "POST", f"shelf-varied/releases/{version}/yank", {"reason": reason})
        named = [make.wheel_name("shelf-varied", version), make.sdist_name("shelf-varied", version)]
        shelf.yanked |= dict.fromkeys(named, reason)
    for filename, reason in {
        "shelf_varied-2.0+abc.1.tar.gz": "false",
        "shelf_varied-1!0.9-py3-none-any.whl": "wrong epoch",
    }.items():
        call(index, "POST", f"shelf-varied/files/{quote(filename)}/yank", {"reason": reason})
        shelf.yanked[filename] = reason
    assert shelf.yanked.keys() <= files.keys()


@pytest.fixture(scope="session")
def shelf(index: Served, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Projects of every kind, published with uv, then yanked and closed."""
    made, home = Shelf(), tmp_path_factory.mktemp("shelf")
    fill(made)
    for filename, content in made.everything.items():
        (home / filename).write_bytes(content)
    made.began = time.time()
    Client(home).uv_publish(index, *(home / filename for filename in made.everything))
    made.ended = time.time()
    yank(index, made)
    for name, (status, reason) in STATES.items():
        call(index, "PUT", f"{name}/status", {"status": status, "reason": reason})
    return made


CHOICES = {
    "shelf-varied": "shelf_varied-1!0.9.tar.gz",
    "shelf-varied<1!0": "shelf_varied-2.0+ubuntu.22.4-py3-none-any.whl",
    "shelf-varied==3.0": "shelf_varied-3.0-py3-none-any.whl",
    "shelf-varied==1.0.1": "shelf_varied-1.0.1-py3-none-any.whl",
    "shelf-varied>1.0.post1,<1.10": None,
    "shelf-varied==2.0+abc.1": "shelf_varied-2.0+abc.1-py3-none-any.whl",
    "shelf-varied>=4.0rc1,<5": "shelf_varied-4.0rc2-py3-none-any.whl",
    "Shelf_Odd.spelling--Name": "shelf_odd_spelling_name-1.1-py3-none-any.whl",
    "shelf-quarantined": None,
    "shelf-archived": "shelf_archived-1.0-py3-none-any.whl",
}


def plainly_named(shelf: Shelf) -> list[str]:
    """Return the files whose links have no escape in them: simple-repository escapes them twice."""
    return [filename for filename in shelf.files["shelf-varied"] if quote(filename) == filename]


@dataclass(frozen=True)
class Told:
    """What the libraries found, each for itself."""

    answers: dict[str, Facts]

    def __getitem__(self, part: str) -> Facts:
        """Return what one of them found."""
        answer = self.answers[part]
        assert "failed" not in answer, answer["failed"]
        found: Facts = answer["found"]
        return found


@pytest.fixture(scope="session")
def told(index: Served, shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Let the libraries read the shelf; to them a warning is an error."""
    question = {
        "url": index.simple,
        "names": list(shelf.files),
        "requirements": list(CHOICES),
        "resources": {"name": "shelf-varied", "filenames": plainly_named(shelf)},
    }
    done = subprocess.run(
        [
            TOOLS / "readers" / "bin" / "python",
            "-W",
            "error",
            Path(__file__).parent / "readers_check.py",
        ],
        env=clean_environment(tmp_path_factory.mktemp("readers")),
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return Told(json.loads(done.stdout))


def offered(shelf: Shelf) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Each project with the files that its page must show: a quarantined one shows none."""
    for name, files in shelf.files.items():
        yield name, {} if STATES.get(name, ("",))[0] == "quarantined" else files


def version_in(filename: str) -> Version:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[1]
    return parse_sdist_filename(filename)[1]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_is_read_as_it_was_published(told: Told, shelf: Shelf, page: str) -> None:
    for name, files in offered(shelf):
        found = told[page][name]["files"]
        assert found.keys() == files.keys()
        for filename, content in files.items():
            facts = found[filename]
            assert facts["sha256"] == hashlib.sha256(content).hexdigest()
            assert facts.get("yanked") == shelf.yanked.get(filename)
            if "version" in facts:
                assert Version(facts["version"]) == version_in(filename)


@pytest.mark.parametrize("reader", READERS)
def test_html_tells_what_json_tells(told: Told, shelf: Shelf, reader: str) -> None:
    json_page, html_page = told[f"{reader} json"], told[f"{reader} html"]
    json_only = {"size", "uploaded"}
    for name in shelf.files:
        in_json, in_html = json_page[name]["files"], html_page[name]["files"]
        assert list(in_html) == list(in_json), "the order too"
        for filename, facts in in_json.items():
            rest = {key: value for key, value in facts.items() if key not in json_only}
            assert in_html[filename] == rest
        for key in ("status", "reason", "api"):
            assert html_page[name].get(key) == json_page[name].get(key)
        assert json_page[name].get("api", "1.4") == "1.4"


@pytest.mark.parametrize("page", [page for page in PAGES if "unearth" not in page])
def test_the_list_names_every_project_once(told: Told, shelf: Shelf, page: str) -> None:
    listed = told[page]["listed"]
    assert len(set(listed)) == len(listed)
    assert set(shelf.files) <= set(listed)


@pytest.mark.parametrize("page", ["pypi-simple json", "pypi-simple html"])
def test_a_status_and_its_reason_are_read(told: Told, shelf: Shelf, page: str) -> None:
    for name in shelf.files:
        status, reason = STATES.get(name, (None, None))
        assert told[page][name].get("status") == status
        assert told[page][name].get("reason") == (reason or None)


@pytest.mark.parametrize("page", ["pypi-simple json", "simple-repository json"])
def test_sizes_times_and_versions_are_right(told: Told, shelf: Shelf, page: str) -> None:
    for name, files in offered(shelf):
        entry = told[page][name]
        assert {Version(version) for version in entry["versions"]} == set(map(version_in, files))
        assert len(entry["versions"]) == len(set(entry["versions"]))
        for filename, content in files.items():
            assert entry["files"][filename]["size"] == len(content)
            assert shelf.began <= entry["files"][filename]["uploaded"] <= shelf.ended


def test_what_is_downloaded_is_what_the_page_announces(told: Told, shelf: Shelf) -> None:
    """The library itself compares the digests of files and of metadata."""
    expected = {name: data for _, files in offered(shelf) for name, data in files.items()}
    assert told["fetched"].keys() == expected.keys()
    for filename, content in expected.items():
        assert told["fetched"][filename]["sha256"] == hashlib.sha256(content).hexdigest()


def test_metadata_says_what_the_page_says(told: Told, shelf: Shelf) -> None:
    for name, files in offered(shelf):
        for filename in files:
            facts = told["pypi-simple json"][name]["files"][filename]
            text = told["fetched"][filename]["metadata"]
            raw, unparsed = parse_email(text)
            assert not unparsed
            assert canonicalize_name(raw["name"]) == name
            assert Version(raw["version"]) == version_in(filename) == Version(facts["version"])
            assert hashlib.sha256(text.encode()).hexdigest() == facts["metadata_sha256"]
            page, document = facts.get("requires_python", ""), raw.get("requires_python", "")
            assert SpecifierSet(page) == SpecifierSet(document)


def test_links_lead_to_the_index_itself_and_carry_no_query(
    told: Told, shelf: Shelf, index: Served
) -> None:
    for name, files in offered(shelf):
        for filename in files:
            url = urlsplit(told["pypi-simple json"][name]["files"][filename]["url"])
            assert url.netloc.rpartition("@")[2] == f"127.0.0.1:{index.port}"
            assert unquote(url.path) == f"/files/{name}/{filename}"
            assert "+" not in url.path, "some readers take it for a space"
            assert not url.query


def test_a_repository_in_front_finds_files_and_their_metadata(told: Told, shelf: Shelf) -> None:
    """simple-repository asks by HEAD and hands the ETag on to those behind it."""
    pages, found = told["pypi-simple json"]["shelf-varied"]["files"], told["resources"]
    assert len(found) == 2 * len(plainly_named(shelf))
    for filename in plainly_named(shelf):
        assert pages[filename]["sha256"] in found[filename]
        assert found[f"{filename}.metadata"]


def test_a_resolver_chooses_as_the_standards_say(told: Told) -> None:
    assert told["chosen"] == CHOICES


def get(index: Served, path: str) -> Facts:
    request = urllib.request.Request(  # noqa: S310
        f"{index.url}{path}", headers={"Authorization": f"Bearer {index.token}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        document: Facts = json.load(answer)
        return document


def test_the_json_api_tells_what_the_page_tells(told: Told, shelf: Shelf, index: Served) -> None:
    for name, files in offered(shelf):
        if not files:
            continue
        document, page = get(index, f"/pypi/{name}/json"), told["pypi-simple json"][name]
        listed = [entry for release in document["releases"].values() for entry in release]
        assert {entry["filename"] for entry in listed} == page["files"].keys()
        assert set(map(Version, document["releases"])) == set(map(Version, page["versions"]))
        for entry in listed:
            assert from_json_api(entry) == comparable(page["files"][entry["filename"]])


def from_json_api(entry: Facts) -> Facts:
    """Return the facts of a file that its page tells too."""
    assert entry["md5_digest"] == entry["digests"]["md5"]
    return {
        "sha256": entry["digests"]["sha256"],
        "requires_python": entry["requires_python"],
        "yanked": (entry["yanked_reason"] or "") if entry["yanked"] else None,
        "metadata_sha256": entry["core-metadata"]["sha256"],
        "size": entry["size"],
        "uploaded": entry["upload_time_iso_8601"],
    }


def comparable(facts: Facts) -> Facts:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(facts["uploaded"])))
    micros = round(facts["uploaded"] % 1 * 1_000_000)
    return {
        "sha256": facts["sha256"],
        "requires_python": facts.get("requires_python"),
        "yanked": facts.get("yanked"),
        "metadata_sha256": facts["metadata_sha256"],
        "size": facts["size"],
        "uploaded": f"{moment}.{micros:06}Z",
    }


def test_a_release_in_the_json_api_is_the_one_in_the_project(shelf: Shelf, index: Served) -> None:
    whole = get(index, "/pypi/shelf-varied/json")
    for version, files in whole["releases"].items():
        alone = get(index, f"/pypi/shelf-varied/{quote(version)}/json")
        assert alone["urls"] == files
        assert alone["info"]["version"] == version
        assert alone["info"]["yanked"] is all(entry["yanked"] for entry in files)
