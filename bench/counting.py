"""A proxy on loopback in front of the back end, that counts what is asked of AWS and what it costs.

It sees HTTP, so whoever speaks to AWS is counted, whichever library they use. What passes is
signed anew, for the signature covers the name of the host. Signing keys in Systems Manager, which
the embedded back end has not, are handed out by the proxy itself.
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.units import Item, index_units, item_size, read_units, sizes, write_units
from local.backend import Backend

_GSI = ("gsi1pk", "gsi1sk")
_DYNAMODB = "DynamoDB_20120810."
_SSM = "AmazonSSM."
# What belongs to one connection or to the client's own signature.
_DROPPED = {
    "host", "authorization", "connection", "content-length", "expect", "transfer-encoding",
    "x-amz-date", "x-amz-security-token",
}  # fmt: skip
_SIGNATURE = "X-Amz-"


@dataclass(frozen=True)
class Call:
    """One call to AWS."""

    service: str
    operation: str
    read_units: float = 0
    write_units: int = 0
    sent: int = 0
    received: int = 0


@dataclass
class Cost:
    """What a request made of the application has cost in AWS."""

    calls: list[Call] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return the sums."""
        return {
            "calls": len(self.calls),
            "read_units": sum(call.read_units for call in self.calls),
            "write_units": sum(call.write_units for call in self.calls),
            "operations": dict(
                Counter(
                    f"{x.operation}" if x.service == "dynamodb" else f"{x.service} {x.operation}"
                    for x in self.calls
                )
            ),
        }


class Proxy:
    """A running proxy; `counted` collects the calls of a block.

    Write units cost two more reads of each item that is written: without `units` they are left out.
    """

    def __init__(self, backend: Backend, keys: str, *, units: bool = True) -> None:
        self.backend, self.keys, self.units = backend, keys, units
        self.calls: list[Call] = []
        self._signer = Credentials(backend.access_key, backend.secret_key)
        self._local = threading.local()
        self._opened: list[http.client.HTTPConnection] = []
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def environment(self) -> dict[str, str]:
        """Return the settings that lead an application through the proxy."""
        services = ("", "_DYNAMODB", "_S3")
        return {f"AWS_ENDPOINT_URL{service}": self.url for service in services}

    @contextmanager
    def counted(self) -> Iterator[Cost]:
        """Count the calls of the block; they are there once it has ended."""
        start, cost = len(self.calls), Cost()
        yield cost
        cost.calls.extend(self.calls[start:])

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
            for connection in self._opened:
                connection.close()

    def pass_on(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Hand a request to the back end, count it, and return the answer."""
        target = headers.get("x-amz-target", "")
        if target.startswith(_SSM):
            self.calls.append(Call("ssm", target.removeprefix(_SSM), sent=len(body)))
            return self._parameter(body)
        if not target.startswith(_DYNAMODB):
            answer = self._send("s3", method, path, headers, body)
            operation = f"{method} {'object' if path.strip('/').count('/') else 'bucket'}"
            self.calls.append(Call("s3", operation, sent=len(body), received=len(answer[2])))
            return answer
        operation, request = target.removeprefix(_DYNAMODB), json.loads(body)
        written = _written(operation, request) if self.units else []
        before = [self._item(*where) for where in written]
        answer = self._send("dynamodb", method, path, headers, body)
        after = [self._item(*where) for where in written]
        times = 2 if operation.startswith("Transact") else 1
        writes = sum(
            times * write_units(old, new) + index_units(old, new, _GSI)
            for old, new in zip(before, after, strict=True)
        )
        reads = _reads(operation, request, json.loads(answer[2] or b"{}"))
        self.calls.append(
            Call("dynamodb", operation, reads, writes, sent=len(body), received=len(answer[2]))
        )
        return answer

    def _parameter(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        name = json.loads(body)["Name"]
        parameter = {"Name": name, "Type": "SecureString", "Value": self.keys, "Version": 1}
        answer = json.dumps({"Parameter": parameter}).encode()
        return 200, [("Content-Type", "application/x-amz-json-1.1")], answer

    def _item(self, table: str, key: Item) -> Item | None:
        body = json.dumps({"TableName": table, "Key": key, "ConsistentRead": True}).encode()
        headers = {
            "x-amz-target": _DYNAMODB + "GetItem",
            "content-type": "application/x-amz-json-1.0",
        }
        _, _, answer = self._send("dynamodb", "POST", "/", headers, body)
        found: Item | None = json.loads(answer).get("Item")
        return found

    def _send(
        self, service: str, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        place = urlsplit(path)
        query = [
            (n, v)
            for n, v in parse_qsl(place.query, keep_blank_values=True)
            if not n.startswith(_SIGNATURE)
        ]
        target = place.path + ("?" + urlencode(query) if query else "")
        kept = {name: value for name, value in headers.items() if name.lower() not in _DROPPED}
        request = AWSRequest(method, self.backend.endpoint + target, data=body, headers=kept)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(self._signer, service, self.backend.region).add_auth(request)
        connection = self._connection()
        connection.request(method, target, body, dict(request.headers.items()))
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            host = urlsplit(self.backend.endpoint).netloc
            self._local.connection = http.client.HTTPConnection(host, timeout=60)
            self._opened.append(self._local.connection)
        found: http.client.HTTPConnection = self._local.connection
        return found


def _written(operation: str, request: dict[str, Any]) -> list[tuple[str, Item]]:
    """Return the table and key of every item that a request writes, or checks to write others."""
    match operation:
        case "PutItem":
            return [_place(request["TableName"], request["Item"])]
        case "UpdateItem" | "DeleteItem":
            return [_place(request["TableName"], request["Key"])]
        case "TransactWriteItems":
            actions = [next(iter(entry.values())) for entry in request["TransactItems"]]
            return [_place(x["TableName"], x.get("Key") or x["Item"]) for x in actions]
        case "BatchWriteItem":
            return [
                _place(table, entry.get("Item") or entry["Key"])
                for table, entries in request["RequestItems"].items()
                for each in entries
                for entry in each.values()
            ]
        case _:
            return []


def _place(table: str, item: Item) -> tuple[str, Item]:
    return table, {name: item[name] for name in ("pk", "sk")}


def _reads(operation: str, request: dict[str, Any], answer: dict[str, Any]) -> float:
    match operation:
        case "GetItem":
            size = item_size(answer.get("Item", {}))
            return read_units(size, consistent=bool(request.get("ConsistentRead")))
        case "Query" | "Scan":
            size = sizes(answer.get("Items", []))
            return read_units(size, consistent=bool(request.get("ConsistentRead")))
        case "BatchGetItem":
            return sum(
                _batch(asked, answer.get("Responses", {}).get(table, []))
                for table, asked in request["RequestItems"].items()
            )
        case "TransactGetItems":
            found = answer.get("Responses", [])
            return sum(2 * read_units(item_size(x.get("Item", {})), consistent=True) for x in found)
        case _:
            return 0


def _batch(asked: dict[str, Any], found: list[Item]) -> float:
    consistent = bool(asked.get("ConsistentRead"))
    absent = len(asked["Keys"]) - len(found)
    found_units = sum(read_units(item_size(item), consistent=consistent) for item in found)
    return found_units + absent * read_units(0, consistent=consistent)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave together, or the client's delayed acknowledgement takes 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, fields, body = self.server.proxy.pass_on(
            self.command, self.path, headers, self.rfile.read(length)
        )
        self.send_response_only(status)
        for name, value in fields:
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        size = next((v for n, v in fields if n.lower() == "content-length"), len(body))
        self.send_header("Content-Length", str(size if self.command == "HEAD" else len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing: a request here is no news."""
