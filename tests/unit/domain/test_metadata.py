"""Core metadata documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import metadata
from app.errors import BadFile
from tests import make


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


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"])
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
    ],
)
def test_what_is_endless_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        metadata.parse(b"Metadata-Version: 2.1\nName: demo\n" + line)


def test_fields_that_are_only_shown_are_left_out_when_they_are_huge() -> None:
    document = make.metadata(Author="x" * 200_000, Keywords="small")
    assert metadata.parse(document).fields == {"keywords": ["small"]}


@given(st.binary(max_size=400))
def test_any_bytes_are_metadata_or_a_bad_file(document: bytes) -> None:
    with pytest.raises(BadFile):
        metadata.parse(document)
