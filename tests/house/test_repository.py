"""Rules of the whole repository."""

import ast
import dataclasses
import importlib.metadata
import json
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from app import errors
from app.config import Config
from app.errors import AppError
from app.factory import create_app
from app.logs import redact

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    listed = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    return [path for name in listed.splitlines() if (path := ROOT / name).is_file()]


def read(name: str) -> str:
    return (ROOT / name).read_text()


def test_no_registry_is_named_anywhere() -> None:
    """An index that stands in for others must work where they cannot be reached."""
    hosts = re.compile(r"py(p)i\.org|python(hosted)\.org|registry\.npm(js)|deb(ian)\.org")
    for path in tracked():
        if path.suffix not in {".png", ".ico"}:
            assert not hosts.search(path.read_text()), path


def test_everything_that_is_installed_is_pinned_with_hashes() -> None:
    for path in ROOT.glob("**/requirements*.txt"):
        if {".venv", ".tools", "node_modules"} & set(path.parts):
            continue
        pins = re.findall(r"^\S+==\S+.*?(?=^\S|\Z)", path.read_text(), re.MULTILINE | re.DOTALL)
        assert pins, path
        assert all("--hash=sha256:" in pin for pin in pins), path
        assert "index-url" not in path.read_text()


def test_the_lock_of_the_serverless_tools_names_no_place() -> None:
    packages = json.loads(read("package-lock.json"))["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert "omit-lockfile-registry-resolved=true" in read(".npmrc")


@pytest.mark.parametrize("floor", ["pyjwt>=2.13", "packaging>=26.3", "werkzeug>=3.1"])
def test_libraries_with_known_holes_stay_above_them(floor: str) -> None:
    wanted = Requirement(floor)
    installed = importlib.metadata.version(wanted.name)
    assert Version(installed) in wanted.specifier


def test_every_setting_is_described() -> None:
    described, source = read("docs/reference/settings.md"), read("app/config.py")
    names = set(re.findall(r'"((?:LARDER|AWS)_[A-Z0-9_]+)"', source)) - {"AWS_LAMBDA_FUNCTION_NAME"}
    assert len(names) >= len(dataclasses.fields(Config)) - 1
    for name in names:
        assert f"`{name}`" in described, name


def test_every_error_is_described() -> None:
    described = read("docs/reference/errors.md")
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, AppError) and kind is not AppError:
            assert f"`{kind('').code}`" in described, kind
            assert f"| {kind.status} |" in described, kind


def test_every_command_is_described() -> None:
    described = read("docs/reference/commands.md")
    app = create_app(Config.from_env({}))
    for name, command in app.cli.commands.items():
        for below in getattr(command, "commands", {"": None}):
            assert f"`flask {name} {below}".rstrip() in described


def test_every_make_target_explains_itself() -> None:
    targets = re.findall(r"^([a-z-]+):(?!=)(.*)$", read("Makefile"), re.MULTILINE)
    assert len(targets) >= 10
    for name, rest in targets:
        assert "## " in rest, name


def test_every_route_is_described() -> None:
    described = read("docs/reference/http.md")
    app = create_app(Config.from_env({}))
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            assert f"`{rule.rule}`" in described, rule.rule


def test_no_sentence_of_a_refusal_looks_like_a_secret() -> None:
    """What looks like one is cut out of refusals (app/web/problems.py)."""
    raised = [
        part
        for path in (ROOT / "app").rglob("*.py")
        for statement in ast.walk(ast.parse(path.read_text()))
        if isinstance(statement, ast.Raise)
        for part in ast.walk(statement)
    ]
    said = [part.value for part in raised if isinstance(part, ast.Constant)]
    said += [
        "".join(
            each.value if isinstance(each, ast.Constant) else "Value-of-1" for each in part.values
        )
        for part in raised
        if isinstance(part, ast.JoinedStr)
    ]
    texts = [text for text in said if isinstance(text, str)]

    assert len(texts) > 200
    assert [text for text in texts if redact(text) != text] == []


def test_no_test_forgets_modules_of_the_application() -> None:
    """Their classes would be made twice, in an order of the tests that comes up once in a while."""
    forgets = re.compile(r"patch\.dict\(\s*[\"']?sys\.modules|sys\.modules\.clear")
    tests = [path for path in tracked() if path.suffix == ".py" and path != Path(__file__)]
    assert not [path for path in tests if forgets.search(path.read_text())]


@pytest.mark.parametrize("page", ["docs/reference/protocol.md", "SECURITY.md"])
def test_every_test_that_a_promise_names_is_there(page: str) -> None:
    named = set(re.findall(r"\b(test_\w+\.py)::(test_\w+)", read(page)))
    assert named
    found = {
        (path.name, name)
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert named - found == set()
