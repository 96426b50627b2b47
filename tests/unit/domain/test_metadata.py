"""Core metadata documents."""

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import metadata
from app.errors import BadFile
from tests import make

START = b"Metadata-Version: 2.1\nName: demo\nVersion: 1\n"


def test_the_fields_the_index_uses_are_read() -> None:
    document = make.metadata(
        "Larder.Demo",
        "1.0",
        Summary="A  demo",
        Requires_Python=">=3.11",
        Requires_Dist="click>8",
        Author="Ada",
    )

    found = metadata.parse(document)

    assert (found.project, found.name, str(found.version)) == ("larder-demo", "Larder.Demo", "1.0")
    assert (found.requires_python, found.summary) == (">=3.11", "A demo")
    assert found.fields == {"requires_dist": ["click>8"], "author": "Ada"}


def test_fields_newer_than_the_documents_version_are_no_fault() -> None:
    """Build tools in wide use wrote License-File into documents of version 2.1."""
    document = b"Metadata-Version: 2.1\nName: demo\nVersion: 1\nLicense-File: LICENSE\nOdd: x\n"
    assert metadata.parse(document).project == "demo"


@pytest.mark.parametrize(
    "version", ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"]
)
def test_every_published_metadata_version_is_read(version: str) -> None:
    document = f"Metadata-Version: {version}\nName: demo\nVersion: 1\n".encode()
    assert str(metadata.parse(document).version) == "1"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "name"),
        (b"Metadata-Version: 9.9\nName: demo\nVersion: 1\n", "metadata-version"),
        (b"Metadata-Version: 2.1\nVersion: 1\n", "name"),
        (b"Metadata-Version: 2.1\nName: -\nVersion: 1\n", "name"),
        (b"Metadata-Version: 2.1\nName: demo\n", "version"),
        (b"Metadata-Version: 2.1\nName: demo\nVersion: one\n", "version"),
        (
            b"Metadata-Version: 2.1\nName: demo\nVersion: 1\nRequires-Python: 3?\n",
            "requires-python",
        ),
        (b"Metadata-Version: 2.1\nName: demo\nVersion: 1\nRequires-Dist: ???\n", "requires-dist"),
        (
            START + b"Requires-Python: <3\nRequires-Python: >=3\n",
            "requires-python: it is there more",
        ),
        (START + b"Requires-Dist: a @ file:///etc/passwd\n", "on one machine alone"),
        (START + b"Author: \xe9\n", "not UTF-8"),
        (START + b"\n\xe9\n", "not UTF-8"),
        (START + b"Home-page: javascript:alert(1)\n", "begins with 'javascript:' is no link"),
        (START + b"Project-URL: Docs, Java\tScript:alert(1)\n", "is no link"),
        (START + b"Download-URL: data:text/html,x\n", "is no link"),
        (START + b"Project-URL: a, file:/x\nProject-URL: a, http://x\n", "is no link"),
    ],
)
def test_a_wrong_field_is_named(document: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        metadata.parse(document)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Version: " + b"1" * 5000, "version"),
        (b"Version: 1\nRequires-Dist: a " + b"(" * 4000 + b")" * 4000, "requires-dist"),
        (b"Version: 1\nRequires-Python: " + b">3," * 1000 + b"<4", "Requires-Python has more"),
        (b"Version: 1\n" + b"".join(b"X-%d: y\n" % n for n in range(500)), "different fields"),
        (b"Version: 1\n" + b"X:\n" * 20_001, "20000 lines"),
        (b"Version: 1\nX: " + b"x" * 2**20, "1048576 bytes"),
        (b"Version: 1\n" + b"Requires-Dist: a\n" * 5001, "more than 5000"),
        (b"Version: 1\nRequires-Dist: a " + b">1," * 2000 + b"<2", "requires-dist"),
    ],
)
def test_what_is_endless_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        metadata.parse(b"Metadata-Version: 2.1\nName: demo\n" + line)


MIB = 2**20
HOSTILE = {
    "lines": b"X:\n" * (4 * MIB // 3),
    "lines of many fields": b"".join(b"X%d:\n" % n for n in range(190)) + b"X:\n" * 19_000,
    "continued lines": b"X: y\n" + b" \n" * (2 * MIB),
    "continued lines that are few enough": b"X: y\n" + b" y\n" * 19_000,
    "requires-python": b"Requires-Python: " + b">3," * MIB,
    "requirements": b"Requires-Dist: a[b,c]>1,<2; python_version<'3'\n" * 5000,
    "too many requirements": b"Requires-Dist: a>1\n" * 19_000,
    "a requirement": b"Requires-Dist: a " + b">1," * (MIB // 4),
    "links": b"".join(b"Project-URL: %d, http://x\n" % n for n in range(19_000)),
    "keywords": b"Keywords: " + b"a," * (MIB // 3),
    "a description in lines": b"\n" + b"a\n" * (2 * MIB - 100),
    "a description in wide letters": b"\n\xf0\x9f\x98\x80" + b"a" * (4 * MIB - 200),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_memory_stays_bounded_whatever_the_document_holds(what: str) -> None:
    document = START + HOSTILE[what]
    tracemalloc.start()
    try:
        for read in (metadata.license_files, metadata.parse):
            with contextlib.suppress(BadFile):
                read(document)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 28 * MIB


def test_lines_may_end_as_on_windows() -> None:
    document = START + b"Description: word\n" + b"        word\n" * 15_000
    assert metadata.parse(document.replace(b"\n", b"\r\n")).project == "demo"


def test_a_description_is_whole_even_where_no_blank_line_is_before_it() -> None:
    document = START + b"No field\n\nThe rest.\n"
    assert metadata.read(document)["description"] == "No field\n\nThe rest.\n"
    assert metadata.read(START + b"\nAll of it.\n")["description"] == "All of it.\n"


def test_fields_that_are_only_shown_are_left_out_when_they_are_huge() -> None:
    document = make.metadata(Author="x" * 200_000, Keywords="small")
    assert metadata.parse(document).fields == {"keywords": ["small"]}


@given(st.binary(max_size=400))
def test_any_bytes_are_metadata_or_a_bad_file(document: bytes) -> None:
    with pytest.raises(BadFile):
        metadata.parse(document)
