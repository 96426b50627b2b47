"""`make serve`: the embedded back end and the index on it, until Ctrl-C.

A part that dies is started again; nothing that was acknowledged is lost by that.
"""

import http.client
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from local.backend import REPOSITORY, BackendError, start, stop
from local.folder import log_file
from local.offline import data_folder, use
from local.ports import require_port
from local.processes import end

_LAST_PORT = 65535
_POLL_SECONDS = 0.3
_READY_SECONDS = 30


class Service:
    """The three processes of a local index: back end, web server and scheduler."""

    def __init__(self, data: Path, host: str, port: int) -> None:
        self.data = data
        self.host = host
        self.port = port
        self.backend, self.backend_process = start(data)
        use(self.backend, data)
        self.web_process: subprocess.Popen[bytes] | None = None
        self.scheduler: subprocess.Popen[bytes] | None = None

    def start_web(self) -> None:
        """Start gunicorn and wait until it answers."""
        require_port(self.host, self.port)
        self.web_process = subprocess.Popen(
            [sys.executable, "-m", "local.web"],
            cwd=REPOSITORY,
            env={**os.environ, "HOST": self.host, "PORT": str(self.port)},
            # Ctrl-C goes to a whole terminal session; this process stops the others, in order.
            start_new_session=True,
        )
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if self.web_process.poll() is not None or time.monotonic() > deadline:
                raise BackendError("The index did not start; the lines above say why.")
            time.sleep(_POLL_SECONDS)

    def _wait_for_port(self) -> None:
        """Let a connection that came to hold our port, while nobody served there, go away."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            try:
                require_port(self.host, self.port)
            except BackendError:
                time.sleep(_POLL_SECONDS)
            else:
                return

    def start_scheduler(self) -> None:
        """Start what runs the scheduled jobs."""
        self.scheduler = subprocess.Popen(
            [sys.executable, "-m", "local.scheduler"], cwd=REPOSITORY, start_new_session=True
        )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def keep_running(self) -> None:
        """Start again whatever died, for ever."""
        while True:
            time.sleep(_POLL_SECONDS)
            if self.backend_process.poll() is not None:
                print(f"The back end died ({self._last_words()}); starting it again.", flush=True)
                before = self.backend
                self.backend, self.backend_process = start(self.data)
                use(self.backend, self.data)
                if self.backend.endpoint != before.endpoint:
                    end(self.web_process)
                    end(self.scheduler)
            if self.web_process is None or self.web_process.poll() is not None:
                print("Starting the index again.", flush=True)
                self._wait_for_port()
                self.start_web()
            if self.scheduler is None or self.scheduler.poll() is not None:
                self.start_scheduler()

    def _last_words(self) -> str:
        """Return the last line of the back end's log, where the reason stands if there is one."""
        lines = log_file(self.data).read_text(errors="replace").splitlines() or ["no reason known"]
        return lines[-1]

    def stop(self) -> None:
        """Stop all, the index first and the back end last."""
        end(self.web_process)
        end(self.scheduler)
        stop(self.backend_process)


def prepare() -> list[str]:
    """Set everything up; return the lines with the admin's credentials where they are new.

    An admin without any token, because an earlier start was cut off, is given one.
    """
    from app.config import Config
    from app.domain.account import AccountRole
    from app.errors import Conflict
    from app.features.accounts import service as accounts
    from app.features.setup import service as setup
    from app.features.tokens import service as tokens
    from app.store.stores import open_stores

    stores, now = open_stores(Config.from_env()), datetime.now(UTC)
    setup.prepare(stores)
    lines, password = ["account   admin"], secrets.token_urlsafe(18)
    try:
        accounts.create("admin", password=password, role=AccountRole.ADMIN, stores=stores, now=now)
        lines.append(f"password  {password}  (for the web pages; tools take the token)")
    except Conflict:
        if tokens.list_of("admin", stores=stores):
            return []
    _, token = tokens.create(
        "admin",
        permissions=["admin"],
        projects=["*"],
        lifetime=None,
        label="made by the first start",
        stores=stores,
        now=now,
    )
    return ["Shown this once, so keep it:", *lines, f"export LARDER_TOKEN={token}"]


def greeting(url: str, data: Path, *, first: bool) -> str:
    """Return what a person reads once the index runs."""
    host = url.removeprefix("http://")
    return "\n".join([
        f"Larder is ready: {url}",
        f"Data in {data}; Ctrl-C stops it.",
        *_beyond_loopback(url),
        "",
        *(["With the export line above pasted, publish:"] if first else _another_token(data)),
        "  TWINE_USERNAME=__token__ TWINE_PASSWORD=$LARDER_TOKEN \\",
        f"    twine upload --repository-url {url}/legacy/ dist/*",
        "  UV_PUBLISH_TOKEN=$LARDER_TOKEN \\",
        f"    uv publish --publish-url {url}/legacy/ dist/*",
        "and install:",
        f"  pip install --index-url http://__token__:$LARDER_TOKEN@{host}/simple/ YOUR-PACKAGE",
        f"  uv pip install --index-url http://__token__:$LARDER_TOKEN@{host}/simple/ YOUR-PACKAGE",
        "",
        f"Other tools: {url}/help",
    ])  # fmt: skip


def _another_token(data: Path) -> list[str]:
    folder = f"LARDER_DATA={shlex.quote(str(data))} " if os.environ.get("LARDER_DATA") else ""
    command = "tokens create admin --permissions admin --projects '*'"
    return [
        "The admin token was shown at the first start. To make another one:",
        f"  export LARDER_TOKEN=$({folder}.venv/bin/flask {command})",
        "With it, publish:",
    ]


def _beyond_loopback(url: str) -> list[str]:
    if urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}:
        return []
    return [
        "Other machines can publish here and read pages, but not download, because the embedded",
        "storage answers this machine only: see docs/guide/deploy.md for a server of your own.",
    ]


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _LAST_PORT):
        raise BackendError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    data, host, port = data_folder(), os.environ.get("HOST") or "127.0.0.1", _port()
    require_port(host, port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    service = Service(data, host, port)
    try:
        credentials = prepare()
        print("\n".join(credentials), flush=True)  # at once: whatever fails next, they are known
        service.start_web()
        print(
            "\n" + greeting(f"http://{host}:{port}", data, first=bool(credentials)) + "\n",
            flush=True,
        )
        service.keep_running()
    except KeyboardInterrupt:
        pass
    finally:
        # A second Ctrl-C would only cut off what is being finished.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("\nStopping: running uploads are finished first.", flush=True)
        service.stop()
        print("Stopped; everything is on disk.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except BackendError as problem:
        sys.exit(str(problem))
