"""Object files after a death in the middle of a write."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.objects import SIDECAR, ObjectFiles, repair


class DeathError(BaseException):
    """Stands for the end of the process: nothing after it is run."""


def stored(folder: Path, key: str, content: str, *, dies_after: int = 99) -> None:
    """Store an object as ministack does, bytes first; die after so many files written."""
    written: list[str] = []

    def put(path: str, text: str) -> None:
        if len(written) == dies_after:
            raise DeathError
        s3._atomic_write(path, text)
        written.append(path)

    def persist(_bucket: str, key: str, record: Any) -> None:
        path = folder / "000000000000" / "bucket" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        put(str(path), f"bytes of {record}")
        put(f"{path}{SIDECAR}", f"sidecar of {record}")
        if dies_after == len(written):
            raise DeathError

    s3 = SimpleNamespace(
        _object_disk_path=lambda bucket, key: str(folder / "000000000000" / bucket / key),
        _persist_object=persist,
    )
    ObjectFiles(s3, sync=False)
    s3._persist_object("bucket", key, content)


def held(folder: Path) -> dict[str, str]:
    """Return all files under ``folder`` with their text."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.name: path.read_text() for path in files}


def test_a_replaced_object_leaves_nothing_behind(tmp_path: Path) -> None:
    stored(tmp_path, "a", "one")
    stored(tmp_path, "a", "two")
    assert held(tmp_path) == {"a": "bytes of two", "a.meta.json": "sidecar of two"}


def test_death_between_bytes_and_sidecar_brings_the_acknowledged_object_back(
    tmp_path: Path,
) -> None:
    stored(tmp_path, "a", "one")
    with pytest.raises(DeathError):
        stored(tmp_path, "a", "two", dies_after=1)
    assert held(tmp_path)["a"] == "bytes of two"
    repair(tmp_path)
    assert held(tmp_path) == {"a": "bytes of one", "a.meta.json": "sidecar of one"}


@pytest.mark.parametrize(("dies_after", "content"), [(0, "one"), (2, "two")])
def test_death_before_the_first_or_after_the_last_file_changes_nothing(
    tmp_path: Path, dies_after: int, content: str
) -> None:
    stored(tmp_path, "a", "one")
    with pytest.raises(DeathError):
        stored(tmp_path, "a", "two", dies_after=dies_after)
    repair(tmp_path)
    assert held(tmp_path) == {"a": f"bytes of {content}", "a.meta.json": f"sidecar of {content}"}


def test_a_new_object_without_its_sidecar_was_never_acknowledged_and_goes(tmp_path: Path) -> None:
    with pytest.raises(DeathError):
        stored(tmp_path, "a", "one", dies_after=1)
    repair(tmp_path)
    assert held(tmp_path) == {}


def test_superseded_versions_need_no_sidecar(tmp_path: Path) -> None:
    version = tmp_path / ".versions" / "000000000000" / "bucket" / "some-version" / "a"
    version.parent.mkdir(parents=True)
    version.write_text("old")
    repair(tmp_path)
    assert version.read_text() == "old"


def test_a_bucket_may_be_named_like_a_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "000000000000" / "bucket.tmp").mkdir(parents=True)
    repair(tmp_path)
    assert (tmp_path / "000000000000" / "bucket.tmp").is_dir()


def test_temporary_files_go(tmp_path: Path) -> None:
    stored(tmp_path, "a", "one")
    (tmp_path / "000000000000" / "bucket" / "b.tmp").write_text("half")
    repair(tmp_path)
    assert sorted(held(tmp_path)) == ["a", "a.meta.json"]


def test_a_failure_to_write_is_remembered(tmp_path: Path) -> None:
    files = ObjectFiles(SimpleNamespace(_object_disk_path=None, _persist_object=None), sync=False)
    with pytest.raises(FileNotFoundError):
        files.write(str(tmp_path / "missing" / "a"), b"")
    assert isinstance(files.failure, FileNotFoundError)
