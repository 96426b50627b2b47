"""The deployment package, built as `sls package` builds it, once for all tests of this folder."""

import base64
import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sls.finish_zip import find_python

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".tools"
SOURCES = (
    *("handler.py", "serverless.yml", "requirements.in", "requirements.txt", "package.json"),
    *("sls", "app"),
)
SLS = ROOT / "node_modules" / ".bin" / "sls"
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Package:
    """What one run of `sls package` left behind."""

    source: Path
    zip: Path
    layer: Path
    template: Path


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment for a child, with some more in it."""
    return {**os.environ, **more}


def _build(sources: Path, folder: Path, *options: str) -> Package:
    """Copy the sources to a folder of their own, and package them there.

    The plugins leave files in the folder they work in for a while; the checkout is not theirs.
    """
    shutil.copytree(sources, folder, dirs_exist_ok=True)
    CACHE.mkdir(exist_ok=True)
    (folder / ".tools").symlink_to(CACHE)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    out = folder / "out"
    done = subprocess.run(
        [SLS, "package", "--package", out, "--param", f"python={sys.executable}", *options],
        cwd=folder,
        env=environment(CI="true"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    template = out / "cloudformation-template-update-stack.json"
    return Package(folder, out / "larder.zip", out / "attestations.zip", template)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what is packaged, the same for all builds, whatever is edited meanwhile."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="session")
def python() -> str:
    """Return an interpreter of the version that the functions run on, or skip."""
    found = find_python("3.13")
    if found is None:
        pytest.skip("no Python 3.13 here (LARDER_PYTHON, PATH, uv and pyenv were tried)")
    return found


@pytest.fixture(scope="session")
def arch() -> str:
    """Return Lambda's name for this machine's processor, or skip."""
    if platform.system() != "Linux" or platform.machine() not in MACHINES:
        pytest.skip("packages for Lambda run only on Linux, on x86-64 or arm64")
    return MACHINES[platform.machine()]


@pytest.fixture(scope="session")
def node_modules() -> None:
    """Skip where `npm ci` has not been run."""
    if not SLS.exists():
        pytest.skip("no node_modules here: run `npm ci`")


@pytest.fixture(scope="session")
def package(node_modules: None, sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package as it would be deployed."""
    return _build(sources, tmp_path_factory.mktemp("deployed"))


@pytest.fixture(scope="session")
def local_package(
    node_modules: None,
    python: str,
    arch: str,
    sources: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Package:
    """Return the package for this machine's processor."""
    return _build(sources, tmp_path_factory.mktemp("local package"), "--param", f"arch={arch}")


@pytest.fixture(scope="session")
def second_package(
    node_modules: None, python: str, sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Package:
    """Return the package as it would be deployed, built again in another folder."""
    return _build(sources, tmp_path_factory.mktemp("built again, elsewhere"))


@pytest.fixture(scope="session")
def client(arch: str) -> Path:
    """Return the folder of AWS's runtime client, installed once for each list of its versions."""
    wanted = Path(__file__).with_name("requirements.txt")
    folder = CACHE / f"runtime-client-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
            target = Path(fresh) / "client"
            options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-compile"]
            options += ["--python-version", "3.13", "--target", str(target)]
            for tag in ("manylinux_2_28", "manylinux2014"):
                options += ["--platform", f"{tag}_{platform.machine()}"]
            command = [sys.executable, "-m", "pip", "install", "-q", *options, "-r", str(wanted)]
            subprocess.run(command, env=environment(), check=True)
            target.rename(folder)
    return folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Yield the settings of an index in a back end of its own."""
    backend = pytest.importorskip("local.backend")
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    with backend.attached(tmp_path_factory.mktemp("backend")) as attached:
        yield {
            "LARDER_STAGE": "dev",
            "LARDER_TABLE": "larder-zip",
            "LARDER_BUCKET": "larder-zip",
            "LARDER_SIGNING_KEYS": f"k1={key}",
            **attached.environment(),
        }
