"""The releases of a project as its files make them: which is the latest, which are yanked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from app.domain import filenames
from app.domain.dist_file import DistFile


@dataclass(frozen=True, kw_only=True)
class ReleaseFiles:
    """A release and its files, by name; there is at least one."""

    version: Version
    files: Sequence[DistFile]

    @property
    def first(self) -> DistFile:
        """Return the file that came first: its metadata speaks for the release."""
        return min(self.files, key=lambda file: (file.uploaded_at, file.filename))

    @property
    def is_yanked(self) -> bool:
        """Tell whether nothing of it is left to installers that have a choice (PEP 592)."""
        return all(file.yanked is not None for file in self.files)

    @property
    def yanked_reason(self) -> str:
        """Return why the release is yanked; empty if it is not, or nobody said."""
        if not self.is_yanked:
            return ""
        return next((file.yanked for file in self.files if file.yanked), "")


def group(files: Iterable[DistFile]) -> list[ReleaseFiles]:
    """Sort files into releases, the oldest version first; 1.0 and 1.0.0 are one (PEP 440)."""
    found: dict[Version, list[DistFile]] = {}
    for file in sorted(files, key=lambda file: file.filename):
        found.setdefault(Version(file.version), []).append(file)
    return [ReleaseFiles(version=version, files=found[version]) for version in sorted(found)]


def latest(releases: Sequence[ReleaseFiles]) -> ReleaseFiles | None:
    """Return what a project is judged by: its last final release that is not yanked.

    Where there is none such, a pre-release is better than a yanked release. None: no release.
    """
    return max(
        releases,
        key=lambda release: (
            not release.is_yanked,
            not release.version.is_prerelease,
            release.version,
        ),
        default=None,
    )


def pick(releases: Iterable[ReleaseFiles], version: str) -> ReleaseFiles | None:
    """Return the release of a version, however it is spelled, or None."""
    if len(version) > filenames.MAX_LENGTH:
        return None
    try:
        wanted = Version(version)
    except InvalidVersion:
        return None
    return next((release for release in releases if release.version == wanted), None)
