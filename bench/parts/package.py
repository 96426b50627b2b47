"""What is deployed: the size of the zip, its bytecode, and what the hot path loads of it."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from bench import function
from bench.index import Index, Site
from bench.limits import HEAVY
from bench.processes import ROOT
from bench.report import Report, Row, say

NAME = "The deployed package"
ZIP = ROOT / ".serverless" / "larder.zip"
_UNCHECKED = b"\x01\x00\x00\x00"


def run(site: Site, report: Report) -> Iterator[Row]:
    """Look at the zips, and at the modules loaded when each hot route has answered."""
    if not ZIP.exists():
        yield Row(part=NAME, what="zip", value=None, unit="", note="not there: make package")
    for path in sorted(ZIP.parent.glob("*.zip"), key=lambda path: path != ZIP):
        yield from _of_zip(path)
    yield _loaded(site, site.small)


quick = run


def _of_zip(path: Path) -> Iterator[Row]:
    with zipfile.ZipFile(path) as archive:
        stale, modules = stale_modules(archive), sum(x.endswith(".py") for x in archive.namelist())
    size, limit = path.stat().st_size / 1e6, "zip" if path == ZIP else ""
    yield Row(part=NAME, what=path.name, value=size, unit="MB", limit=limit)
    yield Row(
        part=NAME,
        what=f"modules in {path.name} that Lambda would compile at every cold start",
        value=len(stale),
        unit=f"of {modules:,}",
        limit="stale bytecode",
        note=", ".join(stale[:3]),
    )


def stale_modules(archive: zipfile.ZipFile) -> list[str]:
    """Return the modules whose bytecode is missing, or would be held against their source."""
    names = set(archive.namelist())
    compiled = {}
    for name in names:
        if name.endswith(".pyc") and "__pycache__/" in name:
            folder, _, file = name.rpartition("__pycache__/")
            compiled[f"{folder}{file.partition('.')[0]}.py"] = name
    return sorted(
        name
        for name in names
        if name.endswith(".py")
        and (name not in compiled or archive.read(compiled[name])[4:8] != _UNCHECKED)
    )


def _loaded(site: Site, index: Index) -> Row:
    what = "heavy modules after each hot route has answered"
    if not function.RUNTIME.exists():
        note = "the Lambda runtime client is not installed: make setup-bench"
        return Row(part=NAME, what=what, value=None, unit="", note=note)
    say("looking at what the hot path loads")
    larder = function.larder(site.folder / "modules", index.settings)
    [plain] = larder.start(index.page("files-10")).answers
    found = larder.start(
        index.page("files-10", etag=plain["headers"]["etag"]),
        index.page("files-10"),
        index.page("files-1", coding="identity"),
        index.file("files-1"),
        index.file("files-1", metadata=True),
        index.file("files-1", method="HEAD"),
    )
    heavy = function.heavy(found.modules, HEAVY)
    return Row(
        part=NAME,
        what=what,
        value=len(heavy),
        unit=f"of {len(found.modules)} modules",
        limit="heavy modules",
        note=", ".join(heavy),
    )
