"""Digests of uploaded files."""

import hashlib
import io

import pytest

from app.domain import digests
from app.errors import BadRequest

CONTENT = b"bytes" * 1000


def test_one_pass_measures_everything_and_rewinds() -> None:
    stream = io.BytesIO(CONTENT)

    found = digests.measure(stream)

    assert found.size == len(CONTENT)
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert found.md5 == hashlib.md5(CONTENT).hexdigest()  # noqa: S324
    assert found.blake2_256 == hashlib.blake2b(CONTENT, digest_size=32).hexdigest()
    assert stream.tell() == 0


def test_right_digests_pass_in_any_case() -> None:
    found = digests.measure(io.BytesIO(CONTENT))
    digests.check(found, {"sha256_digest": found.sha256.upper(), "md5_digest": found.md5})


@pytest.mark.parametrize("field", ["md5_digest", "sha256_digest", "blake2_256_digest"])
def test_every_claimed_digest_is_checked(field: str) -> None:
    found = digests.measure(io.BytesIO(CONTENT))
    wrong = "0" * (32 if field == "md5_digest" else 64)

    with pytest.raises(BadRequest, match="changed or damaged"):
        digests.check(found, {"sha256_digest": found.sha256, field: wrong})


@pytest.mark.parametrize("value", ["", "xyz", "0" * 63, "g" * 64, "0" * 64 + "\n"])
def test_a_malformed_digest_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="right length"):
        digests.check_form({"sha256_digest": value})


def test_an_upload_without_any_digest_is_refused() -> None:
    with pytest.raises(BadRequest, match="names no digest"):
        digests.check_form({})
