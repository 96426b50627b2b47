"""Publishing through the legacy upload API."""

import hashlib
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.config import Config
from app.domain.account import AccountRole
from app.domain.names import normalize
from app.errors import Forbidden
from app.factory import create_app
from app.models.base import LarderItem
from app.store.stores import Stores, open_stores
from tests import make, make_attestations

Clients = Callable[..., FlaskClient]

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
UV_ACCEPT = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"


def upload(client: FlaskClient, archive: bytes, /, *args: Any, **changes: Any) -> TestResponse:
    return post(client, make.form(archive, *args, **changes))


def post(client: FlaskClient, fields: dict[str, Any]) -> TestResponse:
    """Send a form, encoded here: the test client would leave temporary files open."""
    fields = {k: FileStorage(*v) if isinstance(v, tuple) else v for k, v in fields.items()}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/legacy/", data=body, content_type=kind)


def page(client: FlaskClient, project: str = "larder-demo") -> dict[str, Any]:
    answer = client.get(f"/simple/{project}/", headers=JSON)
    found: dict[str, Any] = json.loads(answer.data) if answer.status_code == 200 else {}
    return found


def files(client: FlaskClient, project: str = "larder-demo") -> list[str]:
    return [file["filename"] for file in page(client, project).get("files", [])]


@pytest.mark.parametrize("path", ["/legacy/", "/legacy"])
def test_a_wheel_is_published_at_both_addresses_without_a_redirect(as_: Clients, path: str) -> None:
    answer = as_().post(path, data=make.form(make.wheel()))

    assert (answer.status_code, answer.text) == (200, f"Published {make.wheel_name()}.\n")


def test_what_was_published_is_on_the_very_next_page(as_: Clients) -> None:
    client, content = as_(), make.wheel(Requires_Python=">=3.11")

    assert upload(client, content).status_code == 200

    (file,) = page(client)["files"]
    assert file["filename"] == make.wheel_name()
    assert file["hashes"] == {"sha256": hashlib.sha256(content).hexdigest()}
    assert file["size"] == len(content)
    assert file["requires-python"] == ">=3.11"


def test_an_sdist_is_published(as_: Clients) -> None:
    client = as_()
    assert upload(client, make.sdist(), make.sdist_name()).status_code == 200
    assert files(client) == [make.sdist_name()]


def test_the_stored_object_holds_the_very_bytes(as_: Clients, stores: Stores) -> None:
    content = make.wheel()
    upload(as_(), content)

    file = stores.files.get(normalize("larder-demo"), make.wheel_name())

    assert file is not None
    assert stores.blobs.read(file.blob) == content
    assert file.blob.key.startswith("files/larder-demo/")
    assert (file.uploaded_by, file.uploaded_with) == ("ada", "Werkzeug/3.1.9")


def test_the_first_upload_makes_its_uploader_the_owner(as_: Clients, stores: Stores) -> None:
    upload(as_("ada"), make.wheel())

    project = stores.projects.get(normalize("larder-demo"))

    assert project is not None
    assert project.display_name == "Larder.Demo"
    assert stores.projects.role(project.name, "ada") == "owner"
    assert releases() == ["1.0"]


def test_identical_bytes_again_change_nothing(as_: Clients, stores: Stores) -> None:
    client, content = as_(), make.wheel()
    upload(client, content)
    before, etag = page(client), client.get("/simple/larder-demo/", headers=JSON).headers["ETag"]

    again = upload(client, content)

    assert again.status_code == 200
    assert page(client) == before
    assert client.get("/simple/larder-demo/", headers=JSON).headers["ETag"] == etag
    assert len(objects(stores, "files/")) == 1


def test_other_bytes_under_a_taken_name_are_refused(as_: Clients, stores: Stores) -> None:
    client = as_()
    upload(client, make.wheel())
    before = page(client)

    answer = upload(client, make.wheel(Summary="changed"))

    assert answer.status_code == 409
    assert answer.text.startswith("File already exists (larder_demo-1.0-py3-none-any.whl")
    assert page(client) == before
    assert len(objects(stores, "files/")) == 1


def test_another_spelling_of_a_taken_name_is_refused(as_: Clients) -> None:
    client = as_()
    upload(client, make.wheel())

    answer = upload(client, make.wheel(version="1.0.0"), release="1.0.0")

    assert answer.status_code == 409
    assert "maybe in another spelling" in answer.text
    assert files(client) == [make.wheel_name()]


def test_several_files_of_one_version_make_one_release(as_: Clients, stores: Stores) -> None:
    client = as_()
    upload(client, make.wheel())
    upload(client, make.sdist(), make.sdist_name())

    assert sorted(files(client)) == sorted([make.wheel_name(), make.sdist_name()])
    assert releases() == ["1.0"]


def test_a_tool_that_sends_no_content_type_for_the_file_is_understood(as_: Clients) -> None:
    """So do uv and flit; written by hand, because test clients always send one."""
    content, boundary = make.wheel(), "b0undary"
    fields = make.form(content)
    del fields["content"]
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
        for k, v in fields.items()
    )
    body += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="content";'
        f' filename="{make.wheel_name()}"\r\n\r\n'
    ).encode()
    body += content + f"\r\n--{boundary}--\r\n".encode()

    answer = as_().post(
        "/legacy/", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )

    assert answer.status_code == 200, answer.text


def test_a_long_readme_and_a_thousand_fields_pass(as_: Clients) -> None:
    fields = make.form(
        make.wheel(),
        description="x" * 600_000,
        classifiers=[f"Topic :: {number}" for number in range(1200)],
    )
    answer = post(as_(), fields)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({":action": None}, "':action' must be 'file_upload'"),
        ({":action": "other"}, "':action' must be 'file_upload'"),
        ({"protocol_version": "2"}, "protocol_version must be 1"),
        ({"name": None}, "does not give 'name'"),
        ({"name": "UNKNOWN"}, "does not give 'name'"),
        ({"name": "-bad-"}, "not a valid project name"),
        ({"name": "other"}, "names project 'other'"),
        ({"name": ["Larder.Demo", "other"]}, "gives name 2 times"),
        ({"version": None}, "does not give 'version'"),
        ({"version": "2.0"}, "names version '2.0'"),
        ({"version": "one"}, "names version 'one'"),
        ({"filetype": None}, "does not give 'filetype'"),
        ({"filetype": "sdist"}, "filetype is 'sdist'"),
        ({"filetype": "bdist_egg"}, "filetype is 'bdist_egg'"),
        ({"pyversion": None}, "must give its Python tag"),
        ({"sha256_digest": None}, "names no digest"),
        ({"sha256_digest": "xyz"}, "not a hexadecimal digest"),
        ({"sha256_digest": "0" * 64}, "changed or damaged"),
        ({"md5_digest": "0" * 32}, "changed or damaged"),
        ({"blake2_256_digest": "0" * 64}, "changed or damaged"),
        ({"content": None}, "has no file"),
        ({"content": "text, not a file"}, "has no file"),
        ({"content": (io.BytesIO(b"x"), "")}, "has no file"),
        ({"name": (io.BytesIO(b"x"), "x.txt")}, "sends 'name' as a file"),
        ({"gpg_signature": (io.BytesIO(b"x"), "x.asc")}, "sends 'gpg_signature' as a file"),
    ],
)
def test_a_wrong_form_is_refused_and_changes_nothing(
    as_: Clients, stores: Stores, changes: dict[str, Any], reason: str
) -> None:
    client = as_()

    answer = upload(client, make.wheel(), **changes)

    assert answer.status_code == 400, answer.text
    assert reason in answer.text
    assert stores.projects.all() == []
    assert objects(stores, "") == []


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("larder_demo-1.0.zip", "neither a wheel"),
        ("larder_demo-1.0.exe", "neither a wheel"),
        ("Larder.Demo-1.0-py3-none-any.whl", "should start with 'larder_demo-'"),
        ("larder-demo-1.0.tar.gz", "should be named"),
        ("../larder_demo-1.0-py3-none-any.whl", "not allowed"),
        ("larder_demo-1.0-py3-none-any.whl\x7f", "not allowed"),
    ],
)
def test_a_wrong_file_name_is_refused(as_: Clients, filename: str, reason: str) -> None:
    answer = upload(as_(), make.wheel(), filename)
    assert answer.status_code == 400
    assert reason in answer.text


@pytest.mark.parametrize(
    ("content", "filename", "reason"),
    [
        (b"", make.wheel_name(), "not a readable zip archive"),
        (b"junk bytes", make.wheel_name(), "not a readable zip archive"),
        (make.sdist(), make.wheel_name(), "not a readable zip archive"),
        (make.wheel(leave_out=("METADATA",)), make.wheel_name(), "exactly one"),
        (make.wheel(document=b"Metadata-Version: 2.1\n"), make.wheel_name(), "name:"),
        (make.wheel(document=make.metadata("Other")), make.wheel_name(), "metadata of Other 1.0"),
        (make.wheel(document=make.metadata(version="2")), make.wheel_name(), "metadata of Larder"),
        (b"junk bytes", make.sdist_name(), "not a readable gzipped tar"),
        (make.wheel(), make.sdist_name(), "not a readable gzipped tar"),
        (make.sdist(top="elsewhere"), make.sdist_name(), "one top folder"),
        (make.sdist(document=make.metadata("Other")), make.sdist_name(), "metadata of Other 1.0"),
    ],
)
def test_an_archive_that_is_not_what_it_says_is_refused(
    as_: Clients, stores: Stores, content: bytes, filename: str, reason: str
) -> None:
    answer = upload(as_(), content, filename)

    assert answer.status_code == 400, answer.text
    assert reason in answer.text
    assert stores.projects.all() == []
    assert objects(stores, "") == []


@pytest.mark.parametrize("action", ["submit", "doc_upload"])
def test_old_services_are_gone(as_: Clients, action: str) -> None:
    assert upload(as_(), make.wheel(), **{":action": action}).status_code == 410


def test_two_files_in_one_form_are_refused(as_: Clients) -> None:
    fields = make.form(make.wheel())
    fields["content"] = [FileStorage(io.BytesIO(b"x"), make.wheel_name()) for _ in range(2)]
    answer = as_().post("/legacy/", data=fields)
    assert (answer.status_code, "more than one file" in answer.text) == (400, True)


def test_a_body_that_is_no_form_is_refused(as_: Clients) -> None:
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=x", ""):
        assert as_().post("/legacy/", data=b"\x00\xff", content_type=kind).status_code == 400


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\nContent-Disposition: form-data; " + part for part in parts)


def sent(client: FlaskClient, body: bytes) -> TestResponse:
    return client.post("/legacy/", data=body, content_type="multipart/form-data; boundary=x")


def test_many_fields_are_too_large_together_though_each_is_small(as_: Clients) -> None:
    field = b'name="classifiers"\r\n\r\n' + bytes(1024 * 1024) + b"\r\n"

    answer = sent(as_(), multipart(*[field] * 17) + b"--x--\r\n")

    assert (answer.status_code, "16,777,216 bytes together" in answer.text) == (413, True)


def test_more_parts_than_any_tool_sends_are_too_large(as_: Clients) -> None:
    field = b'name="classifiers"\r\n\r\nx\r\n'
    answer = sent(as_(), multipart(*[field] * 10_001) + b"--x--\r\n")
    assert answer.status_code == 413


def test_a_part_with_an_endless_header_is_too_large(as_: Clients) -> None:
    """Each of its lines takes a hundred times its bytes of memory."""
    answer = sent(as_(), multipart(b'name="name"\r\n' + b"a\n" * 200_000))
    assert answer.status_code == 413


def test_a_form_that_is_cut_off_is_refused_as_damaged(as_: Clients) -> None:
    for body in (
        multipart(b'name="name"\r\n\r\nlarder'),
        multipart(b'name="name"\r\n\r\nlarder\r\n', b'name="content"; filename="a"\r\n\r\nx'),
        multipart(b"\r\n\r\nx\r\n"),
    ):
        answer = sent(as_(), body)
        assert (answer.status_code, "damaged" in answer.text) == (400, True), body


def test_a_file_in_another_field_is_refused(as_: Clients) -> None:
    answer = sent(as_(), multipart(b'name="gpg"; filename="a.asc"\r\n\r\nx\r\n') + b"--x--\r\n")
    assert (answer.status_code, "'gpg' as a file" in answer.text) == (400, True)


def test_a_file_above_the_limit_is_refused_as_too_large(stores: Stores, mint: Any) -> None:
    config = Config.from_env({"LARDER_MAX_FILE_BYTES": "300"})
    client = create_app(config, stores).test_client()
    headers = {"Authorization": f"Bearer {mint()}"}

    answer = client.post("/legacy/", data=make.form(make.wheel()), headers=headers)

    assert answer.status_code == 413
    assert "300 bytes" in answer.text
    assert stores.projects.all() == []


def test_a_body_above_the_limit_is_refused_before_it_is_read(stores: Stores, mint: Any) -> None:
    client = create_app(Config.from_env({"LARDER_MAX_FILE_BYTES": "300"}), stores).test_client()
    answer = client.post(
        "/legacy/",
        data=io.BytesIO(),
        content_type="multipart/form-data; boundary=x",
        headers={"Authorization": f"Bearer {mint()}"},
        environ_overrides={"CONTENT_LENGTH": str(2**30)},
    )
    assert answer.status_code == 413


def test_uv_gets_the_reason_as_plain_json(as_: Clients) -> None:
    """It shows `code`, and only when the content type is exactly this."""
    answer = as_().post("/legacy/", data=make.form(b"junk"), headers={"Accept": UV_ACCEPT})
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.get_json()
    assert body["code"].startswith("400 larder_demo-1.0-py3-none-any.whl is not a readable zip")
    assert body["message"].startswith("larder_demo-1.0")


def test_twine_gets_the_reason_in_the_status_line(as_: Clients) -> None:
    answer = as_().post("/legacy/", data=make.form(b"junk"))
    assert answer.status.startswith("400 larder_demo-1.0-py3-none-any.whl is not a readable zip")


def test_without_a_credential_nothing_is_taken(client: FlaskClient) -> None:
    answer = upload(client, make.wheel())
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_token_for_reading_cannot_publish(as_: Clients) -> None:
    answer = upload(as_("ada", {"read"}), make.wheel())
    assert (answer.status_code, "made for read" in answer.text) == (403, True)


def test_a_token_for_another_project_cannot_publish(as_: Clients) -> None:
    answer = upload(as_("ada", {"upload"}, ("other",)), make.wheel())
    assert (answer.status_code, "not for project 'larder-demo'" in answer.text) == (403, True)


def test_a_token_for_one_project_can_create_it(as_: Clients) -> None:
    assert upload(as_("ada", {"upload"}, ("Larder_Demo",)), make.wheel()).status_code == 200


def test_a_stranger_cannot_publish_to_a_claimed_name(as_: Clients) -> None:
    upload(as_("ada"), make.wheel())

    answer = upload(as_("bob"), make.wheel(version="2.0"), release="2.0")

    assert answer.status_code == 403
    assert "'bob' may not upload to project 'larder-demo'" in answer.text
    assert files(as_("ada")) == [make.wheel_name()]


def test_an_admin_can_publish_to_every_project(as_: Clients) -> None:
    upload(as_("ada"), make.wheel())
    root = as_("root", role=AccountRole.ADMIN)
    assert upload(root, make.wheel(version="2.0"), release="2.0").status_code == 200


def releases() -> list[str]:
    from app.models.release import ReleaseItem

    found = ReleaseItem.query("project#larder-demo", ReleaseItem.sk.startswith("release#"))
    return [item.version for item in found]


def together(jobs: list[Callable[[], TestResponse]]) -> list[TestResponse]:
    barrier, answers = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], TestResponse]) -> None:
        barrier.wait()
        answers.append(job())

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_ten_versions_at_once_are_all_listed(as_: Clients) -> None:
    clients = [as_() for _ in range(10)]
    jobs = [
        lambda n=n: upload(clients[n], make.wheel(version=f"1.{n}"), release=f"1.{n}")
        for n in range(10)
    ]

    answers = together(jobs)

    assert [answer.status_code for answer in answers] == [200] * 10
    assert len(files(clients[0])) == 10


def test_of_different_files_racing_for_one_name_one_wins(as_: Clients, stores: Stores) -> None:
    clients = [as_() for _ in range(6)]
    contents = [make.wheel(Summary=str(n)) for n in range(6)]
    jobs = [lambda n=n: upload(clients[n], contents[n]) for n in range(6)]

    answers = together(jobs)

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    (file,) = page(clients[0])["files"]
    assert file["hashes"]["sha256"] in {hashlib.sha256(c).hexdigest() for c in contents}
    assert len(objects(stores, "files/")) == 1


def test_identical_files_racing_all_succeed(as_: Clients, stores: Stores) -> None:
    clients = [as_() for _ in range(6)]
    answers = together([lambda c=c: upload(c, make.wheel()) for c in clients])

    assert [answer.status_code for answer in answers] == [200] * 6
    assert len(files(clients[0])) == 1
    assert len(objects(stores, "files/")) == 1


def test_an_upload_that_ended_before_its_page_is_completed_by_repeating_it(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_()
    with monkeypatch.context() as patch:
        patch.setattr(type(stores.pages), "bump", _crash)
        with pytest.raises(KeyboardInterrupt):
            upload(client, make.wheel())
    assert files(client) == []

    assert upload(client, make.wheel()).status_code == 200

    assert files(client) == [make.wheel_name()]


class Twice:
    """Makes every call of one kind happen twice, as when its first answer was lost on the way."""

    def __init__(self, patch: pytest.MonkeyPatch, operation: str) -> None:
        connection = type(LarderItem._get_connection().connection)
        self.original, self.operation, self.count = connection._make_api_call, operation, 0

        def call(instance: object, name: str, arguments: dict[str, Any]) -> Any:
            if name == operation:
                self.count += 1
                # DynamoDB itself forgives a transaction that is sent again with the same token;
                # other back ends do not.
                self.original(instance, name, arguments)
            return self.original(instance, name, arguments)

        patch.setattr(connection, "_make_api_call", call)


@pytest.mark.parametrize(
    "operation", ["TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem", "BatchGetItem"]
)
@pytest.mark.parametrize("inline", ["1", "100000"])
def test_a_lost_answer_loses_nothing(
    as_: Clients,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    inline: str,
) -> None:
    config = Config.from_env({"LARDER_INLINE_PAGE_BYTES": inline})
    app = create_app(config, open_stores(config))
    client = app.test_client()
    client.environ_base = as_().environ_base
    upload(client, make.wheel())

    with monkeypatch.context() as patch:
        Twice(patch, operation)
        for version in ("2.0", "3.0"):
            assert upload(client, make.wheel(version=version), release=version).status_code == 200

    assert page(client)["versions"] == ["1.0", "2.0", "3.0"]
    assert client.get("/simple/larder-demo/").status_code == 200
    assert len(objects(stores, "files/")) == 3


def test_an_owner_whose_role_was_read_too_early_is_not_refused(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items of a batch are not read at one moment."""
    from app.models.role import RoleItem
    from app.store import files as module

    client = as_()
    upload(client, make.wheel())
    original = module.read_together

    def without_role(keys: Any) -> Any:
        found = original(keys)
        found.pop(RoleItem, None)
        return found

    monkeypatch.setattr(module, "read_together", without_role)
    assert upload(client, make.wheel(version="2.0"), release="2.0").status_code == 200


def test_an_object_that_was_published_after_all_is_never_withdrawn(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the transaction is lost, and the uploader's role is gone a moment later."""
    from app.features.publication import service
    from app.store.files import Clash, FileStore, Obstacle

    client, original = as_(), FileStore.add
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "add", lambda *args: original(*args) or [Clash(Obstacle.PROJECT)])
        patch.setattr(service, "_ATTEMPTS", 1)
        real = service.require_upload

        def forbidden(actor: Any, dist: Any, **kwargs: Any) -> Any:
            if stores.files.get(dist.project, dist.filename):
                raise Forbidden("gone")
            return real(actor, dist, **kwargs)

        patch.setattr(service, "require_upload", forbidden)
        assert upload(client, make.wheel()).status_code == 403

    assert upload(client, make.wheel()).status_code == 200
    file = stores.files.get(normalize("larder-demo"), make.wheel_name())
    assert file is not None
    assert stores.blobs.read(file.blob) == make.wheel()


def test_cleaning_up_that_fails_spoils_nothing(
    as_: Clients, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    config = Config.from_env({"LARDER_INLINE_PAGE_BYTES": "1", "LARDER_ITEM_PAGE_BYTES": "1"})
    opened = open_stores(config)
    client = create_app(config, opened).test_client()
    client.environ_base = as_().environ_base

    def slow_down(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "x"}}, "DeleteObject")

    monkeypatch.setattr(opened.blobs.client, "delete_object", slow_down)
    for version in ("1.0", "2.0"):
        assert upload(client, make.wheel(version=version), release=version).status_code == 200


def refused(client: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/uploads/refused").get_json()["refused"]
    return found


def test_the_reason_of_a_refusal_can_be_read_later(as_: Clients) -> None:
    client = as_()
    upload(client, make.wheel())
    upload(client, b"junk", version="2.0")
    upload(client, make.wheel(Summary="changed"))

    newest, oldest = refused(client)

    assert (newest["status"], newest["filename"]) == (409, make.wheel_name())
    assert newest["detail"].startswith("File already exists")
    assert (oldest["status"], oldest["client"]) == (400, "Werkzeug/3.1.9")


def test_refusals_are_the_business_of_their_token_alone(as_: Clients, client: FlaskClient) -> None:
    upload(as_("ada"), b"junk")
    assert refused(as_("ada")) == refused(as_("bob")) == []
    assert client.get("/api/v1/uploads/refused").status_code == 401


def test_refusals_are_forgotten_by_their_time(as_: Clients, app: Flask, stores: Stores) -> None:
    from datetime import UTC, datetime, timedelta

    from app.web.context import Context

    client = as_()
    upload(client, b"junk")
    assert len(refused(client)) == 1
    later = datetime.now(UTC) + timedelta(days=8)
    config = app.extensions["larder"].config
    app.extensions["larder"] = Context(config=config, stores=stores, clock=lambda: later)
    assert refused(client) == []


def test_a_throttled_transaction_is_tried_again(
    as_: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError
    from pynamodb.exceptions import CancellationReason, VerboseClientError

    connection = type(LarderItem._get_connection().connection)
    original, left = connection._make_api_call, [2]

    def call(instance: object, name: str, arguments: dict[str, Any]) -> Any:
        if name == "TransactWriteItems" and left[0]:
            left[0] -= 1
            error = {"Error": {"Code": "TransactionCanceledException", "Message": "x"}}
            reason = CancellationReason(code="ThrottlingError", message="x")
            raise VerboseClientError(
                error, name, {}, cancellation_reasons=[reason]
            ) from ClientError(error, name)
        return original(instance, name, arguments)

    monkeypatch.setattr(connection, "_make_api_call", call)
    assert upload(as_(), make.wheel()).status_code == 200
    assert left == [0]


def test_metadata_of_any_size_is_published(as_: Clients) -> None:
    """Its items must stay below what the database takes, whatever a project depends on."""
    lines = "".join(f"Requires-Dist: dependency-{n}>=1.0\n" for n in range(5000))
    document = (
        f"Metadata-Version: 2.4\nName: Larder.Demo\nVersion: 1.0\nAuthor: {'x' * 600_000}\n{lines}"
    ).encode()
    client = as_()
    assert upload(client, make.wheel(document=document)).status_code == 200
    answer = client.get(f"/files/larder-demo/{make.wheel_name()}.metadata")
    assert answer.data == document


def _crash(*_: Any) -> None:
    raise KeyboardInterrupt


def test_everything_published_is_on_record(as_: Clients, app: Flask, stores: Stores) -> None:
    from app.models.event import EventItem

    upload(as_("ada"), make.wheel())

    found = list(EventItem.query("project#larder-demo", EventItem.sk.startswith("event#")))
    assert sorted(event.action for event in found) == ["file.published", "project.created"]
    assert {event.actor for event in found} == {"ada"}


def objects(stores: Stores, prefix: str) -> list[str]:
    """Return the keys of all objects in the bucket that are no old versions."""
    bucket = stores.foundation.config.bucket
    found = stores.blobs.client.list_object_versions(Bucket=bucket, Prefix=prefix)
    return [version["Key"] for version in found.get("Versions", []) if version["IsLatest"]]


def test_attestations_that_come_with_a_token_are_kept_and_shown_as_not_verified(
    as_: Clients,
) -> None:
    client, archive = as_(), make.wheel()
    stated = make_attestations.text(archive, make.wheel_name())

    assert upload(client, archive, attestations=stated).status_code == 200

    answer = client.get(f"/integrity/larder-demo/1.0/{make.wheel_name()}/provenance")
    bundle = json.loads(answer.data)["attestation_bundles"][0]
    assert bundle == {
        "publisher": {"kind": "Unverified", "claims": {}},
        "attestations": json.loads(stated),
    }


@pytest.mark.parametrize("stated", ["[]", "{", '"x"', "[1]", "other"])
def test_attestations_of_anything_else_are_refused_and_nothing_is_published(
    as_: Clients, stated: str
) -> None:
    client, archive = as_(), make.wheel()
    if stated == "other":
        stated = make_attestations.text(make.wheel(Summary="other"), make.wheel_name())

    assert upload(client, archive, attestations=stated).status_code == 400
    assert files(client) == []


def test_a_deleted_file_takes_its_attestations_with_it(as_: Clients) -> None:
    client, archive = as_("ada", {"manage"}), make.wheel()
    upload(client, archive, attestations=make_attestations.text(archive, make.wheel_name()))

    client.delete(f"/api/v1/projects/larder-demo/files/{make.wheel_name()}")

    assert not [item for item in LarderItem.scan() if item.sk.startswith("provenance#")]
