"""Wheels: what the archive must hold to be published (binary distribution format specification)."""

import zipfile
import zlib
from typing import IO

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from app.domain.filenames import DistName
from app.errors import BadFile

MAX_METADATA = 4 * 1024 * 1024
MAX_MEMBERS = 50_000

# The signature of a member: a zip archive with something in front of it is read in two ways.
_FIRST_BYTES = b"PK\x03\x04"
_REQUIRED = ("METADATA", "WHEEL", "RECORD")


def read_metadata(content: IO[bytes], dist: DistName) -> bytes:
    """Return the METADATA document of the wheel in `content`, which is rewound afterwards.

    :raises BadFile: if it is no zip archive, or lacks what every wheel has.
    """
    if content.read(4) != _FIRST_BYTES:
        content.seek(0)
        raise BadFile(f"{dist.filename} is not a readable zip archive; build it again.")
    try:
        with zipfile.ZipFile(content) as archive:
            return _metadata_of(archive, dist)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise BadFile(
            f"{dist.filename} is not a readable zip archive ({error}); build it again."
        ) from error
    except RuntimeError as error:  # zipfile's answer to an encrypted member
        raise BadFile(f"{dist.filename} cannot be read: {error}.") from error
    finally:
        content.seek(0)


def _metadata_of(archive: zipfile.ZipFile, dist: DistName) -> bytes:
    names = archive.namelist()
    if len(names) > MAX_MEMBERS:
        raise BadFile(f"{dist.filename} holds more than {MAX_MEMBERS} members.")
    folder = _dist_info(names, dist)
    for required in _REQUIRED:
        if names.count(f"{folder}/{required}") != 1:
            raise BadFile(f"{dist.filename} must hold exactly one {folder}/{required}.")
    with archive.open(f"{folder}/METADATA") as member:
        # The size in the archive's directory is only a claim: read by our own bound.
        document = member.read(MAX_METADATA + 1)
    if len(document) > MAX_METADATA:
        raise BadFile(f"{folder}/METADATA is larger than {MAX_METADATA} bytes.")
    return document


def _dist_info(names: list[str], dist: DistName) -> str:
    tops = {name.split("/", 1)[0] for name in names}
    folders = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(folders) != 1:
        raise BadFile(
            f"{dist.filename} must hold exactly one .dist-info folder, not {len(folders)}."
        )
    if not _names(folders[0], dist):
        raise BadFile(f"{dist.filename} holds the .dist-info of something else: {folders[0]!r}.")
    return folders[0]


def _names(folder: str, dist: DistName) -> bool:
    name, _, version = folder.removesuffix(".dist-info").partition("-")
    try:
        return canonicalize_name(name) == dist.project and Version(version) == dist.version
    except InvalidVersion:
        return False
