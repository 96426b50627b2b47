"""Publishing and installing with Poetry, PDM, Hatch and Flit, by the lines of the help page."""

from pathlib import Path

import pytest

from tests import make
from tests.e2e.conftest import Client, Served


def built(folder: Path, name: str, version: str = "1.0", **fields: str) -> Path:
    """Lay out a project whose dist/ holds a wheel and an sdist of it."""
    (folder / "dist").mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = ">=3.11"\n'
        'dependencies = []\n\n[build-system]\nrequires = ["flit_core"]\n'
        'build-backend = "flit_core.buildapi"\n'
    )
    (folder / "dist" / make.wheel_name(name, version)).write_bytes(
        make.wheel(name, version, **fields)
    )
    (folder / "dist" / make.sdist_name(name, version)).write_bytes(make.sdist(name, version))
    return folder


def publish(client: Client, index: Served, tool: str, folder: Path, *, ok: bool = True) -> str:
    """Publish what lies in dist/ with a build tool."""
    legacy, token = f"{index.url}/legacy/", index.token
    match tool:
        case "poetry":
            login = {"POETRY_HTTP_BASIC_LARDER_USERNAME": "__token__"}
            login |= {"POETRY_HTTP_BASIC_LARDER_PASSWORD": token}
            login |= {"POETRY_REPOSITORIES_LARDER_URL": legacy}
            return client.run(
                "poetry", "publish", "--repository", "larder", "-n", cwd=folder, ok=ok, **login
            )
        case "pdm":
            return client.run(
                "pdm", "publish", "--no-build", "--repository", legacy, "--username", "__token__",
                "--password", token, cwd=folder, ok=ok,
            )  # fmt: skip
        case _:
            return client.run(
                "hatch", "publish", "--no-prompt", "--repo", legacy, cwd=folder, ok=ok,
                HATCH_INDEX_USER="__token__", HATCH_INDEX_AUTH=token,
            )  # fmt: skip


@pytest.mark.parametrize("tool", ["poetry", "pdm", "hatch"])
def test_a_build_tool_publishes_and_publishes_again(
    index: Served, client: Client, tool: str
) -> None:
    folder = built(client.home / "project", f"by-{tool}")

    publish(client, index, tool, folder)
    publish(client, index, tool, folder)

    said = client.run(
        "pip", "download", "--no-deps", "-d", "out", "--index-url", index.simple, f"by-{tool}"
    )
    assert f"by_{tool}-1.0-py3-none-any.whl" in said


@pytest.mark.parametrize("tool", ["poetry", "pdm"])
def test_other_bytes_are_refused(index: Served, client: Client, tool: str) -> None:
    publish(client, index, tool, built(client.home / "one", f"kept-{tool}"))
    changed = built(client.home / "two", f"kept-{tool}", Summary="changed")
    assert "409" in publish(client, index, tool, changed, ok=False)


def test_flit_builds_and_publishes(index: Served, client: Client) -> None:
    folder = client.home / "project"
    folder.mkdir()
    (folder / "by_flit.py").write_text('"""By Flit."""\n__version__ = "1.0"\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n\n'
        '[project]\nname = "by_flit"\ndynamic = ["version", "description"]\n'
    )

    said = client.run(
        "flit", "publish", cwd=folder,
        FLIT_INDEX_URL=f"{index.url}/legacy/", FLIT_USERNAME="__token__", FLIT_PASSWORD=index.token,
    )  # fmt: skip

    assert "Package is at" in said
    client.run("pip", "install", "--target", "out", "--index-url", index.simple, "by-flit")
    assert (client.home / "out" / "by_flit.py").exists()


def test_poetry_locks_a_project_from_the_index(index: Served, client: Client) -> None:
    publish(client, index, "pdm", built(client.home / "dep", "locked-by-poetry"))
    folder = client.home / "consumer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        f"""
[project]
name = "consumer"
version = "0"
requires-python = ">=3.11"
dependencies = ["locked-by-poetry"]

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "larder"
url = "{index.url}/simple/"
priority = "primary"
"""
    )
    client.run(
        "poetry", "lock", "-n", cwd=folder,
        POETRY_HTTP_BASIC_LARDER_USERNAME="__token__",
        POETRY_HTTP_BASIC_LARDER_PASSWORD=index.token,
    )  # fmt: skip
    lock = (folder / "poetry.lock").read_text()
    assert 'name = "locked-by-poetry"' in lock
    assert "locked_by_poetry-1.0-py3-none-any.whl" in lock


def test_pdm_locks_a_project_from_the_index(index: Served, client: Client) -> None:
    publish(client, index, "pdm", built(client.home / "dep", "locked-by-pdm"))
    folder = client.home / "consumer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        f"""
[project]
name = "consumer"
version = "0"
requires-python = ">=3.11"
dependencies = ["locked-by-pdm"]

[[tool.pdm.source]]
name = "pypi"
url = "{index.simple}"
"""
    )
    client.run("pdm", "lock", cwd=folder)
    assert "locked_by_pdm-1.0-py3-none-any.whl" in (folder / "pdm.lock").read_text()
