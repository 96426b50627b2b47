"""Another index behind a real socket: it answers what it was told, and notes what it is asked."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import make

PAGE = "application/vnd.pypi.simple.v1+json"


class Index(ThreadingHTTPServer):
    """Answers of status, headers and body by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.logins: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/simple/"

    def say(self, path: str, body: bytes, media_type: str = PAGE, status: int = 200) -> None:
        self.answers[path] = (status, {"Content-Type": media_type}, body)

    def lead(self, path: str, target: str) -> None:
        self.answers[path] = (302, {"Location": target}, b"")

    def offer(self, *files: dict[str, Any], project: str = "larder-demo") -> None:
        """Put files on the page of a project, and the project on the list."""
        meta = {"api-version": "1.4"}
        self.say("/simple/", json.dumps({"meta": meta, "projects": [{"name": project}]}).encode())
        page = {"meta": meta, "name": project, "files": files}
        self.say(f"/simple/{project}/", json.dumps(page).encode())

    def add(
        self, archive: bytes, filename: str = make.wheel_name(), **changes: Any
    ) -> dict[str, Any]:
        """Have a file; return what a page says of it."""
        self.say(f"/files/{filename}", archive, "application/octet-stream")
        hashes = {"sha256": hashlib.sha256(archive).hexdigest()}
        return {"filename": filename, "url": f"../../files/{filename}", "hashes": hashes, **changes}


class Answering(BaseHTTPRequestHandler):
    """Answers as its index was told."""

    server: Index

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.logins.append(self.headers.get("Authorization"))
        status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def started() -> Iterator[Index]:
    """Start another index, and stop it at the end."""
    with Index() as index:
        thread = threading.Thread(target=index.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield index
        finally:
            index.shutdown()
            thread.join()
