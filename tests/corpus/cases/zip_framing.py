"""Zip archives as a whole: where they begin and end, what their end records say (APPNOTE 4.3)."""

from tests import make
from tests.corpus.archives import members, wheel
from tests.corpus.case import Case, Own
from tests.corpus.uploads import accepted, refused_wheel
from tests.raw_archives import ZipMember, zip_archive

NO_END = "APPNOTE 4.3.6: an archive has an end of central directory record"
ONE_WAY = "readers that search forwards and backwards must find the same members"
WHOLE = "APPNOTE 4.3.16: several parts are for floppy disks; what lies in another is not here"
ZIP64 = "APPNOTE 4.3.14-15: record and locator have one place and one size"
TWO_TRUTHS = "APPNOTE 4.4.1.4: a field stands in one end record or says the same in both"


def _gaps(own: Own, number: int, gap: bytes) -> bytes:
    listed = members(own)
    listed[number].gap = gap
    return zip_archive(listed)


def _hidden(own: Own) -> bytes:
    extra = zip_archive([ZipMember(name=b"evil.py", content=b"x")]).partition(b"PK\x01\x02")[0]
    return wheel(own, gap=extra)


def _shared(own: Own) -> bytes:
    listed = members(own, {"y.py": b""})
    listed[-2].offset = 0
    return zip_archive(listed)


def _nested(own: Own) -> bytes:
    inner = wheel(own)
    return wheel(own, comment=inner[inner.rindex(b"PK\x05\x06") :] + b"?" * 9)


def _zip64(
    name: str, says: str, why: str = ZIP64, *, end: dict[str, int] | None = None, **zip64: int
) -> Case:
    return refused_wheel(f"zip64-{name}", why, lambda o: wheel(o, zip64=zip64, **(end or {})), says)


CASES = [
    refused_wheel("no-bytes", NO_END, lambda _: b"", "it has no end record"),
    refused_wheel("junk", NO_END, lambda _: b"junk bytes" * 9, "it has no end record"),
    refused_wheel("half-an-end-record", NO_END, lambda o: wheel(o)[:-1], "it has no end record"),
    refused_wheel("sdist-as-wheel", NO_END, lambda o: make.sdist(o.project), "no end record"),
    refused_wheel("first-half", NO_END, lambda o: wheel(o)[:200], "it has no end record"),
    refused_wheel(
        "second-half",
        "APPNOTE 4.3.16: offsets count from the first byte",
        lambda o: wheel(o)[40:],
        "does not end where the end record begins",
    ),
    refused_wheel(
        "self-extracting",
        "a program in front runs where others see an archive",
        lambda o: b"#!/bin/sh\nexit\n" + wheel(o),
        "does not end where the end record begins",
    ),
    refused_wheel(
        "program-before-the-first-member",
        "the same with offsets that allow for it",
        lambda o: _gaps(o, 0, b"#!/bin/sh\n"),
        "x.py does not begin where what precedes it ends",
    ),
    refused_wheel(
        "bytes-between-members",
        "bytes that nobody reads hide something",
        lambda o: _gaps(o, 1, b"x"),
        "METADATA does not begin where what precedes it ends",
    ),
    refused_wheel(
        "bytes-before-the-directory",
        "bytes that nobody reads hide something",
        lambda o: wheel(o, gap=b"x"),
        "something lies between its last member and its central",
    ),
    refused_wheel(
        "hidden-member",
        f"{ONE_WAY}: one is not in the directory",
        _hidden,
        "something lies between its last member and its central directory",
    ),
    refused_wheel(
        "shared-data",
        "two members of the same bytes make a bomb of a small file",
        _shared,
        "does not begin where what precedes it ends",
    ),
    refused_wheel(
        "byte-behind-the-end",
        "the comment's length says where the file ends",
        lambda o: wheel(o) + b"x",
        "its comment does not end with the file",
    ),
    refused_wheel(
        "comment-cut-off",
        "the comment's length says where the file ends",
        lambda o: wheel(o, comment=b"a comment")[:-1],
        "its comment does not end with the file",
    ),
    refused_wheel(
        "member-in-the-comment",
        f"{ONE_WAY}: a comment that begins a record",
        lambda o: wheel(o, comment=b"PK\x03\x04"),
        "its comment holds 'PK'",
    ),
    refused_wheel(
        "end-record-in-the-comment",
        f"{ONE_WAY}: the last end record is not the archive's",
        _nested,
        "its comment does not end with the file",
    ),
    refused_wheel(
        "two-archives",
        f"{ONE_WAY}: one archive behind another",
        lambda o: wheel(o) + wheel(o),
        "does not end where the end record begins",
    ),
    refused_wheel(
        "another-disk", WHOLE, lambda o: wheel(o, disk=1), "claims to have several parts"
    ),
    refused_wheel(
        "directory-on-another-disk",
        WHOLE,
        lambda o: wheel(o, directory_disk=1),
        "claims to have several parts",
    ),
    refused_wheel(
        "members-on-another-disk", WHOLE, lambda o: wheel(o, here=3), "claims to have several parts"
    ),
    refused_wheel(
        "directory-too-small",
        "APPNOTE 4.4.23: the size of the directory is exact",
        lambda o: wheel(o, size=1),
        "does not end where the end record begins",
    ),
    refused_wheel(
        "directory-too-early",
        "APPNOTE 4.4.24: the place of the directory is exact",
        lambda o: wheel(o, start=7),
        "does not end where the end record begins",
    ),
    refused_wheel(
        "more-members-than-said",
        "APPNOTE 4.4.22: the number of members is exact",
        lambda o: wheel(o, here=3, count=3),
        "lists more members than its end record says",
    ),
    refused_wheel(
        "fewer-members-than-said",
        "APPNOTE 4.4.22: the number of members is exact",
        lambda o: wheel(o, here=5, count=5),
        "ends in the middle of an entry",
    ),
    refused_wheel(
        "no-directory",
        "APPNOTE 4.3.12: each entry of the directory has a signature",
        lambda o: wheel(o).replace(b"PK\x01\x02", b"PK\x01\x03"),
        "something else than entries",
    ),
    refused_wheel(
        "no-members",
        "an archive may be empty, a wheel may not",
        lambda _: zip_archive([]),
        "must hold exactly one *.dist-info/METADATA",
    ),
    _zip64("without-record", "its ZIP64 end record does not stand before", signature=0),
    _zip64("with-room-to-hide", "its ZIP64 end record does not stand before", length=45),
    _zip64("elsewhere", "its ZIP64 locator points elsewhere", offset=1),
    _zip64("on-another-disk", "its ZIP64 locator points elsewhere", locator_disk=1),
    _zip64("of-two-disks", "its ZIP64 locator points elsewhere", disks=2),
    _zip64("in-parts", "claims to have several parts", WHOLE, end={"disk": 1}, disk=1),
    refused_wheel(
        "zip64-cut-off",
        ZIP64,
        lambda _: zip_archive([], zip64={})[-42:],
        "its ZIP64 end record is cut off",
    ),
    *(
        _zip64(f"other-{name}", "its two end records differ", TWO_TRUTHS, end={name: 3})
        for name in ("disk", "directory_disk", "here", "count", "size", "start")
    ),
    accepted("as-build-tools-write-it", "the ordinary case", lambda o: make.wheel(o.project)),
    accepted("plain-comment", "a comment hides nothing", lambda o: wheel(o, comment=b"on Sunday")),
    accepted(
        "small-zip64", "some tools always write the ZIP64 records", lambda o: wheel(o, zip64={})
    ),
    accepted(
        "fields-left-to-zip64",
        "APPNOTE 4.4.1.4: a field of all ones stands in the other record",
        lambda o: wheel(o, zip64={}, here=0xFFFF, count=0xFFFF, size=0xFFFFFFFF, start=0xFFFFFFFF),
    ),
]
