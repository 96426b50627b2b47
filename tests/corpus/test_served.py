"""The corpus against an index that is served as `make serve` serves it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Served

pytestmark = pytest.mark.e2e


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    index = Served(tmp_path / "data")
    index.start()
    yield index
    assert index.stop() == 0


def test_a_served_index_gives_every_case_what_is_due_to_it(served: Served) -> None:
    served.flask("users", "create", "stranger")
    made = served.flask(
        "tokens", "create", "stranger", "--permissions", "manage", "--projects", "*"
    )
    played = subprocess.run(
        [sys.executable, "-m", "tests.corpus", served.url, "--stranger", made.stdout.strip()],
        cwd=ROOT,
        env={"LARDER_TOKEN": served.token},
        capture_output=True,
        text=True,
        check=False,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert "left out" not in played.stdout
