"""An account's own tokens, by the management API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.account import AccountRole

Clients = Callable[..., FlaskClient]


def ask(client: FlaskClient, **changes: Any) -> Any:
    body = {"name": "ci", "permissions": ["upload"], "projects": ["*"], "expires": "1h"} | changes
    return client.post("/api/v1/tokens", json=body)


def with_token(client: FlaskClient, token: str) -> FlaskClient:
    other = client.application.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return other


def test_a_token_says_whose_it_is_and_what_for(as_: Clients) -> None:
    found = as_("ada", {"read", "upload"}, ("Larder.Demo", "b")).get("/api/v1/whoami").get_json()
    assert (found["account"], found["role"]) == ("ada", "member")
    assert found["token"]["permissions"] == ["read", "upload"]
    assert found["token"]["projects"] == ["b", "larder-demo"]
    assert found["token"]["expires_at"] is None


def test_without_a_token_nobody_is_anybody(client: FlaskClient) -> None:
    assert client.get("/api/v1/whoami").status_code == 401


def test_a_new_token_is_shown_once_and_works(as_: Clients) -> None:
    client = as_("ada", {"manage"})

    answer = ask(client, projects=["demo"])

    made = answer.get_json()
    assert answer.status_code == 201
    assert made["token"].startswith("larder_")
    assert (made["name"], made["permissions"], made["projects"]) == ("ci", ["upload"], ["demo"])
    who = with_token(client, made["token"]).get("/api/v1/whoami").get_json()
    assert who["token"]["id"] == made["id"]
    assert made["token"] not in client.get("/api/v1/tokens").text


def test_a_token_ends_at_once_when_it_is_revoked(as_: Clients) -> None:
    client = as_("ada", {"manage"})
    made = ask(client).get_json()
    for _ in range(2):
        assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert with_token(client, made["token"]).get("/api/v1/whoami").status_code == 401
    listed = {token["id"]: token for token in client.get("/api/v1/tokens").get_json()["tokens"]}
    assert listed[made["id"]]["revoked_at"]


def test_a_token_may_end_itself(as_: Clients) -> None:
    client = as_("ada", {"read"})
    token_id = client.get("/api/v1/whoami").get_json()["token"]["id"]
    assert client.delete(f"/api/v1/tokens/{token_id}").status_code == 204
    assert client.get("/api/v1/whoami").status_code == 401


def test_nobody_ends_or_sees_the_token_of_another(as_: Clients) -> None:
    ada, bob = as_("ada", {"manage"}), as_("bob", {"manage"})
    token_id = ask(ada).get_json()["id"]
    assert bob.delete(f"/api/v1/tokens/{token_id}").status_code == 404
    assert token_id not in bob.get("/api/v1/tokens").text


@pytest.mark.parametrize("permissions", [{"read"}, {"upload"}])
def test_a_token_that_does_not_manage_makes_none(as_: Clients, permissions: set[str]) -> None:
    assert ask(as_("ada", permissions), permissions=["read"]).status_code == 403
    assert as_("ada", permissions).get("/api/v1/tokens").status_code == 403


def test_a_token_makes_none_that_is_wider_than_itself(as_: Clients) -> None:
    narrow = as_("ada", {"manage"}, ("demo",), lifetime=timedelta(hours=2))
    assert ask(narrow, projects=["Demo"], expires="1h").status_code == 201
    for wider in (
        {"projects": ["*"]},
        {"projects": ["demo", "other"]},
        {"projects": ["demo"], "expires": "3h"},
        {"projects": ["demo"], "expires": "never"},
        {"projects": ["demo"], "permissions": ["admin"]},
    ):
        assert ask(narrow, **wider).status_code == 403, wider


def test_an_admin_makes_any_token(as_: Clients) -> None:
    root = as_("root", {"admin"}, role=AccountRole.ADMIN)
    assert ask(root, permissions=["admin"], expires="never").status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"permissions": []},
        {"permissions": "read"},
        {"permissions": ["write"]},
        {"permissions": [1]},
        {"projects": []},
        {"projects": ["-"]},
        {"projects": None},
        {"projects": ["*", "a"]},
        {"expires": "1w"},
        {"expires": 5},
        {"name": 5},
        {"name": "a\nb"},
    ],
)
def test_a_wrong_request_is_refused(as_: Clients, changes: dict[str, Any]) -> None:
    answer = ask(as_("ada", {"manage"}), **changes)
    assert answer.status_code == 400, answer.text
