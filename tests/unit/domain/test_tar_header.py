"""Headers of tar archives."""

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import tar_header
from app.domain.malformed import Malformed
from app.domain.tar_header import Header
from tests.raw_archives import tar_member


@pytest.mark.parametrize(
    "size", [b"00000000017\0", b"         17 ", b"17\0         ", b"000000000017"]
)
def test_every_usual_spelling_of_a_number_is_read(size: bytes) -> None:
    assert tar_header.parse(tar_member(b"a", size=size)).size == 15


def test_an_empty_number_is_zero() -> None:
    assert tar_header.parse(tar_member(b"a", size=bytes(12))).size == 0


def test_all_fields_are_read() -> None:
    block = tar_member(b"a", kind=b"2", target=b"b", prefix=b"folder")

    assert tar_header.parse(block) == Header(b"folder/a", 0, b"2", b"b")


def test_fields_may_be_filled_to_their_last_byte() -> None:
    block = tar_member(b"a" * 100, prefix=b"b" * 155, target=b"c" * 100)

    assert tar_header.parse(block) == Header(b"b" * 155 + b"/" + b"a" * 100, 0, b"0", b"c" * 100)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_headers_of_tarfile_are_read(form: int) -> None:
    member = tarfile.TarInfo("folder/ab")
    member.size = 77

    assert tar_header.parse(member.tobuf(form)) == Header(b"folder/ab", 77, b"0", b"")


@pytest.mark.parametrize("at", [100, 108, 116, 136, 329, 337])
def test_the_other_numbers_may_be_in_binary_form_but_must_be_numbers(at: int) -> None:
    def block(first: bytes) -> bytes:
        plain = tar_member(b"a")
        changed = plain[:at] + first + plain[at + 1 : 148] + b" " * 8 + plain[156:]
        if at > 156:
            changed = plain[:148] + b" " * 8 + plain[156:at] + first + plain[at + 1 :]
        return changed[:148] + b"%06o\0 " % sum(changed) + changed[156:]

    assert tar_header.parse(block(b"\x80")).name == b"a"
    with pytest.raises(Malformed, match="number that is not octal"):
        tar_header.parse(block(b"x"))


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (tar_member(b"a", checksum=b"000000\0 "), "header of a has a wrong checksum"),
        (tar_member(b"a", checksum=bytes(8)), "header of a has a wrong checksum"),
        (tar_member(b"a", size=b"\x80" + bytes(10) + b"\x01"), "number that is not octal"),
        (tar_member(b"a", size=b"00000000018\0"), "number that is not octal"),
        (tar_member(b"a", size=b"-0000000001\0"), "number that is not octal"),
        (tar_member(b"a", size=b"1\x001         "), "number that is not octal"),
        (tar_member(b"a", checksum=b"junkjunk"), "number that is not octal"),
        (tar_member(b"a", prefix=b"b", magic=b"ustar  \0"), "has a prefix, but is no ustar"),
        (tar_member(b"a", prefix=b"b", magic=bytes(8)), "has a prefix, but is no ustar"),
    ],
)
def test_a_header_that_is_wrong_or_ambiguous_is_refused(block: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        tar_header.parse(block)


@given(st.integers(0, 511), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, change: int) -> None:
    block = bytearray(tar_member(b"a", b""))
    block[at] ^= change
    try:
        # Changes to the padding of the checksum itself are none.
        assert tar_header.parse(bytes(block)) == Header(b"a", 0, b"0", b"")
        assert 148 <= at < 156
    except Malformed:
        pass
