"""`sls invoke local` with the recorded events, against the embedded back end."""

import json
import subprocess
import sys

import pytest

from tests.deploy.conftest import ROOT, SLS, environment

pytestmark = [pytest.mark.deploy, pytest.mark.emulator]


@pytest.mark.parametrize(("name", "status"), [("healthz", 200), ("upload", 401), ("schedule", 400)])
def test_a_recorded_event_is_answered(
    node_modules: None, settings: dict[str, str], name: str, status: int
) -> None:
    done = subprocess.run(
        [SLS, "invoke", "local", "-f", "web", "-p", f"events/{name}.json"],
        cwd=ROOT,
        env=environment(VIRTUAL_ENV=sys.prefix, CI="true", **settings),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout[done.stdout.index("{\n") :])["statusCode"] == status
