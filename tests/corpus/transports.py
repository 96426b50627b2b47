"""The ways to an index: the Flask client, the events of Lambda, a URL. Each sends one request."""

import base64
import contextlib
import http.client
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from flask import Flask

from tests.corpus.case import Answer, Request

_SECONDS = 60


class Transport(Protocol):
    """Sends a request with these headers and no others that decide anything."""

    def send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Return the answer."""


class OverFlask:
    """The application itself; a bug in it is a 500, as in production."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Return the answer of the application."""
        path, _, query = request.target.partition("?")
        # The client would decode and mend the target.
        raw = {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query}
        answer = self._client.open(
            "/",
            method=request.method,
            headers=dict(headers),
            data=request.body,
            environ_overrides=raw,
        )
        with answer:
            return Answer(answer.status_code, answer.get_data().decode(errors="replace"))


class OverLambda:
    """The function that Lambda calls, with the events of an HTTP API."""

    def __init__(self, function: Callable[[Any, Any], dict[str, Any]]) -> None:
        self._function = function

    def send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Return the answer of the function."""
        path, _, query = request.target.partition("?")
        host = "abcde12345.execute-api.us-east-1.amazonaws.com"
        event = {
            "version": "2.0",
            "rawPath": unquote(path),
            "rawQueryString": query,
            "headers": {"host": host, "x-forwarded-proto": "https"}
            | {name.lower(): value for name, value in headers.items()}
            | {"content-length": str(len(request.body))},
            "requestContext": {
                "domainName": host,
                "http": {"method": request.method, "path": path, "sourceIp": "192.0.2.10"},
                "requestId": "corpus",
                "stage": "$default",
            },
            "body": base64.b64encode(request.body).decode(),
            "isBase64Encoded": True,
        }
        answer = self._function(event, None)
        body = answer.get("body") or ""
        data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        return Answer(answer["statusCode"], data.decode(errors="replace"))


class OverHttp:
    """An index at a URL, over a connection of its own for each request."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of an index")
        self._secure, self._host = parts.scheme == "https", parts.netloc
        self._root = parts.path.rstrip("/")

    def send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Return the answer of the index.

        :raises OSError, HTTPException: if it has none.
        """
        connection = self._connection()
        try:
            connection.putrequest(
                request.method, self._root + request.target, skip_accept_encoding=True
            )
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(request.body)))
            # An index that refuses before it has read all has answered nevertheless.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.endheaders(request.body or None)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, timeout=_SECONDS, context=context)
        return http.client.HTTPConnection(self._host, timeout=_SECONDS)
