"""Wheels."""

import contextlib
import io
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import archive_limits, filenames, wheel, zip_members
from app.domain.zip_directory import Entry
from app.errors import BadFile
from tests import make
from tests.raw_archives import (
    FOLDER,
    METADATA,
    WHEEL,
    ZipMember,
    deflate,
    row,
    wheel_members,
    zip_archive,
)

DIST = filenames.parse(make.wheel_name())


def inspect(archive: bytes) -> bytes:
    return wheel.read_metadata(io.BytesIO(archive), DIST)


def refused(archive: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason) as refusal:
        inspect(archive)
    assert DIST.filename in refusal.value.detail
    assert refusal.value.detail.isprintable()


def test_the_metadata_comes_out_byte_for_byte_and_the_content_rewound() -> None:
    content = io.BytesIO(make.wheel(Summary="naïve"))
    content.seek(5)

    assert wheel.read_metadata(content, DIST) == make.metadata(Summary="naïve")
    assert content.tell() == 0


def test_a_refused_wheel_is_rewound_too() -> None:
    content = io.BytesIO(b"junk")
    with pytest.raises(BadFile):
        wheel.read_metadata(content, DIST)
    assert content.tell() == 0


@pytest.mark.parametrize(
    "members",
    [
        wheel_members(),
        [ZipMember(name=b"larder/", method=0, attributes=0o40755 << 16), *wheel_members()],
        wheel_members({f"{FOLDER}/entry_points.txt": b"[console_scripts]\nl = larder:main\n"}),
        wheel_members({"Ünïcode/名.py": b"", "larder_demo-1.0.data/scripts/x": b"#!python\n"}),
        wheel_members({f"{FOLDER}/WHEEL": b"Wheel-Version: 1.9\nTag: cp311-cp311-linux_x86_64\n"}),
        [*wheel_members(), ZipMember(name=f"{FOLDER}/RECORD.jws".encode(), content=b"{}")],
        list(reversed(wheel_members())),
    ],
)
def test_an_unusual_but_proper_wheel_is_allowed(members: list[ZipMember]) -> None:
    assert inspect(zip_archive(members)) == METADATA
    assert inspect(zip_archive(members, comment=b"plain", zip64={})) == METADATA


@pytest.mark.parametrize(
    "archive",
    [b"", b"junk", b"PK\x03\x04", make.sdist(), make.wheel()[:-30], make.wheel()[40:]],
)
def test_what_is_no_zip_archive_is_refused(archive: bytes) -> None:
    refused(archive, r"not a readable zip archive: .*; build it again\.$")


LICENSED = make.metadata(License_File="LICENSES/MIT.txt")


def test_a_licence_file_that_the_metadata_names_must_be_there() -> None:
    path = f"{FOLDER}/licenses/LICENSES/MIT.txt"

    refused(make.wheel(document=LICENSED), f"licence file {path}, which is missing")
    assert inspect(make.wheel(document=LICENSED, members={path: b"MIT"})) == LICENSED


def test_before_metadata_2_4_a_licence_file_means_nothing_in_particular() -> None:
    document = LICENSED.replace(b"Metadata-Version: 2.4", b"Metadata-Version: 2.1")

    assert inspect(make.wheel(document=document)) == document


def test_bytes_before_between_and_behind_the_members_are_refused() -> None:
    first, *others = wheel_members()
    first.gap = b"#!/bin/sh\n"
    refused(zip_archive([first, *others]), "does not begin where what precedes it ends")
    others[0].gap = b"x"
    first.gap = b""
    refused(zip_archive([first, *others]), "METADATA does not begin where what precedes it ends")
    refused(zip_archive(wheel_members(), gap=b"x"), "between its last member and its central")
    refused(zip_archive(wheel_members()) + b"x", "does not end with the file")


def test_members_that_share_their_data_are_refused() -> None:
    members = wheel_members({"larder/y.py": b""})
    members[-2].offset = 0
    refused(zip_archive(members), "does not begin where what precedes it ends")


def test_a_member_that_the_directory_does_not_list_is_refused() -> None:
    hidden = zip_archive([ZipMember(name=b"evil.py", content=b"x")]).partition(b"PK\x01\x02")[0]
    refused(zip_archive(wheel_members(), gap=hidden), "between its last member and its central")


@pytest.mark.parametrize("name", [b"../evil.py", b"/evil.py", b"larder\\x.py", b"C:/x", b"a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(name: bytes) -> None:
    refused(zip_archive([*wheel_members(), ZipMember(name=name)]), "cannot be published: the name")


def test_a_member_that_stands_there_twice_is_refused() -> None:
    refused(zip_archive([*wheel_members(), ZipMember(name=b"larder/x.py")]), "larder/x.py twice")


def test_a_file_where_others_need_a_folder_is_refused() -> None:
    refused(zip_archive(wheel_members({"larder": b""})), "below larder, which is no folder")


@pytest.mark.parametrize("member", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_what_every_wheel_has_is_refused(member: str) -> None:
    refused(make.wheel(leave_out=(member,)), rf"exactly one larder_demo-1\.0\.dist-info/{member}\.")


def test_a_wheel_without_dist_info_is_refused() -> None:
    refused(zip_archive([ZipMember(name=b"a")]), r"must hold exactly one \*\.dist-info/METADATA")


def test_a_folder_in_the_place_of_a_document_is_refused() -> None:
    members = wheel_members()
    members[1] = ZipMember(name=f"{FOLDER}/METADATA/".encode(), method=0, attributes=0)
    refused(zip_archive(members), "exactly one .*/METADATA")


@pytest.mark.parametrize("folder", ["other-1.0.dist-info", "larder_demo-1.0.DIST-INFO"])
def test_two_dist_info_folders_are_refused(folder: str) -> None:
    archive = make.wheel(members={f"{folder}/METADATA": b""})
    refused(archive, rf"exactly one \.dist-info folder, not|of something else, {folder}")


def test_two_spellings_of_one_dist_info_folder_are_refused() -> None:
    archive = make.wheel(members={"larder.demo-1.dist-info/METADATA": b""})
    refused(archive, r"exactly one \.dist-info folder, not larder\.demo-1\.dist-info and larder_d")


@pytest.mark.parametrize(("name", "version"), [("other", "1.0"), ("larder_demo", "1.1")])
def test_a_renamed_wheel_is_refused(name: str, version: str) -> None:
    with pytest.raises(BadFile, match="dist-info of something else"):
        wheel.read_metadata(
            io.BytesIO(make.wheel()), filenames.parse(make.wheel_name(name, version))
        )


def test_a_dist_info_folder_without_a_version_is_refused() -> None:
    refused(zip_archive([ZipMember(name=b"larder_demo.dist-info/METADATA")]), "something else")


def test_another_spelling_of_name_and_version_is_the_same() -> None:
    archive = make.wheel().replace(b"larder_demo-1.0.dist-info", b"Larder.Demo-1.0.dist-info")
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make.wheel())) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            text = old.read(name).replace(b"larder_demo-1.0.dist", b"Larder.Demo-1.dist")
            new.writestr(name.replace("larder_demo-1.0.dist", "Larder.Demo-1.dist"), text)

    assert archive != make.wheel()
    assert inspect(content.getvalue()) == make.metadata()


@pytest.mark.parametrize(
    ("name", "limit"),
    [("METADATA", 4 * 2**20), ("RECORD", 2**24), ("WHEEL", 2**16), ("entry_points.txt", 2**18)],
)
def test_documents_beyond_their_limits_are_refused_before_they_are_unpacked(
    name: str, limit: int
) -> None:
    files = {} if name == "RECORD" else {f"{FOLDER}/{name}": b""}
    members = {member.name: member for member in wheel_members(files)}
    large = members[f"{FOLDER}/{name}".encode()]
    large.both = {"size": limit + 1}
    refused(zip_archive(members.values()), f"{FOLDER}/{name} is larger than {limit} bytes")
    large.both = {"size": limit}
    refused(zip_archive(members.values()), "does not unpack to|does not have the checksum")


def test_more_than_is_said_is_refused_while_it_is_unpacked() -> None:
    members = wheel_members()
    members[1].content = bytes(12 * 2**20)
    members[1].both = {"size": 100, "checksum": zlib.crc32(bytes(100))}
    refused(zip_archive(members), "METADATA does not unpack to 100 bytes")


def test_too_much_for_one_archive_is_refused_before_it_is_unpacked() -> None:
    members = [*wheel_members(), ZipMember(name=b"bomb", both={"size": 2**30})]
    refused(zip_archive(members), "unpacks to more than 1073741824 bytes")
    members[-1].both = {"size": 64 * 2**20}
    refused(zip_archive(members), "unpacks to more than 50 times its size")


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_limits, "MAX_MEMBERS", 3)
    refused(make.wheel(), "more than 3 members")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (wheel_members(rows=["ghost.py,sha256=x,0"]), "RECORD lists ghost.py, which the archive"),
        (wheel_members(record=f"{FOLDER}/RECORD,,"), "RECORD does not list larder/x.py"),
        (
            wheel_members(
                record="\n".join(
                    [
                        row("larder/x.py", b"y = 1\n"),
                        row(f"{FOLDER}/METADATA", METADATA),
                        row(f"{FOLDER}/WHEEL", WHEEL),
                        f"{FOLDER}/RECORD,,",
                    ]
                )
            ),
            "RECORD says sha256=.* for larder/x.py, the archive holds",
        ),
    ],
)
def test_a_record_that_lies_is_refused(members: list[ZipMember], reason: str) -> None:
    refused(zip_archive(members), reason)


@pytest.mark.parametrize("field", ["checksum", "time"])
@pytest.mark.parametrize("number", range(4))
def test_every_member_is_compared_with_the_directory(number: int, field: str) -> None:
    members = wheel_members()
    members[number].local = {field: 1}
    refused(zip_archive(members), f"has {field} 1 before its data")


def test_every_member_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    unpack, unpacked = zip_members.blocks, []

    def noting(content: IO[bytes], entry: Entry, data: int) -> Iterator[bytes]:
        unpacked.append(entry.name)
        return unpack(content, entry, data)

    monkeypatch.setattr(zip_members, "blocks", noting)
    inspect(zip_archive(wheel_members()))

    assert sorted(unpacked) == sorted(member.name for member in wheel_members())


@pytest.mark.parametrize("number", range(4))
def test_hidden_bytes_are_found_in_every_member(number: int) -> None:
    members = wheel_members()
    members[number].data = deflate(members[number].content) + b"x"
    refused(zip_archive(members), "something follows the compressed data")


@pytest.mark.parametrize(
    "document",
    [
        b"\xff",
        b"",
        b"Tag: py3-none-any\n",
        b"Wheel-Version: 2.0\n",
        b"Wheel-Version: 1\n",
        b"Wheel-Version: 1.0\nWheel-Version: 1.0\n",
    ],
)
def test_a_wheel_document_of_no_known_version_is_refused(document: bytes) -> None:
    refused(zip_archive(wheel_members({f"{FOLDER}/WHEEL": document})), "WHEEL (is not|must hold)")


def test_entry_points_that_cannot_be_read_are_refused() -> None:
    members = wheel_members({f"{FOLDER}/entry_points.txt": b"[console_scripts]\nlarder\n"})
    refused(zip_archive(members), "entry_points.txt holds larder, which is no")


def test_memory_stays_bounded_whatever_the_archive_holds() -> None:
    archive = zip_archive(wheel_members({"zeros": bytes(50_000_000), "larder/y": bytes(2**23)}))
    content = io.BytesIO(archive)
    tracemalloc.start()
    try:
        wheel.read_metadata(content, DIST)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000


SOUND = zip_archive(
    wheel_members({f"{FOLDER}/entry_points.txt": b"[console_scripts]\nl = l:m\n", "é": b"x" * 99}),
    zip64={},
    comment=b"plain",
)


def agrees_with_zipfile(archive: bytes) -> None:
    """If a damaged wheel is accepted, other readers must read the same in it."""
    with contextlib.suppress(BadFile):
        document = inspect(archive)
        with zipfile.ZipFile(io.BytesIO(archive)) as other:
            assert other.testzip() is None
            (name,) = (name for name in other.namelist() if name.endswith(".dist-info/METADATA"))
            assert other.read(name) == document


@given(st.data())
def test_a_damaged_wheel_is_refused_or_read_as_others_read_it(data: st.DataObject) -> None:
    archive = bytearray(data.draw(st.sampled_from([SOUND, make.wheel()])))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    agrees_with_zipfile(bytes(archive))


@given(st.data())
def test_a_wheel_with_bytes_missing_or_added_is_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SOUND) - 1))
    end = data.draw(st.integers(start, min(len(SOUND), start + 60)))
    archive = SOUND[:start] + data.draw(st.binary(max_size=60)) + SOUND[end:]
    if archive != SOUND:
        agrees_with_zipfile(archive)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(noise: bytes) -> None:
    for archive in (noise, b"PK\x03\x04" + noise, noise + SOUND[-30:]):
        refused(archive, "not a readable zip archive|cannot be published")
