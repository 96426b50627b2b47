"""A back end that answers at once: with what the embedded one said to the same question before.

The embedded one is a Python program that works for milliseconds, on the same processor, while a
request to the application waits. It leaves the caches cold, which costs the application a quarter
more than AWS, on machines of its own, would. Only for reading, where the answer stays the same.
"""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench.counting import Proxy

_HEAD_END = b"\r\n\r\n"
_CHUNK = 65_536
_NOT_KEPT = {"connection", "content-length", "transfer-encoding", "server", "date"}

# The request line, the operation and the body; the signature is another one each time.
_Question = tuple[bytes, bytes, bytes]


@contextmanager
def replaying(proxy: Proxy) -> Iterator[str]:
    """Give the address of such a back end, which asks `proxy` what it has not heard yet."""
    with _Server(proxy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.proxy = proxy
        self.answers: dict[_Question, bytes] = {}


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer one question after another, in as few steps as can be."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        while chunk := self.request.recv(_CHUNK):
            received += chunk
            while (found := _question(received)) is not None:
                line, headers, body, received = found
                question = (line, headers.get(b"x-amz-target", b""), body)
                if question not in self.server.answers:
                    self.server.answers[question] = self._ask(line, headers, body)
                self.request.sendall(self.server.answers[question])

    def _ask(self, line: bytes, headers: dict[bytes, bytes], body: bytes) -> bytes:
        method, path, _ = line.decode().split(" ")
        text = {name.decode(): value.decode() for name, value in headers.items()}
        status, fields, answer = self.server.proxy.pass_on(method, path, text, body)
        kept = [f"{n}: {v}\r\n" for n, v in fields if n.lower() not in _NOT_KEPT]
        head = f"HTTP/1.1 {status} Recorded\r\nContent-Length: {len(answer)}\r\n{''.join(kept)}\r\n"
        return head.encode() + answer


def _question(received: bytes) -> tuple[bytes, dict[bytes, bytes], bytes, bytes] | None:
    """Return line, headers and body of a request and what follows it, None if it is not whole."""
    head, end, rest = received.partition(_HEAD_END)
    if not end:
        return None
    line, *fields = head.split(b"\r\n")
    pairs = (field.partition(b":") for field in fields)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    size = int(headers.get(b"content-length", b"0"))
    if len(rest) < size:
        return None
    return line, headers, rest[:size], rest[size:]
