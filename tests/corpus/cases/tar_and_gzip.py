"""Gzipped tar archives as such: stream, headers and extended headers (RFC 1952, POSIX)."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from functools import partial
from io import BytesIO

from tests import make
from tests.corpus.archives import (
    END,
    MIB,
    NOTHING,
    PIECE,
    inside,
    noise,
    packed,
    pkg_info,
    renumbered,
    sdist,
    wheel,
)
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_sdist
from tests.raw_archives import pax, tar_member

GZIP = "RFC 1952: one member, whole, with nothing behind it"
HEADER = "POSIX ustar: a header has a checksum and octal numbers"
LAST = "POSIX: two empty blocks end an archive; what follows some readers read"
EXTENDED = "POSIX pax: an extended header is for the one member behind it"
RECORDS = "POSIX pax: records of exact length, each key once"
UNSAFE = "readers differ on names in other character sets and on sparse files"
ZIP_TOO = "pip takes a file with an end record for a zip archive, whatever its name"
LONG = tar_member(b"././@LongLink", b"other\0", kind=b"L")


def _changed(own: Own, at: int, field: bytes) -> bytes:
    return sdist(own, renumbered(inside(own, "a"), at, field))


def _header(name: str, says: str, at: int, field: bytes) -> Case:
    return refused_sdist(name, HEADER, lambda o: _changed(o, at, field), says)


def _extended(name: str, says: str, *blocks: bytes, why: str = EXTENDED) -> Case:
    """Return the case of extended headers in front of a member."""
    return refused_sdist(name, why, lambda o: sdist(o, *blocks, inside(o, "a", b"1")), says)


def _zip_too(own: Own) -> bytes:
    return gzip.compress(pkg_info(own) + inside(own, "a.zip", wheel(own)) + END, 0, mtime=0)


def _long_comments(own: Own) -> list[bytes]:
    comment = pax((b"comment", b"c" * (MIB - 50)))
    return [comment + inside(own, str(number)) for number in range(17)]


def _behind_a_whole_piece(own: Own) -> bytes:
    """Return an sdist whose gzip stream, filled up by a file name, has 64 KiB, and a byte more."""
    plain = sdist(own)
    name = b"n" * (PIECE - len(plain) - 1) + b"\0"
    return plain[:3] + b"\x08" + plain[4:10] + name + plain[10:] + b"x"


def _with_nothing_first(own: Own) -> bytes:
    """Return an sdist whose gzip stream begins with blocks of nothing."""
    plain = sdist(own)
    return plain[:10] + NOTHING + plain[10:]


def _crowded(own: Own) -> bytes:
    """Return an sdist of so many headers for nobody that it takes noise to make them few bytes."""
    block = pax(kind=b"g") * 2048
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(pkg_info(own) + inside(own, "noise", noise(2_200_000)))]
    parts += [packer.compress(block) for _ in range(98)]
    return b"".join(parts) + packer.compress(END) + packer.flush()


def _as_made_by(form: int, own: Own) -> bytes:
    target = BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", format=form) as archive:
        for path, content in [
            (f"{own.top}/PKG-INFO", own.metadata()),
            (f"{own.top}/{'long/' * 30}a.py", b""),
            (f"{own.top}/名.py", b"x" * 600),
        ]:
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    return target.getvalue()


CASES = [
    refused_sdist("junk", GZIP, lambda _: b"junk bytes" * 9, "its gzip stream is damaged"),
    refused_sdist("no-bytes", GZIP, lambda _: b"", "its gzip stream is cut off"),
    refused_sdist("cut-off", GZIP, lambda o: sdist(o)[:-9], "its gzip stream is cut off"),
    refused_sdist("without-checksum", GZIP, lambda o: sdist(o)[:-8], "gzip stream is cut off"),
    refused_sdist(
        "false-checksum",
        GZIP,
        lambda o: sdist(o)[:-8] + b"\0" * 4 + sdist(o)[-4:],
        "its gzip stream is damaged",
    ),
    refused_sdist(
        "false-length", GZIP, lambda o: sdist(o)[:-4] + b"\0" * 4, "its gzip stream is damaged"
    ),
    refused_sdist("byte-behind", GZIP, lambda o: sdist(o) + b"x", "something follows its gzip"),
    refused_sdist(
        "second-gzip-member",
        GZIP,
        lambda o: sdist(o) + gzip.compress(b"", mtime=0),
        "something follows its gzip stream",
    ),
    refused_sdist("plain-tar", GZIP, lambda o: gzip.decompress(sdist(o)), "stream is damaged"),
    refused_sdist(
        "bzip2",
        GZIP,
        lambda o: bz2.compress(gzip.decompress(sdist(o))),
        "its gzip stream is damaged",
    ),
    refused_sdist(
        "xz", GZIP, lambda o: lzma.compress(gzip.decompress(sdist(o))), "its gzip stream is damaged"
    ),
    refused_sdist(
        "wheel-as-sdist", ZIP_TOO, lambda o: make.wheel(o.project), "zip archive as well"
    ),
    refused_sdist("zip-inside", ZIP_TOO, _zip_too, "it is a zip archive as well"),
    refused_sdist("empty-tar", LAST, lambda _: packed(end=b""), "ends in the middle of a member"),
    refused_sdist("no-end", LAST, lambda o: sdist(o, end=b""), "ends in the middle of a member"),
    refused_sdist(
        "half-an-end", LAST, lambda o: sdist(o, end=bytes(512)), "ends in the middle of a member"
    ),
    refused_sdist(
        "member-behind-the-end",
        LAST,
        lambda o: sdist(o, END, inside(o, "evil.py")),
        "something follows its end",
    ),
    refused_sdist(
        "byte-behind-the-end", LAST, lambda o: sdist(o, END, b"x"), "something follows its end"
    ),
    refused_sdist(
        "empty-block-within",
        LAST,
        lambda o: sdist(o, bytes(512), inside(o, "evil.py")),
        "an empty block lies among its members",
    ),
    refused_sdist(
        "size-beyond-the-end",
        "a member is within the archive",
        lambda o: sdist(o, inside(o, "a", size=b"00000100000\0")),
        "ends in the middle of a member",
    ),
    refused_sdist(
        "checksum-wrong",
        HEADER,
        lambda o: sdist(o, inside(o, "a", checksum=b"000000\0 ")),
        "a wrong checksum",
    ),
    refused_sdist(
        "checksum-no-number",
        HEADER,
        lambda o: sdist(o, inside(o, "a", checksum=b"junkjunk")),
        "that is not octal",
    ),
    _header("size-in-binary", "holds a number that is not octal", 124, b"\x80"),
    _header("size-negative", "holds a number that is not octal", 124, b"-0000000001\0"),
    _header("size-in-decimal", "holds a number that is not octal", 124, b"00000000009\0"),
    *(
        _header(f"{name}-no-number", "holds a number that is not octal", at, b"x")
        for name, at in [
            ("mode", 100),
            ("owner", 108),
            ("group", 116),
            ("time", 136),
            ("major", 329),
            ("minor", 337),
        ]
    ),
    refused_sdist(
        "prefix-without-ustar",
        "GNU tar keeps times where ustar has a prefix",
        lambda o: sdist(o, tar_member(b"a", prefix=o.top.encode(), magic=b"ustar  \0")),
        "has a prefix, but is no ustar header",
    ),
    _extended("two-long-names", "two extended headers say different things", LONG, LONG),
    _extended(
        "two-pax-headers",
        "two extended headers say different things",
        pax((b"mtime", b"1")),
        pax((b"path", b"other")),
    ),
    _extended(
        "gnu-and-pax-name",
        "two extended headers say different things",
        LONG,
        pax((b"path", b"another")),
    ),
    refused_sdist(
        "extended-header-of-nothing",
        EXTENDED,
        lambda o: sdist(o, LONG),
        "its last extended header has no member",
    ),
    _extended("two-sizes", "has two sizes", pax((b"size", b"2"))),
    _extended(
        "name-for-all", "gives all members one name or size", pax((b"path", b"other"), kind=b"g")
    ),
    _extended(
        "size-for-all", "gives all members one name or size", pax((b"size", b"1"), kind=b"g")
    ),
    _extended(
        "record-cut-off",
        "an extended header is cut off",
        tar_member(b"PaxHeader", b"30 path=x\n", kind=b"x"),
        why=RECORDS,
    ),
    _extended(
        "record-without-length",
        "an extended header is cut off",
        tar_member(b"PaxHeader", b"path=x\n", kind=b"x"),
        why=RECORDS,
    ),
    _extended(
        "record-without-end",
        "an extended header is cut off",
        tar_member(b"PaxHeader", b"10 path=xy", kind=b"x"),
        why=RECORDS,
    ),
    _extended(
        "record-without-key",
        "twice, or in an unsafe form",
        tar_member(b"PaxHeader", b"9 pathxx\n", kind=b"x"),
        why=RECORDS,
    ),
    _extended(
        "record-twice",
        "twice, or in an unsafe form",
        pax((b"path", b"x"), (b"path", b"y")),
        why=RECORDS,
    ),
    _extended(
        "character-set", "twice, or in an unsafe form", pax((b"hdrcharset", b"BINARY")), why=UNSAFE
    ),
    _extended(
        "sparse", "twice, or in an unsafe form", pax((b"GNU.sparse.major", b"1")), why=UNSAFE
    ),
    _extended(
        "sparse-by-star", "twice, or in an unsafe form", pax((b"SCHILY.realsize", b"1")), why=UNSAFE
    ),
    _extended(
        "large-extended-header",
        "an extended header of more than 1048576 bytes",
        tar_member(b"x", bytes(MIB + 1), kind=b"L"),
        why="they are read into memory",
    ),
    refused_sdist(
        "many-extended-headers",
        "reading their records costs far more than skipping",
        lambda o: sdist(o, *_long_comments(o)),
        "or more than 16777216 bytes of them",
    ),
    refused_sdist(
        "headers-without-end",
        "each header costs time, and 200,000 are more than anybody needs",
        _crowded,
        "it holds more than 200000 headers",
    ),
    refused_sdist(
        "byte-behind-a-stream-that-fills-a-piece",
        f"{GZIP}, wherever a reader stops reading",
        _behind_a_whole_piece,
        "something follows its gzip stream",
    ),
    accepted("large", GZIP, lambda o: sdist(o, inside(o, "a.bin", noise(5 * PIECE))), "{sdist}"),
    accepted(
        "blocks-of-nothing", "RFC 1951, 3.2.4: one may be empty", _with_nothing_first, "{sdist}"
    ),
    accepted(
        "as-build-tools-write-it", "the ordinary case", lambda o: make.sdist(o.project), "{sdist}"
    ),
    *(
        accepted(name, "all three forms are in use", partial(_as_made_by, form), "{sdist}")
        for name, form in [
            ("ustar", tarfile.USTAR_FORMAT),
            ("gnu", tarfile.GNU_FORMAT),
            ("pax", tarfile.PAX_FORMAT),
        ]
    ),
    accepted(
        "padding-behind-the-end",
        "tar fills its last record with empty blocks",
        lambda o: sdist(o, end=bytes(10_240)),
        "{sdist}",
    ),
    accepted(
        "comment-for-all",
        "git archive writes the commit so",
        lambda o: packed(pax((b"comment", b"1f3a"), kind=b"g"), pkg_info(o)),
        "{sdist}",
    ),
    accepted(
        "old-file-type",
        "POSIX: a file's type may be NUL",
        lambda o: sdist(o, inside(o, "a", b"1", kind=b"\0")),
        "{sdist}",
    ),
]
