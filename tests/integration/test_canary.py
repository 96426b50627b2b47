"""A canary in every header, field and URL of every route: no secret reaches a log or an answer.

What somebody publishes on purpose, such as the reason of a yank, is shown to readers as it is.
"""

import base64
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, request
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import logs
from app.domain import token as tokens
from app.features.drop import service as drop
from app.models.base import LarderItem
from app.store.stores import Stores
from tests import make
from tests.aws import between

CANARY = "c4n4ryc4n4ryc4n4ry"
PASSWORD = f"{CANARY}-battery"
LOGIN = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJ{CANARY}.{CANARY}"
TOKEN = tokens.wrap(JWT)

# Each can be told from ordinary text wherever it stands.
KINDS = [
    TOKEN,
    JWT,
    (
        f"https://b.s3.test/k?X-Amz-Credential={CANARY}&X-Amz-Security-Token={CANARY}"
        f"&X-Amz-Signature={CANARY}"
    ),
    f"https://ada:{CANARY}@index.test/simple/",
    f"Basic {LOGIN}",
]
CREDENTIALS = [
    f"Bearer {TOKEN}",
    f"token\t{TOKEN}",
    f"Bearer {JWT}",
    f"Bearer {PASSWORD}",
    f"Basic {LOGIN}",
    f"Basic {base64.b64encode(f'__token__:{TOKEN}'.encode()).decode()}",
    f"Digest {CANARY}",
    CANARY,
]
HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Cookie",
    "Expect",
    "Forwarded",
    "From",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "User-Agent",
    "Via",
    "X-Amz-Security-Token",
    "X-Amzn-Trace-Id",
    "X-Api-Key",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Pypi-Last-Serial",
    "X-Request-Id",
]
PARAMETERS = ["cursor", "format", "limit", "next", "token", "password", "X-Amz-Signature"]
# Every field of every form and JSON body there is, and some that are none.
FIELDS = [
    *make.form(b""),
    *("attestations", "description", "expires", "filename", "hashes", "mechanism", "meta", "name"),
    *("password", "permissions", "projects", "reason", "role", "seconds", "size", "status"),
    *("summary", "token", "version"),
]
FIELDS.remove("content")
KNOWN = {
    "project": "larder-demo",
    "version": "1.0",
    "filename": make.wheel_name(),
    "user": "ada",
    "id": "x",
    "token_id": "x",
}


@dataclass(frozen=True)
class Asked:
    """One route and method, with the account's own token."""

    app: Flask
    rule: Rule
    method: str
    token: str

    def send(self, path: str | None = None, **changes: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | changes.pop("headers", {})
        options = {"method": self.method, "headers": headers, "base_url": "http://localhost"}
        # As from the network: the client must not follow, and must not see exceptions.
        return self.app.test_client().open(path or self.path(KNOWN), **(options | changes))

    def path(self, parts: dict[str, str]) -> str:
        path = self.rule.rule
        for name, value in parts.items():
            for kind in ("", "project:", "path:"):
                path = path.replace(f"<{kind}{name}>", quote(value, safe=""))
        return path


class Heard:
    """All that was logged, as both formatters write it."""

    def __init__(self) -> None:
        self.streams = [io.StringIO(), io.StringIO()]
        self.handlers = [logging.StreamHandler(stream) for stream in self.streams]
        formatters = (logs.JsonFormatter(), logs.TextFormatter())
        for handler, formatter in zip(self.handlers, formatters, strict=True):
            handler.setFormatter(formatter)
            logging.getLogger().addHandler(handler)

    def end(self) -> None:
        for handler in self.handlers:
            logging.getLogger().removeHandler(handler)

    def lines(self) -> list[str]:
        return [line for stream in self.streams for line in stream.getvalue().splitlines()]


@pytest.fixture
def heard(app: Flask) -> Iterator[Heard]:
    found = Heard()
    yield found
    found.end()


@pytest.fixture
def real(app: Flask, mint: Callable[..., str]) -> str:
    """A token that works, on an index with a file in it."""
    app.testing = False  # a bug becomes an answer, and a traceback in the log
    token = mint("ada", {"manage"})
    login = {"Authorization": f"Bearer {token}"}
    assert app.test_client().post("/legacy/", data=make.form(make.wheel()), headers=login).status
    return token


@pytest.fixture
def routes(app: Flask, real: str) -> list[Asked]:
    """Every route with each of its methods, and one that it has not."""
    found = [
        Asked(app, rule, method, real)
        for rule in app.url_map.iter_rules()
        for method in {*(rule.methods or ()), "PATCH"}
    ]
    assert len(found) > 150
    # What deletes comes last, so that there is something to read.
    return sorted(
        found, key=lambda asked: (asked.method == "DELETE", asked.rule.rule, asked.method)
    )


def signature(token: str) -> str:
    """Return the part of a token that nobody can guess."""
    return token.split(".")[2]


def needles(real: str) -> list[str]:
    """Return texts of which none may be found."""
    return [CANARY, LOGIN, LOGIN[4:-4], signature(real)]


def spilled(texts: list[str], real: str) -> list[str]:
    """Return the texts with a secret in them; another spelling of letters is the secret still."""
    return [
        text for text in texts if any(needle.lower() in text.lower() for needle in needles(real))
    ]


def spread(names: Iterable[str], turn: int) -> dict[str, str]:
    """Return a secret for each name; with every turn each gets one of another kind."""
    return {name: KINDS[(at + turn) % len(KINDS)] for at, name in enumerate(names)}


def everything(answer: TestResponse) -> str:
    return f"{answer.status}\n{answer.headers}\n{answer.get_data(as_text=True)}"


def test_a_credential_is_in_no_answer_and_no_log(
    routes: list[Asked], heard: Heard, real: str
) -> None:
    for asked in routes:
        for credential in (f"Bearer {real}", *CREDENTIALS):
            answer = asked.send(headers={"Authorization": credential})
            assert not spilled([everything(answer)], real), (asked, credential)
    assert len(heard.lines()) > 2 * len(routes)
    assert spilled(heard.lines(), real) == []


def test_a_secret_in_any_other_header_is_in_no_answer_and_no_log(
    routes: list[Asked], heard: Heard, real: str
) -> None:
    for turn, asked in enumerate(routes):
        answer = asked.send(headers=spread(HEADERS, turn))
        assert not spilled([everything(answer)], real), asked
    assert spilled(heard.lines(), real) == []


def test_a_secret_in_a_url_is_in_no_answer_and_no_log(
    routes: list[Asked], heard: Heard, real: str
) -> None:
    for turn, asked in enumerate(routes):
        for more in range(len(KINDS) if asked.method in {"GET", "POST", "PUT", "DELETE"} else 1):
            parts, query = spread(KNOWN, turn + more), spread(PARAMETERS, turn + more)
            for answer in (
                asked.send(asked.path(parts), query_string=query),
                asked.send(asked.path({**parts, "project": "larder-demo"})),
            ):
                assert not spilled([everything(answer)], real), (asked, answer.request.path)
    assert spilled(heard.lines(), real) == []


def test_a_secret_in_a_body_is_in_no_refusal_and_no_log(
    routes: list[Asked], heard: Heard, real: str
) -> None:
    meta = {"meta": {"api-version": "2.0"}}
    for turn, asked in enumerate(routes):
        if asked.method not in {"POST", "PUT"}:
            continue
        for more, secret in enumerate(KINDS):
            form = spread(FIELDS, turn + more)
            deep = {field: [value, {value: value}] for field, value in form.items()}
            answers = [asked.send(json=body) for body in (form, form | meta, deep | meta)]
            answers += [
                asked.send(data={**form, "content": (io.BytesIO(secret.encode()), secret)}),
                asked.send(data=make.form(make.wheel(), comment=secret, **{secret: secret})),
                asked.send(data=secret),
            ]
            refusals = [everything(answer) for answer in answers if answer.status_code >= 400]
            assert not spilled(refusals, real), asked
    assert spilled(heard.lines(), real) == []


def test_a_password_in_a_body_or_a_query_is_in_no_log(
    routes: list[Asked], heard: Heard, real: str
) -> None:
    for asked in routes:
        asked.send(query_string=dict.fromkeys(PARAMETERS, PASSWORD))
        if asked.method in {"POST", "PUT"}:
            asked.send(json=dict.fromkeys(FIELDS, PASSWORD))
            asked.send(data=dict.fromkeys(FIELDS, PASSWORD))
    assert spilled(heard.lines(), real) == []


def test_a_store_that_breaks_with_the_whole_request_in_its_hands_spills_nothing(
    routes: list[Asked], heard: Heard, real: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(operation: str, arguments: Any, _send: object) -> Any:
        cause = ValueError(repr(request.headers), request.url, arguments)
        raise RuntimeError(f"{operation} {request.environ} {request.form}") from cause

    broke = 0
    with between(broken):
        for turn, asked in enumerate(routes):
            everywhere = {"headers": spread(HEADERS, turn), "data": spread(FIELDS, turn)}
            answer = asked.send(**everywhere)
            assert not spilled([everything(answer)], real), asked
            asked.send(asked.path(spread(KNOWN, turn)), **everywhere)
            broke += answer.status_code == 500
    assert broke > 50
    assert any("RuntimeError" in line for line in heard.lines())
    assert spilled(heard.lines(), real) == []


def test_what_is_kept_of_a_client_and_shown_to_others_holds_no_secret(
    app: Flask, real: str
) -> None:
    client, login = app.test_client(), {"Authorization": f"Bearer {real}"}
    for number, secret in enumerate(KINDS):
        agent = login | {"User-Agent": f"twine/6 ({secret})"}
        wheel = make.wheel(version=f"2.{number}")
        form = make.form(wheel, make.wheel_name(version=f"2.{number}"), release=f"2.{number}")
        assert client.post("/legacy/", data=form, headers=agent).status_code == 200
        assert client.post("/legacy/", data={"name": "x"}, headers=agent).status_code == 400
        form = make.form(wheel, f"{secret}.whl") | {"name": secret}
        assert client.post("/legacy/", data=form, headers=agent).status_code == 400
    for path in ("projects/larder-demo/files", "uploads/refused"):
        answer = client.get(f"/api/v1/{path}?limit=100", headers=login)
        assert "twine/6" in answer.text
        assert spilled([answer.text], real) == []


def test_a_secret_in_the_metadata_of_a_refused_file_is_kept_by_no_way_in(
    app: Flask, real: str, stores: Stores
) -> None:
    client, meta = app.test_client(), {"meta": {"api-version": "2.0"}}
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {real}"
    padding = "x" * 400  # whoever cuts a sentence must not cut what a secret is known by
    wheel = make.wheel(
        version="2.0", Requires_Dist=f"a @ https://ci:{CANARY}{padding}@b.test/c ; ?"
    )
    name = make.wheel_name(version="2.0")
    answers = [client.post("/legacy/", data=make.form(wheel, name, release="2.0"))]

    body = {**meta, "name": "larder-demo", "version": "2.0"}
    session = client.post("/upload/2.0/", json=body).json["links"]
    file = {
        **meta,
        "filename": name,
        "size": len(wheel),
        "hashes": {"sha256": make.form(wheel)["sha256_digest"]},
        "mechanism": "http-post-bytes",
    }
    announced = client.post(session["upload"], json=file).json
    client.post(announced["mechanism"]["file_url"], data=wheel)
    answers.append(client.post(announced["links"]["complete"], json=meta))
    answers.append(client.get(session["session"]))

    key, report = f"drop/larder-demo/{name}", f"drop/larder-demo/{name}.error.json"
    stores.blobs.client.put_object(Bucket="larder-dev", Key=key, Body=wheel)
    drop.object_arrived(key, requester="", max_bytes=10**6, stores=stores, now=datetime.now(UTC))
    kept = [str(item.serialize()) for item in LarderItem.scan()]
    found = stores.blobs.client.get_object(Bucket="larder-dev", Key=report)
    kept.append(found["Body"].read().decode())

    said = [everything(answer) for answer in answers]
    assert all("no dependency specifier" in text for text in (*said, kept[-1]))
    assert spilled([*said, *kept], real) == []


def test_the_line_of_a_request_stays_one_line(app: Flask, heard: Heard) -> None:
    for code in [*range(1, 0x20), 0x7F, 0x85, 0x2028, 0x2029, 0x202E]:
        app.test_client().get(
            f"/simple/a%0D%0A{chr(code)}2026 INFO forged/",
            environ_overrides={
                "HTTP_USER_AGENT": f"pip/1{chr(code)[:1]}x".encode().decode("latin-1")
            },
        )
    lines = heard.lines()
    assert len(lines) == 2 * 36
    for line in lines[:36]:
        assert json.loads(line)["logger"] == "larder.request"
