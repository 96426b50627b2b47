"""What is in the deployment zip, and what is not."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sls.finish_zip import SERVICES, kept
from tests.deploy.conftest import ROOT, Package, environment

pytestmark = pytest.mark.deploy

# Two thirds of it are cryptography and what else checks attestations, which no other request loads.
LARGEST = 20_000_000


@pytest.fixture(scope="session")
def entries(package: Package, python: str) -> dict[str, bytes]:
    with zipfile.ZipFile(package.zip) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_is_small(package: Package) -> None:
    assert package.zip.stat().st_size <= LARGEST


def test_every_module_comes_with_bytecode_that_nothing_can_make_stale(
    entries: dict[str, bytes],
) -> None:
    for name in (name for name in entries if name.endswith(".py")):
        folder, _, file = name.rpartition("/")
        compiled = f"{folder}/__pycache__/{file}c".lstrip("/").replace(".pyc", ".cpython-313.pyc")

        # The flags after the magic number: bytecode with a source hash that is not checked.
        assert entries[compiled][4:8] == b"\x01\x00\x00\x00", name


def test_bytecode_is_only_of_modules_in_the_zip(entries: dict[str, bytes]) -> None:
    modules = sum(name.endswith(".py") for name in entries)
    compiled = sum(name.endswith(".pyc") for name in entries)

    assert compiled == modules


def test_bytecode_names_the_place_where_lambda_unpacks_it(entries: dict[str, bytes]) -> None:
    assert b"/var/task/handler.py" in entries["__pycache__/handler.cpython-313.pyc"]


def test_the_application_is_in_it_whole(sources: Path, entries: dict[str, bytes]) -> None:
    app = {
        each.relative_to(sources).as_posix() for each in sources.glob("app/**/*") if each.is_file()
    }

    assert len(app) > 10
    assert app <= set(entries)
    assert {"handler.py", "wsgi_handler.py", "serverless_wsgi.py"} <= set(entries)
    assert entries[".serverless-wsgi"] == b'{"app":"handler.app"}'


@pytest.mark.parametrize("folder", ["local", "tests", "bench", "docs", "events", "sls", "bin"])
def test_nothing_that_only_development_needs_is_in_it(
    entries: dict[str, bytes], folder: str
) -> None:
    assert not [name for name in entries if name.startswith(f"{folder}/")]


def test_no_tests_of_other_packages_are_in_it(entries: dict[str, bytes]) -> None:
    assert not [name for name in entries if re.search(r"/tests?/", name)]


def test_of_botocore_only_the_services_in_use_are_described(entries: dict[str, bytes]) -> None:
    found = (re.match(r"botocore/data/([^/]+)/", name) for name in entries)

    assert {match[1] for match in found if match} == set(SERVICES)
    assert "botocore/data/endpoints.json" in entries


def test_no_path_of_the_building_machine_is_in_it(
    package: Package, entries: dict[str, bytes]
) -> None:
    # With a slash, or the home of root would be found wherever a word follows it.
    places = [f"{path}/".encode() for path in (ROOT, package.source, Path.home())]
    # A .so names its maker's machine, and a list of trusted keys names keys.
    own = [name for name in entries if not re.search(r"\.so$|^sigstore/_store/", name)]

    assert not [(name, place) for name in own for place in places if place in entries[name]]
    assert not [name for name in own if b"finish-zip-" in entries[name]]


def test_two_builds_in_different_folders_are_identical(
    package: Package, second_package: Package
) -> None:
    assert package.zip.read_bytes() == second_package.zip.read_bytes()


def test_extension_modules_are_for_the_processor_of_the_functions(
    entries: dict[str, bytes],
) -> None:
    built_for = {name.split("-")[-3] for name in entries if name.endswith("-linux-gnu.so")}

    assert built_for == {"aarch64"}


def test_without_an_interpreter_of_the_runtime_a_build_warns_and_goes_on(
    package: Package, tmp_path: Path
) -> None:
    copy = tmp_path / "larder.zip"
    shutil.copy(package.zip, copy)

    done = subprocess.run(
        [sys.executable, ROOT / "sls" / "finish_zip.py", copy, "python3.99"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "WARNING: no working python3.99" in done.stderr
    assert not [name for name in zipfile.ZipFile(copy).namelist() if name.endswith(".pyc")]


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("app/features/tests/views.py", True),
        ("flask/app.py", True),
        ("flask-3.1.3.dist-info/METADATA", True),
        ("flask-3.1.3.dist-info/RECORD", False),
        ("flask/tests/test_app.py", False),
        ("flask/__pycache__/app.cpython-311.pyc", False),
        ("werkzeug/test.py", True),
        ("bin/flask", False),
        ("jmespath/visitor.pyi", False),
        ("botocore/data/partitions.json", True),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
    ],
)
def test_what_stays_is_decided_by_name(name: str, *, stays: bool) -> None:
    assert kept(name) is stays


def test_the_lock_of_the_node_packages_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 200
