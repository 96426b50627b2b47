"""The Integrity API: provenance of files."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain import attestations
from app.domain.names import NormalizedName
from app.domain.project import Visibility
from app.models.head import HeadItem
from app.store import keys
from app.store.provenance import provenance_item
from app.store.stores import Stores
from tests import make, make_attestations
from tests.aws import between

Clients = Callable[..., FlaskClient]

DEMO = NormalizedName("larder-demo")
NAME = make.wheel_name()
URL = f"/integrity/larder-demo/1.0/{NAME}/provenance"
V1 = "application/vnd.pypi.integrity.v1+json"
DOCUMENT = attestations.render_provenance(
    attestations.parse(make_attestations.text(make.wheel(), NAME)), attestations.UNVERIFIED
)


def attest(filename: str = NAME, document: bytes = DOCUMENT) -> None:
    provenance_item(DEMO, filename, document).save()


@pytest.fixture
def reader(as_: Clients) -> FlaskClient:
    """A client that has published one wheel with attestations."""
    client = as_()
    assert client.post("/legacy/", data=make.form(make.wheel())).status_code == 200
    attest()
    return client


def mark(**changes: Any) -> None:
    """Change the head of the project behind the back of the services."""
    head = HeadItem.get(keys.project(DEMO), keys.HEAD)
    head.update([getattr(HeadItem, name).set(value) for name, value in changes.items()])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, V1),
        ("", V1),
        ("*/*", V1),
        ("application/*", V1),
        (V1, V1),
        ("application/json", "application/json"),
        (f"application/json;q=0.9, {V1}", V1),
        (f"application/json, {V1};q=0.5", "application/json"),
        (f"application/json, {V1}", V1),
        (f"text/html, {V1};q=0.1", V1),
    ],
)
def test_provenance_comes_in_the_type_that_is_asked_for(
    reader: FlaskClient, accept: str | None, expected: str
) -> None:
    answer = reader.get(URL, headers={} if accept is None else {"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, expected)
    assert answer.data == DOCUMENT
    assert {"Accept", "Authorization"} <= set(answer.headers["Vary"].split(", "))
    assert "must-revalidate" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", f"{V1};q=0", "image/*"])
def test_what_no_provenance_comes_in_is_not_acceptable(reader: FlaskClient, accept: str) -> None:
    answer = reader.get(URL, headers={"Accept": accept})

    assert answer.status_code == 406
    assert V1 in answer.json["detail"]


def test_it_says_that_nobody_has_verified_it(reader: FlaskClient) -> None:
    (bundle,) = reader.get(URL).get_json(force=True)["attestation_bundles"]

    assert bundle["publisher"] == {"kind": "Unverified", "claims": {}}
    assert len(bundle["attestations"]) == 1


def test_it_is_sent_compressed_to_those_who_take_that(reader: FlaskClient) -> None:
    packed = reader.get(URL, headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == DOCUMENT
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_reader_who_has_it_is_told_so_until_it_changes(reader: FlaskClient) -> None:
    known = {"If-None-Match": reader.get(URL).headers["ETag"]}

    assert reader.get(URL, headers=known).status_code == 304
    assert reader.get(URL, headers={**known, "Accept": "application/json"}).status_code == 200
    attest(document=b"{}")
    assert reader.get(URL, headers=known).data == b"{}"


def test_head_is_answered_without_a_body(reader: FlaskClient) -> None:
    answer = reader.head(URL)

    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0", "v1.0", "0!1.0"])
def test_the_version_may_be_spelled_in_any_way(reader: FlaskClient, version: str) -> None:
    assert reader.get(f"/integrity/larder-demo/{version}/{NAME}/provenance").status_code == 200


def test_another_spelling_of_the_project_leads_to_the_normal_one(reader: FlaskClient) -> None:
    answer = reader.get(f"/integrity/Larder.Demo/1.0/{NAME}/provenance")

    assert (answer.status_code, answer.headers["Location"]) == (301, URL)


@pytest.mark.parametrize(
    "path",
    [
        f"/integrity/larder-demo/1.1/{NAME}/provenance",
        f"/integrity/larder-demo/x/{NAME}/provenance",
        "/integrity/larder-demo/1.0/other-1.0.tar.gz/provenance",
        f"/integrity/other/1.0/{NAME}/provenance",
        "/integrity/larder-demo/1.0/%C3%A9.whl/provenance",
        f"/integrity/larder-demo/1.0/{'x' * 1100}/provenance",
        f"/integrity/larder-demo/{'1' * 5000}/{NAME}/provenance",
        f"/integrity/larder-demo/1.0/{NAME}",
        "/integrity/",
    ],
)
@pytest.mark.parametrize("accept", [None, "*/*", V1])
def test_what_is_not_there_is_not_found_in_json(
    reader: FlaskClient, path: str, accept: str | None
) -> None:
    answer = reader.get(path, headers={"Accept": accept} if accept else {})

    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_file_without_attestations_says_so(reader: FlaskClient) -> None:
    reader.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))

    answer = reader.get(f"/integrity/larder-demo/1.0/{make.sdist_name()}/provenance")

    assert answer.status_code == 404
    assert answer.json["detail"].endswith("was published without attestations.")


def test_provenance_without_its_file_is_not_found(reader: FlaskClient) -> None:
    attest("larder_demo-1.0.tar.gz")

    path = "/integrity/larder-demo/1.0/larder_demo-1.0.tar.gz/provenance"
    assert reader.get(path).status_code == 404


def test_without_a_credential_everything_looks_the_same(
    reader: FlaskClient, client: FlaskClient
) -> None:
    for path in (URL, URL.replace("larder-demo", "other"), URL.replace(NAME, "x.whl")):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_only_readers_of_the_project_get_it(reader: FlaskClient, as_: Clients) -> None:
    bob = as_("bob", {"read"})
    assert bob.get(URL).status_code == 200
    mark(visibility=Visibility.RESTRICTED.value)
    answer = bob.get(URL)
    absent = bob.get(URL.replace("larder-demo", "other"))

    assert (answer.status_code, absent.status_code) == (404, 404)
    assert answer.json["detail"].replace("larder-demo", "other") == absent.json["detail"]
    assert reader.get(URL).status_code == 200


def test_a_token_for_other_projects_does_not_get_it(reader: FlaskClient, as_: Clients) -> None:
    assert as_("ada", {"read"}, ("other",)).get(URL).status_code == 404


def test_everybody_gets_it_of_a_public_project(reader: FlaskClient, client: FlaskClient) -> None:
    mark(visibility=Visibility.PUBLIC.value)
    assert client.get(URL).status_code == 200


def test_a_quarantined_project_hands_out_none(reader: FlaskClient) -> None:
    mark(status="quarantined")
    assert reader.get(URL).status_code == 403


@pytest.fixture
def asked() -> Iterator[list[tuple[str, str]]]:
    """What is asked of AWS from now on: operations and their arguments."""
    calls: list[tuple[str, str]] = []

    def note(operation: str, arguments: Any, send: Callable[[], Any]) -> Any:
        calls.append((operation, str(arguments)))
        return send()

    with between(note):
        yield calls


def test_it_takes_one_round_trip(reader: FlaskClient, asked: list[tuple[str, str]]) -> None:
    asked.clear()
    assert reader.get(URL).status_code == 200
    assert [operation for operation, _ in asked] == ["BatchGetItem"]


def test_a_name_that_fits_into_no_key_is_not_asked_for(
    reader: FlaskClient, asked: list[tuple[str, str]]
) -> None:
    asked.clear()
    assert reader.get(URL.replace(NAME, "x" * 1100)).status_code == 404
    assert not [arguments for _, arguments in asked if "xxx" in arguments]


def test_a_store_finds_what_was_published(reader: FlaskClient, stores: Stores) -> None:
    found = stores.provenance.load(DEMO, NAME)

    assert found is not None
    assert json.loads(gzip.decompress(found)) == json.loads(DOCUMENT)
    assert stores.provenance.load(DEMO, make.sdist_name()) is None
