"""The main job, by the tools people use: pip, uv and twine against a live index."""

import random
import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests import make
from tests.e2e.conftest import Client, Served


def dist(folder: Path, name: str, version: str = "1.0", **fields: str) -> tuple[Path, Path]:
    """Write a wheel and an sdist of a project; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / make.wheel_name(name, version)
    sdist = folder / make.sdist_name(name, version)
    wheel.write_bytes(make.wheel(name, version, **fields))
    sdist.write_bytes(make.sdist(name, version))
    return wheel, sdist


def installed(python: Path, module: str) -> str:
    """Return the version that a module says it has."""
    code = f"import {module}; print({module}.version)"
    return subprocess.check_output([python, "-c", code], text=True).strip()


def test_twine_publishes_and_pip_installs(index: Served, client: Client) -> None:
    client.twine(index, *dist(client.home / "dist", "Twine.Demo"))

    client.run("pip", "install", "--target", "out", "--index-url", index.simple, "twine-demo")

    assert (client.home / "out" / "twine_demo.py").read_text() == "version = '1.0'\n"


def test_uv_publishes_and_installs(index: Served, client: Client) -> None:
    client.uv_publish(index, *dist(client.home / "dist", "uv-demo"))
    python = client.venv()

    client.run("uv", "pip", "install", "--python", python, "--index-url", index.simple, "uv_demo")

    assert installed(python, "uv_demo") == "1.0"


def test_publishing_again_changes_nothing_and_succeeds(index: Served, client: Client) -> None:
    files = dist(client.home / "dist", "again")
    client.twine(index, *files)
    client.twine(index, *files)
    client.uv_publish(index, *files)


def test_uv_skips_what_is_there(index: Served, client: Client) -> None:
    files = dist(client.home / "dist", "skip-demo")
    client.uv_publish(index, *files)
    said = client.uv_publish(index, "--check-url", index.simple, *files)
    assert "already exists, skipping" in said


def test_a_named_index_of_uv_publishes_and_skips_what_is_there(
    index: Served, client: Client
) -> None:
    """As the help page says; the look before the upload takes the index's own credentials."""
    files = dist(client.home / "dist", "named-demo")
    folder = project(client, index, "nothing")
    login = {"UV_INDEX_LARDER_USERNAME": "__token__", "UV_INDEX_LARDER_PASSWORD": index.token}
    command = ("uv", "publish", "--index", "larder", "--token", index.token, *map(str, files))

    client.run(*command, cwd=folder, UV_NO_CONFIG="0", **login)
    said = client.run(*command, cwd=folder, UV_NO_CONFIG="0", **login)

    assert said.count("already exists, skipping") == 2


def test_other_bytes_are_refused_and_the_reason_is_shown(index: Served, client: Client) -> None:
    client.twine(index, *dist(client.home / "dist", "fixed"))
    changed, _ = dist(client.home / "other", "fixed", Summary="changed")

    for said in (
        client.twine(index, changed, ok=False),
        client.uv_publish(index, changed, ok=False),
    ):
        assert "409" in said
        assert "File already exists" in " ".join(said.split())


def test_dependencies_are_resolved_from_metadata_alone(index: Served, client: Client) -> None:
    client.twine(index, *dist(client.home / "dist", "base"))
    client.twine(index, *dist(client.home / "dist", "top", Requires_Dist="base>=1"))

    said = client.run(
        "pip", "install", "--dry-run", "--ignore-installed", "-v",
        "--index-url", index.simple, "top",
    )  # fmt: skip

    assert "Would install base-1.0 top-1.0" in said
    assert "base-1.0-py3-none-any.whl.metadata" in said


def project(client: Client, index: Served, dependency: str) -> Path:
    folder = client.home / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        f"""
[project]
name = "consumer"
version = "0"
requires-python = ">=3.11"
dependencies = ["{dependency}"]

[[tool.uv.index]]
name = "larder"
url = "{index.url}/simple/"
publish-url = "{index.url}/legacy/"
default = true
"""
    )
    return folder


def test_a_lock_file_of_uv_names_lasting_urls(index: Served, client: Client) -> None:
    client.uv_publish(index, *dist(client.home / "dist", "locked"))
    folder = project(client, index, "locked")
    login = {"UV_INDEX_LARDER_USERNAME": "__token__", "UV_INDEX_LARDER_PASSWORD": index.token}

    client.run("uv", "lock", cwd=folder, **login, UV_NO_CONFIG="0")
    lock = (folder / "uv.lock").read_text()
    client.run("uv", "sync", "--locked", "--no-cache", cwd=folder, **login, UV_NO_CONFIG="0")

    assert f'url = "{index.url}/files/locked/locked-1.0-py3-none-any.whl"' in lock
    assert "X-Amz" not in lock
    assert index.token not in lock
    assert installed(folder / ".venv" / "bin" / "python", "locked") == "1.0"


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_credentials_from_netrc_work_and_never_reach_the_storage(
    index: Served, client: Client, tool: str
) -> None:
    """A storage link on the same host name would get them too, and be refused for it."""
    client.twine(index, *dist(client.home / "dist", f"netrc-{tool}"))
    netrc = client.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1\nlogin __token__\npassword {index.token}\n")
    netrc.chmod(0o600)
    command = ("pip",) if tool == "uv" else ()

    client.run(
        tool, *command, "install", "--target", "out", "--index-url", f"{index.url}/simple/",
        f"netrc-{tool}",
    )  # fmt: skip

    assert (client.home / "out" / f"netrc_{tool}.py").exists()


def test_a_wrong_token_is_a_401_that_says_so(index: Served, client: Client) -> None:
    wheel, _ = dist(client.home / "dist", "refused")
    for said in (
        client.twine(index, wheel, token="wrong", ok=False),
        client.uv_publish(index, wheel, token="wrong", ok=False),
    ):
        assert "401" in said
        assert "not a token of this index" in " ".join(said.split())


def test_a_large_upload_with_a_wrong_token_is_told_so_too(index: Served, client: Client) -> None:
    """The refusal must arrive though the client is still sending."""
    noise = random.Random(1).randbytes(30_000_000)  # noqa: S311
    wheel = client.home / make.wheel_name("large")
    wheel.write_bytes(make.wheel("large", members={"noise.bin": noise}))
    for said in (
        client.twine(index, wheel, token="wrong", ok=False),
        client.uv_publish(index, wheel, token="wrong", ok=False),
    ):
        assert "401" in said


def test_a_narrow_token_is_refused_for_another_project(index: Served, client: Client) -> None:
    made = index.flask(
        "tokens", "create", "admin", "--permissions", "upload", "--projects", "mine",
        "--expires", "1h",
    )  # fmt: skip
    token = made.stdout.strip()
    client.twine(index, dist(client.home / "dist", "mine")[0], token=token)
    said = client.twine(index, dist(client.home / "dist", "yours")[0], token=token, ok=False)
    assert "403" in said
    assert "not for project 'yours'" in " ".join(said.split())


def test_a_token_dies_by_revocation_and_by_its_time(index: Served, client: Client) -> None:
    client.twine(index, *dist(client.home / "dist", "mortal"))
    token = index.flask(
        "tokens", "create", "admin", "--permissions", "read", "--projects", "*",
        "--label", "to be revoked",
    ).stdout.strip()  # fmt: skip
    short = index.flask(
        "tokens", "create", "admin", "--permissions", "read", "--projects", "*", "--expires", "3s"
    ).stdout.strip()
    listed = index.flask("tokens", "list", "admin").stdout
    token_id = next(line for line in listed.splitlines() if "to be revoked" in line).split()[0]

    def install(secret: str, *, ok: bool) -> str:
        simple = f"http://__token__:{secret}@127.0.0.1:{index.port}/simple/"
        return client.run(
            "pip", "download", "--no-deps", "--no-cache-dir", "-d", "out",
            "--index-url", simple, "--no-input", "mortal", ok=ok,
        )  # fmt: skip

    install(token, ok=True)
    index.flask("tokens", "revoke", token_id)
    install(token, ok=False)
    time.sleep(3)
    install(short, ok=False)


def test_cut_off_dates_of_clients_are_understood(index: Served, client: Client) -> None:
    client.twine(index, *dist(client.home / "dist", "dated"))
    python = client.venv()
    command = ("uv", "pip", "install", "--python", python, "--index-url", index.simple, "dated")

    client.run(*command, "--exclude-newer", "2020-01-01T00:00:00Z", ok=False)  # type: ignore[arg-type]
    client.run(*command, "--exclude-newer", "2100-01-01T00:00:00Z")  # type: ignore[arg-type]
    client.run(
        "pip", "download", "--no-deps", "-d", "out", "--index-url", index.simple,
        "--uploaded-prior-to", "2100-01-01T00:00:00Z", "dated",
    )  # fmt: skip


def test_the_downloaded_bytes_are_the_uploaded_ones(index: Served, client: Client) -> None:
    wheel, sdist = dist(client.home / "dist", "bytes-demo")
    client.twine(index, wheel, sdist)
    for path in (wheel, sdist):
        request = urllib.request.Request(  # noqa: S310
            f"{index.url}/files/bytes-demo/{path.name}",
            headers={"Authorization": f"Bearer {index.token}"},
        )
        opener = urllib.request.build_opener(_WithoutCredentials)
        with opener.open(request) as answer:
            assert answer.read() == path.read_bytes()
            assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"


class _WithoutCredentials(urllib.request.HTTPRedirectHandler):
    """Follows to another origin without the credential, as installers do."""

    def redirect_request(self, *args: object) -> urllib.request.Request | None:
        made = super().redirect_request(*args)  # type: ignore[arg-type]
        if made:
            made.remove_header("Authorization")
        return made


def test_no_secret_is_in_what_the_server_said(index: Served, client: Client) -> None:
    client.twine(index, dist(client.home / "dist", "quiet")[0])
    said = "".join(index.output)
    greeting, _, log = said.partition("Other tools:")
    assert index.token in greeting
    assert index.token not in log
    assert not re.search(r"X-Amz-Signature=(?!\[secret\])", log)
