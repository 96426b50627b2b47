"""Rewrite a deployment zip: only what runs on Lambda, compiled, and the same bytes every time.

    python -m sls.finish_zip ZIP LAYER RUNTIME      (RUNTIME is Lambda's name for it: python3.13)

It is called in the folder of serverless.yml. What only attestations need becomes a zip of its own,
LAYER, for a Lambda layer. The application's zip also gets a file of the few authorities that vouch
for AWS's hosts.

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

from sls.amazon_roots import amazon_roots
from sls.apart import files_apart
from sls.slim_botocore import OPERATIONS, slim

TASK_ROOT, LAYER_ROOT = "/var/task", "/opt"
"""Where Lambda unpacks the zip and its layers, hence the places that tracebacks name."""

_DROPPED = re.compile(
    r"""
      ^bin/                                     # scripts that name the builder's interpreter
    | ^(requirements\.txt|unzip_requirements\.py|\.completed_requirements)$   # the plugins' own
    | (^|/)__pycache__/ | \.py[cio]$            # compiled anew below; stubs are for type checkers
    | ^(?!app/).*/tests?/                       # other people's tests
    | ^boto3/(examples|data)/                   # data: for `resource`, which is not used
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
_SERVICE_DATA = re.compile(r"^botocore/data/([^/]+)/")


def main() -> None:
    """Finish the zip named on the command line."""
    path, layer, runtime = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    before = path.stat().st_size
    with tempfile.TemporaryDirectory(prefix="finish-zip-") as folder:
        root, apart = Path(folder, "zip"), Path(folder, "layer")
        _unpack(path, root, apart / "python")  # as Lambda wants it in a layer
        slim(root / "botocore" / "data")
        bundle = (root / "botocore" / "cacert.pem").read_text()
        (root / "app" / "store" / "amazon-roots.pem").write_text(amazon_roots(bundle))
        if python := _interpreter(runtime):
            _compile(python, root, TASK_ROOT)
            _compile(python, apart, LAYER_ROOT)
        _pack(root, path)
        _pack(apart, layer)
    sizes = f"{path.stat().st_size / 1e6:.1f} MB and a layer of {layer.stat().st_size / 1e6:.1f} MB"
    print(f"Finished {path.name}: {before / 1e6:.1f} MB -> {sizes}")


def kept(name: str) -> bool:
    """Return whether the entry of this name is of use on Lambda."""
    service = _SERVICE_DATA.match(name)
    if service:
        return service[1] in OPERATIONS
    return not name.endswith("/") and not _DROPPED.search(name)


def _unpack(path: Path, root: Path, apart: Path) -> None:
    """Unpack what every function needs to `root`, and the rest to `apart`."""
    with zipfile.ZipFile(path) as archive:
        separate = files_apart(archive)
        for name in filter(kept, archive.namelist()):
            archive.extract(name, apart if name in separate else root)


def _interpreter(runtime: str) -> str | None:
    """Return the path of an interpreter of the runtime's version; warn where there is none."""
    python = find_python(runtime.removeprefix("python"))
    if python is None:
        print(
            f"WARNING: no working {runtime} was found (LARDER_PYTHON, PATH, uv, pyenv), so the"
            " package holds no bytecode: every cold start will take two to three times as long.",
            file=sys.stderr,
        )
    return python


def _compile(python: str, root: Path, place: str) -> None:
    """Compile all modules below `root` for Lambda, which unpacks them to `place`."""
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", place]
    # The order of a compiled set follows the hash seed; fixed, two builds are equal.
    subprocess.run(  # noqa: S603 - the interpreter was tried
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
