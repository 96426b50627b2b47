"""Attestations read as on Lambda: by the zip and its layer, of which much has been left out."""

import hashlib
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests import make, make_attestations
from tests.deploy.conftest import Package
from tests.deploy.runtime_api import search_path, unpack

pytestmark = pytest.mark.deploy

READ = """
import sys
from app.domain import attestations
text = sys.stdin.read()
found = attestations.parse(text)
attestations.check_subject(found, sys.argv[1], sys.argv[2])
document = attestations.render_provenance(found, attestations.publisher_of(found))
print(len(found), len(document) > len(text))
"""

# What will verify them one day is there whole.
VERIFY = """
import json, sys
from pypi_attestations import Attestation, Distribution, GitHubPublisher, VerificationError
file = Distribution(name=sys.argv[1], digest=sys.argv[2])
publisher = GitHubPublisher(repository="larder/demo", workflow="release.yml")
try:
    Attestation.model_validate(json.load(sys.stdin)[0]).verify(publisher, file, offline=True)
except VerificationError as error:
    print(error)
"""

MANIFEST = """
from app.domain import manifest
from app.errors import BadRequest
try:
    manifest.parse(b"{}")
except BadRequest as error:
    print(error)
"""

EVERYTHING = """
import importlib, pkgutil, app
for found in pkgutil.walk_packages(app.__path__, "app."):
    importlib.import_module(found.name)
import handler, wsgi_handler
print("imported")
"""


@pytest.fixture(scope="module")
def task(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(local_package.zip, tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def layer(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(local_package.layer, tmp_path_factory.mktemp("layer"))


def run(python: str, task: Path, layer: Path | None, code: str) -> str:
    wheel = make.wheel()
    done = subprocess.run(
        # Without -S packages beside the interpreter could stand in for those left out.
        [
            python,
            "-S",
            "-W",
            "error",
            "-c",
            code,
            make.wheel_name(),
            hashlib.sha256(wheel).hexdigest(),
        ],
        cwd=task,
        env={"PATH": os.defpath, "PYTHONPATH": search_path(task, layer), "HOME": "/nonexistent"},
        input=make_attestations.text(wheel, make.wheel_name(), "publish", "slsa"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_attestations_are_read(python: str, task: Path, layer: Path) -> None:
    assert run(python, task, layer, READ) == "2 True"


def test_a_signature_that_nobody_trusts_is_told_from_a_missing_module(
    python: str, task: Path, layer: Path
) -> None:
    assert run(python, task, layer, VERIFY).startswith("Verification failed: ")


def test_a_manifest_is_read(python: str, task: Path, layer: Path) -> None:
    assert run(python, task, layer, MANIFEST).startswith("It is no ")


def test_no_module_needs_the_layer_to_be_imported(python: str, task: Path) -> None:
    assert run(python, task, None, EVERYTHING) == "imported"


def test_what_only_command_lines_need_is_left_out(local_package: Package) -> None:
    names = zipfile.ZipFile(local_package.zip).namelist()
    names += zipfile.ZipFile(local_package.layer).namelist()

    dropped = r"(python/)?(rich|pygments|markdown_it|dns|email_validator|cffi|pycparser)[-/]"
    assert not [name for name in names if re.match(dropped, name)]
    assert "python/pypi_attestations/_impl.py" in names
