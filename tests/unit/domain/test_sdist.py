"""Sdists."""

import contextlib
import gzip
import io
import struct
import tarfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import archive_limits, filenames, sdist
from app.errors import BadFile
from tests import make, raw_archives
from tests.raw_archives import METADATA, tar_member, zip_archive

DIST = filenames.parse(make.sdist_name())
TOP = "larder_demo-1.0"


def inspect(archive: bytes) -> bytes:
    return sdist.read_metadata(io.BytesIO(archive), DIST)


def refused(archive: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason) as refusal:
        inspect(archive)
    assert DIST.filename in refusal.value.detail
    assert refusal.value.detail.isprintable()


def test_the_metadata_comes_out_byte_for_byte_and_the_content_rewound() -> None:
    content = io.BytesIO(make.sdist())
    content.seek(5)

    assert sdist.read_metadata(content, DIST) == make.metadata()
    assert content.tell() == 0


def test_a_refused_sdist_is_rewound_too() -> None:
    content = io.BytesIO(b"junk")
    with pytest.raises(BadFile):
        sdist.read_metadata(content, DIST)
    assert content.tell() == 0


def test_a_licence_file_that_the_metadata_names_must_be_there() -> None:
    document = make.metadata(License_File="LICENSE")

    refused(make.sdist(document=document), f"licence file {TOP}/LICENSE, which is missing")
    with_it = make.sdist(document=document, members={f"{TOP}/LICENSE": b"MIT"})
    assert inspect(with_it) == document


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_tar_with_folders_and_links_is_allowed(form: int) -> None:
    long = f"{TOP}/" + "é" * 45 + "/" + "b" * 48
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", format=form) as archive:
        archive.addfile(member(TOP, tarfile.DIRTYPE))
        document = member(f"{TOP}/PKG-INFO")
        document.size = len(METADATA)
        archive.addfile(document, io.BytesIO(METADATA))
        archive.addfile(member(long))
        archive.addfile(member(f"{TOP}/docs/link", tarfile.SYMTYPE, "../src/x.py"))
        archive.addfile(member(f"{TOP}/hard", tarfile.LNKTYPE, f"{TOP}/PKG-INFO"))

    assert inspect(target.getvalue()) == METADATA


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"junk",
        b"\x1f\x8b\x08",
        make.wheel(),
        make.sdist()[:-20],
        gzip.compress(b"x"),
        gzip.compress(b""),
        make.sdist() + b"x",
        make.sdist() * 2,
    ],
)
def test_what_is_no_gzipped_tar_archive_is_refused(archive: bytes) -> None:
    refused(archive, r"not a readable gzipped tar archive: .*; build it again\.$")


def test_a_zip_archive_in_the_header_of_an_sdist_is_refused() -> None:
    hidden = zip_archive([], comment=b"")
    packed = make.sdist()
    header = packed[:3] + b"\x04" + packed[4:10] + struct.pack("<H", len(hidden)) + hidden
    assert gzip.decompress(header + packed[10:]) == gzip.decompress(packed)

    refused(header + packed[10:], "it is a zip archive as well")


@pytest.mark.parametrize("top", ["other-1.0", "larder_demo-1", "larder_demo-1.0.1", "."])
def test_another_top_folder_is_refused(top: str) -> None:
    refused(make.sdist(top=top), r"must hold one top folder, 'larder_demo-1\.0' \(PEP 625\), not")


@pytest.mark.parametrize("name", ["more/x", "x", f"./{TOP}/x", f"{TOP}x/y", TOP])
def test_a_second_top_folder_or_file_is_refused(name: str) -> None:
    refused(make.sdist(members={name: b""}), "must hold one top folder")


@pytest.mark.parametrize("name", [f"{TOP}/../x", f"{TOP}/a\\b", f"{TOP}//a", f"{TOP}/./a"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    refused(make.sdist(members={name: b""}), "cannot be published: the name")


def test_a_file_whose_name_ends_like_that_of_a_folder_is_refused() -> None:
    refused(raw_archives.sdist(tar_member(f"{TOP}/a/".encode())), "'..' segment")


def test_a_member_that_stands_there_twice_is_refused() -> None:
    again = tar_member(f"{TOP}/PKG-INFO".encode(), METADATA)
    refused(raw_archives.sdist(again), f"holds {TOP}/PKG-INFO twice")


def test_a_member_below_a_link_is_refused() -> None:
    link = tar_member(f"{TOP}/a".encode(), kind=b"2", target=b".")
    below = tar_member(f"{TOP}/a/b".encode())
    refused(raw_archives.sdist(link, below), "which is no folder")


@pytest.mark.parametrize("kind", [b"1", b"2"])
@pytest.mark.parametrize("target", [b"/etc/passwd", b"../../x", b"../other-1.0/x"])
def test_a_link_that_leaves_the_archive_is_refused(kind: bytes, target: bytes) -> None:
    link = tar_member(f"{TOP}/a".encode(), kind=kind, target=target)
    refused(raw_archives.sdist(link), f"link {TOP}/a (points out|repeats no file)")


def test_a_device_is_refused() -> None:
    refused(raw_archives.sdist(tar_member(f"{TOP}/a".encode(), kind=b"3")), "neither file, folder")


def test_an_sdist_without_metadata_is_refused() -> None:
    archive = gzip.compress(tar_member(f"{TOP}/setup.py".encode()) + bytes(1024))
    refused(archive, rf"must hold {TOP}/PKG-INFO\.$")


@pytest.mark.parametrize("kind", [b"2", b"5"])
def test_metadata_that_is_no_regular_file_is_refused(kind: bytes) -> None:
    document = tar_member(f"{TOP}/PKG-INFO".encode(), kind=kind, target=b"x")
    refused(gzip.compress(document + bytes(1024)), "PKG-INFO must be a regular file")


def test_metadata_beyond_the_limit_is_refused() -> None:
    document = make.metadata().ljust(2**22)
    assert inspect(make.sdist(document=document)) == document
    refused(make.sdist(document=bytes(2**22 + 1)), "PKG-INFO is larger than 4194304 bytes")


def test_an_archive_that_unpacks_beyond_the_limit_is_refused() -> None:
    archive = make.sdist(members={f"{TOP}/zeros": bytes(65 * 2**20)})
    refused(archive, "unpacks to more than 50 times its size")


def test_zeros_behind_the_end_count_as_well() -> None:
    refused(raw_archives.sdist(end=bytes(65 * 2**20)), "unpacks to more than 50 times its size")


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_limits, "MAX_MEMBERS", 1)
    refused(make.sdist(), "more than 1 members")


@pytest.mark.parametrize("at", [-1, -6])
def test_a_checksum_or_length_that_does_not_fit_is_refused(at: int) -> None:
    archive = bytearray(make.sdist())
    archive[at] ^= 1
    refused(bytes(archive), "incorrect (data|length) check")


def test_memory_stays_bounded_whatever_the_archive_holds() -> None:
    archive = make.sdist(members={f"{TOP}/zeros": bytes(50_000_000)})
    content = io.BytesIO(archive)
    tracemalloc.start()
    try:
        sdist.read_metadata(content, DIST)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000


SOUND = gzip.decompress(
    raw_archives.sdist(
        tar_member(f"{TOP}/".encode(), kind=b"5"),
        raw_archives.pax((b"path", f"{TOP}/long".encode()), (b"mtime", b"1.5")),
        tar_member(b"short", b"x" * 600),
        tar_member(b"././@LongLink", f"{TOP}/gnu\0".encode(), kind=b"L"),
        tar_member(b"short", b"y", kind=b"\0"),
        tar_member(f"{TOP}/hard".encode(), kind=b"1", target=f"{TOP}/long".encode()),
        tar_member(f"{TOP}/link".encode(), kind=b"2", target=b"long"),
    )
)


def agrees_with_tarfile(archive: bytes) -> None:
    """If a damaged sdist is accepted, other readers must read the same in it."""
    with contextlib.suppress(BadFile):
        document = inspect(archive)
        with tarfile.open(fileobj=io.BytesIO(archive)) as other:
            found = other.extractfile(f"{TOP}/PKG-INFO")
            assert found is not None
            assert found.read() == document
            assert all(name.split("/")[0] == TOP for name in other.getnames())


def test_an_archive_of_all_forms_is_read_as_others_read_it() -> None:
    assert inspect(gzip.compress(SOUND)) == METADATA
    agrees_with_tarfile(gzip.compress(SOUND))


@given(st.data())
def test_a_damaged_sdist_is_refused_or_read_as_others_read_it(data: st.DataObject) -> None:
    content = bytearray(SOUND)
    at = data.draw(st.integers(0, len(content) // 512 - 1)) * 512
    for _ in range(data.draw(st.integers(1, 6))):
        content[at + data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # as if written so on purpose
        content[at + 148 : at + 156] = b" " * 8
        content[at + 148 : at + 155] = b"%06o\0" % sum(content[at : at + 512])
    agrees_with_tarfile(gzip.compress(bytes(content), 1))


@given(st.data())
def test_an_sdist_with_damaged_packing_is_refused_or_read_as_others_read_it(
    data: st.DataObject,
) -> None:
    archive = bytearray(gzip.compress(SOUND, mtime=0))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    agrees_with_tarfile(bytes(archive))


@given(st.binary(max_size=600))
def test_random_bytes_are_refused(noise: bytes) -> None:
    for archive in (noise, gzip.compress(noise), gzip.compress(SOUND[:512] + noise)):
        refused(archive, "not a readable gzipped tar archive|cannot be published")
