"""A WebSocket client, small: short texts there and back (RFC 6455)."""

import base64
import os
import socket
from typing import Self

TEXT, CLOSE = 0x81, 0x88


class WebSocket:
    """A connection to a path of a port of this machine."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        )
        self._socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        self.status = int(self._stream.readline().split()[1])
        while self._stream.readline().strip():
            pass

    def __enter__(self) -> Self:
        """Stay open for a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Say good-bye."""
        self._send(CLOSE, b"\x03\xe8")
        self._stream.close()
        self._socket.close()

    def send(self, text: str) -> None:
        """Send a text of less than 126 bytes."""
        self._send(TEXT, text.encode())

    def receive(self) -> str:
        """Return the next text, waiting for it up to 30 seconds."""
        kind, size = self._stream.read(2)
        assert (kind, size < 126) == (TEXT, True), (kind, size)
        return self._stream.read(size).decode()

    def _send(self, kind: int, content: bytes) -> None:
        # A client has to mask what it sends; with zeros it stays as it is.
        self._socket.sendall(bytes([kind, 0x80 | len(content)]) + bytes(4) + content)
