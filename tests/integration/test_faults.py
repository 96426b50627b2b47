"""Fault placement: a crash or a lost answer at every single AWS call, and the promises hold.

Each operation is run once to count its calls; then once for every call and every kind of fault, on
an index of its own. Afterwards: what was answered with success is true; what was not is either not
visible or completed by repeating it; and the whole index verifies without a fault.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from flask import Flask
from flask.testing import FlaskClient

from app.features.setup import service as setup
from app.features.sweep.service import sweep
from app.features.verify.service import verify
from app.models.base import LarderItem
from app.store.stores import Stores
from tests import make
from tests.aws import between

Clients = Callable[..., FlaskClient]

META = {"meta": {"api-version": "2.0"}}
NAME = make.wheel_name()
KINDS = ("crash before", "crash after", "lost answer", "duplicate")


class CrashError(BaseException):
    """The process dies here: nothing may catch it."""


@dataclass
class Fault:
    """What happens at which call; calls are counted from 0."""

    kind: str
    at: int
    calls: list[str] = field(default_factory=list)

    @property
    def happened(self) -> bool:
        return len(self.calls) > self.at


@contextmanager
def placed(fault: Fault) -> Iterator[None]:
    """Let the fault happen within this block."""

    def call(operation: str, arguments: Any, send: Callable[[], Any]) -> Any:
        number = len(fault.calls)
        fault.calls.append(operation)
        if number != fault.at:
            return send()
        if fault.kind == "crash before":
            raise CrashError
        if fault.kind == "duplicate":  # a network that repeats requests
            send()
            if hasattr(arguments.get("Body"), "seek"):
                arguments["Body"].seek(0)
        answer = send()
        if fault.kind == "crash after":
            raise CrashError
        if fault.kind == "lost answer":
            raise ConnectionClosedError(endpoint_url="aws")
        return answer

    with between(call):
        yield


def attempt(fault: Fault, action: Callable[[], int]) -> int:
    """Return the status of an action, 0 if its process died."""
    with placed(fault):
        try:
            return action()
        except CrashError:
            return 0


def listed(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/simple/larder-demo/?format=application/vnd.pypi.simple.v1%2Bjson")
    return {file["filename"]: file for file in answer.json["files"]} if answer.json else {}


def bytes_of(stores: Stores, filename: str = NAME) -> bytes | None:
    file = stores.files.get("larder-demo", filename)
    return stores.blobs.read(file.blob) if file else None


def clear(stores: Stores) -> None:
    """Empty the index but for accounts and tokens."""
    for item in list(LarderItem.scan()):
        if not item.pk.startswith(("account#", "token#")):
            item.delete()
    setup.prepare(stores)


def in_order(stores: Stores) -> None:
    """The sweep finds what was left behind, and then nothing is wrong anywhere."""
    sweep(stores=stores, now=datetime.now(UTC) + timedelta(days=2))
    assert list(verify(stores=stores, read_all=True)) == []


@pytest.fixture
def client(as_: Clients) -> FlaskClient:
    return as_("ada", {"manage"})


def count(action: Callable[[], int]) -> int:
    """Return how many AWS calls an action makes, having succeeded."""
    fault = Fault("none", at=10**6)
    assert attempt(fault, action) in {200, 201, 204}
    return len(fault.calls)


@pytest.mark.parametrize("kind", KINDS)
def test_an_upload(client: FlaskClient, stores: Stores, kind: str) -> None:
    def upload() -> int:
        return client.post("/legacy/", data=make.form(make.wheel())).status_code

    calls = count(upload)
    assert calls >= 7
    for at in range(calls):
        clear(stores)
        fault = Fault(kind, at)
        status = attempt(fault, upload)
        assert fault.happened
        if status == 200:
            assert NAME in listed(client), fault
        elif NAME in listed(client):
            assert bytes_of(stores) == make.wheel(), fault
        assert upload() == 200, fault
        assert list(listed(client)) == [NAME], fault
        assert bytes_of(stores) == make.wheel(), fault
        in_order(stores)


@pytest.mark.parametrize("kind", KINDS)
def test_an_upload_that_crashed_never_stands_in_the_way_of_other_bytes_unless_it_is_listed(
    client: FlaskClient, stores: Stores, kind: str
) -> None:
    def upload(**fields: str) -> int:
        return client.post("/legacy/", data=make.form(make.wheel(**fields))).status_code

    calls = count(upload)
    for at in range(calls):
        clear(stores)
        attempt(Fault(kind, at), upload)
        other = upload(Summary="other")
        won = make.wheel(Summary="other") if other == 200 else make.wheel()
        assert other in {200, 409}, (kind, at)
        assert bytes_of(stores) == won, (kind, at)
        sweep(stores=stores, now=datetime.now(UTC) + timedelta(days=2))
        assert list(listed(client)) == [NAME], (kind, at)
        in_order(stores)


@pytest.mark.parametrize("kind", KINDS)
def test_a_yank(client: FlaskClient, stores: Stores, kind: str) -> None:
    def yank() -> int:
        url = "/api/v1/projects/larder-demo/releases/1.0/yank"
        return client.post(url, json={"reason": "broken"}).status_code

    def prepared() -> None:
        clear(stores)
        client.post("/legacy/", data=make.form(make.wheel()))
        client.post("/legacy/", data=make.form(make.sdist(), make.sdist_name()))

    prepared()
    for at in range(count(yank)):
        prepared()
        if attempt(Fault(kind, at), yank) == 204:
            assert {file["yanked"] for file in listed(client).values()} == {"broken"}, at
        assert yank() == 204
        assert {file["yanked"] for file in listed(client).values()} == {"broken"}, at
        in_order(stores)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deletion(client: FlaskClient, stores: Stores, kind: str) -> None:
    def delete() -> int:
        return client.delete(f"/api/v1/projects/larder-demo/files/{NAME}").status_code

    def prepared() -> None:
        clear(stores)
        client.post("/legacy/", data=make.form(make.wheel()))

    prepared()
    for at in range(count(delete)):
        prepared()
        if attempt(Fault(kind, at), delete) == 204:
            assert listed(client) == {}, at
        elif NAME in listed(client) and stores.files.get("larder-demo", NAME):
            assert bytes_of(stores) == make.wheel(), at
        # Repeating it completes it, though it may say that the file is not there.
        assert delete() in {204, 404}, at
        assert listed(client) == {}, at
        assert client.get(f"/files/larder-demo/{NAME}").status_code == 404, at
        # The name is never given again, not even to the same bytes.
        assert client.post("/legacy/", data=make.form(make.wheel())).status_code == 409, at
        in_order(stores)
        assert listed(client) == {}, at


@pytest.mark.parametrize("kind", KINDS)
def test_the_publication_of_a_session(client: FlaskClient, stores: Stores, kind: str) -> None:
    links: dict[str, str] = {}
    names = {NAME: make.wheel(), make.sdist_name(): make.sdist()}

    def prepared() -> None:
        clear(stores)
        answer = client.post("/upload/2.0/", json={**META, "name": "larder-demo", "version": "1.0"})
        links.update({name: path(url) for name, url in json.loads(answer.data)["links"].items()})
        for filename, archive in names.items():
            announced = client.post(
                links["upload"],
                json={
                    **META,
                    "filename": filename,
                    "size": len(archive),
                    "hashes": {"sha256": make.form(archive)["sha256_digest"]},
                    "mechanism": "http-post-bytes",
                },
            )
            file = json.loads(announced.data)
            client.post(path(file["mechanism"]["file_url"]), data=archive)
            assert client.post(path(file["links"]["complete"]), json=META).status_code == 201

    def publish() -> int:
        return client.post(links["publish"], json=META).status_code

    prepared()
    for at in range(count(publish)):
        prepared()
        status = attempt(Fault(kind, at), publish)
        seen = set(listed(client))
        assert seen in (set(), set(names)), (kind, at)  # all or nothing
        if status == 201:
            assert seen == set(names), (kind, at)
        assert publish() == 201, (kind, at)
        assert set(listed(client)) == set(names), (kind, at)
        assert all(bytes_of(stores, name) == archive for name, archive in names.items())
        in_order(stores)


def path(url: str) -> str:
    return url.removeprefix("http://localhost")


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_of_a_token(
    app: Flask, client: FlaskClient, mint: Callable[..., str], kind: str
) -> None:
    def made() -> tuple[str, str]:
        token = mint("ada", {"read"})
        me = app.test_client().get("/api/v1/whoami", headers=bearer(token)).json
        assert me is not None
        return token, me["token"]["id"]

    def revoke(token_id: str) -> int:
        return client.delete(f"/api/v1/tokens/{token_id}").status_code

    _, first = made()
    for at in range(count(lambda: revoke(first))):
        token, token_id = made()
        status = attempt(Fault(kind, at), lambda token_id=token_id: revoke(token_id))
        if status == 204:
            answer = app.test_client().get("/api/v1/whoami", headers=bearer(token))
            assert answer.status_code == 401, at
        assert revoke(token_id) == 204, at
        answer = app.test_client().get("/api/v1/whoami", headers=bearer(token))
        assert answer.status_code == 401, at


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
