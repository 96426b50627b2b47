"""Our reading of JSON Web Tokens, held against the library's judgement."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import hs256

KEY = b"k" * 32
NOW = int(time.time())
CLAIMS = {
    "iss": "larder-dev",
    "aud": "larder-dev",
    "sub": "ada",
    "jti": "1",
    "iat": NOW - 5,
    "nbf": NOW - 5,
    "exp": NOW + 86_400,
}
_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, NOW + 90_000), st.floats(), st.text(), st.just(["x"])
)


def token(claims: dict[str, Any], key: bytes = KEY, **header: Any) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": "k", **header})


def ours(text: str, key: bytes = KEY) -> dict[str, Any] | None:
    """Return what we read, None for a refusal, with the end checked as the caller does."""
    try:
        found = hs256.claims(text, key, issuer="larder-dev", now=time.time())
    except hs256.InvalidError:
        return None
    return found if found["exp"] > time.time() else None


def theirs(text: str, key: bytes = KEY) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = jwt.decode(
            text,
            key,
            algorithms=["HS256"],
            audience="larder-dev",
            issuer="larder-dev",
            options={
                "require": ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"],
                "strict_aud": True,
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.PyJWTError:
        return None
    return found


def test_what_the_library_signs_is_read() -> None:
    assert ours(token(CLAIMS)) == theirs(token(CLAIMS)) == CLAIMS
    assert hs256.key_id(token(CLAIMS)) == "k"


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), _ODD, max_size=3))
def test_whatever_the_library_refuses_is_refused(changes: dict[str, Any]) -> None:
    try:
        text = token({**CLAIMS, **changes})
    except TypeError:
        return  # the library makes no such token
    if theirs(text) is None:
        assert ours(text) is None


@pytest.mark.parametrize("left_out", sorted(CLAIMS))
def test_every_claim_must_be_there(left_out: str) -> None:
    kept = {name: value for name, value in CLAIMS.items() if name != left_out}
    text = token(kept)
    with pytest.raises((hs256.InvalidError, KeyError)):
        hs256.claims(text, KEY, issuer="larder-dev", now=NOW)


@pytest.mark.parametrize("when", ["iat", "nbf"])
def test_a_token_of_the_future_is_refused(when: str) -> None:
    assert ours(token({**CLAIMS, when: NOW + 9000})) is None


@given(st.integers(0), st.binary(min_size=1, max_size=3))
def test_a_token_with_any_byte_changed_is_refused(at: int, put: bytes) -> None:
    text = token(CLAIMS).encode()
    at %= len(text)
    changed = (text[:at] + put + text[at + len(put) :]).decode("latin-1")
    # The last digit of Base64 may hold bits that count for nothing.
    if changed[:-1] != text.decode()[:-1]:
        assert ours(changed) is None


def test_a_token_signed_with_another_key_is_refused() -> None:
    assert ours(token(CLAIMS, b"x" * 32)) is None


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256", "hs256", None, 1])
def test_no_other_algorithm_is_believed(algorithm: object) -> None:
    head, body, sign = token(CLAIMS).split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**header, "alg": algorithm}).encode())
    changed = f"{other.decode().rstrip('=')}.{body}.{sign}"
    with pytest.raises(hs256.InvalidError, match="another way"):
        hs256.claims(changed, KEY, issuer="larder-dev", now=NOW)


def test_what_must_be_understood_and_is_not_is_refused() -> None:
    with pytest.raises(hs256.InvalidError):
        hs256.claims(token(CLAIMS, crit=["b64"]), KEY, issuer="larder-dev", now=NOW)


@given(st.text())
def test_what_is_no_token_is_refused(text: str) -> None:
    assert ours(text) is None
    with pytest.raises(hs256.InvalidError):
        hs256.key_id(text)


def test_nesting_without_end_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 100_000).decode().rstrip("=")
    with pytest.raises(hs256.InvalidError):
        hs256.key_id(f"{deep}.{deep}.x")
