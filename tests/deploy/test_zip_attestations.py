"""Attestations read from within the deployment zip, of which much has been left out."""

import hashlib
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests import make, make_attestations
from tests.deploy.conftest import Package
from tests.deploy.runtime_api import unpack

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

# What will verify them one day is in the zip whole.
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


@pytest.fixture(scope="module")
def task(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(local_package.zip, tmp_path_factory.mktemp("task"))


def run(python: str, task: Path, code: str) -> str:
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
        env={"PATH": os.defpath, "PYTHONPATH": str(task), "HOME": "/nonexistent"},
        input=make_attestations.text(wheel, make.wheel_name(), "publish", "slsa"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_attestations_are_read(python: str, task: Path) -> None:
    assert run(python, task, READ) == "2 True"


def test_a_signature_that_nobody_trusts_is_told_from_a_missing_module(
    python: str, task: Path
) -> None:
    assert run(python, task, VERIFY).startswith("Verification failed: ")


def test_what_only_command_lines_need_is_left_out(local_package: Package) -> None:
    names = zipfile.ZipFile(local_package.zip).namelist()

    dropped = r"(rich|pygments|markdown_it|dns|email_validator|cffi|pycparser)[-/]"
    assert not [name for name in names if re.match(dropped, name)]
    assert "pypi_attestations/_impl.py" in names
