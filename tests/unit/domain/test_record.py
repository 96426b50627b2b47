"""RECORD of wheels."""

import hashlib

import pytest

from app.domain import record
from app.domain.member_names import Kind, MemberNames
from app.domain.record import Claim, Record
from app.errors import BadFile
from tests.raw_archives import row

ITSELF = "d.dist-info/RECORD,,"
SHA256 = hashlib.sha256(b"x").digest()


def read(*lines: str | bytes, also: tuple[str, ...] = ()) -> Record:
    """Read a RECORD of a wheel that holds the folder d.dist-info, a.py and what is in `also`."""
    names = MemberNames()
    names.add(b"d.dist-info", Kind.FOLDER)
    for name in ("a.py", "d.dist-info/RECORD", *also):
        names.add(name.encode(), Kind.FILE)
    text = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    # Read in pieces, for it never comes as a whole.
    return record.read((text[at : at + 7] for at in range(0, len(text), 7)), names, b"d.dist-info")


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_every_strong_digest_is_read(algorithm: str) -> None:
    claim = read(row("a.py", b"x", algorithm), ITSELF).claim(1)

    assert claim is not None
    assert (claim.algorithm, claim.size) == (algorithm, 1)
    record.check(claim, b"a.py", 1, hashlib.new(algorithm, b"x").digest())


def test_what_has_no_digest_makes_no_claim() -> None:
    listed = read(row("a.py", b"x"), ITSELF, "")

    assert listed.claim(0) is None
    assert listed.claim(2) is None


def test_the_size_may_be_left_out() -> None:
    assert read(row("a.py", b"x").removesuffix("1"), ITSELF).claim(1) == Claim(
        "sha256", row("a.py", b"x").split("=")[1][:-2], None
    )


def test_a_path_may_be_quoted_and_lines_may_end_as_on_windows() -> None:
    assert read(row('"a.py"', b"x") + "\r", ITSELF + "\r", "").claim(1)
    assert read(row('"b,""c"""', b""), row("a.py", b""), ITSELF, also=('b,"c"',)).claim(3)


@pytest.mark.parametrize("signature", ["RECORD.jws", "RECORD.p7s"])
def test_a_signature_of_record_may_be_listed_without_digest_or_not_at_all(signature: str) -> None:
    path = f"d.dist-info/{signature}"

    assert read(row("a.py", b""), ITSELF, also=(path,)).claim(3) is None
    assert read(row("a.py", b""), ITSELF, f"{path},,", also=(path,)).claim(3) is None
    assert read(row("a.py", b""), ITSELF, row(path, b"s"), also=(path,)).claim(3)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((row("a.py", b""),), "does not list d.dist-info/RECORD"),
        ((ITSELF,), "does not list a.py"),
        ((row("a.py", b""), ITSELF, row("b.py", b"")), "lists b.py, which the archive does not"),
        ((row("a.py", b""), ITSELF, row("../a.py", b"")), r"lists \.\./a.py, which the archive"),
        ((row("a.py", b""), ITSELF, row("d.dist-info", b"")), "lists d.dist-info, which"),
        ((row("a.py", b""), ITSELF, row("a.py", b"")), "lists a.py twice"),
        ((row("a.py", b""), ITSELF, ITSELF), "lists d.dist-info/RECORD twice"),
        (("a.py,,", ITSELF), "gives a.py no digest by one of sha256"),
        ((row("a.py", b"", "md5"), ITSELF), "gives a.py no digest by one of sha256"),
        ((row("a.py", b"", "sha1"), ITSELF), "gives a.py no digest by one of sha256"),
        ((row("a.py", b"", "sha224"), ITSELF), "gives a.py no digest by one of sha256"),
        (("a.py,sha256=x,one", ITSELF), "size that is no number"),
        (("a.py,sha256=x,-1", ITSELF), "size that is no number"),
        (("a.py,sha256=x,\u0661", ITSELF), "size that is no number"),
        (("a.py,sha256=x," + "9" * 4400, ITSELF), "line of more than 4096 bytes"),
        (("a.py,sha256=x," + "9" * 4000, ITSELF), "size that is no number"),
        ((row("a.py", b"") + ",", ITSELF), "line 1 of RECORD does not have 3 fields"),
        ((row("a.py", b""), "", ITSELF), "line 2 of RECORD does not have 3 fields"),
        ((b"\xff,,", ITSELF), "line 1 of RECORD is no UTF-8 CSV"),
        (('"a.py,,', ITSELF), "line 1 of RECORD is no UTF-8 CSV"),
        (("a.py\r,,", ITSELF), "line 1 of RECORD is no UTF-8 CSV"),
    ],
)
def test_a_record_that_is_not_the_list_of_all_files_is_refused(
    lines: tuple[str | bytes, ...], reason: str
) -> None:
    with pytest.raises(BadFile, match=reason):
        read(*lines)


def test_a_comma_in_a_digest_is_only_a_wrong_digest() -> None:
    claim = read('a.py,"sha256=x,y",1', ITSELF).claim(1)

    assert claim == Claim("sha256", "x,y", 1)


def test_a_false_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(BadFile, match=r"RECORD says 12 bytes for a\.py, the archive holds 13"):
        record.check(Claim("sha256", "", 12), b"a.py", 13, SHA256)


@pytest.mark.parametrize("digest", ["", "x", "LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIF"])
def test_a_false_digest_is_refused_with_both_digests(digest: str) -> None:
    with pytest.raises(BadFile, match=r"RECORD says sha256=\S+ for a\.py, the archive holds \S+$"):
        record.check(Claim("sha256", digest, 1), b"a.py", 1, SHA256)
