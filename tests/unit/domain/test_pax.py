"""Extended headers of tar archives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import pax
from app.domain.malformed import Malformed


def record(key: bytes, value: bytes) -> bytes:
    size = len(key) + len(value) + 3
    digits = next(n for n in range(1, 9) if len(str(size + n)) == n)
    return b"%d %s=%s\n" % (size + digits, key, value)


def test_only_what_decides_is_returned() -> None:
    data = record(b"mtime", b"1.5") + record(b"path", b"a=b\nc") + record(b"comment", b"")

    assert pax.parse(data, is_global=False) == {b"path": b"a=b\nc"}


@given(st.binary(max_size=120))
def test_every_path_comes_back(path: bytes) -> None:
    assert pax.parse(record(b"path", path), is_global=False) == {b"path": path}


def test_a_header_for_all_members_may_hold_a_comment() -> None:
    assert pax.parse(record(b"comment", b"1f3a"), is_global=True) == {}


@pytest.mark.parametrize("key", [b"path", b"linkpath", b"size"])
def test_a_header_for_all_members_may_not_name_them(key: bytes) -> None:
    with pytest.raises(Malformed, match="all members one name or size"):
        pax.parse(record(key, b"1"), is_global=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"11 path=x\n", "cut off"),
        (b"9 path=x\n\n", "cut off"),
        (b"10 path=xy", "cut off"),
        (b"0 path=x\n", "cut off"),
        (b"-10 path=x\n", "cut off"),
        (b"+10 path=x\n", "cut off"),
        (b" 10 path=x\n", "cut off"),
        (b"010 path=x\n", "cut off"),
        (b"path=x\n", "cut off"),
        (b"2 \n", "cut off|unsafe form"),
        (b"1 \n", "cut off|unsafe form"),
        (record(b"path", b"x") + b"\0", "cut off"),
        (b"7 path\n", "unsafe form"),
        (record(b"path", b"x") * 2, "twice"),
        (record(b"hdrcharset", b"BINARY"), "unsafe form"),
        (record(b"GNU.sparse.name", b"x"), "unsafe form"),
        (record(b"SCHILY.realsize", b"1"), "unsafe form"),
    ],
)
def test_what_readers_differ_on_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        pax.parse(data, is_global=False)
