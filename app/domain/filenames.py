"""File names of wheels and sdists (binary and source distribution format specifications)."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.names import NormalizedName
from app.errors import BadRequest

if TYPE_CHECKING:
    from packaging.version import Version

MAX_LENGTH = 255

_TAGS = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+\Z")

SDIST = "sdist"
WHEEL = "bdist_wheel"


@dataclass(frozen=True, kw_only=True)
class DistName:
    """What the name of a wheel or sdist says."""

    filename: str
    project: NormalizedName
    version: "Version"
    # "sdist" or "bdist_wheel", the `filetype` of the legacy upload API.
    kind: str
    # Equal for all spellings of one file: `1.0` and `1.0.0`, tags in any order and case.
    identity: str


def parse(filename: str) -> DistName:
    """Take a file name of an upload apart; only the normal form of the project's name is taken.

    >>> parse("larder_demo-1.0-py3-none-any.whl").identity
    'larder-demo 1 bdist_wheel  py3-none-any'
    >>> parse("larder_demo-1.0.tar.gz").kind
    'sdist'

    :raises BadRequest: if the name is no such name, saying what it should be.
    """
    _check_characters(filename)
    if filename.endswith(".whl"):
        return _parse_wheel(filename)
    if filename.endswith(".tar.gz"):
        return _parse_sdist(filename)
    raise BadRequest(
        f"{filename!r} is neither a wheel (.whl) nor an sdist (.tar.gz);"
        " build with `python -m build` and upload what it puts into dist/."
    )


def is_possible(filename: str) -> bool:
    """Tell whether a file of this name may exist; longer ones do not even fit into a key."""
    return filename.isascii() and 0 < len(filename) <= MAX_LENGTH


def same_version(written: str, version: "Version") -> bool:
    """Tell whether a version, as somebody wrote it, is `version` in any spelling (PEP 440).

    >>> from packaging.version import Version
    >>> same_version("1.0-rc1", Version("1.0.0rc1"))
    True
    """
    from packaging.version import InvalidVersion, Version

    try:
        return len(written) <= MAX_LENGTH and Version(written) == version
    except InvalidVersion:
        return False


def _check_characters(filename: str) -> None:
    if len(filename) > MAX_LENGTH:
        raise BadRequest(f"The file name has more than {MAX_LENGTH} characters; shorten it.")
    if not filename.isascii() or not filename.isprintable() or set(filename) & set("/\\ "):
        raise BadRequest(
            f"{filename!r} holds a character that is not allowed in the name of a wheel or sdist."
        )


def _parse_wheel(filename: str) -> DistName:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        project, version, build, _tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, ValueError) as error:
        raise BadRequest(
            f"{filename!r} is not a valid wheel name ({error});"
            " it should read name-version[-build]-python-abi-platform.whl."
        ) from error
    stem = filename.removesuffix(".whl").split("-")
    _check_project(filename, stem[0], project)
    _check_version(filename, stem[1], version)
    if not _TAGS.match("-".join(stem[-3:])):
        raise BadRequest(
            f"{filename!r} has characters in its tags that no tag has; build it again."
        )
    tags = "-".join(".".join(sorted(set(part.lower().split(".")))) for part in stem[-3:])
    return DistName(
        filename=filename,
        project=project,
        version=version,
        kind=WHEEL,
        identity=_identity(project, version, WHEEL, "".join(map(str, build)).lower(), tags),
    )


def _parse_sdist(filename: str) -> DistName:
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename

    try:
        project, version = parse_sdist_filename(filename)
    except (InvalidSdistFilename, ValueError) as error:
        raise BadRequest(
            f"{filename!r} is not a valid sdist name ({error}); it should read name-version.tar.gz."
        ) from error
    expected = f"{project.replace('-', '_')}-{version}.tar.gz"
    if filename != expected:
        raise BadRequest(
            f"{filename!r} should be named {expected!r} (PEP 625); rebuild with a current build"
            " back end."
        )
    return DistName(
        filename=filename,
        project=project,
        version=version,
        kind=SDIST,
        identity=_identity(project, version, SDIST),
    )


def _check_project(filename: str, written: str, project: NormalizedName) -> None:
    expected = project.replace("-", "_")
    if written != expected:
        raise BadRequest(
            f"{filename!r} should start with {expected + '-'!r}, the normal form of the project's"
            " name; rebuild with a current build back end."
        )


def _check_version(filename: str, written: str, version: "Version") -> None:
    # Build tools in use keep leading zeros (2026.01.02); everything else must be in normal form.
    if re.sub(r"(?<![0-9a-z])0+(?=[0-9])", "", written) != str(version):
        raise BadRequest(
            f"{filename!r} should carry the version as {str(version)!r}, its normal form (PEP 440);"
            " rebuild with a current build back end."
        )


def _identity(project: NormalizedName, version: "Version", *parts: str) -> str:
    from packaging.utils import canonicalize_version

    # 1.0 and 1.0.0 are one version, so trailing zeros must not make two files of one.
    return " ".join([project, canonicalize_version(version, strip_trailing_zero=True), *parts])
