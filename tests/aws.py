"""An emulated AWS in this process, for the SDK and for our own reader alike."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

from app.domain.dist_file import Blob
from app.domain.pages import Part
from app.store import wire
from app.store.aws_json import AwsJson
from app.store.contents import ContentStore
from app.store.object_wire import ObjectWire


class _Socket:
    """What a connection is read from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what there is to read."""
        return io.BufferedReader(io.BytesIO(self._content))  # type: ignore[arg-type]


class _Connection:
    """A connection whose other side is the emulator."""

    sock: _Socket | None = None

    def __init__(self, url: str) -> None:
        self._url = url

    def connect(self) -> None:
        """Be there."""

    def close(self) -> None:
        """Be there no more."""

    def send(self, data: bytes) -> None:
        """Send a request, and have the answer to it."""
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        request = AWSPreparedRequest(
            method,
            self._url + target,
            dict(line.split(": ", 1) for line in lines),
            body,
            stream_output=False,
        )
        service = urlsplit(self._url).netloc.split(".")[0]
        answer: Any = botocore_stubber(event_name=f"before-send.{service}", request=request)
        fields = {**answer.headers, "content-length": len(answer.content)}
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        status = f"HTTP/1.1 {answer.status_code} x\r\n"
        self.sock = _Socket(f"{status}{text}\r\n".encode() + answer.content)


_connect = wire.connect


def _connect_to_emulator(url: str, trust: Any) -> Any:
    """Return a connection to the emulator for AWS's own addresses, a real one for others."""
    is_aws = urlsplit(url).netloc.endswith(".amazonaws.com")
    return _Connection(url) if is_aws else _connect(url, trust)


@contextmanager
def emulated_aws() -> Iterator[None]:
    """Yield while AWS is emulated, one call at a time.

    Without the lock concurrent conditional writes in the emulator may both succeed.
    """
    lock, call = threading.Lock(), BotocoreStubber.__call__

    def one_at_a_time(self: Any, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(self, *args, **kwargs)

    with (
        patch.object(BotocoreStubber, "__call__", one_at_a_time),
        patch.object(wire, "connect", _connect_to_emulator),
        mock_aws(),
    ):
        yield


Hook = Callable[[str, dict[str, Any], Callable[[], Any]], Any]
"""Takes an operation, its arguments, and a function that sends it and returns the answer."""


@contextmanager
def between(hook: Hook) -> Iterator[None]:
    """Let `hook` stand between this process and AWS, whoever calls: the SDK or our own reader."""
    by_sdk, by_reader, of_bucket = BaseClient._make_api_call, AwsJson.call, ContentStore._get
    of_object = ObjectWire._ask

    def sdk(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        return hook(operation, arguments, lambda: by_sdk(self, operation, arguments))

    def reader(self: AwsJson, operation: str, arguments: dict[str, Any]) -> Any:
        return hook(operation, arguments, lambda: by_reader(self, operation, arguments))

    def bucket(self: ContentStore, blob: Blob, part: Part | None) -> Any:
        return hook("GetObject", {"Key": blob.key}, lambda: of_bucket(self, blob, part))

    def directly(self: ObjectWire, method: str, key: str, *arguments: Any) -> Any:
        operation = f"{method.capitalize()}Object"
        return hook(operation, {"Key": key}, lambda: of_object(self, method, key, *arguments))

    with (
        patch.object(BaseClient, "_make_api_call", sdk),
        patch.object(AwsJson, "call", reader),
        patch.object(ContentStore, "_get", bucket),
        patch.object(ObjectWire, "_ask", directly),
    ):
        yield


@contextmanager
def counted() -> Iterator[list[str]]:
    """Yield the list of operations that this process asks AWS for meanwhile."""
    calls: list[str] = []

    def count(operation: str, _arguments: dict[str, Any], send: Callable[[], Any]) -> Any:
        calls.append(operation)
        return send()

    with between(count):
        yield calls
