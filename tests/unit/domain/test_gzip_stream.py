"""Reading gzip files."""

import gzip
import hashlib
import io

import pytest

from app.domain.archive_limits import Expansion
from app.domain.gzip_stream import GzipStream
from app.domain.malformed import Malformed
from app.errors import BadFile

NOISE = hashlib.shake_128(b"noise").digest(300_000)


def stream(content: bytes, packed: int = 10**9) -> GzipStream:
    return GzipStream(io.BytesIO(content), Expansion(packed))


def read_all(unpacked: GzipStream) -> list[bytes]:
    return list(iter(lambda: unpacked.read_some(10**6), b""))


@pytest.mark.parametrize("content", [b"", b"x", NOISE, bytes(3_000_000)])
def test_everything_comes_out_in_small_blocks(content: bytes) -> None:
    unpacked = stream(gzip.compress(content))
    blocks = read_all(unpacked)

    assert b"".join(blocks) == content
    assert max(map(len, blocks), default=0) <= 128 * 1024


def test_reading_and_skipping_go_forwards_by_exact_sizes() -> None:
    unpacked = stream(gzip.compress(NOISE))

    assert unpacked.read(0) == b""
    assert unpacked.read(200_000) == NOISE[:200_000]
    unpacked.skip(50_000)
    assert unpacked.read_some(10) == NOISE[250_000:250_010]


@pytest.mark.parametrize("method", ["read", "skip"])
@pytest.mark.parametrize("content", [b"", b"abc"])
def test_going_beyond_the_end_is_refused(method: str, content: bytes) -> None:
    with pytest.raises(Malformed, match="in the middle of a member"):
        getattr(stream(gzip.compress(content)), method)(4)


def test_a_name_and_a_time_in_the_header_are_allowed() -> None:
    target = io.BytesIO()
    with gzip.GzipFile("larder.tar", "wb", fileobj=target) as file:
        file.write(b"x")

    assert stream(target.getvalue()).read(1) == b"x"


def changed(content: bytes, at: int) -> bytes:
    damaged = bytearray(content)
    damaged[at] ^= 1
    return bytes(damaged)


SOUND = gzip.compress(b"content", mtime=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut off"),
        (b"junk", "incorrect header check"),
        (SOUND[:-1], "cut off"),
        (SOUND[:-9], "cut off"),
        (changed(SOUND, -8), "incorrect data check"),
        (changed(SOUND, -1), "incorrect length check"),
        (SOUND + b"x", "something follows"),
        (SOUND + SOUND, "something follows"),
        (gzip.compress(NOISE[:65_513], mtime=0)[:65_536] + SOUND, "something follows|damaged"),
    ],
)
def test_anything_but_one_sound_gzip_member_is_refused(content: bytes, reason: str) -> None:
    unpacked = stream(content)
    with pytest.raises(Malformed, match=reason):
        read_all(unpacked)


def test_bytes_that_follow_exactly_after_a_read_are_refused() -> None:
    """The next byte must be asked for, where zlib has not been given it."""
    sizes = range(65_000, 66_000)
    exact = next(
        packed for size in sizes if len(packed := gzip.compress(NOISE[:size], mtime=0)) == 65_536
    )
    unpacked = stream(exact + b"x")

    with pytest.raises(Malformed, match="something follows"):
        read_all(unpacked)


def test_what_is_unpacked_is_counted() -> None:
    unpacked = stream(gzip.compress(bytes(70 * 2**20)), packed=100)
    with pytest.raises(BadFile, match="more than 50 times its size"):
        unpacked.skip(70 * 2**20)
