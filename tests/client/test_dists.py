"""The files to publish."""

import hashlib
from pathlib import Path

import pytest
from larder_client import dists
from larder_client.errors import Interrupted, UsageError


@pytest.mark.parametrize(
    ("filename", "release"),
    [
        ("demo-1.0-py3-none-any.whl", ("demo", "1.0")),
        ("Larder.Demo-1.0-py3-none-any.whl", ("larder-demo", "1.0")),
        (
            "larder_demo-1.0+local.1-7abc-cp311-cp311-linux_x86_64.whl",
            ("larder-demo", "1.0+local.1"),
        ),
        ("larder_demo-1!2.0rc1.tar.gz", ("larder-demo", "1!2.0rc1")),
        ("larder-demo-1.0.tar.gz", ("larder-demo", "1.0")),
    ],
)
def test_a_file_name_tells_the_release(filename: str, release: tuple[str, str]) -> None:
    assert dists.parse_name(filename) == release


@pytest.mark.parametrize(
    "filename",
    ["demo.whl", "demo-1.0.whl", "demo-1.0-py3-any.whl", "a-b-c-d-e-f-g.whl", "-1-a-b-c.whl",
     "demo.tar.gz", "demo-.tar.gz", "demo-1.0.zip", "demo-1.0.egg", "README.md", ".whl"],
)  # fmt: skip
def test_other_names_are_refused(filename: str) -> None:
    with pytest.raises(UsageError, match="neither a wheel"):
        dists.parse_name(filename)


def dist(filename: str) -> dists.Dist:
    project, version = dists.parse_name(filename)
    return dists.Dist(path=Path(filename), project=project, version=version, size=1, sha256="")


def test_files_are_grouped_by_release_and_wheels_go_first() -> None:
    names = ["b-1.tar.gz", "a_b-1.0.tar.gz", "A.B-1.0-py3-none-any.whl", "a_b-0.9.tar.gz"]
    groups = dists.releases(map(dist, names))
    assert [(group.label, [one.filename for one in group.dists]) for group in groups] == [
        ("a-b 0.9", ["a_b-0.9.tar.gz"]),
        ("a-b 1.0", ["A.B-1.0-py3-none-any.whl", "a_b-1.0.tar.gz"]),
        ("b 1", ["b-1.tar.gz"]),
    ]


def read(path: Path, *, stopped: bool = False) -> dists.Dist:
    return dists.read(path, advance=lambda _: None, stopped=lambda: stopped)


def test_a_file_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.tar.gz"
    path.write_bytes(b"x" * 3_000_000)
    counted: list[int] = []
    found = dists.read(path, advance=counted.append, stopped=lambda: False)
    assert (found.size, found.sha256) == (
        3_000_000,
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    assert sum(counted) == 3_000_000


def test_measuring_ends_when_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.tar.gz"
    path.write_bytes(b"x")
    with pytest.raises(Interrupted):
        read(path, stopped=True)


def test_an_empty_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.tar.gz"
    path.touch()
    with pytest.raises(UsageError, match="empty"):
        read(path)
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "gone-1.0.tar.gz")


def test_files_are_found_by_name_and_by_pattern_but_attestations_are_none(tmp_path: Path) -> None:
    for name in ("a-1.tar.gz", "a-1.tar.gz.publish.attestation", "b-1.tar.gz"):
        (tmp_path / name).touch()
    found = dists.find([str(tmp_path / "a-1.tar.gz"), str(tmp_path / "*")])
    assert [path.name for path in found] == ["a-1.tar.gz", "b-1.tar.gz"]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    with pytest.raises(UsageError, match=r"no file\."):
        dists.find([str(tmp_path / "gone" / "*")])
    with pytest.raises(UsageError, match=r"no file; try .*dist/\*"):
        dists.find([str(tmp_path / "dist")])
    (tmp_path / "a-1.tar.gz.publish.attestation").touch()
    with pytest.raises(UsageError, match="no file to publish"):
        dists.find([str(tmp_path / "a-1.tar.gz.publish.attestation")])


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a-1.tar.gz").touch()
    with pytest.raises(UsageError, match="same name"):
        dists.find([str(tmp_path / "*" / "a-1.tar.gz")])
