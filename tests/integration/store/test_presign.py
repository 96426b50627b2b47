"""Presigned links: ours against the SDK's."""

import functools
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from botocore.config import Config as ClientConfig
from hypothesis import given
from hypothesis import strategies as st

from app.domain.dist_file import Blob
from app.store.presign import Presigner
from app.store.signing import Credentials

MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@functools.cache
def client_of(url: str, region: str, token: str | None) -> Any:
    session = botocore.session.get_session()
    style = "path" if url else "virtual"
    return session.create_client(
        "s3",
        region_name=region,
        endpoint_url=url or None,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret/key+1",
        aws_session_token=token,
        config=ClientConfig(signature_version="s3v4", s3={"addressing_style": style}),
    )


def by_sdk(blob: Blob, url: str, region: str, token: str | None) -> str:
    with mock.patch("botocore.auth.get_current_datetime", return_value=MOMENT):
        made: str = client_of(url, region, token).generate_presigned_url(
            "get_object",
            Params={"Bucket": "packages", "Key": blob.key, "VersionId": blob.version_id},
            ExpiresIn=7200,
        )
    return made


def by_us(blob: Blob, url: str, region: str, token: str | None) -> str:
    presigner = Presigner(bucket="packages", region=region, url=url, window=3600)
    credentials = Credentials("AKIDEXAMPLE", "secret/key+1", token or "")
    return presigner.sign(blob, credentials, at=MOMENT)


@pytest.mark.parametrize("url", ["", "http://localhost:4566"])
@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-2"])
@pytest.mark.parametrize("token", [None, "to/ken+=="])
@pytest.mark.parametrize("key", ["files/demo/1/a-1.0+b.whl", "files/a b/~é$&.whl"])
def test_our_links_are_the_sdks(key: str, url: str, region: str, token: str | None) -> None:
    blob = Blob(key=key, version_id="v/1+2=")
    ours, theirs = (
        urlsplit(by_us(blob, url, region, token)),
        urlsplit(by_sdk(blob, url, region, token)),
    )
    assert (ours.scheme, ours.netloc, ours.path) == (theirs.scheme, theirs.netloc, theirs.path)
    assert parse_qs(ours.query) == parse_qs(theirs.query)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\\"), min_size=1, max_size=20))
def test_any_key_is_signed_as_the_sdk_signs_it(name: str) -> None:
    blob = Blob(key=f"files/x{name}x", version_id="v")
    ours = parse_qs(urlsplit(by_us(blob, "http://localhost:1", "eu-west-1", None)).query)
    theirs = parse_qs(urlsplit(by_sdk(blob, "http://localhost:1", "eu-west-1", None)).query)
    assert ours["X-Amz-Signature"] == theirs["X-Amz-Signature"]
