"""Wheels: what the archive must hold to be published (binary distribution format specification).

The central directory, the headers before the data, RECORD, the .dist-info folder and the file name
must all say the same; every member is unpacked once, in one pass from the first byte to the last.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from email.parser import HeaderParser
from typing import IO

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from app.domain import entry_points, metadata, record, zip_directory, zip_end, zip_members
from app.domain.archive_limits import MAX_METADATA, Expansion
from app.domain.filenames import DistName
from app.domain.malformed import Malformed
from app.domain.member_names import Kind, MemberNames, shown
from app.domain.record import Claim, Record
from app.domain.zip_directory import Entry
from app.domain.zip_end import Directory
from app.errors import BadFile

# What is read from the .dist-info folder, and how large it may be.
LIMITS = {
    b"METADATA": MAX_METADATA,
    b"RECORD": 16 * 1024 * 1024,
    b"WHEEL": 64 * 1024,
    b"entry_points.txt": 256 * 1024,
}
# Where case does not count, one of two would be unpacked over the other.
_FOLDED = {name.lower() for name in LIMITS}
_REQUIRED = (b"METADATA", b"WHEEL", b"RECORD")
_DIST_INFO = b".dist-info"
_WHEEL_VERSION = re.compile(r"1\.[0-9]+\Z")


def read_metadata(content: IO[bytes], dist: DistName) -> bytes:
    """Return the METADATA document of the wheel in `content`, which is rewound afterwards.

    Memory stays bounded, whatever the archive claims to hold.

    :raises BadFile: if it is no zip archive that all readers agree on, or no proper wheel.
    """
    try:
        return _Wheel(content, dist).read_metadata()
    except Malformed as error:
        raise BadFile(
            f"{dist.filename} is not a readable zip archive: {error}; build it again."
        ) from error
    except BadFile as error:
        reason = error.detail.removesuffix(".")
        raise BadFile(f"{dist.filename} cannot be published: {reason}.") from error
    finally:
        content.seek(0)


class _Wheel:
    """One wheel while it is inspected."""

    def __init__(self, content: IO[bytes], dist: DistName) -> None:
        self._content, self._dist = content, dist
        self._names = MemberNames()
        # The members of the .dist-info folder that are read, by their names in it.
        self._entries: dict[bytes, Entry] = {}
        self._folder = b""

    def read_metadata(self) -> bytes:
        size = self._content.seek(0, io.SEEK_END)
        directory, expansion = zip_end.find(self._content, size), Expansion(size)
        self._survey(directory, expansion)
        listed = self._read_record()
        documents = self._unpack(directory, listed, expansion)
        _check_wheel(documents[b"WHEEL"])
        if b"entry_points.txt" in documents:
            entry_points.check(documents[b"entry_points.txt"])
        promised = metadata.license_files(documents[b"METADATA"])
        self._names.check_licenses(promised, self._folder + b"/licenses")
        return documents[b"METADATA"]

    def _survey(self, directory: Directory, expansion: Expansion) -> None:
        """Check what the central directory promises, before anything is unpacked."""
        for entry in zip_directory.entries(self._content, directory):
            self._names.add(entry.path, entry.kind)
            expansion.add(entry.header.size)
            top, _, rest = entry.path.partition(b"/")
            if top.lower().endswith(_DIST_INFO):
                self._note(top, rest, entry)
        self._names.check_tree()
        for required in _REQUIRED:
            if required not in self._entries:
                folder = shown(self._folder) if self._folder else "*.dist-info"
                raise BadFile(f"it must hold exactly one {folder}/{required.decode()}")

    def _note(self, folder: bytes, name: bytes, entry: Entry) -> None:
        if self._folder not in {b"", folder}:
            raise BadFile(
                "it must hold exactly one .dist-info folder,"
                f" not {shown(self._folder)} and {shown(folder)}"
            )
        if not _is_named_after(folder, self._dist):
            raise BadFile(f"it holds the .dist-info of something else, {shown(folder)}")
        self._folder = folder
        if name not in LIMITS and name.lower() in _FOLDED:
            raise BadFile(f"some systems take its {shown(entry.name)} for another file of its own")
        if name in LIMITS and entry.kind is Kind.FILE:
            self._entries[name] = entry
            if entry.header.size > LIMITS[name]:
                raise BadFile(f"{shown(entry.name)} is larger than {LIMITS[name]} bytes")

    def _read_record(self) -> Record:
        """Read RECORD first: it says which digests to compute on the way through the archive."""
        entry = self._entries[b"RECORD"]
        data = zip_members.find_data(self._content, entry)
        blocks = zip_members.blocks(self._content, entry, data)
        return record.read(blocks, self._names, self._folder)

    def _unpack(
        self, directory: Directory, listed: Record, expansion: Expansion
    ) -> dict[bytes, bytes]:
        """Go through all members in their order and return the documents among them."""
        kept = {self._entries[name].name: name for name in self._entries}
        documents: dict[bytes, bytes] = {}
        end = 0
        for number, entry in enumerate(zip_directory.entries(self._content, directory)):
            if entry.offset != end:
                raise Malformed(f"{shown(entry.name)} does not begin where what precedes it ends")
            data = zip_members.find_data(self._content, entry)
            end = data + entry.header.packed
            if entry == self._entries[b"RECORD"]:
                continue  # It was unpacked before.
            blocks = _in_time(zip_members.blocks(self._content, entry, data), expansion)
            copy = io.BytesIO() if entry.name in kept else None
            _compare(blocks, listed.claim(number), entry, copy)
            if copy is not None:
                documents[kept[entry.name]] = copy.getvalue()
        if end != directory.start:
            raise Malformed("something lies between its last member and its central directory")
        return documents


def _in_time(blocks: Iterator[bytes], expansion: Expansion) -> Iterator[bytes]:
    for block in blocks:
        expansion.check_time()
        yield block


def _compare(
    blocks: Iterator[bytes], claim: Claim | None, entry: Entry, copy: IO[bytes] | None
) -> None:
    """Unpack a member, into `copy` if there is one, and compare it with what RECORD says."""
    digest = hashlib.new(claim.algorithm if claim else "sha256")
    for block in blocks:
        digest.update(block)
        if copy:
            copy.write(block)
    if claim:
        record.check(claim, entry.name, entry.header.size, digest.digest())


def _is_named_after(folder: bytes, dist: DistName) -> bool:
    text = folder.decode().removesuffix(_DIST_INFO.decode())
    name, _, version = text.partition("-")
    try:
        return canonicalize_name(name) == dist.project and Version(version) == dist.version
    except InvalidVersion:
        return False


def _check_wheel(document: bytes) -> None:
    """Check the one field of WHEEL on which the meaning of all the others depends."""
    try:
        fields = HeaderParser().parsestr(document.decode())
    except UnicodeDecodeError as error:
        raise BadFile("WHEEL is not UTF-8") from error
    versions = [str(version).strip() for version in fields.get_all("Wheel-Version", [])]
    if len(versions) != 1 or not _WHEEL_VERSION.match(versions[0]):
        raise BadFile("WHEEL must hold one 'Wheel-Version: 1.x'")
