"""An index on the embedded back end, with a table and a bucket of each test's own."""

import hashlib
from collections.abc import Iterator

import pytest

from local.backend import Backend, attached


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A running back end."""
    with attached(tmp_path_factory.mktemp("backend")) as running:
        yield running


@pytest.fixture
def settings(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> dict[str, str]:
    """The settings of an index that nobody else uses, and its place in the environment."""
    for name, value in backend.environment().items():
        monkeypatch.setenv(name, value)
    name = f"t{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]}"
    return {**backend.environment(), "LARDER_TABLE": name, "LARDER_BUCKET": name}
