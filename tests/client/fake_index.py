"""A small index and a small S3 behind real sockets, as docs/reference/publishing-sessions.md says.

They keep everything in memory, note what they are asked, and fail when they are told to.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "larder_made_up"
MEDIA_TYPE = "application/vnd.pypi.upload.v2+json"
POST, PUT, MULTIPART = "http-post-bytes", "vnd-larder-s3put-v1", "vnd-larder-s3multipart-v1"

Reply = tuple[int, dict[str, str], bytes]
Rule = Callable[["Asked"], Reply | None]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")


@dataclass
class File:
    """A file of a session."""

    name: str
    size: int
    sha256: str
    kind: str
    status: str = "pending"
    notices: list[str] = field(default_factory=list)
    parts: dict[int, bytes] = field(default_factory=dict)
    attestations: Any = None
    polls: int = 0

    @property
    def content(self) -> bytes:
        return b"".join(self.parts[number] for number in sorted(self.parts))


@dataclass
class Session:
    """A session."""

    name: str
    version: str
    files: dict[str, File] = field(default_factory=dict)
    status: str = "open"


class FakeIndex:
    """The state of both, and what they answer."""

    def __init__(self) -> None:
        self.url = self.storage = ""
        self.public_url = ""
        self.published: dict[str, dict[str, bytes]] = {}
        self.yanked: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.opened = 0
        self.mechanisms = [PUT, MULTIPART, POST]
        self.part_size = 1000
        self.max_files = 22
        # How often a completed file is still `processing`.
        self.polls = 0
        # Links of an older generation have expired.
        self.generation = 0
        self.asked: list[Asked] = []
        self.stored: list[Asked] = []
        # What answers instead: the first one that does.
        self.rules: list[Rule] = []
        self.lock = threading.RLock()

    # What tests say

    def publish(self, project: str, filename: str, content: bytes) -> None:
        self.published.setdefault(project, {})[filename] = content

    def fail(self, method: str, path: str, *statuses: int, **headers: str) -> None:
        """Answer the next requests whose path holds `path` with these statuses."""
        left = list(statuses)

        def rule(asked: Asked) -> Reply | None:
            if asked.method == method and path in asked.path and left:
                return left.pop(0), headers, b""
            return None

        self.rules.append(rule)

    def asked_for(self, method: str, path: str) -> list[Asked]:
        return [one for one in self.asked if one.method == method and path in one.path]

    # The index

    def answer(self, asked: Asked) -> Reply:  # noqa: PLR0911 - one for each route
        with self.lock:
            self.asked.append(asked)
            for rule in self.rules:
                if instead := rule(asked):
                    return instead
            if self._password(asked) != TOKEN:
                return problem(401, "The token is not a token of this index.")
            parts = [part for part in asked.path.split("?")[0].split("/") if part]
            match asked.method, parts:
                case "GET", ["simple", project]:
                    return self._page(project)
                case "GET", ["api", "v1", "whoami"]:
                    return reply(200, WHOAMI)
                case "POST" | "DELETE" as method, ["api", "v1", "projects", *thing, "yank"]:
                    return self._yank(method, thing, asked)
                case method, ["upload", "2.0", *rest]:
                    return self._sessions(method, rest, asked)
            return problem(404, "There is nothing at this address.")

    def _password(self, asked: Asked) -> str:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        return base64.b64decode(value).decode().partition(":")[2] if scheme == "Basic" else ""

    def _page(self, project: str) -> Reply:
        if project not in self.published:
            return problem(404, "There is no such project.")
        files = [
            {
                "filename": name,
                "url": f"/files/{project}/{name}",
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "size": len(content),
                "upload-time": "2026-11-22T12:00:00Z",
                "yanked": self.yanked.get(name, False),
            }
            for name, content in self.published[project].items()
        ]
        return reply(200, {"meta": {"api-version": "1.4"}, "name": project, "files": files})

    def _yank(self, method: str, thing: list[str], asked: Asked) -> Reply:
        project, kind, name = thing
        for filename in self.published.get(project, {}):
            if (kind == "files" and filename == name) or (kind == "releases" and name in filename):
                self.yanked.pop(filename, None)
                if method == "POST":
                    self.yanked[filename] = asked.json.get("reason", "")
        return 204, {}, b""

    def _sessions(  # noqa: PLR0911 - one for each route
        self, method: str, rest: list[str], asked: Asked
    ) -> Reply:
        match method, rest:
            case "POST", []:
                return self._open(asked.json)
            case "GET", [id_] if id_ in self.sessions:
                return self._session(id_)
            case "DELETE", [id_] if id_ in self.sessions:
                del self.sessions[id_]
                return 204, {}, b""
            case "POST", [id_, "publish"] if id_ in self.sessions:
                return self._publish(id_)
            case "POST", [id_, "files"] if id_ in self.sessions:
                return self._add(id_, asked.json)
            case method, [id_, "files", name, *more] if name in self._files(id_):
                return self._file_request(method, id_, self._files(id_)[name], more, asked)
        return problem(404, "There is no upload session at this address, or it has ended.")

    def _files(self, id_: str) -> dict[str, File]:
        return self.sessions[id_].files if id_ in self.sessions else {}

    def _open(self, body: Any) -> Reply:
        assert body["meta"] == {"api-version": "2.0"}
        for id_, session in self.sessions.items():
            release = session.name, session.version
            if session.status == "open" and release == (body["name"], body["version"]):
                _, headers, document = self._session(id_)
                return 409, {**headers, "Location": f"/upload/2.0/{id_}/"}, document
        self.opened += 1
        id_ = f"s{self.opened}"
        self.sessions[id_] = Session(body["name"], body["version"])
        _, headers, document = self._session(id_)
        return 201, {**headers, "Location": f"/upload/2.0/{id_}/"}, document

    def _session(self, id_: str) -> Reply:
        session, root = self.sessions[id_], f"{self.public_url or self.url}/upload/2.0/{id_}"
        body = {
            "name": session.name,
            "version": session.version,
            "links": {
                "session": f"{root}/",
                "upload": f"{root}/files",
                "publish": f"{root}/publish",
                "extend": f"{root}/extend",
                "stage": f"{self.url}/stage/{id_}/simple/",
            },
            "mechanisms": self.mechanisms,
            "max-files": self.max_files,
            "expires-at": "2026-11-29T12:00:00Z",
            "status": session.status,
            "files": {
                name: {"status": file.status, "link": f"{root}/files/{name}", "notices": []}
                for name, file in session.files.items()
            },
            "notices": [],
        }
        return reply(200, body, MEDIA_TYPE)

    def _publish(self, id_: str) -> Reply:
        session = self.sessions[id_]
        if session.status == "published":
            return 201, *self._session(id_)[1:]
        if not session.files:
            return problem(409, "The session has no files; upload some before you publish it.")
        for name, file in session.files.items():
            if file.status != "completed":
                return problem(409, f"{name} is {file.status}.")
        for name, file in session.files.items():
            self.publish(session.name, name, file.content)
        session.status = "published"
        return 201, *self._session(id_)[1:]

    def _add(self, id_: str, body: Any) -> Reply:
        session, name, sha256 = self.sessions[id_], body["filename"], body["hashes"]["sha256"]
        if name in session.files:
            return problem(409, f"{name} is in the session already.")
        there = self.published.get(session.name, {}).get(name)
        if there is not None:
            found = hashlib.sha256(there).hexdigest()
            detail = f"File already exists ({name}, with different content)."
            more = {"published-sha256": found} if found == sha256 else {}
            return problem(409, detail, **more)
        if len(session.files) == self.max_files != 0:
            return problem(409, f"A session takes {self.max_files} files.")
        session.files[name] = File(name, body["size"], sha256, body["mechanism"])
        return self._file(id_, session.files[name], 202)

    def _file_request(
        self, method: str, id_: str, file: File, more: list[str], asked: Asked
    ) -> Reply:
        match method, more:
            case "GET", []:
                if file.status == "processing":
                    file.polls -= 1
                    if file.polls <= 0:
                        self._inspect(file)
                return self._file(id_, file)
            case "DELETE", []:
                del self.sessions[id_].files[file.name]
                return 204, {}, b""
            case "POST", ["bytes"]:
                file.parts = {0: asked.body}
                return 204, {}, b""
            case "POST", ["attestations"]:
                file.attestations = asked.json
                return 204, {}, b""
            case "POST", ["complete"]:
                return self._complete(id_, file)
        return problem(404, "There is nothing at this address.")

    def _complete(self, id_: str, file: File) -> Reply:
        if file.status != "pending":
            return problem(409, f"{file.name} is {file.status} already.")
        if len(file.content) < file.size:
            return problem(409, f"Bytes of {file.name} have not arrived; send them first.")
        if self.polls:
            file.status, file.polls = "processing", self.polls
            return self._file(id_, file, 202)
        self._inspect(file)
        if file.status == "error":
            return problem(400, file.notices[0])
        return self._file(id_, file, 201)

    def _inspect(self, file: File) -> None:
        file.status = "completed"
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            file.status, file.notices = "error", ["The sha256 is not the announced one."]
        if b"damaged" in file.content:
            file.status, file.notices = "error", [f"{file.name} is not a zip archive."]

    def _file(self, id_: str, file: File, status: int = 200) -> Reply:
        root = f"{self.public_url or self.url}/upload/2.0/{id_}"
        body: dict[str, Any] = {
            "filename": file.name,
            "size": file.size,
            "hashes": {"sha256": file.sha256},
            "links": {
                "publishing-session": f"{root}/",
                "file-upload-session": f"{root}/files/{file.name}",
                "complete": f"{root}/files/{file.name}/complete",
            },
            "status": file.status,
            "expires-at": "2026-11-29T12:00:00Z",
            "notices": file.notices,
        }
        if file.status == "pending":
            body["mechanism"] = {
                "identifier": file.kind,
                "attestations_url": f"{root}/files/{file.name}/attestations",
                **self._mechanism(id_, file),
            }
        code, headers, document = reply(status, body, MEDIA_TYPE)
        if status == 202 or file.status == "processing":
            headers["Retry-After"] = "0"
        return code, headers, document

    def _mechanism(self, id_: str, file: File) -> dict[str, Any]:
        if file.kind == POST:
            root = f"{self.public_url or self.url}/upload/2.0/{id_}/files/{file.name}"
            return {"file_url": f"{root}/bytes"}
        link = f"{self.storage}/{id_}/{file.name}"
        if file.kind == PUT:
            headers = {"X-Amz-Checksum-Sha256": file.sha256, "Content-Length": str(file.size)}
            return {"url": f"{link}/0?{self._signature()}", "headers": headers}
        parts = []
        for number, offset in enumerate(range(0, file.size, self.part_size), start=1):
            size = min(self.part_size, file.size - offset)
            part: dict[str, Any] = {"number": number, "size": size, "stored": number in file.parts}
            if not part["stored"]:
                part["url"] = f"{link}/{number}?{self._signature()}"
            parts.append(part)
        return {"part_size": self.part_size, "parts": parts}

    def _signature(self) -> str:
        return f"generation={self.generation}&X-Amz-Signature=hushhush"

    # S3

    def store(self, asked: Asked) -> Reply:
        with self.lock:
            self.stored.append(asked)
            for rule in self.rules:
                if found := rule(asked):
                    return found
            if "authorization" in asked.headers:
                return s3_error(400, "InvalidArgument", "Only one auth mechanism allowed")
            if f"generation={self.generation}&" not in asked.path:
                return s3_error(403, "AccessDenied", "Request has expired")
            _, id_, name, number = asked.path.split("?")[0].split("/")
            file = self.sessions[id_].files[name]
            if number == "0" and file.parts:
                return s3_error(412, "PreconditionFailed", "It is there.")
            if number == "0" and hashlib.sha256(asked.body).hexdigest() != file.sha256:
                return s3_error(400, "BadDigest", "The sha256 does not match.")
            file.parts[int(number)] = asked.body
            return 200, {"ETag": '"x"'}, b""


WHOAMI = {
    "account": "ada",
    "role": "member",
    "token": {
        "id": "t1",
        "name": "ci",
        "permissions": ["read", "upload"],
        "projects": ["demo"],
        "expires_at": "2026-12-01T00:00:00Z",
    },
}


def reply(status: int, body: Any, kind: str = "application/json") -> Reply:
    return status, {"Content-Type": kind}, json.dumps(body).encode()


def problem(status: int, detail: str, **more: str) -> Reply:
    body = {"type": "about:blank", "title": "No", "status": status, "detail": detail, **more}
    return reply(status, body, "application/problem+json")


def s3_error(status: int, code: str, message: str) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, {"Content-Type": "application/xml"}, body.encode()


def _server(answer: Callable[[Asked], Reply]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body leave together: apart, each answer takes 40 ms more

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, content = answer(Asked(self.command, self.path, headers, body))
            if status == 0:  # no answer at all
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name.replace("_", "-"), value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - as http.server calls them

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


@contextmanager
def running() -> Iterator[FakeIndex]:
    """Yield a fake index and its storage, on ports of their own."""
    fake = FakeIndex()
    servers = _server(fake.answer), _server(fake.store)
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in servers]
    fake.url, fake.storage = (f"http://127.0.0.1:{each.server_port}" for each in servers)
    for thread in threads:
        thread.start()
    try:
        yield fake
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
