"""The line that is slow."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.asking import Ask, Line
from bench.distance import far_away

ROUND_TRIP = 0.05


class Handler(BaseHTTPRequestHandler):
    """Answers everything in the same way."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"here\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_connection_and_each_request_take_a_round_trip(port: int) -> None:
    with far_away(port, round_trip=ROUND_TRIP) as distant:
        line, start = Line(distant.port), time.monotonic()
        bodies = [line.send(Ask(path="/")).body for _ in range(4)]
        taken = time.monotonic() - start
        line.close()

    assert bodies == [b"here\n"] * 4
    assert (distant.requests, distant.connections) == (4, 1)
    assert distant.received > 4 * len("here\n")
    assert taken >= 5 * ROUND_TRIP
    assert taken < 10 * ROUND_TRIP + 1
