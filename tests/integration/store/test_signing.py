"""Signed calls: ours against the SDK's."""

import hashlib
from datetime import UTC, datetime
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials
from hypothesis import given
from hypothesis import strategies as st

from app.store import signing
from app.store.signing import Credentials, Scope

MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TARGET = "DynamoDB_20120810.BatchGetItem"


def by_us(body: bytes, region: str, service: str, token: str) -> dict[str, str]:
    return signing.signed_headers(
        "POST",
        "/",
        {"content-type": "application/x-amz-json-1.0", "host": "h.example", "x-amz-target": TARGET},
        digest=hashlib.sha256(body).hexdigest(),
        scope=Scope.at(MOMENT, region=region, service=service),
        credentials=Credentials("AKID", "se/cret+", token),
    )


def by_sdk(body: bytes, region: str, service: str, token: str) -> dict[str, str]:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": TARGET}
    request = AWSRequest("POST", "https://h.example/", data=body, headers=headers)
    credentials = SdkCredentials("AKID", "se/cret+", token or None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=MOMENT):
        SigV4Auth(credentials, service, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("token", ["", "to/ken+=="])
@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1"])
@pytest.mark.parametrize("service", ["dynamodb", "ssm"])
def test_our_signature_is_the_sdks(service: str, region: str, token: str) -> None:
    ours, theirs = (make(b"{}", region, service, token) for make in (by_us, by_sdk))
    assert ours == {**theirs, "host": "h.example"}


@given(st.binary(max_size=200))
def test_any_body_is_signed_as_the_sdk_signs_it(body: bytes) -> None:
    ours, theirs = (make(body, "eu-west-1", "dynamodb", "") for make in (by_us, by_sdk))
    assert ours["authorization"] == theirs["authorization"]
