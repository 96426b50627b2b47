"""The end of zip archives."""

import io

import pytest

from app.domain import zip_end
from app.domain.malformed import Malformed
from app.domain.zip_end import Directory
from tests.raw_archives import ZipMember, zip_archive

MEMBERS = [ZipMember(name=b"a", content=b"1"), ZipMember(name=b"b", content=b"2")]
START = zip_archive(MEMBERS).index(b"PK\x01\x02")
FOUND = Directory(START, START + 2 * 47, 2)


def find(archive: bytes) -> Directory:
    return zip_end.find(io.BytesIO(archive), len(archive))


@pytest.mark.parametrize("comment", [b"", b"built on a Sunday", b"x" * 65535])
def test_the_directory_is_found_whatever_plain_comment_follows(comment: bytes) -> None:
    assert find(zip_archive(MEMBERS, comment=comment)) == FOUND


def test_a_small_zip64_end_record_is_allowed() -> None:
    assert find(zip_archive(MEMBERS, zip64={})) == FOUND


def test_fields_may_be_left_to_the_zip64_end_record() -> None:
    wide = {"here": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "start": 0xFFFFFFFF}

    assert find(zip_archive(MEMBERS, zip64={}, **wide)) == FOUND


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"", "no end record"),
        (b"junk", "no end record"),
        (b"PK\x05\x06", "no end record"),
        (zip_archive(MEMBERS) + b"x", "comment does not end with the file"),
        (zip_archive(MEMBERS, comment=b"xx")[:-1], "comment does not end with the file"),
        (zip_archive(MEMBERS, comment=b"PK\x03\x04"), "comment holds 'PK'"),
        (zip_archive(MEMBERS, comment=b"PK\x01\x02"), "comment holds 'PK'"),
        (zip_archive(MEMBERS, disk=1), "several parts"),
        (zip_archive(MEMBERS, directory_disk=1), "several parts"),
        (zip_archive(MEMBERS, here=1), "several parts"),
        (zip_archive(MEMBERS, size=1), "does not end where the end record begins"),
        (zip_archive(MEMBERS, start=START + 1), "does not end where the end record begins"),
        (b"x" + zip_archive(MEMBERS), "does not end where the end record begins"),
        (zip_archive(MEMBERS, count=0xFFFF, here=0xFFFF, start=0xFFFFFFFF), "does not end where"),
        (zip_archive(MEMBERS, zip64={"signature": 0}), "does not stand before its locator"),
        (zip_archive(MEMBERS, zip64={"length": 45}), "does not stand before its locator"),
        (zip_archive(MEMBERS, zip64={"offset": 1}), "locator points elsewhere"),
        (zip_archive(MEMBERS, zip64={"locator_disk": 1}), "locator points elsewhere"),
        (zip_archive(MEMBERS, zip64={"disks": 2}), "locator points elsewhere"),
        (zip_archive(MEMBERS, zip64={}, count=3), "two end records differ"),
        (zip_archive(MEMBERS, zip64={}, here=3), "two end records differ"),
        (zip_archive(MEMBERS, zip64={}, start=3), "two end records differ"),
        (zip_archive(MEMBERS, zip64={}, size=3), "two end records differ"),
        (zip_archive(MEMBERS, zip64={"disk": 1}, disk=1), "several parts"),
        (zip_archive(MEMBERS, zip64={})[-42:], "ZIP64 end record is cut off"),
    ],
)
def test_an_end_that_is_not_exact_is_refused(archive: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        find(archive)
