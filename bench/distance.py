"""A line to a server on this machine that is as slow as one across a continent."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_CHUNK = 65_536
# How every request of HTTP/1.1 ends its first line.
_REQUEST = b" HTTP/1.1\r\n"


@dataclass
class Distant:
    """A proxy that holds back whatever passes, and what has passed so far."""

    port: int = 0
    requests: int = 0
    # Bytes towards the client, head and body.
    received: int = 0
    connections: int = 0

    def since(self, before: "Distant") -> "Distant":
        """Return what has passed since it was as in `before`."""
        return Distant(
            port=self.port,
            requests=self.requests - before.requests,
            received=self.received - before.received,
            connections=self.connections - before.connections,
        )


@contextmanager
def far_away(port: int, *, round_trip: float) -> Iterator[Distant]:
    """Give a port that leads to `port`, `round_trip` seconds away, until the block ends.

    A connection takes one round trip to open, as TCP does; TLS would take another.
    """
    distant, ready, over = Distant(), threading.Event(), asyncio.Event()
    way, loops = _Way(distant, port, round_trip / 2), []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        server = await asyncio.start_server(way.carry, "127.0.0.1", 0)
        distant.port = server.sockets[0].getsockname()[1]
        ready.set()
        await over.wait()
        server.close()

    # What is still open when `serve` returns is cancelled by `asyncio.run`.
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield distant
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join()


@dataclass
class _Way:
    distant: Distant
    port: int
    delay: float

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.distant.connections += 1
        await asyncio.sleep(2 * self.delay)
        near, far = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await asyncio.gather(self._up(reader, far), self._down(near, writer))
        except asyncio.CancelledError:
            pass  # by `asyncio.run` above, which then ends
        finally:
            far.close()
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for data in self._delayed(reader, writer):
            self.distant.requests += data.count(_REQUEST)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for data in self._delayed(reader, writer):
            self.distant.received += len(data)

    async def _delayed(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AsyncIterator[bytes]:
        """Pass everything on, later; yield it at once."""
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                loop.call_later(self.delay, writer.write, data)
                yield data
        loop.call_later(self.delay, writer.close)
