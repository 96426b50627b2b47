"""The Lambda service's side of a function, small: unpack a zip, start it, send it events.

A function's process asks its Runtime API for the next event and posts the answer back. Here the
API is a server on 127.0.0.1 and the process is AWS's own runtime client for Python, so what runs is
what Lambda would run, from the same files.
"""

import json
import os
import queue
import subprocess
import tempfile
import threading
import zipfile
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

_PREFIX = "/2018-06-01/runtime/"
_LARGEST = 6 * 1024 * 1024


class InitError(Exception):
    """The function's process ended, or reported a failure, before it asked for an event."""


class FunctionError(Exception):
    """The function raised an exception, died, or answered more than Lambda would carry."""


def unpack(package: Path, folder: Path) -> Path:
    """Unpack the zip as Lambda does, read-only, and return the folder."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    for each in folder.rglob("*"):
        each.chmod(0o555 if each.is_dir() else 0o444)
    folder.chmod(0o555)
    return folder


def search_path(task: Path, layer: Path | None, *more: Path) -> str:
    """Return where Lambda looks for modules: in the zip, in its layer, in what it has itself."""
    places = [task, *([layer / "python"] if layer else []), *more]
    return os.pathsep.join(map(str, places))


class Runtime:
    """One execution environment: a Runtime API and the function's process that asks it for work."""

    def __init__(
        self,
        task: Path,
        *,
        handler: str,
        python: str,
        client: Path,
        env: dict[str, str],
        layer: Path | None = None,
    ) -> None:
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._ready = threading.Event()
        self._server = _Server(self._events, self._answers, self._ready)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [python, "-m", "awslambdaric", handler],
            cwd=task,
            env={
                "PATH": os.defpath,
                "TZ": ":UTC",
                "PYTHONPATH": search_path(task, layer, client),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": "larder-test-web",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "LAMBDA_TASK_ROOT": str(task),
                "_HANDLER": handler,
                **env,
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        """Wait until the function asks for its first event.

        :raises InitError: with the log, when it does not.
        """
        for _ in range(600):
            if self._ready.wait(0.1):
                return self
            if self._process.poll() is not None or not self._answers.empty():
                break
        log = self.log()
        self.__exit__()
        raise InitError(log)

    def __exit__(self, *_: object) -> None:
        """End the process and the server."""
        self._process.kill()
        self._process.wait()
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._log.close()

    def invoke(self, event: Any, *, limit: float = 30) -> Any:
        """Return the function's answer to one event.

        :raises FunctionError: with the report of the runtime client and the log.
        """
        self._events.put(json.dumps(event).encode())
        try:
            kind, body = self._answers.get(timeout=limit)
        except queue.Empty:
            raise FunctionError(f"no answer within {limit} s\n{self.log()}") from None
        if kind != "response" or len(body) > _LARGEST:
            raise FunctionError(f"{kind}, {len(body)} bytes: {body[:2000]!r}\n{self.log()}")
        return json.loads(body)

    def log(self) -> str:
        """Return what the function has printed so far."""
        return os.pread(self._log.fileno(), 1_000_000, 0).decode("utf-8", "replace")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        events: queue.Queue[bytes | None],
        answers: queue.Queue[tuple[str, bytes]],
        ready: threading.Event,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.events, self.answers, self.ready = events, answers, ready


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.ready.set()
        event = self.server.events.get()
        if event is None:  # the process was ended while it waited
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": "4102444800000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function:test",
            "Lambda-Runtime-Trace-Id": "Root=1-0-0;Parent=0;Sampled=0",
        }
        self._send(200, event, headers)

    def do_POST(self) -> None:
        body = self._body()
        self.server.answers.put((self.path.removeprefix(_PREFIX).rpartition("/")[2], body))
        self._send(202, b"", {})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        with suppress(ConnectionError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a request here is no news."""
