"""Sdists: what the archive must hold to be published (source distribution format specification)."""

import io
from typing import IO

from app.domain import link_targets, metadata, tar_members, zip_end
from app.domain.archive_limits import MAX_METADATA, Expansion
from app.domain.filenames import DistName
from app.domain.gzip_stream import GzipStream
from app.domain.malformed import Malformed
from app.domain.member_names import Kind, MemberNames, shown
from app.domain.tar_members import Member, TarReader
from app.errors import BadFile


def read_metadata(content: IO[bytes], dist: DistName) -> bytes:
    """Return the PKG-INFO document of the sdist in `content`, which is rewound afterwards.

    Memory stays bounded, whatever the archive claims to hold.

    :raises BadFile: if it is no gzipped tar archive that all readers agree on, or no proper sdist.
    """
    try:
        size = content.seek(0, io.SEEK_END)
        _check_is_no_zip(content, size)
        content.seek(0)
        reader = TarReader(GzipStream(content, Expansion(size)))
        return _read_members(reader, dist.filename.removesuffix(".tar.gz").encode())
    except Malformed as error:
        raise BadFile(
            f"{dist.filename} is not a readable gzipped tar archive: {error}; build it again."
        ) from error
    except BadFile as error:
        reason = error.detail.removesuffix(".")
        raise BadFile(f"{dist.filename} cannot be published: {reason}.") from error
    finally:
        content.seek(0)


def _check_is_no_zip(content: IO[bytes], size: int) -> None:
    """Refuse what pip would unpack as a zip archive: it looks for an end record, not at names."""
    content.seek(max(0, size - zip_end.REACH))
    if zip_end.END in content.read():
        raise Malformed("it is a zip archive as well")


def _read_members(reader: TarReader, top: bytes) -> bytes:
    names, document = MemberNames(), None
    for member in reader:
        _check_place(member, top)
        _check_link(member, names)
        names.add(member.name, member.kind)
        if member.name == top + b"/PKG-INFO":
            document = _document(member, reader)
    names.check_tree()
    if document is None:
        raise BadFile(f"it must hold {shown(top)}/PKG-INFO")
    names.check_licenses(metadata.license_files(document), top)
    return document


def _check_place(member: Member, top: bytes) -> None:
    is_top = member.name == top and member.kind is Kind.FOLDER
    if not is_top and not member.name.startswith(top + b"/"):
        raise BadFile(
            f"it must hold one top folder, {top.decode()!r} (PEP 625), not {shown(member.name)}"
        )


def _check_link(member: Member, names: MemberNames) -> None:
    if member.type == tar_members.SYMBOLIC_LINK:
        link_targets.check_symbolic(member.name, member.target)
    if member.type == tar_members.HARD_LINK:
        link_targets.check_hard(member.name, member.target, names)


def _document(member: Member, reader: TarReader) -> bytes:
    if member.kind is not Kind.FILE:
        raise BadFile(f"{shown(member.name)} must be a regular file")
    if member.size > MAX_METADATA:
        raise BadFile(f"{shown(member.name)} is larger than {MAX_METADATA} bytes")
    return reader.read()
