"""What is in the deployment zip and its layer, and what is not."""

import json
import re
import ssl
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sls.amazon_roots import AMAZON_ROOTS
from sls.finish_zip import kept
from sls.slim_botocore import OPERATIONS
from tests.deploy.conftest import ROOT, Package, environment

pytestmark = pytest.mark.deploy

LARGEST = 6_600_000
# Three quarters of it are cryptography and pydantic.
LARGEST_LAYER = 13_000_000


@pytest.fixture(scope="session")
def entries(package: Package, python: str) -> dict[str, bytes]:
    return content(package.zip)


@pytest.fixture(scope="session")
def apart(package: Package, python: str) -> dict[str, bytes]:
    """Return what is in the layer."""
    return content(package.layer)


def content(zipped: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(zipped) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_and_its_layer_are_small(package: Package) -> None:
    assert package.zip.stat().st_size <= LARGEST
    assert package.layer.stat().st_size <= LARGEST_LAYER


def test_every_module_comes_with_bytecode_that_nothing_can_make_stale(
    entries: dict[str, bytes], apart: dict[str, bytes]
) -> None:
    both = {**entries, **apart}
    for name in (name for name in both if name.endswith(".py")):
        folder, _, file = name.rpartition("/")
        compiled = f"{folder}/__pycache__/{file}c".lstrip("/").replace(".pyc", ".cpython-313.pyc")

        # The flags after the magic number: bytecode with a source hash that is not checked.
        assert both[compiled][4:8] == b"\x01\x00\x00\x00", name


def test_bytecode_is_only_of_modules_in_the_zip(
    entries: dict[str, bytes], apart: dict[str, bytes]
) -> None:
    for each in (entries, apart):
        modules = sum(name.endswith(".py") for name in each)
        compiled = sum(name.endswith(".pyc") for name in each)

        assert compiled == modules > 0


def test_bytecode_names_the_place_where_lambda_unpacks_it(
    entries: dict[str, bytes], apart: dict[str, bytes]
) -> None:
    ours = entries["__pycache__/handler.cpython-313.pyc"]
    theirs = apart["python/pypi_attestations/__pycache__/_impl.cpython-313.pyc"]

    assert b"/var/task/handler.py" in ours
    assert b"/opt/python/pypi_attestations/_impl.py" in theirs


def test_what_only_attestations_need_is_in_the_layer_and_nothing_else(
    entries: dict[str, bytes], apart: dict[str, bytes]
) -> None:
    here = {name.partition("/")[0] for name in entries}
    there = {name.removeprefix("python/").partition("/")[0] for name in apart}

    assert {"cryptography", "pydantic", "pydantic_core", "sigstore"} <= there
    assert {"app", "argon2", "botocore", "flask", "jwt", "packaging", "urllib3"} <= here
    assert not here & there
    assert all(name.startswith("python/") for name in apart)


def test_the_layer_is_for_the_functions_that_read_uploads(package: Package) -> None:
    resources = json.loads(package.template.read_text())["Resources"]
    layers = {
        name: each["Properties"].get("Layers")
        for name, each in resources.items()
        if each["Type"] == "AWS::Lambda::Function"
    }

    assert layers.pop("LiveLambdaFunction") is None
    assert len(layers) == 4
    assert all(found == [{"Ref": "AttestationsLambdaLayer"}] for found in layers.values())
    about = resources["AttestationsLambdaLayer"]["Properties"]
    assert about["CompatibleArchitectures"] == ["arm64"]
    assert about["Content"]["S3Key"].endswith("/attestations.zip")


def test_the_authorities_of_awss_hosts_are_in_it(entries: dict[str, bytes], tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    context.load_verify_locations(cadata=entries["app/store/amazon-roots.pem"].decode())

    found = [dict(pair for pairs in c["subject"] for pair in pairs) for c in context.get_ca_certs()]
    assert {each["commonName"] for each in found} == set(AMAZON_ROOTS)


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

    assert {match[1] for match in found if match} == set(OPERATIONS)
    assert len(entries["botocore/data/endpoints.json"]) < 20_000
    assert sum(len(entries[n]) for n in entries if n.startswith("botocore/data/")) < 400_000


def test_no_path_of_the_building_machine_is_in_it(
    package: Package, entries: dict[str, bytes], apart: dict[str, bytes]
) -> None:
    # With a slash, or the home of root would be found wherever a word follows it.
    places = [f"{path}/".encode() for path in (ROOT, package.source, Path.home())]
    # A .so names its maker's machine, and a list of trusted keys names keys.
    both = {**entries, **apart}
    own = [name for name in both if not re.search(r"\.so$|/sigstore/_store/", name)]

    assert not [(name, place) for name in own for place in places if place in both[name]]
    assert not [name for name in own if b"finish-zip-" in both[name]]


def test_two_builds_in_different_folders_are_identical(
    package: Package, second_package: Package
) -> None:
    assert package.zip.read_bytes() == second_package.zip.read_bytes()
    assert package.layer.read_bytes() == second_package.layer.read_bytes()


def test_extension_modules_are_for_the_processor_of_the_functions(
    entries: dict[str, bytes], apart: dict[str, bytes]
) -> None:
    both = {**entries, **apart}
    built_for = {name.split("-")[-3] for name in both if name.endswith("-linux-gnu.so")}

    assert built_for == {"aarch64"}


def test_without_an_interpreter_of_the_runtime_a_build_warns_and_goes_on(
    package: Package, tmp_path: Path
) -> None:
    copy, layer = tmp_path / "larder.zip", tmp_path / "attestations.zip"
    with zipfile.ZipFile(copy, "w") as archive:  # as the other plugins leave it
        requirements = package.layer.parent / "requirements"
        for root, files in ((package.source, "app/**/*"), (requirements, "**/*")):
            for file in (each for each in root.glob(files) if each.is_file()):
                archive.write(file, file.relative_to(root))

    done = subprocess.run(
        [sys.executable, "-m", "sls.finish_zip", copy, layer, "python3.99"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "WARNING: no working python3.99" in done.stderr
    names = [*zipfile.ZipFile(copy).namelist(), *zipfile.ZipFile(layer).namelist()]
    assert len(names) > 1000
    assert not [name for name in names if name.endswith(".pyc")]


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
        ("boto3/data/s3/2006-03-01/resources-1.json", False),
    ],
)
def test_what_stays_is_decided_by_name(name: str, *, stays: bool) -> None:
    assert kept(name) is stays


def test_the_lock_of_the_node_packages_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 200
