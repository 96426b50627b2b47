"""Resolving against the index: graphs without a wheel fetched, cut-offs, yanks, credentials."""

import json
import re
import time
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests import make
from tests.e2e.conftest import Client, Served
from tests.e2e.test_managing import call

SIZE = 29
VERSIONS = ("1.0", "1.5", "2.0")
ROOT = "graph-00[more]"
# The newest of all, but where it cannot be: 13 wants the newest 28, which 20 forbids.
PINS = {f"graph-{n:02}": "2.0" for n in range(SIZE)} | {"graph-13": "1.5", "graph-28": "1.5"}
ELSEWHERE = "graph-18"
HERE = {name: version for name, version in PINS.items() if name != ELSEWHERE}
_REQUEST = re.compile(r" (GET|HEAD|POST) (/\S*) (\d{3})\b")


def requirements(number: int, version: str) -> list[str]:
    """Return what a package of the graph requires: a binary tree whose right half is an extra."""
    if number == 20:
        return ["graph-28<2"]
    if 2 * number + 2 >= SIZE:
        return []
    least = {"1.0": "", "1.5": ">=1.0", "2.0": ">=1.5"}[version]
    left, right = (
        f"graph-{child:02}{'[more]' if 2 * child + 2 < SIZE else ''}{least}"
        for child in (2 * number + 1, 2 * number + 2)
    )
    if (number, version) == (13, "2.0"):
        right = "graph-28>=2"
    if right.startswith(ELSEWHERE):
        right += "; sys_platform == 'win32' and extra == 'more'"
    else:
        right += "; extra == 'more'"
    return [left, right, "nowhere-to-be-found; python_version < '3'"]


@pytest.fixture(scope="session")
def graph(index: Served, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The index with 29 packages of three versions each."""
    home, names = tmp_path_factory.mktemp("graph"), []
    for number in range(SIZE):
        for version in VERSIONS:
            name = f"graph-{number:02}"
            fields = {"Requires_Python": ">=3.8", "Provides_Extra": "more"}
            if lines := requirements(number, version):
                fields["Requires_Dist"] = "\nRequires-Dist: ".join(lines)
            names.append(home / make.wheel_name(name, version))
            names[-1].write_bytes(make.wheel(name, version, **fields))
    Client(home).uv_publish(index, *names)
    return index


@contextmanager
def watched(index: Served) -> Iterator[list[str]]:
    """Collect the paths that are asked for in the block; they are there once it has ended."""
    paths: list[str] = []
    start = mark(index)
    yield paths
    end = mark(index)
    log = "".join(index.output[start : end - 1])
    paths.extend(path for _, path, _ in _REQUEST.findall(log))


def mark(index: Served) -> int:
    """Make the index write a line of ours, behind all that it has answered; return its place."""
    path = f"/simple/mark-{time.monotonic_ns()}/"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(index.url + path)  # noqa: S310
    refused.value.close()
    index.wait_for(re.escape(path))
    return next(n for n, line in enumerate(index.output, 1) if path in line)


def assert_from_metadata_alone(paths: list[str], names: set[str]) -> None:
    """Check that no wheel was fetched, and each page once."""
    files = [path for path in paths if path.startswith("/files/")]
    pages = Counter(path for path in paths if path.startswith("/simple/"))
    assert len(paths) == len(files) + pages.total()
    assert {path.split("/")[2] for path in files} == names
    assert [path for path in files if not path.endswith(".metadata")] == []
    assert pages == Counter({f"/simple/{name}/": 1 for name in names})


def consumer(client: Client, dependency: str, tables: str = "") -> Path:
    """Lay out a project that depends on something of the index."""
    folder = client.home / "consumer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "consumer"\nversion = "0"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["{dependency}"]\n\n{tables}'
    )
    return folder


def named(index: Served) -> dict[str, str]:
    """Return an index named `larder` and its credentials apart from it, as uv takes them."""
    return {
        "UV_DEFAULT_INDEX": f"larder={index.url}/simple/",
        "UV_INDEX_LARDER_USERNAME": "__token__",
        "UV_INDEX_LARDER_PASSWORD": index.token,
    }


def test_pip_resolves_a_graph_from_metadata_alone(graph: Served, client: Client) -> None:
    with watched(graph) as paths:
        client.run(
            "pip", "install", "--dry-run", "--ignore-installed", "--report", "report.json",
            "--index-url", graph.simple, ROOT,
        )  # fmt: skip

    items = json.loads((client.home / "report.json").read_text())["install"]
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in items}
    assert found == HERE
    assert_from_metadata_alone(paths, set(HERE))
    for item in items:
        info = item["download_info"]
        wheel = make.wheel_name(item["metadata"]["name"], item["metadata"]["version"])
        assert info["url"].endswith(f"/files/{item['metadata']['name']}/{wheel}"), "lasts"
        assert graph.token not in json.dumps(item)
        assert info["archive_info"]["hashes"].keys() == {"sha256"}


def test_uv_resolves_a_graph_from_metadata_alone(graph: Served, client: Client) -> None:
    (client.home / "in.txt").write_text(f"{ROOT}\n")
    with watched(graph) as paths:
        said = client.run(
            "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-strip-extras",
            "--default-index", graph.simple, "in.txt",
        )  # fmt: skip

    found = dict(line.replace("[more]", "").split("==") for line in said.split())
    assert found == HERE
    assert_from_metadata_alone(paths, set(HERE))


def test_uv_locks_a_graph_for_every_platform_from_metadata_alone(
    graph: Served, client: Client
) -> None:
    folder = consumer(client, ROOT)
    with watched(graph) as paths:
        client.run("uv", "lock", cwd=folder, **named(graph))

    lock = tomllib.loads((folder / "uv.lock").read_text())
    locked = {package["name"]: package for package in lock["package"]}
    del locked["consumer"]
    assert {name: package["version"] for name, package in locked.items()} == PINS
    assert_from_metadata_alone(paths, set(PINS))
    for name, package in locked.items():
        [wheel] = package["wheels"]
        assert wheel["url"] == f"{graph.url}/files/{name}/{make.wheel_name(name, PINS[name])}"
        assert wheel["size"] > 0
        assert wheel["upload-time"].endswith("Z")
        assert wheel["hash"].startswith("sha256:")


def publish(client: Client, index: Served, name: str, *versions: str) -> None:
    wheels = [client.home / make.wheel_name(name, version) for version in versions]
    for wheel, version in zip(wheels, versions, strict=True):
        wheel.write_bytes(make.wheel(name, version))
    client.uv_publish(index, *wheels)


def resolve(
    client: Client, tool: str, simple: str, wanted: str, *more: str, ok: bool = True
) -> str:
    """Let a tool say what it would install."""
    command = ("pip", "install", "--target", "nothing-there") if tool == "uv" else (
        "install", "--ignore-installed", "--no-input"
    )  # fmt: skip
    return client.run(
        tool, *command, "--dry-run", "--no-cache-dir" if tool == "pip" else "--no-cache",
        "--index-url", simple, wanted, *more, ok=ok,
    )  # fmt: skip


CUT_OFF = {"pip": "--uploaded-prior-to", "uv": "--exclude-newer"}


@pytest.mark.parametrize("tool", CUT_OFF)
def test_a_cut_off_date_hides_exactly_what_came_later(
    index: Served, client: Client, tool: str
) -> None:
    name = f"cut-off-{tool}"
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    publish(client, index, name, "1.0")
    between = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    publish(client, index, name, "2.0")
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")

    def said(moment: str, *, ok: bool = True) -> str:
        return resolve(client, tool, index.simple, name, CUT_OFF[tool], moment, ok=ok)

    assert re.search(rf"{name}[-=]+2\.0", said(now))
    assert re.search(rf"{name}[-=]+1\.0", said(between))
    assert re.search(
        "No matching distribution|no versions of|was filtered by", said(before, ok=False)
    )


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_nothing_is_left_for_a_range_where_everything_is_yanked(
    index: Served, client: Client, tool: str
) -> None:
    name = f"all-yanked-{tool}"
    publish(client, index, name, "1.0")
    call(index, "POST", f"{name}/releases/1.0/yank", {"reason": "leaks memory"})

    refused = resolve(client, tool, index.simple, f"{name}>=1", ok=False)
    taken = resolve(client, tool, index.simple, f"{name}==1.0")

    assert name in refused
    assert "leaks memory" in taken


def test_a_lock_that_was_made_before_a_yank_still_installs(index: Served, client: Client) -> None:
    publish(client, index, "locked-yank", "1.0", "2.0")
    folder = consumer(client, "locked-yank")
    client.run("uv", "lock", cwd=folder, **named(index))
    call(index, "POST", "locked-yank/releases/2.0/yank", {"reason": "too late"})

    said = client.run("uv", "sync", "--locked", "--no-cache", cwd=folder, **named(index))
    assert "locked-yank==2.0" in said
    client.run("uv", "lock", "--upgrade", cwd=folder, **named(index))
    assert "2.0" not in (folder / "uv.lock").read_text()


def by_url(client: Client, index: Served, name: str, tool: str) -> None:
    variable = {"pip": "PIP_INDEX_URL", "uv": "UV_DEFAULT_INDEX"}[tool]
    command = ("pip",) if tool == "uv" else ()
    client.run(tool, *command, "install", "--target", "out", name, **{variable: index.simple})


def by_uv_index_name(client: Client, index: Served, name: str) -> None:
    client.run("uv", "pip", "install", "--target", "out", name, **named(index))


def by_poetry_source_name(client: Client, index: Served, name: str) -> None:
    folder = consumer(
        client, name,
        "[tool.poetry]\npackage-mode = false\n"
        f'[[tool.poetry.source]]\nname = "larder"\nurl = "{index.url}/simple/"\n',
    )  # fmt: skip
    login = {
        "POETRY_HTTP_BASIC_LARDER_USERNAME": "__token__",
        "POETRY_HTTP_BASIC_LARDER_PASSWORD": index.token,
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
    }
    client.run("poetry", "install", "--no-interaction", cwd=folder, **login)


def by_pdm_settings(client: Client, index: Served, name: str) -> None:
    folder = consumer(client, name, "[tool.pdm]\ndistribution = false\n")
    login = {
        "PDM_PYPI_URL": f"{index.url}/simple/",
        "PDM_PYPI_USERNAME": "__token__",
        "PDM_PYPI_PASSWORD": index.token,
    }
    client.run("pdm", "install", "--no-self", cwd=folder, **login)


WAYS = {
    "PIP_INDEX_URL": partial(by_url, tool="pip"),
    "UV_DEFAULT_INDEX": partial(by_url, tool="uv"),
    "UV_INDEX_NAME_PASSWORD": by_uv_index_name,
    "POETRY_HTTP_BASIC_NAME_PASSWORD": by_poetry_source_name,
    "PDM_PYPI_PASSWORD": by_pdm_settings,
}


@pytest.mark.parametrize("way", WAYS)
def test_credentials_are_taken_from_the_environment(
    index: Served, client: Client, way: str
) -> None:
    name = f"by-{way.lower().replace('_', '-')}"
    publish(client, index, name, "1.0")

    WAYS[way](client, index, name)

    found = client.home.rglob(f"{name.replace('-', '_')}.py")
    [module] = (path for path in found if ".cache" not in path.parts)
    assert module.read_text() == "version = '1.0'\n"


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_wrong_token_is_named_as_the_reason_and_not_repeated(
    index: Served, client: Client, tool: str
) -> None:
    publish(client, index, f"closed-{tool}", "1.0")
    wrong = index.token[:-1]

    said = resolve(
        client, tool, index.simple.replace(index.token, wrong), f"closed-{tool}", ok=False
    )

    assert re.search(r"401 Error, Credentials not correct|credentials \(401 Unauthorized\)", said)
    assert wrong not in said, "it may be right but for a letter"


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_token_for_one_project_reads_that_one_and_no_other(
    index: Served, client: Client, tool: str
) -> None:
    publish(client, index, f"own-{tool}", "1.0")
    publish(client, index, f"foreign-{tool}", "1.0")
    token = index.flask(
        "tokens", "create", "admin", "--permissions", "read", "--projects", f"own-{tool}"
    ).stdout.strip()
    simple = index.simple.replace(index.token, token)

    assert f"own-{tool}" in resolve(client, tool, simple, f"own-{tool}")
    said = resolve(client, tool, simple, f"foreign-{tool}", ok=False)
    absent = resolve(client, tool, simple, f"absent-{tool}", ok=False)

    assert f"foreign-{tool}" in said
    assert said.replace("foreign", "absent") == absent, "nothing tells that it is there"
