"""RECORD: the list of all files of a wheel with their digests (binary distribution format)."""

import base64
import csv
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.domain.member_names import Kind, MemberNames, shown
from app.errors import BadFile

MAX_ROW = 4096
# They sign RECORD, so it cannot hold their digests; nor can it hold its own.
_ITSELF = b"/RECORD"
_SIGNATURES = (b"/RECORD.jws", b"/RECORD.p7s")
# The specification forbids weaker ones.
_ALGORITHMS = ("sha256", "sha384", "sha512")
_SIZE = re.compile(r"[0-9]{1,19}\Z")
_FIELDS = 3


class Claim(NamedTuple):
    """What RECORD says about one file."""

    algorithm: str
    # As RECORD spells it: URL-safe base64 without padding.
    digest: str
    # None if RECORD leaves it out, which the specification allows.
    size: int | None


class Record:
    """What RECORD says about each member, by the numbers of its `MemberNames`.

    Rows stay packed until they are asked for: there may be very many.
    """

    def __init__(self, rows: list[bytes | None]) -> None:
        self._rows = rows

    def claim(self, number: int) -> Claim | None:
        """Return the claim about a member; None for a folder, RECORD itself and its signatures."""
        row = self._rows[number]
        if row is None:
            return None
        digest, _, size = row.decode().rpartition(",")
        algorithm, _, value = digest.partition("=")
        return Claim(algorithm, value, int(size) if size else None)


def read(blocks: Iterable[bytes], names: MemberNames, folder: bytes) -> Record:
    """Read the RECORD in `folder` of a wheel whose members are `names`.

    :raises BadFile: unless it lists every file of the archive once, and nothing else.
    """
    itself, signatures = folder + _ITSELF, {folder + suffix for suffix in _SIGNATURES}
    rows: list[bytes | None] = [None] * len(names)
    is_listed = bytearray(len(names))
    for path, digest, size in _rows(blocks):
        name = path.encode()
        number = names.number(name)
        if number is None or names.kind(name) is Kind.FOLDER:
            raise BadFile(f"RECORD lists {shown(name)}, which the archive does not hold")
        if is_listed[number]:
            raise BadFile(f"RECORD lists {shown(name)} twice")
        is_listed[number] = True
        if name == itself and (digest or size):
            raise BadFile("RECORD gives itself a digest or a size, which it cannot know")
        if name != itself and (digest or size or name not in signatures):
            rows[number] = _pack(name, digest, size)
    for number, name in names.files():
        if not is_listed[number] and name not in signatures:
            raise BadFile(f"RECORD does not list {shown(name)}, which the archive holds")
    return Record(rows)


def check(claim: Claim, name: bytes, size: int, digest: bytes) -> None:
    """Compare what RECORD says about a file with what the archive holds.

    :raises BadFile: naming both.
    """
    if claim.size not in {None, size}:
        raise BadFile(f"RECORD says {claim.size} bytes for {shown(name)}, the archive holds {size}")
    found = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if claim.digest != found:
        raise BadFile(
            f"RECORD says {claim.algorithm}={shown(claim.digest.encode())} for {shown(name)},"
            f" the archive holds {found}"
        )


def _pack(name: bytes, digest: str, size: str) -> bytes:
    if digest.partition("=")[0] not in _ALGORITHMS:
        raise BadFile(f"RECORD gives {shown(name)} no digest by one of {', '.join(_ALGORITHMS)}")
    if size and not _SIZE.match(size):
        raise BadFile(f"RECORD gives {shown(name)} a size that is no number")
    return f"{digest},{size}".encode()


def _rows(blocks: Iterable[bytes]) -> Iterator[list[str]]:
    for number, line in enumerate(_lines(blocks), start=1):
        try:
            # Line by line, because no allowed path holds an end of line.
            fields = next(csv.reader([line.decode()], strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadFile(f"line {number} of RECORD is no UTF-8 CSV ({error})") from error
        if len(fields) != _FIELDS:
            raise BadFile(f"line {number} of RECORD does not have {_FIELDS} fields")
        yield fields


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > MAX_ROW:
            raise BadFile(f"RECORD has a line of more than {MAX_ROW} bytes")
    if rest:
        yield rest
