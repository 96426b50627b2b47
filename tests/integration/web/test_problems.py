"""Errors as answers."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import errors
from app.errors import AppError
from app.store.stores import Stores
from tests import make
from tests.aws import between

PIP = "application/vnd.pypi.simple.v1+json, text/html;q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ALL = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, AppError) and kind is not AppError
]


@pytest.fixture
def failing(app: Flask) -> Callable[[str, AppError], None]:
    """Return a function that makes a path of the application fail."""

    def fail_at(path: str, error: AppError) -> None:
        def view() -> str:
            raise error

        app.add_url_rule(path, path, view)

    return fail_at


@pytest.mark.parametrize("kind", ALL)
def test_a_client_that_takes_json_gets_a_problem_document(
    failing: Callable[[str, AppError], None], client: FlaskClient, kind: type[AppError]
) -> None:
    failing("/simple/x/y", kind("It went wrong.", filename="f"))

    answer = client.get("/simple/x/y", headers={"Accept": PIP})

    assert answer.status_code == kind.status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.get_json() == {
        "type": "about:blank",
        "title": kind.title,
        "status": kind.status,
        "detail": "It went wrong.",
        "code": kind("").code,
        "filename": "f",
    }


def test_a_tool_gets_one_line_of_text(client: FlaskClient) -> None:
    answer = client.get("/simple/", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("Credentials needed: This index is private")
    assert answer.text.count("\n") == 1


def test_a_person_gets_a_page_that_runs_no_foreign_script(client: FlaskClient) -> None:
    answer = client.get("/no/such/page", headers={"Accept": BROWSER})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>Not found</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_person_gets_a_page_at_a_machines_address_too(client: FlaskClient) -> None:
    answer = client.get("/simple/", headers={"Accept": BROWSER})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "API token as the password" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_page_never_opens_the_browsers_password_box(
    failing: Callable[[str, AppError], None], client: FlaskClient
) -> None:
    failing("/somewhere", errors.Unauthorized("Log in."))
    answer = client.get("/somewhere", headers={"Accept": BROWSER})
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, False)


def test_what_a_person_typed_is_escaped(
    failing: Callable[[str, AppError], None], client: FlaskClient
) -> None:
    failing("/somewhere", errors.BadRequest("<script>alert(1)</script>"))
    assert "<script>alert" not in client.get("/somewhere", headers={"Accept": BROWSER}).text


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "xn--a", "a b", "\u00e9"])
@pytest.mark.parametrize("path", ["/", "/help", "/simple/", "/nope"])
def test_an_impossible_host_is_a_4xx_or_ignored(app: Flask, host: str, path: str) -> None:
    # Not by the test client, which cannot read such a host itself.
    builder = EnvironBuilder(path, headers={"Accept": BROWSER})
    _, status, _ = run_wsgi_app(app, {**builder.get_environ(), "HTTP_HOST": host})
    assert int(status[:3]) < 500


def test_redirects_never_name_the_clients_host(client: FlaskClient) -> None:
    answer = client.get("/simple?x=1", base_url="http://evil.example")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/simple/?x=1")


def test_a_query_that_is_no_text_is_refused(client: FlaskClient) -> None:
    answer = client.get("/simple/", environ_overrides={"QUERY_STRING": "format=\xff"})
    assert answer.status_code == 400


def test_an_upload_is_never_redirected(client: FlaskClient) -> None:
    assert client.post("/legacy//").status_code == 404


def test_a_bug_raises_in_tests(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/bug", "bug", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.get("/bug")


def test_a_bug_is_a_plain_500_in_production(app: Flask) -> None:
    app.testing = False
    app.add_url_rule("/api/bug", "bug", lambda: {}["secret-canary"])  # type: ignore[typeddict-item]
    answer = app.test_client().get("/api/bug")
    assert answer.status_code == 500
    assert "canary" not in answer.text


def test_other_http_errors_keep_their_headers(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/api/busy", "busy", lambda: abort(429))
    assert client.get("/api/busy").status_code == 429
    assert "GET" in client.delete("/simple/").headers["Allow"]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", None])
def test_a_back_end_in_trouble_is_a_503_and_the_upload_succeeds_later(
    as_: Callable[..., FlaskClient],
    stores: Stores,
    code: str | None,
) -> None:
    from botocore.exceptions import ClientError, EndpointConnectionError

    client = as_()
    error: Exception = EndpointConnectionError(endpoint_url="http://localhost")
    if code:
        error = ClientError({"Error": {"Code": code, "Message": "x"}}, "Query")

    def fail(*_: Any) -> None:
        raise error

    with between(fail):
        for answer in (
            client.get("/simple/"),
            client.post("/legacy/", data=make.form(make.wheel())),
        ):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "2"
            assert "nothing is lost" in answer.text

    assert client.post("/legacy/", data=make.form(make.wheel())).status_code == 200


def test_an_index_that_is_not_set_up_says_what_to_do(
    as_: Callable[..., FlaskClient], stores: Stores
) -> None:
    from app.models.base import LarderItem

    client = as_()
    LarderItem.delete_table()
    answer = client.get("/simple/")
    assert (answer.status_code, "flask init" in answer.text) == (503, True)
