"""Credentials of requests."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from app.domain import token as tokens
from app.store.stores import Stores
from tests.aws import counted


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def status(client: FlaskClient, header: str) -> int:
    return client.get("/simple/", headers={"Authorization": header}).status_code


@pytest.mark.parametrize("user", ["__token__", "ada", "", "whoever"])
def test_a_token_works_as_password_of_any_user(
    client: FlaskClient, mint: Callable[..., str], user: str
) -> None:
    assert status(client, basic(user, mint())) == 200


@pytest.mark.parametrize("form", ["Bearer {}", "bearer  {} ", "token {}", "Bearer pypi-{}"])
def test_a_token_works_as_bearer(client: FlaskClient, mint: Callable[..., str], form: str) -> None:
    assert status(client, form.format(mint())) == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer x",
        "Bearer ",
        "Basic !!!",
        "Basic \u00e9",
        "Bearer \u00e9",
        "Basic " + base64.b64encode(b"\xff\xff:x").decode(),
        basic("ada", "correct horse battery"),
        basic("", ""),
        "Digest username=ada",
        "Bearer larder_" + "x" * 5000,
        "Bearer larder_x_000000",
        "Bearer " + tokens.wrap("not.a.jwt"),
        "Bearer " + tokens.wrap("e30.e30."),
    ],
)
def test_garbage_is_refused_without_asking_aws(client: FlaskClient, header: str) -> None:
    with counted() as calls:
        assert status(client, header) == 401
    assert calls == []


def forged(stores: Stores, original: str, **how: Any) -> str:
    """Return a token like `original`, signed or worded differently."""
    text = tokens.unwrap(original)
    header, claims = (
        jwt.get_unverified_header(text),
        jwt.decode(text, options={"verify_signature": False}),
    )
    key = how.pop("key", next(iter(stores.keyring.keys().values())))
    algorithm = how.pop("algorithm", "HS256")
    kid = how.pop("kid", header["kid"])
    claims |= how
    claims = {name: value for name, value in claims.items() if value is not None}
    return tokens.wrap(
        jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})
    )


@pytest.mark.parametrize(
    "how",
    [
        {"key": b"k" * 32},
        {"key": "", "algorithm": "none"},
        {"algorithm": "HS512"},
        {"kid": "unknown"},
        {"kid": None},
        {"iss": "larder-prod"},
        {"aud": "other"},
        {"aud": ["larder-dev", "other"]},
        {"exp": 1},
        {"exp": None},
        {"jti": None},
        {"sub": None},
        {"sub": 7},
        {"nbf": 32503680000},
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_forged_token_is_refused(
    client: FlaskClient, stores: Stores, mint: Callable[..., str], how: dict[str, Any]
) -> None:
    good = mint()
    assert status(client, f"Bearer {forged(stores, good)}") == 200, "the forger can sign well"
    assert status(client, f"Bearer {forged(stores, good, **how)}") == 401


def test_a_well_signed_token_without_a_record_is_refused(
    client: FlaskClient, stores: Stores, mint: Callable[..., str]
) -> None:
    mint()
    now = datetime.now(UTC)
    unknown = stores.keyring.sign(token_id="0" * 32, account="ada", issued_at=now, expires_at=None)
    assert status(client, f"Bearer {unknown}") == 401


def test_a_well_signed_token_that_borrows_a_record_is_refused(
    client: FlaskClient, stores: Stores, mint: Callable[..., str]
) -> None:
    """A leaked signing key alone must not be enough to mint."""
    good = mint()
    claims = stores.keyring.verify(good)
    now = datetime.now(UTC)
    for account in ("ada", "root"):
        borrowed = stores.keyring.sign(
            token_id=claims.token_id,
            account=account,
            issued_at=now - timedelta(seconds=5),
            expires_at=now + timedelta(days=1),
        )
        assert status(client, f"Bearer {borrowed}") == 401


def test_a_revoked_token_is_dead_at_the_next_request(
    client: FlaskClient, stores: Stores, mint: Callable[..., str]
) -> None:
    token = mint()
    assert status(client, f"Bearer {token}") == 200
    stores.tokens.revoke(stores.keyring.verify(token).token_id, at=datetime.now(UTC))
    assert status(client, f"Bearer {token}") == 401


def test_an_expired_token_is_refused(client: FlaskClient, mint: Callable[..., str]) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    token = mint(lifetime=timedelta(minutes=59), now=past)
    answer = client.get("/simple/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, "expired" in answer.text) == (401, True)


def test_the_end_in_the_record_counts_though_the_signed_one_is_later(
    client: FlaskClient, stores: Stores, mint: Callable[..., str]
) -> None:
    from app.models.token import TokenItem

    token = mint()
    item = TokenItem.get(f"token#{stores.keyring.verify(token).token_id}", "token")
    item.update(actions=[TokenItem.expires_at.set(datetime.now(UTC) - timedelta(seconds=1))])
    assert status(client, f"Bearer {token}") == 401
