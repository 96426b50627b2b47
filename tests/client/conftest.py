"""The client against a fake index, in this process, with no setting of this machine."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from larder_client import wire
from larder_client.cli import main

from tests.client.fake_index import TOKEN, FakeIndex, running


@pytest.fixture
def fake() -> Iterator[FakeIndex]:
    """A fake index, empty."""
    with running() as index:
        yield index


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here: the first pause is a hundredth of a second."""
    monkeypatch.setattr(wire, "FIRST_PAUSE", 0.01)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@dataclass
class Done:
    """What a run of the command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass
class Larder:
    """The command, with an empty home and an environment of its own."""

    fake: FakeIndex
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, code: int = 0, stdin: str = "") -> Done:
        out, err = io.StringIO(), io.StringIO()
        ended = main(
            [str(each) for each in arguments],
            out=out,
            err=err,
            env=self.env,
            home=self.home,
            stdin=io.StringIO(stdin),
        )
        done = Done(ended, out.getvalue(), err.getvalue())
        assert done.code == code, done.said
        assert TOKEN not in done.said
        assert "hushhush" not in done.said
        return done

    def file(self, name: str, content: bytes = b"bytes of a file") -> Path:
        """Write a file into `dist/`."""
        path = self.home / "dist" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture
def larder(fake: FakeIndex, tmp_path: Path) -> Larder:
    """The command, told where the fake index is and given its token."""
    return Larder(fake, tmp_path, {"LARDER_INDEX": fake.url, "LARDER_TOKEN": TOKEN})
