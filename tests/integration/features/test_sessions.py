"""Publishing sessions (PEP 694)."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Config
from app.domain.account import AccountRole
from app.domain.publishing_session import MAX_FILES
from app.errors import Unavailable
from app.factory import create_app
from app.features.sessions import service
from app.features.sweep.service import catch_up
from app.store.blobs import BlobStore
from app.store.incoming import IncomingStore
from app.store.sessions import SessionStore
from app.store.stores import Stores
from app.web.context import Context
from tests import make
from tests.make_attestations import attestation

Clients = Callable[..., FlaskClient]

META = {"meta": {"api-version": "2.0"}}
POST, PUT, MULTIPART = "http-post-bytes", "vnd-larder-s3put-v1", "vnd-larder-s3multipart-v1"
MEDIA_TYPE = "application/vnd.pypi.upload.v2+json"


def send(client: FlaskClient, url: str, **body: Any) -> TestResponse:
    data = json.dumps({**META, **body})
    return client.post(path(url), data=data, content_type=MEDIA_TYPE)


def path(url: str) -> str:
    return url.removeprefix("http://localhost")


def opened(client: FlaskClient, name: str = "Larder.Demo", version: str = "1.0") -> dict[str, Any]:
    answer = send(client, "/upload/2.0/", name=name, version=version)
    assert answer.status_code == 201, answer.text
    return body_of(answer)


def body_of(answer: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.data)
    return found


def announce(
    client: FlaskClient,
    session: dict[str, Any],
    archive: bytes,
    filename: str | None = None,
    mechanism: str = POST,
    **changes: Any,
) -> TestResponse:
    fields = {
        "filename": filename or make.wheel_name(),
        "size": len(archive),
        "hashes": {"sha256": hashlib.sha256(archive).hexdigest()},
        "mechanism": mechanism,
    }
    return send(client, session["links"]["upload"], **(fields | changes))


def sent(
    client: FlaskClient, session: dict[str, Any], archive: bytes, filename: str | None = None
) -> dict[str, Any]:
    """Announce a file and send its bytes through the application."""
    announced = announce(client, session, archive, filename)
    assert announced.status_code == 202, announced.text
    file = body_of(announced)
    stored = client.post(path(file["mechanism"]["file_url"]), data=archive)
    assert stored.status_code == 204, stored.text
    return file


def completed(
    client: FlaskClient, session: dict[str, Any], archive: bytes, filename: str | None = None
) -> dict[str, Any]:
    file = sent(client, session, archive, filename)
    answer = send(client, file["links"]["complete"])
    assert answer.status_code == 201, answer.text
    return body_of(answer)


def listed(client: FlaskClient, project: str = "larder-demo") -> list[str]:
    answer = client.get(f"/simple/{project}/?format=application/vnd.pypi.simple.v1%2Bjson")
    return [file["filename"] for file in answer.json["files"]] if answer.json else []


def files_of(client: FlaskClient, session: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body_of(client.get(path(session["links"]["session"])))["files"]
    return found


def test_nothing_is_seen_before_a_session_is_published_and_everything_after(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    completed(client, session, make.sdist(), make.sdist_name())
    assert client.get("/simple/larder-demo/").status_code == 404

    answer = send(client, session["links"]["publish"])

    assert (answer.status_code, body_of(answer)["status"]) == (201, "published")
    assert listed(client) == [make.wheel_name(), make.sdist_name()]


def test_a_published_file_is_served_like_any_other(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    send(client, session["links"]["publish"])

    assert client.get(f"/files/larder-demo/{make.wheel_name()}").status_code == 302
    assert client.get(f"/files/larder-demo/{make.wheel_name()}.metadata").data == make.metadata()
    file = stores.files.of("larder-demo")[0]
    assert stores.blobs.read(file.blob) == make.wheel()
    assert file.blake2_256 == hashlib.blake2b(make.wheel(), digest_size=32).hexdigest()


def test_a_session_says_where_everything_is(as_: Clients) -> None:
    client = as_()
    answer = send(client, "/upload/2.0/", name="Larder.Demo", version="1.0")

    session = body_of(answer)
    assert answer.content_type == MEDIA_TYPE
    assert answer.headers["Location"] == path(session["links"]["session"])
    assert set(session["links"]) == {"session", "upload", "publish", "extend", "stage"}
    assert session["mechanisms"] == [PUT, MULTIPART, POST]
    assert (session["name"], session["status"], session["files"]) == ("larder-demo", "open", {})
    assert session["expires-at"].endswith("Z")
    assert client.get(path(session["links"]["session"])).json == session


def test_the_upload_time_is_the_moment_of_publication(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    later = datetime.now(UTC) + timedelta(hours=5)
    app.extensions["larder"] = replace(app.extensions["larder"], clock=lambda: later)

    send(client, session["links"]["publish"])

    assert stores.files.of("larder-demo")[0].uploaded_at == later


def test_a_release_has_one_open_session(as_: Clients) -> None:
    client = as_()
    session = opened(client)

    again = send(client, "/upload/2.0/", name="larder_demo", version="1.0.0")

    assert (again.status_code, again.headers["Location"]) == (
        409,
        path(session["links"]["session"]),
    )
    assert opened(client, version="1.1")["links"]["session"] != session["links"]["session"]


def test_a_release_may_have_another_session_once_the_first_has_ended(as_: Clients) -> None:
    client = as_()
    first = opened(client)
    completed(client, first, make.wheel())
    send(client, first["links"]["publish"])
    second = opened(client)
    completed(client, second, make.sdist(), make.sdist_name())
    send(client, second["links"]["publish"])
    third = opened(client)
    client.delete(path(third["links"]["session"]))

    opened(client)
    assert len(listed(client)) == 2


def test_the_name_of_a_new_project_is_kept_for_its_session(as_: Clients) -> None:
    ada, bob = as_("ada"), as_("bob")
    session = opened(ada)

    assert send(bob, "/upload/2.0/", name="larder-demo", version="2.0").status_code == 403
    legacy = bob.post("/legacy/", data=make.form(make.wheel()))
    assert legacy.status_code == 403
    assert "another account" in legacy.text
    opened(ada, version="2.0")
    assert ada.delete(path(session["links"]["session"])).status_code == 204


def test_a_kept_name_is_free_again_after_the_session(as_: Clients) -> None:
    ada, bob = as_("ada"), as_("bob")
    session = opened(ada)
    ada.delete(path(session["links"]["session"]))

    assert bob.post("/legacy/", data=make.form(make.wheel())).status_code == 200


def test_nobody_else_reaches_the_session_of_a_new_project(as_: Clients) -> None:
    session = opened(as_("ada"))
    bob = as_("bob")

    assert bob.get(path(session["links"]["session"])).status_code in {403, 404}
    assert send(bob, session["links"]["publish"]).status_code in {403, 404}
    assert bob.delete(path(session["links"]["session"])).status_code in {403, 404}


def test_an_admin_reaches_every_session(as_: Clients) -> None:
    session = opened(as_("ada"))
    root = as_("root", {"admin"}, role=AccountRole.ADMIN)

    assert root.get(path(session["links"]["session"])).status_code == 200


def test_sessions_need_a_token_that_may_upload(as_: Clients, client: FlaskClient) -> None:
    assert send(client, "/upload/2.0/", name="demo", version="1").status_code == 401
    reader = as_("ada", {"read"})
    assert send(reader, "/upload/2.0/", name="demo", version="1").status_code == 403
    narrow = as_("ada", {"upload"}, ("other",))
    assert send(narrow, "/upload/2.0/", name="demo", version="1").status_code == 403


def test_a_role_that_was_taken_away_ends_what_a_session_may(as_: Clients, stores: Stores) -> None:
    ada, root = as_("ada"), as_("root", {"admin"}, role=AccountRole.ADMIN)
    root.post("/legacy/", data=make.form(make.wheel()))
    role = "/api/v1/projects/larder-demo/roles/ada"
    assert root.put(role, json={"role": "uploader"}).status_code == 200
    session = opened(ada, version="2.0")
    completed(ada, session, make.wheel(version="2.0"), make.wheel_name(version="2.0"))
    root.delete(role)

    assert send(ada, session["links"]["publish"]).status_code == 403
    assert listed(root) == [make.wheel_name()]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"meta": {}}, "api-version"),
        ({"meta": None}, "api-version"),
        ({"meta": {"api-version": "3.0"}}, "api-version"),
        ({"name": 3}, "'name'"),
        ({"name": "-"}, "name"),
        ({"version": "one"}, "not a version"),
        ({"version": ""}, "'version'"),
        ({"version": "1" * 5000}, "'version'"),
    ],
)
def test_a_session_for_nothing_sensible_is_refused(
    as_: Clients, body: dict[str, Any], says: str
) -> None:
    answer = send(as_(), "/upload/2.0/", **({"name": "demo", "version": "1.0"} | body))

    assert answer.status_code == 400
    assert says in body_of(answer)["detail"]


def test_refusals_are_problem_documents_with_the_members_of_the_standard(as_: Clients) -> None:
    answer = send(as_(), "/upload/2.0/", name="demo", version="?")

    problem = body_of(answer)
    assert answer.mimetype == "application/problem+json"
    assert problem["meta"] == {"api-version": "2.0"}
    assert problem["errors"] == [{"source": "bad-request", "message": problem["detail"]}]


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"filename": "other-1.0-py3-none-any.whl"}, 400, "no file of larder-demo 1.0"),
        ({"filename": "larder_demo-2.0-py3-none-any.whl"}, 400, "no file of larder-demo 1.0"),
        ({"filename": "larder_demo.exe"}, 400, "neither a wheel"),
        ({"size": 0}, 400, "'size'"),
        ({"size": "9"}, 400, "'size'"),
        ({"size": True}, 400, "'size'"),
        ({"size": 2**40}, 413, "the limit here"),
        ({"hashes": {}}, 400, "sha256"),
        ({"hashes": {"sha256": "00"}}, 400, "sha256"),
        ({"hashes": None}, 400, "sha256"),
        ({"mechanism": "vnd-acme-postal"}, 422, PUT),
        ({"mechanism": None}, 400, "'mechanism'"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_before_it_is_sent(
    as_: Clients, changes: dict[str, Any], status: int, says: str
) -> None:
    client = as_()
    session = opened(client)

    answer = announce(client, session, make.wheel(), **changes)

    assert answer.status_code == status
    assert says in body_of(answer)["detail"]
    assert files_of(client, session) == {}


def test_what_is_published_already_is_told_when_it_is_announced(as_: Clients) -> None:
    client = as_()
    client.post("/legacy/", data=make.form(make.wheel()))
    session = opened(client)
    sha256 = hashlib.sha256(make.wheel()).hexdigest()

    same = announce(client, session, make.wheel())
    other = announce(client, session, make.wheel(Summary="other"))

    assert (same.status_code, other.status_code) == (409, 409)
    assert body_of(same)["published-sha256"] == body_of(other)["published-sha256"] == sha256
    assert "File already exists" in body_of(other)["detail"]


def test_a_file_is_in_a_session_once(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    first = announce(client, session, make.wheel())
    again = announce(client, session, make.wheel())

    assert (first.status_code, again.status_code) == (202, 409)
    assert first.headers["Retry-After"] == "1"


def test_a_session_takes_no_more_files_than_a_transaction(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    for number in range(MAX_FILES):
        name = f"larder_demo-1.0-{number}-py3-none-any.whl"
        completed(client, session, make.wheel(), name)
    over = announce(client, session, make.wheel(), "larder_demo-1.0-99-py3-none-any.whl")
    assert over.status_code == 409
    assert f"{MAX_FILES} files" in body_of(over)["detail"]

    assert send(client, session["links"]["publish"]).status_code == 201
    assert len(listed(client)) == MAX_FILES


def test_a_session_without_files_publishes_nothing(as_: Clients) -> None:
    client = as_()
    answer = send(client, opened(client)["links"]["publish"])

    assert answer.status_code == 409
    assert client.get("/simple/larder-demo/").status_code == 404


def test_a_file_that_is_not_completed_is_named_and_nothing_is_published(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    sent(client, session, make.sdist(), make.sdist_name())

    answer = send(client, session["links"]["publish"])

    assert answer.status_code == 409
    assert make.sdist_name() in body_of(answer)["detail"]
    assert client.get("/simple/larder-demo/").status_code == 404


def test_completing_without_bytes_is_refused(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    for mechanism in (POST, PUT):
        name = f"larder_demo-1.0-{len(mechanism)}-py3-none-any.whl"
        file = body_of(announce(client, session, make.wheel(), name, mechanism))
        answer = send(client, file["links"]["complete"])
        assert answer.status_code == 409
        assert "not arrived" in body_of(answer)["detail"]


def test_completing_twice_is_refused(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    file = completed(client, session, make.wheel())

    again = send(client, file["links"]["complete"])

    assert again.status_code == 409
    assert "completed" in body_of(again)["detail"]
    assert send(client, session["links"]["publish"]).status_code == 201


def test_other_bytes_than_announced_are_not_even_stored(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel()))

    answer = client.post(path(file["mechanism"]["file_url"]), data=make.wheel(Summary="other"))

    assert answer.status_code == 400
    assert send(client, file["links"]["complete"]).status_code == 409


def put(stores: Stores, archive: bytes, prefix: str = "files/") -> None:
    """Do what a client does with a link to S3, which this emulator does not check."""
    client = stores.blobs.client
    [staged] = [item for item in all_staged(stores) if item["object_key"]["S"].startswith(prefix)]
    client.put_object(Bucket="larder-dev", Key=staged["object_key"]["S"], Body=archive)


def all_staged(stores: Stores) -> list[dict[str, Any]]:
    from app.models.base import table

    found = table().scan()["Items"]
    return [item for item in found if item["kind"]["S"] == "staged-file"]


@pytest.mark.parametrize(
    ("archive", "says"),
    [
        (make.wheel(Summary="other bytes"), "bytes"),
        (b"x" * len(make.wheel()), "sha256"),
    ],
)
def test_other_bytes_in_storage_are_an_error_and_are_removed(
    as_: Clients, stores: Stores, archive: bytes, says: str
) -> None:
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=PUT))
    put(stores, archive)

    answer = send(client, file["links"]["complete"])

    assert answer.status_code == 400
    assert says in body_of(answer)["detail"]
    found = files_of(client, session)[make.wheel_name()]
    assert (found["status"], found["notices"]) == ("error", [body_of(answer)["detail"]])
    assert send(client, session["links"]["publish"]).status_code == 409
    assert stores.blobs.client.list_objects_v2(Bucket="larder-dev")["KeyCount"] == 0


def test_a_file_in_error_can_be_deleted_and_sent_again(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    broken = make.wheel(leave_out=("RECORD",))
    file = sent(client, session, broken)
    refused = send(client, file["links"]["complete"])
    assert (refused.status_code, "RECORD" in body_of(refused)["detail"]) == (400, True)

    assert client.delete(path(file["links"]["file-upload-session"])).status_code == 204
    completed(client, session, make.wheel())

    assert send(client, session["links"]["publish"]).status_code == 201
    assert listed(client) == [make.wheel_name()]


def test_a_deleted_file_is_not_published(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    gone = completed(client, session, make.sdist(), make.sdist_name())
    client.delete(path(gone["links"]["file-upload-session"]))

    send(client, session["links"]["publish"])

    assert listed(client) == [make.wheel_name()]
    assert client.get(path(gone["links"]["file-upload-session"])).status_code == 404


def test_a_cancelled_session_is_gone_with_its_bytes(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    file = completed(client, session, make.wheel())

    assert client.delete(path(session["links"]["session"])).status_code == 204

    assert client.get(path(session["links"]["session"])).status_code == 404
    assert send(client, session["links"]["publish"]).status_code == 404
    assert send(client, file["links"]["complete"]).status_code == 404
    assert stores.blobs.client.list_objects_v2(Bucket="larder-dev")["KeyCount"] == 0
    assert client.get("/simple/larder-demo/").status_code == 404


def test_a_published_session_can_be_published_again_but_not_cancelled(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    send(client, session["links"]["publish"])

    assert send(client, session["links"]["publish"]).status_code == 201
    assert client.delete(path(session["links"]["session"])).status_code == 409
    assert announce(client, session, make.sdist(), make.sdist_name()).status_code == 409
    assert listed(client) == [make.wheel_name()]


def test_an_expired_session_is_gone_and_its_names_are_free(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    ada, bob = as_("ada"), as_("bob")
    session = opened(ada)
    completed(ada, session, make.wheel())
    later = datetime.now(UTC) + timedelta(days=8)
    app.extensions["larder"] = replace(app.extensions["larder"], clock=lambda: later)

    assert send(ada, session["links"]["publish"]).status_code == 404
    assert opened(bob)["status"] == "open"


def test_a_session_can_live_longer_but_not_for_ever(as_: Clients, app: Flask) -> None:
    client = as_()
    session = opened(client)
    start = datetime.now(UTC)

    def end(seconds: Any) -> timedelta:
        answer = send(client, session["links"]["extend"], **{"extend-for": seconds})
        assert answer.status_code == 200
        return datetime.fromisoformat(body_of(answer)["expires-at"]) - start

    assert abs(end(60) - timedelta(days=7)) < timedelta(minutes=1)
    assert abs(end(10 * 86400) - timedelta(days=10)) < timedelta(minutes=1)
    assert abs(end(10**30) - timedelta(days=30)) < timedelta(minutes=1)
    bad = send(client, session["links"]["extend"], **{"extend-for": "long"})
    assert bad.status_code == 400


def test_a_name_taken_meanwhile_stops_the_whole_publication(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    completed(client, session, make.sdist(), make.sdist_name())
    client.post("/legacy/", data=make.form(make.wheel(Summary="quicker")))

    answer = send(client, session["links"]["publish"])

    assert (answer.status_code, body_of(answer)["filename"]) == (409, make.wheel_name())
    assert listed(client) == [make.wheel_name()]
    client.delete(path(files_of(client, session)[make.wheel_name()]["link"]))
    assert send(client, session["links"]["publish"]).status_code == 201
    assert listed(client) == [make.wheel_name(), make.sdist_name()]


def test_identical_bytes_published_meanwhile_are_fine(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    completed(client, session, make.sdist(), make.sdist_name())
    client.post("/legacy/", data=make.form(make.wheel()))

    assert send(client, session["links"]["publish"]).status_code == 201

    assert listed(client) == [make.wheel_name(), make.sdist_name()]
    assert stores.blobs.client.list_objects_v2(Bucket="larder-dev")["KeyCount"] == 2


@pytest.mark.parametrize("mechanism", [POST, PUT, MULTIPART])
def test_a_large_file_is_inspected_when_the_answer_is_sent(
    stores: Stores, config: Config, as_: Clients, mechanism: str
) -> None:
    small = replace(config, inspect_bytes=10)
    app = create_app(small, stores)
    client = as_()
    client.application = app
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=mechanism))
    if mechanism == POST:
        client.post(path(file["mechanism"]["file_url"]), data=make.wheel())
    elif mechanism == PUT:
        put(stores, make.wheel())
    else:
        put_parts(stores, make.wheel())

    answer = send(client, file["links"]["complete"])

    assert (answer.status_code, body_of(answer)["status"]) == (202, "processing")
    answer.close()
    assert files_of(client, session)[make.wheel_name()]["status"] == "completed"
    assert send(client, session["links"]["publish"]).status_code == 201
    assert listed(client) == [make.wheel_name()]


def put_parts(stores: Stores, archive: bytes) -> None:
    [staged] = all_staged(stores)
    stores.blobs.client.upload_part(
        Bucket="larder-dev",
        Key=staged["object_key"]["S"],
        UploadId=staged["upload_id"]["S"],
        PartNumber=1,
        Body=archive,
    )


def on_lambda(app: Flask, **changes: Any) -> None:
    """Let S3's events start inspections, as on Lambda."""
    context: Context = app.extensions["larder"]
    settings = replace(context.config, inspect_bytes=10, object_events=True, **changes)
    app.extensions["larder"] = replace(context, config=settings)


@pytest.mark.parametrize("first", ["event", "complete"])
def test_an_event_of_storage_settles_a_large_file_whichever_comes_first(
    as_: Clients, app: Flask, stores: Stores, first: str
) -> None:
    on_lambda(app)
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=PUT))
    put(stores, make.wheel())
    [staged] = all_staged(stores)

    def event() -> None:
        limits = service.Limits(file=10**9, post=10**9, inspection=10)
        key = staged["object_key"]["S"]
        service.object_arrived(key, limits=limits, stores=stores, now=datetime.now(UTC))

    def complete() -> int:
        with send(client, file["links"]["complete"]) as answer:
            return answer.status_code

    if first == "event":
        event()
        assert files_of(client, session)[make.wheel_name()]["status"] == "pending"
        assert complete() == 201
    else:
        assert complete() == 202
        assert files_of(client, session)[make.wheel_name()]["status"] == "processing"
        event()
        event()
    assert files_of(client, session)[make.wheel_name()]["status"] == "completed"
    assert send(client, session["links"]["publish"]).status_code == 201


def test_a_file_that_is_processing_cannot_be_deleted(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    on_lambda(app)
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=PUT))
    put(stores, make.wheel())
    send(client, file["links"]["complete"]).close()

    assert client.delete(path(file["links"]["file-upload-session"])).status_code == 409


def test_an_inspection_that_was_cut_off_can_be_asked_for_again(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    on_lambda(app)
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=PUT))
    put(stores, make.wheel())
    send(client, file["links"]["complete"]).close()
    context: Context = app.extensions["larder"]
    later = datetime.now(UTC) + timedelta(minutes=17)
    patient = replace(context.config, inspect_bytes=10**6)
    app.extensions["larder"] = replace(context, clock=lambda: later, config=patient)

    assert files_of(client, session)[make.wheel_name()]["status"] == "pending"
    assert send(client, file["links"]["complete"]).status_code == 201


@pytest.mark.parametrize(
    "key",
    ["", "files/", "files/a/b/c", "files/a/session-1-2/x", "drop/a/b", "files/../session-", "é"],
)
def test_an_event_about_any_other_object_changes_nothing(stores: Stores, key: str) -> None:
    limits = service.Limits(file=10**9, post=10**9, inspection=0)
    service.object_arrived(key, limits=limits, stores=stores, now=datetime.now(UTC))


def test_missing_parts_are_named(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=MULTIPART))
    [part] = file["mechanism"]["parts"]
    assert (part["number"], part["size"], part["stored"]) == (1, len(make.wheel()), False)

    answer = send(client, file["links"]["complete"])

    assert answer.status_code == 409
    assert "not arrived: 1;" in body_of(answer)["detail"]


def test_parts_that_have_arrived_are_not_asked_for_again(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    size = 40 * 1024 * 1024
    file = body_of(announce(client, session, make.wheel(), mechanism=MULTIPART, size=size))
    sizes = [part["size"] for part in file["mechanism"]["parts"]]
    assert sizes == [16 * 1024 * 1024, 16 * 1024 * 1024, 8 * 1024 * 1024]
    [staged] = all_staged(stores)
    stores.blobs.client.upload_part(
        Bucket="larder-dev",
        Key=staged["object_key"]["S"],
        UploadId=staged["upload_id"]["S"],
        PartNumber=2,
        Body=b"x" * 16 * 1024 * 1024,
    )

    again = body_of(client.get(path(file["links"]["file-upload-session"])))

    stored = [(part["stored"], "url" in part) for part in again["mechanism"]["parts"]]
    assert stored == [(False, True), (True, False), (False, True)]


def test_a_large_file_through_the_application_is_refused_with_the_other_ways(
    as_: Clients, app: Flask
) -> None:
    on_lambda(app, post_bytes=100)
    client = as_()
    session = opened(client)

    early = announce(client, session, make.wheel())

    assert early.status_code == 413
    assert PUT in body_of(early)["detail"]


def test_a_stage_is_an_index_of_completed_files_for_readers(as_: Clients, mint: Any) -> None:
    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    sent(client, session, make.sdist(), make.sdist_name())
    page = f"{path(session['links']['stage'])}larder-demo/"

    answer = as_("bob", {"read"}).get(page, headers={"Accept": "text/html"})

    assert answer.status_code == 200
    assert make.wheel_name() in answer.text
    assert make.sdist_name() not in answer.text
    file = page.replace("/simple/larder-demo/", f"/files/larder-demo/{make.wheel_name()}")
    assert client.get(file).status_code == 302
    assert client.get(f"{file}.metadata").data == make.metadata()
    assert client.get(page.replace("larder-demo", "other")).status_code == 404


def test_a_stage_is_nothing_for_others(as_: Clients, client: FlaskClient) -> None:
    session = opened(as_())
    page = f"{path(session['links']['stage'])}larder-demo/"

    assert client.get(page).status_code == 401
    assert as_("bob", {"read"}, ("other",)).get(page).status_code == 404


@pytest.mark.parametrize("id_", ["0" * 32, "x", "é" * 32, "%00" * 32])
def test_an_unknown_session_is_not_found(as_: Clients, id_: str) -> None:
    client = as_()
    for method, rest in [
        (client.get, ""),
        (client.delete, ""),
        (client.get, "files/x"),
        (client.delete, "files/x"),
    ]:
        assert method(f"/upload/2.0/{id_}/{rest}").status_code == 404
    for rest in ("publish", "extend", "files", "files/x/complete", "files/x/bytes"):
        answer = send(client, f"/upload/2.0/{id_}/{rest}", **{"extend-for": 1})
        assert answer.status_code == 404


def test_a_lost_answer_to_the_publication_is_no_failure(
    as_: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.store.files import Clash, FileStore, Obstacle

    client = as_()
    session = opened(client)
    completed(client, session, make.wheel())
    original = FileStore.add
    monkeypatch.setattr(
        FileStore, "add", lambda *args: original(*args) or [Clash(Obstacle.SESSION)]
    )

    assert send(client, session["links"]["publish"]).status_code == 201
    assert listed(client) == [make.wheel_name()]


def test_attestations_are_published_with_their_file(as_: Clients, stores: Stores) -> None:
    client = as_()
    session = opened(client)
    file = sent(client, session, make.wheel())
    stated = [attestation(make.wheel(), make.wheel_name())]
    url = path(file["mechanism"]["attestations_url"])
    assert client.post(url, json=stated).status_code == 204
    send(client, file["links"]["complete"])
    send(client, session["links"]["publish"])

    answer = client.get(f"/integrity/larder-demo/1.0/{make.wheel_name()}/provenance")

    assert body_of(answer)["attestation_bundles"][0]["attestations"] == stated
    assert client.post(url, json=stated).status_code == 409


def test_attestations_of_another_file_are_refused(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    file = sent(client, session, make.wheel())
    url = path(file["mechanism"]["attestations_url"])

    for stated in ([attestation(make.wheel(), "other-1.0-py3-none-any.whl")], [], "x"):
        assert client.post(url, json=stated).status_code == 400


def test_a_full_session_of_attested_files_is_published_at_once(as_: Clients) -> None:
    client = as_()
    session = opened(client)
    for number in range(MAX_FILES):
        name = f"larder_demo-1.0-{number}-py3-none-any.whl"
        file = sent(client, session, make.wheel(), name)
        stated = [attestation(make.wheel(), name)]
        client.post(path(file["mechanism"]["attestations_url"]), json=stated)
        send(client, file["links"]["complete"])

    assert send(client, session["links"]["publish"]).status_code == 201
    assert len(listed(client)) == MAX_FILES


def at(app: Flask, moment: datetime) -> None:
    """Let it be another time."""
    app.extensions["larder"] = replace(app.extensions["larder"], clock=lambda: moment)


def test_a_request_that_stores_bytes_too_late_does_not_make_the_published_ones_old(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket removes old versions some day."""
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel()))
    late: list[Callable[[], object]] = []
    original = BlobStore.put

    def put_late(self: BlobStore, key: str, content: Any, **about: Any) -> None:
        late.append(lambda: original(self, key, make.wheel(), **about))

    with monkeypatch.context() as patch:
        patch.setattr(BlobStore, "put", put_late)
        client.post(path(file["mechanism"]["file_url"]), data=make.wheel())
    client.post(path(file["mechanism"]["file_url"]), data=make.wheel())
    assert send(client, file["links"]["complete"]).status_code == 201
    assert send(client, session["links"]["publish"]).status_code == 201

    late[0]()

    [published] = stores.files.of("larder-demo")
    newest = stores.incoming.find(published.blob.key)
    assert newest is not None
    assert newest.blob == published.blob


def test_a_kept_name_stays_kept_as_long_as_any_session_for_it_lives(
    as_: Clients, app: Flask
) -> None:
    ada, bob = as_("ada"), as_("bob")
    first, second = opened(ada), opened(ada, version="2.0")
    ada.delete(path(second["links"]["session"]))
    assert send(bob, "/upload/2.0/", name="larder-demo", version="3.0").status_code == 403

    send(ada, first["links"]["extend"], **{"extend-for": 29 * 86400})
    opened(ada, version="4.0")
    at(app, datetime.now(UTC) + timedelta(days=20))

    assert send(bob, "/upload/2.0/", name="larder-demo", version="3.0").status_code == 403
    ada.delete(path(first["links"]["session"]))


def test_a_cancel_that_was_cut_off_is_completed_by_repeating_it(
    as_: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = as_("ada"), as_("bob")
    session = opened(ada)
    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "free", unavailable)
        assert ada.delete(path(session["links"]["session"])).status_code == 503

    assert ada.delete(path(session["links"]["session"])).status_code == 204

    assert opened(bob)["status"] == "open"


def test_a_release_whose_session_ended_halfway_takes_another_one(
    as_: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = as_("ada")
    session = opened(ada)
    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "free", unavailable)
        ada.delete(path(session["links"]["session"]))

    assert opened(ada)["status"] == "open"


def unavailable(*args: Any, **kwargs: Any) -> None:
    raise Unavailable("away")


def test_an_inspection_that_failed_in_passing_is_completed_by_repeating_it(
    as_: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    session = opened(client)
    file = sent(client, session, make.wheel())
    with monkeypatch.context() as patch:
        patch.setattr(IncomingStore, "download", unavailable)
        assert send(client, file["links"]["complete"]).status_code == 503

    assert send(client, file["links"]["complete"]).status_code == 201


def test_a_large_file_that_no_event_has_settled_is_caught_up_with(
    as_: Clients, app: Flask, stores: Stores
) -> None:
    on_lambda(app)
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=PUT))
    put(stores, make.wheel())
    send(client, file["links"]["complete"]).close()
    now, inspected = datetime.now(UTC), "files inspected"
    assert catch_up(stores=stores, now=now)[inspected] == 0

    assert catch_up(stores=stores, now=now + timedelta(minutes=17))[inspected] == 1

    assert files_of(client, session)[make.wheel_name()]["status"] == "completed"
    assert catch_up(stores=stores, now=now + timedelta(minutes=17))[inspected] == 0


def test_the_stage_of_a_quarantined_project_hands_out_nothing_but_can_be_cancelled(
    as_: Clients,
) -> None:
    ada = as_("ada", {"manage"})
    ada.post("/legacy/", data=make.form(make.wheel()))
    session = opened(ada)
    completed(ada, session, make.sdist(), make.sdist_name())
    ada.put("/api/v1/projects/larder-demo/status", json={"status": "quarantined"})
    stage = path(session["links"]["stage"])

    assert ada.get(f"{stage}larder-demo/").status_code == 403
    file = f"{stage.replace('/simple/', '/files/')}larder-demo/{make.sdist_name()}"
    assert ada.get(file).status_code == 403
    assert send(ada, session["links"]["publish"]).status_code == 403
    assert ada.delete(path(session["links"]["session"])).status_code == 204


def test_a_part_that_is_sent_again_while_the_file_is_completed_is_told(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    session = opened(client)
    file = body_of(announce(client, session, make.wheel(), mechanism=MULTIPART))
    put_parts(stores, make.wheel())
    original = IncomingStore.join

    def other_etags(self: IncomingStore, key: str, upload: str, etags: dict[int, str]) -> None:
        original(self, key, upload, dict.fromkeys(etags, f'"{"0" * 32}"'))

    with monkeypatch.context() as patch:
        patch.setattr(IncomingStore, "join", other_etags)
        assert send(client, file["links"]["complete"]).status_code == 409

    assert send(client, file["links"]["complete"]).status_code == 201


def test_of_two_extensions_at_once_the_longer_counts(as_: Clients, stores: Stores) -> None:
    link = opened(as_())["links"]["session"]
    session = stores.sessions.get(link.rstrip("/").rpartition("/")[2])
    assert session is not None
    now = datetime.now(UTC)

    longer = service.extend(session, 29 * 86400, stores=stores, now=now)

    assert service.extend(session, 60, stores=stores, now=now).ends_at == longer.ends_at
