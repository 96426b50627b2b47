"""What three libraries read in an index: run in `.tools/readers`, asked on standard input.

It prints what each of them found, in one form for all, so that a test can compare. A fact that a
library does not tell is left out; a yank without a reason is an empty string.

The libraries are imported where they are used: pytest, in search of doctests, imports this file in
an environment without them.
"""

import asyncio
import hashlib
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.requirements import Requirement

Facts = dict[str, Any]

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


def seconds(moment: datetime | None) -> float | None:
    """Return a moment, which is in UTC where nothing else is said, as seconds."""
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def told(**facts: Any) -> Facts:
    """Return what is known."""
    return {name: value for name, value in facts.items() if value is not None}


def reason(yanked: Any) -> str | None:
    """Return why a file was yanked: JSON has `true` where HTML has an empty string."""
    return "" if yanked is True else None if yanked is False else yanked


def pypi_simple_pages(url: str, accept: str, names: Iterable[str]) -> Facts:
    """Read pages as pypi-simple does."""
    from pypi_simple import PyPISimple

    with PyPISimple(url, accept=accept) as client:
        listed = client.get_index_page().projects
        pages = {name: client.get_project_page(name) for name in names}
    return {"listed": listed} | {
        name: told(
            api=page.repository_version,
            status=page.status and str(page.status.value),
            reason=page.status_reason,
            versions=page.versions,
            files={
                file.filename: told(
                    url=file.url,
                    version=file.version,
                    sha256=file.digests["sha256"],
                    requires_python=file.requires_python,
                    yanked=(file.yanked_reason or "") if file.is_yanked else None,
                    metadata_sha256=(file.metadata_digests or {})["sha256"],
                    size=file.size,
                    uploaded=seconds(file.upload_time),
                )
                for file in page.packages
            },
        )
        for name, page in pages.items()
    }


async def simple_repository_pages(url: str, accept: str, names: Iterable[str]) -> Facts:
    """Read pages as simple-repository does."""
    import httpx
    from simple_repository.components.http import HttpRepository

    async with httpx.AsyncClient(follow_redirects=True) as client:
        repository = HttpRepository(url, client)
        repository.downstream_content_types = accept
        listed = [project.name for project in (await repository.get_project_list()).projects]
        pages = {name: await repository.get_project_page(name) for name in names}
    return {"listed": listed} | {
        name: told(
            versions=sorted(page.versions or ()),
            files={
                file.filename: told(
                    sha256=file.hashes["sha256"],
                    requires_python=file.requires_python,
                    yanked=reason(file.yanked),
                    metadata_sha256=file.dist_info_metadata["sha256"],
                    size=file.size,
                    uploaded=seconds(file.upload_time),
                )
                for file in page.files
            },
        )
        for name, page in pages.items()
    }


def finder(url: str, content_type: str) -> Any:
    """Return a finder of unearth that takes every file and is sent pages of one content type."""
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    # It has no way to another Accept header, but the index knows the parameter too.
    session = PyPIClient(params={"format": content_type})
    session.auth = MultiDomainBasicAuth(prompting=False, index_urls=[url])
    return PackageFinder(session, index_urls=[url], ignore_compatibility=True)


def unearth_pages(url: str, content_type: str, names: Iterable[str]) -> Facts:
    """Read pages as unearth does."""
    found = finder(url, content_type)
    with found.session:
        pages = {name: list(found.find_all_packages(name, allow_yanked=True)) for name in names}
    return {
        name: {
            "files": {
                package.link.filename: told(
                    version=package.version,
                    sha256=package.link.hash_option["sha256"][0],
                    requires_python=package.link.requires_python,
                    yanked=reason(package.link.yank_reason),
                    metadata_sha256=package.link.dist_info_metadata["sha256"],
                    uploaded=seconds(package.link.upload_time),
                )
                for package in packages
            }
        }
        for name, packages in pages.items()
    }


def chosen(url: str, requirements: Iterable[str]) -> Facts:
    """Return the file that unearth takes for each requirement; PDM asks it in this way."""
    found, best = finder(url, JSON), {}
    with found.session:
        for wanted in requirements:
            early = bool(Requirement(wanted).specifier.prereleases)
            best[wanted] = found.find_best_match(wanted, allow_prereleases=early).best
    return {wanted: package and package.link.filename for wanted, package in best.items()}


async def resources(url: str, name: str, filenames: Iterable[str]) -> Facts:
    """Ask for files and their metadata as simple-repository does for those behind it."""
    import httpx
    from simple_repository.components.http import HttpRepository

    found = {}
    async with httpx.AsyncClient(follow_redirects=True) as client:
        repository = HttpRepository(url, client)
        for filename in filenames:
            for asked in (filename, f"{filename}.metadata"):
                found[asked] = (await repository.get_resource(name, asked)).context.get("etag", "")
    return found


def fetched(url: str, names: Iterable[str]) -> Facts:
    """Download everything with pypi-simple, which compares each digest that the page announces."""
    from pypi_simple import PyPISimple

    got: Facts = {}
    with PyPISimple(url) as client, TemporaryDirectory() as folder:
        for name in names:
            for file in client.get_project_page(name).packages:
                path = Path(folder) / file.filename
                client.download_package(file, path)
                got[file.filename] = {
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "metadata": client.get_package_metadata(file),
                }
    return got


def attempted(read: Callable[[], Any]) -> Facts:
    """Return what was found, or how that failed: what the others found is of interest still."""
    try:
        return {"found": read()}
    except Exception:  # noqa: BLE001 - whatever it is, it is told
        return {"failed": traceback.format_exc()}


def main() -> None:
    """Answer the question on standard input."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Raise()])
    asked = json.load(sys.stdin)
    url, names = asked["url"], asked["names"]
    answer: dict[str, Callable[[], Any]] = {
        "pypi-simple json": lambda: pypi_simple_pages(url, JSON, names),
        "pypi-simple html": lambda: pypi_simple_pages(url, HTML, names),
        "simple-repository json": lambda: asyncio.run(simple_repository_pages(url, JSON, names)),
        "simple-repository html": lambda: asyncio.run(simple_repository_pages(url, HTML, names)),
        "unearth json": lambda: unearth_pages(url, JSON, names),
        "unearth html": lambda: unearth_pages(url, HTML, names),
        "chosen": lambda: chosen(url, asked["requirements"]),
        "resources": lambda: asyncio.run(resources(url, **asked["resources"])),
        "fetched": lambda: fetched(url, names),
    }
    json.dump({name: attempted(read) for name, read in answer.items()}, sys.stdout)


class _Raise(logging.Handler):
    """unearth logs what it skips, where others would fail: an error here as well."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage())


if __name__ == "__main__":
    main()
