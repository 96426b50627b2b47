"""Rewrite a deployment zip: only what runs on Lambda, compiled, and the same bytes every time.

    python finish_zip.py ZIP RUNTIME        (RUNTIME is Lambda's name for it, such as python3.13)

Lambda's file system is read-only, so modules that come without valid bytecode are compiled again at
every cold start. Packagers write invented dates into zips, which make bytecode that is checked by
date invalid; hence bytecode that is not checked at all. Only an interpreter of the runtime's own
version can make it. Without one the zip stays uncompiled, and a warning says so.
"""
# ruff: noqa: INP001, T201 - a step of a build: a script that speaks to the person who runs it

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

SERVICES = ("dynamodb", "s3", "ssm", "sts")
"""The AWS services whose descriptions botocore needs here, out of some four hundred."""

TASK_ROOT = "/var/task"
"""Where Lambda unpacks the zip, hence the place that tracebacks name."""

_DROPPED = re.compile(
    r"""
      ^bin/                                     # scripts that name the builder's interpreter
    | ^(requirements\.txt|unzip_requirements\.py|\.completed_requirements)$   # the plugins' own
    | (^|/)__pycache__/ | \.py[cio]$            # compiled anew below; stubs are for type checkers
    | ^(?!app/).*/tests?/                       # other people's tests
    | ^boto3/examples/
    # The command lines of sigstore and pypi-attestations, and checks of e-mail addresses.
    | ^(rich|pygments|markdown_it(_py)?|mdurl|rfc3986|dns(python)?|email_validator)(-[^/]+)?/
    | ^sigstore/_cli\.py$ | ^pypi_attestations/_cli\.py$
    | ^pydantic/(v1/|mypy\.py$)                 # for programs written for its first version
    | ^securesystemslib/_vendor/ed25519/test_data/
    | ^(cffi|pycparser)(-[^/]+)?/               # build extension modules; _cffi_backend runs them
    | \.dist-info/sboms/
    | \.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$    # about the building machine
    """,
    re.VERBOSE,
)
_SERVICE_DATA = re.compile(r"^boto(core|3)/data/([^/]+)/")


def main() -> None:
    """Finish the zip named on the command line."""
    path, runtime = Path(sys.argv[1]), sys.argv[2]
    before = path.stat().st_size
    with tempfile.TemporaryDirectory(prefix="finish-zip-") as folder:
        root = Path(folder)
        _unpack(path, root)
        _compile(root, runtime)
        _pack(root, path)
    print(f"Finished {path.name}: {before / 1e6:.1f} MB -> {path.stat().st_size / 1e6:.1f} MB")


def kept(name: str) -> bool:
    """Return whether the entry of this name is of use on Lambda."""
    service = _SERVICE_DATA.match(name)
    if service:
        return service[2] in SERVICES
    return not name.endswith("/") and not _DROPPED.search(name)


def _unpack(path: Path, root: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(root, [name for name in archive.namelist() if kept(name)])


def _compile(root: Path, runtime: str) -> None:
    python = find_python(runtime.removeprefix("python"))
    if python is None:
        print(
            f"WARNING: no working {runtime} was found (LARDER_PYTHON, PATH, uv, pyenv), so the"
            " package holds no bytecode: every cold start will take two to three times as long.",
            file=sys.stderr,
        )
        return
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", TASK_ROOT]
    # The order of a compiled set follows the hash seed; fixed, two builds are equal.
    subprocess.run(  # noqa: S603 - the interpreter was tried above
        [python, "-m", "compileall", *options, str(root)],
        check=True,
        env={"PYTHONHASHSEED": "0"},
    )


def find_python(version: str) -> str | None:
    """Return the path of an interpreter of exactly this version, such as "3.13", that runs."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    answers = ((each, _output([each, "-c", ask])) for each in _candidates(version))
    return next((each for each, answer in answers if answer == version), None)


def _candidates(version: str) -> Iterator[str]:
    chosen = os.environ.get("LARDER_PYTHON")  # noqa: TID251 - a build step, not the application
    if chosen:
        yield chosen
    yield sys.executable
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if found := _output([uv, "python", "find", "--no-project", version]):
        yield found
    for folder in sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*"), reverse=True):
        yield str(folder / "bin" / "python")


def _output(command: list[str]) -> str | None:
    """Return what the command prints, or None when it cannot run or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - only the interpreters and uv, above
            command, capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _pack(root: Path, path: Path) -> None:
    """Write the zip anew, with sorted names, one date and one mode."""
    fresh = path.with_suffix(".tmp")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(each for each in root.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, without which the mode does not count
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    fresh.replace(path)


if __name__ == "__main__":
    main()
