"""What stands in `larder.json`."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import manifest
from app.domain.manifest import FileRecord, Manifest, ReleaseRecord, TakenName
from app.domain.names import normalize
from app.domain.project import ProjectRole, ProjectStatus, Visibility
from app.errors import BadRequest

MOMENT = datetime(2026, 11, 22, 9, 30, 0, 65, UTC)
FILE = FileRecord(
    filename="demo-1.0.tar.gz",
    sha256="ab" * 32,
    uploaded_at=MOMENT,
    uploaded_by="ada",
    uploaded_with="twine/6.2.0 \N{HORIZONTAL ELLIPSIS}",
    yanked="",
    provenance={"version": 1, "attestation_bundles": []},
)
WHOLE = Manifest(
    name=normalize("demo"),
    display_name="Demo",
    visibility=Visibility.RESTRICTED,
    status=ProjectStatus.DEPRECATED,
    status_reason="use \N{SNOWMAN}",
    created_at=MOMENT,
    roles={"ada": ProjectRole.OWNER},
    releases=[
        ReleaseRecord(version="1.0", summary="", created_at=MOMENT, fields={"keywords": ["a"]})
    ],
    files=[FILE],
    taken=[TakenName(filename="demo-0.9.tar.gz", sha256="cd" * 32)],
)


def test_what_is_written_is_read_again_and_written_alike() -> None:
    text = manifest.render(WHOLE)

    assert manifest.parse(text) == WHOLE
    assert manifest.render(manifest.parse(text)) == text
    assert text.isascii()


def test_times_are_written_to_the_microsecond() -> None:
    assert json.loads(manifest.render(WHOLE))["created_at"] == "2026-11-22T09:30:00.000065Z"


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest, match=r"no larder\.json of this version"):
        manifest.parse(text)


@pytest.mark.parametrize("key", ["files", "name", "roles", "taken", "releases"])
def test_nothing_may_be_left_out(key: str) -> None:
    document = json.loads(manifest.render(WHOLE))
    del document[key]

    with pytest.raises(BadRequest, match=key):
        manifest.parse(json.dumps(document).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": MOMENT.replace(tzinfo=None)},
        {"files": [replace(FILE, uploaded_at=MOMENT.replace(tzinfo=None))]},
        {"releases": [replace(WHOLE.releases[0], created_at=MOMENT.replace(tzinfo=None))]},
    ],
)
def test_a_time_has_its_zone(change: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="without its zone"):
        manifest.parse(manifest.render(replace(WHOLE, **change)))
