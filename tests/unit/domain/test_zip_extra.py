"""Extra fields of zip members."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import zip_extra
from app.domain.malformed import Malformed


def extra(number: int, content: bytes = b"") -> bytes:
    return struct.pack("<2H", number, len(content)) + content


def test_times_and_owners_are_allowed() -> None:
    fields = extra(0x5455, b"\x03" + bytes(8)) + extra(0x7875, b"\x01")

    assert zip_extra.parse(fields, b"a") == {0x5455: b"\x03" + bytes(8), 0x7875: b"\x01"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (b"abc", "cut off"),
        (extra(0x5455, b"abc")[:-1], "cut off"),
        (extra(0x5455) + b"\x00", "cut off"),
        (extra(0x5455) * 2, "0x5455 twice"),
        (extra(0x7075, b"\x01name"), "Unicode path"),
        (extra(0x6375), "Unicode comment"),
        (extra(0x9901), "encryption"),
        (extra(0x5455, bytes(1021)), "more than 1024 bytes"),
    ],
)
def test_what_readers_differ_on_is_refused(fields: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        zip_extra.parse(fields, b"a")


@given(st.dictionaries(st.integers(0x8000, 0x9000), st.binary(max_size=20), max_size=9))
def test_all_fields_come_back(fields: dict[int, bytes]) -> None:
    written = b"".join(extra(*item) for item in fields.items())

    assert zip_extra.parse(written, b"a") == fields
