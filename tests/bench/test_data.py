"""What indexes are filled with, and what is asked of them."""

import base64
import hashlib
import io

import pytest

import handler
from app.domain import filenames, wheel
from app.domain.names import normalize
from bench import data
from bench.asking import Ask
from bench.function import event_of
from bench.wheels import upload
from bench.wheels import wheel as make_wheel


def test_the_same_files_are_made_every_time() -> None:
    project = normalize("files-10")

    assert data.file_of(project, 3) == data.file_of(project, 3)
    assert data.file_of(project, 3).sha256 != data.file_of(project, 4).sha256
    document = data.document(project, 3)
    assert data.file_of(project, 3).metadata_sha256 == hashlib.sha256(document).hexdigest()


@pytest.mark.parametrize(("kind", "projects"), [("small", 10), ("large", 9000)])
def test_an_index_has_as_many_projects_as_it_says(kind: str, projects: int) -> None:
    found = list(data.projects_of(kind))

    assert len({name for name, _ in found}) == len(found) == projects
    assert max(size for _, size in found) == (5000 if kind == "small" else 1)


def test_a_wheel_passes_the_inspection_and_has_its_size() -> None:
    name, content = make_wheel("made-up", "1.0", size=20_000, requires=["other>=1"])

    document = wheel.read_metadata(io.BytesIO(content), filenames.parse(name))

    assert b"Requires-Dist: other>=1" in document
    assert 19_500 < len(content) < 20_500
    assert make_wheel("made-up", "1.0", size=20_000, requires=["other>=1"])[1] == content


def test_an_upload_is_an_event_that_the_function_takes() -> None:
    ask = upload("made-up", "1.0", credential="Basic eDp5")

    request = handler._request(event_of(ask))

    assert request["body"] == ask.body
    assert request["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert request["requestContext"]["http"]["method"] == "POST"
    assert base64.b64decode(event_of(ask)["body"]) == ask.body


def test_a_query_is_apart_from_the_path_in_an_event() -> None:
    event = event_of(Ask(path="/a%20b/?c=d"))

    assert (event["rawPath"], event["rawQueryString"]) == ("/a b/", "c=d")
    assert "body" not in event
