"""Makes the files that ministack keeps S3 objects in survive the death of the process.

ministack writes an object's bytes and then, in a second step, a sidecar with its metadata. A death
in between leaves new bytes under old metadata, or bytes with none: a read would then give what
nobody has ever stored. So the pair that is about to be replaced is kept as hard links until the
new sidecar is in place, and ``repair`` puts it back, or removes what is unfinished, before
ministack reads the folder. It also swallows every error of writing; here one is remembered.

And it answers a read by version without the ``response-*`` parameters and the range that were
asked for; ``complete_reads_by_version`` adds both.
"""
# ruff: noqa: SLF001 - there is no public way to what has to be replaced

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.journal import replace_file

SIDECAR = ".meta.json"
TEMPORARY = ".tmp"
# ministack takes no file that ends like a temporary one for an object, so these cannot collide.
PRIOR_BYTES = ".prior-bytes.tmp"
PRIOR_SIDECAR = ".prior-sidecar.tmp"
VERSIONS = ".versions"

OK = 200
PARTIAL_CONTENT = 206


def repair(folder: Path) -> None:
    """Undo what the last process left half done in ``folder``; none of it was acknowledged."""
    for prior in _files(folder, "*" + PRIOR_SIDECAR):
        _settle(prior)
    for leftover in _files(folder, "*" + TEMPORARY):
        leftover.unlink()
    for path in _files(folder, "*"):
        # Superseded versions are bare files: their metadata is in the sidecar of the current one.
        is_version = path.relative_to(folder).parts[0] == VERSIONS
        is_whole = path.name.endswith(SIDECAR) or _beside(path, SIDECAR).exists()
        if not is_version and not is_whole:
            path.unlink()


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return the files alone: a bucket is a folder, and its name may look like anything."""
    return [path for path in folder.rglob(pattern) if path.is_file()]


def _settle(prior: Path) -> None:
    """Finish or undo one replacement, by whether the sidecar is still the old file itself."""
    path = prior.with_name(prior.name.removesuffix(PRIOR_SIDECAR))
    sidecar, old = _beside(path, SIDECAR), _beside(path, PRIOR_BYTES)
    if old.exists() and sidecar.exists() and sidecar.samefile(prior):
        old.replace(path)
    prior.unlink()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class ObjectFiles:
    """Takes the place of ministack's two functions that write object files."""

    def __init__(self, s3: Any, *, sync: bool) -> None:
        self.sync = sync
        self.failure: OSError | None = None
        self._path_of: Callable[[str, str], str | None] = s3._object_disk_path
        self._persist: Callable[..., None] = s3._persist_object
        s3._atomic_write = self.write
        s3._persist_object = self.persist

    def write(self, path: str, data: bytes | str, **_: Any) -> None:
        """Put ``data`` at ``path`` in one step, and remember a failure, which ministack hides."""
        raw = data.encode() if isinstance(data, str) else data
        try:
            replace_file(Path(path), raw, sync=self.sync)
        except OSError as error:
            self.failure = error
            raise

    def persist(self, bucket: str, key: str, record: Any) -> None:
        """Store an object; the one it replaces can be put back until the very end."""
        name = self._path_of(bucket, key)
        path = Path(name) if name else None
        links = self._keep(path) if path else []
        self._persist(bucket, key, record)
        if self.failure is None:
            for link in links:
                link.unlink()

    def _keep(self, path: Path) -> list[Path]:
        """Link the present pair under other names; the bytes come last and go first."""
        sidecar = _beside(path, SIDECAR)
        if not (path.is_file() and sidecar.is_file()):
            return []
        links = [_beside(path, PRIOR_BYTES), _beside(path, PRIOR_SIDECAR)]
        for link in links:
            link.unlink(missing_ok=True)
        try:
            os.link(sidecar, links[1])
            os.link(path, links[0])
        except OSError:
            # Some file systems know no hard links; there a replacement can still be torn.
            for link in links:
                link.unlink(missing_ok=True)
            return []
        return links


def complete_reads_by_version(s3: Any) -> None:
    """Make a read with a ``versionId`` obey what a read of the current object obeys."""
    read = s3._get_object

    def complete(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Any:
        status, answered, body = read(bucket, key, headers, query)
        if status != OK or not query or "versionId" not in query:
            return status, answered, body
        s3._apply_response_overrides(answered, query)
        wanted = s3._parse_range(headers.get("range", ""), len(body))
        if wanted is None:
            return status, answered, body
        first, last = wanted
        # A checksum is that of the whole object, and a client would compare it with the part.
        part = {k: v for k, v in answered.items() if not k.lower().startswith("x-amz-checksum-")}
        part["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        part["Content-Length"] = str(last + 1 - first)
        return PARTIAL_CONTENT, part, body[first : last + 1]

    s3._get_object = complete
