"""Single members of zip archives: flags, methods, sizes, extra fields, and the two headers."""

import struct
import zlib
from collections.abc import Callable

from tests.corpus.archives import (
    CODE,
    NOTHING,
    PIECE,
    end_in_the_last_byte,
    members,
    noise,
    stored_block,
    wheel,
    with_first,
    with_member,
)
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_wheel
from tests.raw_archives import ZipMember, deflate, zip_archive

FLAGS = "APPNOTE 4.4.4: flags that make the bytes mean something else"
METHOD = "every installer knows stored and deflate, few know more"
NO_FILE = "a wheel holds files and folders alone (binary distribution format)"
KIND = "readers tell a folder by its name, its mode or its size: they must agree"
EXTRA = "APPNOTE 4.5: extra fields are a list without gaps"
SECOND_NAME = "APPNOTE 4.6.9: what gives a member a second name divides readers"
TWICE = "APPNOTE 4.3.7 and 4.3.12: both headers of a member say the same"
DATA = "a member is its data, no byte more or less"
WIDE = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}


def _extra(number: int, content: bytes = b"") -> bytes:
    return struct.pack("<2H", number, len(content)) + content


def _sizes(size: int, packed: int) -> bytes:
    return _extra(1, struct.pack("<2Q", size, packed))


def _flags(name: str, flags: int) -> Case:
    return refused_wheel(
        name,
        FLAGS,
        lambda o: with_first(o, both={"flags": flags}),
        "is encrypted or has a data descriptor",
    )


def _kind(name: str, says: str, why: str = NO_FILE, path: bytes = b"y", **more: object) -> Case:
    return refused_wheel(name, why, lambda o: with_member(o, name=path, **more), says)


def _first(name: str, why: str, says: str, **changes: object) -> Case:
    return refused_wheel(name, why, lambda o: with_first(o, **changes), says)


def _misplaced(own: Own) -> bytes:
    listed = members(own)
    listed[-1].offset = 4
    return zip_archive(listed)


def _misplaced_at_the_end(own: Own) -> bytes:
    """Return a wheel that ends, within the length of a header, with what looks like one."""
    listed = members(own)
    listed[-1].extra = _extra(0x5455, b"PK\x03\x04")
    listed[-1].offset = len(zip_archive(listed)) - 26
    return zip_archive(listed)


def _with_content(own: Own, content: bytes, data: bytes | None = None) -> bytes:
    """Return a wheel with this in a file of its own, packed as in `data`."""
    listed = members(own, {"large.bin": content})
    listed[-2].data = data
    return zip_archive(listed)


def _behind_a_whole_piece(own: Own) -> bytes:
    content = noise(PIECE - 5)
    return _with_content(own, content, stored_block(content, last=True) + b"x")


def _unmarked(own: Own) -> bytes:
    return with_member(own, name="é".encode(), both={"flags": 0})


def _wide(own: Own) -> bytes:
    sizes = _sizes(len(CODE), len(deflate(CODE)))
    return with_first(own, local=WIDE, local_extra=sizes)


def _zeros(size: int) -> Callable[[Own], bytes]:
    return lambda own: _with_content(own, bytes(size))


def _stored(own: Own) -> bytes:
    listed = members(own)
    for member in listed:
        member.method = 0
    return zip_archive(listed)


def _with_folders(own: Own) -> bytes:
    folder = ZipMember(name=b"pkg/", method=0, attributes=0o40755 << 16 | 0x10)
    return zip_archive([folder, *members(own, {"pkg/a.py": b""})])


CASES = [
    _flags("encrypted", 1),
    _flags("data-descriptor", 8),
    _flags("patched", 0x20),
    _flags("strongly-encrypted", 0x40),
    _flags("masked-headers", 0x2000),
    _first("bzip2", METHOD, "is compressed by method 12", both={"method": 12}),
    _first("lzma", METHOD, "is compressed by method 14", both={"method": 14}),
    _first("zstandard", METHOD, "is compressed by method 93", both={"method": 93}),
    _first(
        "stored-in-two-sizes",
        DATA,
        "is not compressed, but its two sizes differ",
        method=0,
        both={"size": 1},
    ),
    refused_wheel(
        "name-not-marked-as-utf8",
        "APPNOTE 4.4.4: bit 11 tells UTF-8 from code page 437",
        _unmarked,
        "is not marked as UTF-8",
    ),
    _kind("symbolic-link", "is a link or a special file", attributes=0o120777 << 16),
    _kind("device", "is a link or a special file", attributes=0o020666 << 16),
    _kind("pipe", "is a link or a special file", attributes=0o010666 << 16),
    _kind("folder-by-mode-only", "does not end with '/'", KIND, attributes=0o040755 << 16),
    _kind("folder-by-dos-flag-only", "does not end with '/'", KIND, attributes=0x10),
    _kind(
        "folder-with-content",
        "is a folder by its name, but not by its size",
        KIND,
        path=b"y/",
        content=b"1",
        attributes=0o40755 << 16,
    ),
    _kind("file-called-folder", "is a folder by its name, but not by its size", KIND, path=b"y/"),
    _first("comment", "nobody shows it, so it hides something", "has a comment", comment=b"hm"),
    _first("on-another-disk", "APPNOTE 4.4.13: it is not in this file", "another disk", disk=1),
    _first(
        "zip64-in-the-directory",
        "members of 4 GiB exceed every limit here",
        "the size or place of x.py is in ZIP64 form",
        extra=_sizes(9, 9),
    ),
    _first("extra-cut-off", EXTRA, "the extra fields of x.py are cut off", extra=b"abc"),
    _first(
        "extra-longer-than-all",
        EXTRA,
        "the extra fields of x.py are cut off",
        extra=_extra(0x5455, b"abc")[:-1],
    ),
    _first("extra-twice", EXTRA, "the extra field 0x5455 twice", extra=_extra(0x5455) * 2),
    _first("extra-endless", EXTRA, "more than 1024 bytes of extra", extra=_extra(9, bytes(1021))),
    _first(
        "unicode-path",
        SECOND_NAME,
        "an extra field for Unicode path",
        extra=_extra(0x7075, b"\x01" + struct.pack("<I", zlib.crc32(b"x.py")) + b"evil.py"),
    ),
    _first(
        "unicode-comment", SECOND_NAME, "an extra field for Unicode comment", extra=_extra(0x6375)
    ),
    _first(
        "winzip-encryption",
        "a cipher by way of an extra field",
        "an extra field for encryption",
        extra=_extra(0x9901),
    ),
    _first(
        "unicode-path-before-the-data",
        SECOND_NAME,
        "an extra field for Unicode path",
        local_extra=_extra(0x7075),
    ),
    refused_wheel(
        "not-at-its-place", TWICE, _misplaced, "RECORD is not where the central directory says"
    ),
    refused_wheel(
        "at-the-very-end",
        TWICE,
        _misplaced_at_the_end,
        "RECORD is not where the central directory says",
    ),
    _first(
        "another-name", TWICE, "x.py has another name before its data: y.py", local_name=b"y.py"
    ),
    *(
        _first(f"another-{field}", TWICE, f"x.py has {field} 1 before its data", local={field: 1})
        for field in ("version", "method", "time", "date", "checksum", "packed", "size")
    ),
    _first("other-flags", TWICE, "x.py has flags 2 before its data", local={"flags": 2}),
    _first(
        "other-sizes-in-zip64",
        TWICE,
        "x.py has other sizes in its ZIP64 field",
        local=WIDE,
        local_extra=_sizes(3, 3),
    ),
    _first(
        "size-too-small",
        DATA,
        "x.py does not unpack to 1 bytes",
        both={"size": 1, "checksum": zlib.crc32(CODE[:1])},
    ),
    _first("size-too-large", DATA, "x.py does not unpack to 99 bytes", both={"size": 99}),
    _first("checksum-wrong", DATA, "x.py does not have the checksum", both={"checksum": 1}),
    _first("data-damaged", DATA, "x.py is damaged", data=b"\xff" * 9),
    _first("data-cut-off", DATA, "the compressed data of x.py is cut off", data=deflate(CODE)[:-1]),
    _first("data-missing", DATA, "the compressed data of x.py is cut off", data=b""),
    _first(
        "bytes-behind-the-data",
        f"{DATA}: others unpack the rest",
        "something follows the compressed data of x.py",
        data=deflate(CODE) + b"x",
    ),
    _first(
        "second-stream-behind-the-data",
        f"{DATA}: others unpack the second",
        "something follows the compressed data of x.py",
        data=deflate(CODE) * 2,
    ),
    refused_wheel(
        "byte-behind-data-that-fills-a-piece",
        f"{DATA}, wherever a reader stops reading",
        _behind_a_whole_piece,
        "something follows the compressed data of large.bin",
    ),
    accepted("large", DATA, lambda o: _with_content(o, noise(5 * PIECE))),
    *(
        accepted(f"zeros-{size}", f"{DATA}, also where unpacking stops", _zeros(size))
        for size in (2 * PIECE, 2 * PIECE + 200, 4 * PIECE)
    ),
    accepted(
        "end-in-the-last-byte",
        f"{DATA}, also where the last of it comes after the last byte was read",
        lambda o: _with_content(o, b"\xff" * (2 * PIECE + 2), end_in_the_last_byte()),
    ),
    accepted(
        "blocks-of-nothing",
        "RFC 1951, 3.2.4: a block may be empty",
        lambda o: _with_content(o, CODE, NOTHING + deflate(CODE)),
    ),
    accepted("stored", "a member may be stored as it is", _stored),
    accepted("folders", "a folder may be a member of its own", _with_folders),
    accepted(
        "times",
        "Info-ZIP's times are an extra field that hides nothing",
        lambda o: with_first(o, extra=_extra(0x5455, b"\x01" + bytes(4))),
    ),
    accepted("zip64-before-the-data", "a build tool in wide use leaves room for 64 bits", _wide),
    accepted(
        "utf8-names",
        "APPNOTE 4.4.4: names may be UTF-8",
        lambda o: wheel(o, {"Ünïcode/名.py": b"", "a b": b""}),
    ),
    accepted(
        "compressed-hard",
        "bits 1 and 2 tell how hard the compressor tried",
        lambda o: with_first(o, both={"flags": 2}),
    ),
]
