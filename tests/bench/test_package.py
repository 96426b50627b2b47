"""Looking at a zip, and at modules."""

import importlib.util
import zipfile
from pathlib import Path

from bench.function import heavy
from bench.parts.package import stale_modules

HEAD = importlib.util.MAGIC_NUMBER


def make(path: Path, entries: dict[str, bytes]) -> zipfile.ZipFile:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return zipfile.ZipFile(path)


def test_bytecode_is_good_only_if_nothing_is_held_against_it(tmp_path: Path) -> None:
    entries = {
        "a/good.py": b"",
        "a/__pycache__/good.cpython-313.pyc": HEAD + b"\1\0\0\0",
        "dated.py": b"",
        "__pycache__/dated.cpython-313.pyc": HEAD + b"\0\0\0\0",
        "checked.py": b"",
        "__pycache__/checked.cpython-313.pyc": HEAD + b"\3\0\0\0",
        "b/good.py": b"",
    }
    with make(tmp_path / "x.zip", entries) as archive:
        assert stale_modules(archive) == ["b/good.py", "checked.py", "dated.py"]


def test_a_heavy_package_is_seen_by_any_of_its_modules() -> None:
    assert heavy(["json", "jwt.api_jws", "jwtish"], ["jwt", "boto3"]) == ["jwt"]
