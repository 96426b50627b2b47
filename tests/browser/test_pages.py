"""Pages in a real browser."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not BROWSER, reason="no Chromium is installed"),
]


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The application behind a real server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def render(address: str, profile: Path, *options: str) -> str:
    """Return the page as it stands after its scripts have run without a complaint."""
    assert BROWSER
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--enable-logging=stderr", "--log-level=0", f"--user-data-dir={profile}",
            *options, "--dump-dom", address,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )  # fmt: skip
    complaints = re.findall(r"CONSOLE.*", done.stderr)
    assert not complaints, complaints
    return done.stdout


@pytest.mark.parametrize("path", ["/", "/help"])
def test_every_block_of_lines_gets_a_button_that_copies_it(
    url: str, path: str, tmp_path: Path
) -> None:
    """Only a script can show them, so our own script runs under our content policy."""
    page = render(url + path, tmp_path)
    buttons = re.findall(r'<button[^>]*class="copy"[^>]*>', page)
    assert len(buttons) == page.count('<figure class="code">')
    assert buttons
    assert not any("hidden" in button for button in buttons)
