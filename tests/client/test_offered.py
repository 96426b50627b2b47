"""The wheel of the client: how it is built, and how the index offers it."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

ROOT = Path(__file__).parents[2]
NAME = "larder_client-0.1.0-py3-none-any.whl"


@pytest.fixture
def built(app: Flask, tmp_path: Path) -> bytes:
    """Put a wheel where `make client` puts it, in a static folder of our own."""
    app.static_folder = str(tmp_path)
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / NAME).write_bytes(b"a wheel")
    return b"a wheel"


def test_the_page_of_the_client_leads_to_its_wheel(client: FlaskClient, built: bytes) -> None:
    answer = client.get("/client/")
    digest = hashlib.sha256(built).hexdigest()
    assert answer.content_type == "text/html; charset=utf-8"
    assert f'<a href="/client/{NAME}#sha256={digest}">{NAME}</a>' in answer.text
    given = client.get(f"/client/{NAME}")
    assert given.data == built
    given.close()


@pytest.mark.parametrize("name", ["other.whl", "..%2f..%2fapp.py", "%2e%2e/views.py", ".whl"])
def test_nothing_else_is_given_away(client: FlaskClient, built: bytes, name: str) -> None:
    assert client.get(f"/client/{name}").status_code == 404


def test_the_help_page_has_lines_with_its_address(client: FlaskClient, built: bytes) -> None:
    text = client.get("/help", base_url="https://packages.example.com").text
    wheel = f"https://packages.example.com/client/{NAME}"
    assert f"uvx --from {wheel} \\\n  larder upload dist/*" in text
    assert f"pipx install {wheel}" in text


def test_where_it_was_not_built_that_is_said_and_nothing_promised(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    app.static_folder = str(tmp_path)
    for path in ("/client/", f"/client/{NAME}"):
        answer = client.get(path, headers={"Accept": "application/json"})
        assert (answer.status_code, "make client" in answer.text) == (404, True)
    assert "larder upload" not in client.get("/help").text


def build(folder: Path) -> Path:
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "build", "--quiet", "--offline", "--wheel", "--out-dir", folder]
    subprocess.run([*command, ROOT / "client"], check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_is_the_same_whenever_it_is_built(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one"), build(tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()


def test_the_wheel_holds_every_module_and_the_command(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(tmp_path)) as wheel:
        names = set(wheel.namelist())
        commands = wheel.read("larder_client-0.1.0.dist-info/entry_points.txt").decode()
        document = wheel.read("larder_client-0.1.0.dist-info/METADATA").decode()
    modules = {f"larder_client/{m.name}" for m in (ROOT / "client/src/larder_client").glob("*.py")}
    assert len(modules) > 10
    assert {*modules, "larder_client/py.typed"} <= names
    assert "larder = larder_client.cli:run" in commands
    assert document.count("Requires-Dist:") == document.count("Requires-Dist: urllib3>=2") == 1
