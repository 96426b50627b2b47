"""The door in front of ministack: signed DynamoDB and S3 requests pass, and nothing else does.

ministack answers control requests to anybody (one POST from any web page wipes everything), takes
the key "test" and every twelve digits for the administrator, and does not verify the signature of
the administrator's header-signed requests. All three are closed here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape  # it writes XML and reads none  # nosec B406

from ministack.core import sigv4

from local.folder import ALIVE_PATH

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

DYNAMODB_TARGET = "DynamoDB_20120810."
# Path style only: the root, or a bucket with or without a key.
S3_PATH = re.compile(r"/(?:[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](?:/.*)?)?", re.DOTALL)
SHA256 = re.compile(r"[0-9a-f]{64}")
ALGORITHM = "AWS4-HMAC-SHA256"


class RefusedError(Exception):
    """A request that must not reach ministack."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Request:
    """What the checks need of a request; header names are in lower case."""

    method: str
    path: str
    raw_path: str
    query: dict[str, list[str]]
    headers: dict[str, str]

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """Read it from an ASGI scope; a repeated header is joined as ministack joins it."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), sigv4.decode_header_value(raw_value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        query = scope["query_string"].decode("utf-8", "replace")
        raw_path = scope["raw_path"].decode("latin-1")
        parsed = parse_qs(query, keep_blank_values=True)
        return cls(scope["method"], scope["path"], raw_path, parsed, headers)

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query."""
        return "authorization" not in self.headers and "X-Amz-Signature" in self.query


class Gate:
    """An ASGI application that hands on what may pass."""

    def __init__(
        self, inner: Application, *, port: int, access_key: str, secret_key: str, alive: Any
    ) -> None:
        self.inner = inner
        self.hosts = frozenset({f"localhost:{port}", f"127.0.0.1:{port}"})
        self.access_key = access_key
        self.secret_key = secret_key
        self.alive = json.dumps(alive).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; ministack's own start and stop hooks are not run, see the server."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request.of(scope)
        try:
            self._check_place(request)
            if request.path == ALIVE_PATH:
                await _answer(send, 200, "application/json", self.alive)
                return
            if request.method != "OPTIONS":
                receive = await self._check_signature(request, receive)
        except RefusedError as refused:
            await _answer(send, refused.status, *_error_body(request, refused))
            return
        await self.inner(scope, receive, send)

    def _check_place(self, request: Request) -> None:
        # A web page whose own name was made to resolve to this machine shows itself here.
        if request.headers.get("host", "").lower() not in self.hosts:
            raise RefusedError("AccessDenied", "Only localhost is served.")
        target = request.headers.get("x-amz-target")
        if request.path == ALIVE_PATH:
            return
        if target is None and not S3_PATH.fullmatch(request.path):
            raise RefusedError("AccessDenied", "Only DynamoDB and S3 are served.")
        if target is not None and not (
            request.path == "/" and request.method == "POST" and target.startswith(DYNAMODB_TARGET)
        ):
            raise RefusedError("AccessDenied", "Only DynamoDB and S3 are served.")

    async def _check_signature(self, request: Request, receive: Receive) -> Receive:
        """Verify the signature, and give back the body that had to be read for it."""
        if request.is_presigned:
            # ministack checks the time limit, and an S3 link does not sign its body.
            self._verify(request, sigv4.parse_query_signature(request.query), b"", "s3")
            return receive
        if not request.headers.get("authorization", "").startswith(ALGORITHM + " "):
            raise RefusedError("AccessDenied", "Signature Version 4 is needed.")
        service = "dynamodb" if "x-amz-target" in request.headers else "s3"
        signature = sigv4.parse_header_signature(request.headers)
        body = await _read(receive)
        self._verify(request, signature, body, service)
        if problem := sigv4.request_time_failure(signature):
            raise RefusedError(*problem)
        declared = request.headers.get("x-amz-content-sha256", "")
        if SHA256.fullmatch(declared) and hashlib.sha256(body).hexdigest() != declared:
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise RefusedError("XAmzContentSHA256Mismatch", message, 400)
        return _given(body, receive)

    def _verify(self, request: Request, signature: Any, body: bytes, service: str) -> None:
        if isinstance(signature, tuple):
            raise RefusedError(*signature)
        if not hmac.compare_digest(signature.access_key_id.encode(), self.access_key.encode()):
            raise RefusedError("InvalidAccessKeyId", "The access key is not known here.")
        if signature.service != service:
            raise RefusedError("AccessDenied", f"The request is not signed for {service}.")
        problem = sigv4.header_signature_failure(
            signature,
            self.secret_key,
            request.method,
            request.raw_path,
            request.query,
            request.headers,
            body,
            presigned=request.is_presigned,
        )
        if problem:
            raise RefusedError(*problem)


def _error_body(request: Request, refused: RefusedError) -> tuple[str, bytes]:
    """Say it the way the service would, so that clients show the message."""
    if request.method == "HEAD":
        return "application/xml", b""
    if "x-amz-target" in request.headers:
        error = {"__type": refused.code, "message": refused.message}
        return "application/x-amz-json-1.0", json.dumps(error).encode()
    text = f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error>"
    return "application/xml", text.encode()


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedError("RequestTimeout", "The connection ended before the body did.", 400)
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def _given(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that hands out ``body`` first."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return pending.pop() if pending else await receive()

    return give


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
