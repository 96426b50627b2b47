"""Parts of a page that are joined without being compressed again."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from app.domain.segments import compress, join

PARTS = st.lists(
    st.binary(max_size=200) | st.integers(0, 5000).map(lambda n: b"ab" * n), max_size=8
)


@given(PARTS)
def test_joined_parts_are_one_gzip_member_of_all_their_bytes(parts: list[bytes]) -> None:
    body = join([compress(part) for part in parts]).body

    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    assert reader.decompress(body) == b"".join(parts)  # it checks the CRC-32 and the length
    assert reader.eof
    assert reader.unused_data == b""
    assert gzip.decompress(body) == b"".join(parts)


@given(PARTS, st.integers(0, 2**32))
def test_a_part_taken_out_of_a_body_may_be_joined_to_others(parts: list[bytes], at: int) -> None:
    kept = compress(b"kept " * 100)
    whole = join([kept, *map(compress, parts)]).body
    start = whole.index(bytes(kept.packed))
    taken = kept._replace(packed=memoryview(whole)[start : start + len(kept.packed)])
    segments = [compress(part) for part in parts]
    segments.insert(at % (len(parts) + 1), taken)

    plain = [*parts]
    plain.insert(at % (len(parts) + 1), b"kept " * 100)
    assert gzip.decompress(join(segments).body) == b"".join(plain)


def test_the_digest_tells_different_pages_apart() -> None:
    parts = [[b"a", b"b"], [b"b", b"a"], [b"a", b"c"], [b"a"]]
    assert len({join([compress(part) for part in page]).digest for page in parts}) == 4
    assert join([compress(b"a")]) == join([compress(b"a")])
