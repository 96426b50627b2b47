"""The embedded AWS back end: DynamoDB and S3 for development, kept in one folder.

Runs in an environment of its own that has ministack: ``python local/server.py --data DIR``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if not __package__:
    # As a script, the first place to look for modules would be this very folder.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from local import folder
from local.journal import DamagedJournalError

if TYPE_CHECKING:
    from local.emulator import Emulator

logger = logging.getLogger("larder.backend")

LOG_LIMIT = 1024 * 1024
RECORDS_PER_GENERATION = 50_000
POLL_SECONDS = 0.1
# Variables that would turn on parts of ministack which are not wanted, or send data elsewhere.
FOREIGN_PREFIXES = ("AWS_", "MINISTACK_", "LOCALSTACK_", "S3_", "IOT_", "SFTP_")
FOREIGN = ("AUTH", "SERVICES", "PERSIST_STATE", "STATE_DIR", "USE_SSL", "EDGE_PORT", "DEBUG")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Serve until a signal, the death of the parent, or disuse; leave with one of the exit codes.

    Whatever stops it from starting is said on standard error, in one paragraph.
    """
    options = _parser().parse_args(arguments)
    data: Path = options.data.resolve()
    try:
        folder.prepare(data)
        folder.take_lock(data)
        _start_log(data)
        settings = folder.settings(data)
        listener = _listen(options.port, settings["port"])
        server = Server(data, settings, listener, options)
    except folder.FolderInUseError as error:
        _refuse(folder.EXIT_IN_USE, f"{error}. Stop that process first, or use another folder.")
    except (DamagedJournalError, ValueError) as error:
        _refuse(folder.EXIT_DAMAGED, f"The data in {data} is damaged: {error}")
    except OSError as error:
        _refuse(
            folder.EXIT_CANNOT_WRITE,
            f"Cannot keep data in {data}: {error.strerror}. Name another folder: LARDER_DATA.",
        )
    asyncio.run(server.run())
    _leave(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="local/server.py",
        description="DynamoDB and S3 for development, on 127.0.0.1. All data is kept in one folder "
        "and survives the death of the process; DIR/backend.json says where it listens. "
        "LARDER_BACKEND_FSYNC=1 makes every write survive a power cut as well, and slower.",
        epilog=f"Exit codes: 0 stopped as asked, {folder.EXIT_DAMAGED} the data is damaged, "
        f"{folder.EXIT_IN_USE} another process has the folder, {folder.EXIT_PORT_TAKEN} the port "
        f"is taken, {folder.EXIT_CANNOT_WRITE} the folder cannot be written.",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data folder")
    parser.add_argument(
        "--port", type=int, help="the port to listen on; else the one of the last start, if free"
    )
    parser.add_argument(
        "--parent", type=int, metavar="PID", help="stop when this process, the parent, has ended"
    )
    parser.add_argument(
        "--until-unused", action="store_true", help="stop when no client holds DIR/clients locked"
    )
    parser.add_argument(
        "--records-per-generation",
        type=int,
        default=RECORDS_PER_GENERATION,
        metavar="N",
        help="write a snapshot after so many changes (%(default)s)",
    )
    return parser


def _refuse(code: int, message: str) -> NoReturn:
    if logger.hasHandlers():  # else Python itself would print it, a second time
        logger.error("%s", message)
    print(message, file=sys.stderr)
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End at once: threads of ministack may sit in a wait that nobody ends."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def _give_up(error: OSError) -> NoReturn:
    logger.critical("A change could not be written: %s. Make room, then start again.", error)
    _leave(folder.EXIT_CANNOT_WRITE)


def _start_log(data: Path) -> None:
    """Log to the folder, and keep no more than the end of what is there already."""
    path = folder.log_file(data)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.write_bytes(path.read_bytes()[-LOG_LIMIT:])
    handler = logging.FileHandler(path, encoding="utf-8")
    path.chmod(0o600)
    # A root logger that has a handler also keeps ministack from logging to standard error.
    logging.basicConfig(
        level=logging.WARNING,
        handlers=[handler],
        format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s",
    )
    logger.setLevel(logging.INFO)


def _listen(asked: int | None, last: int) -> socket.socket:
    """Open a port: ``asked``, or that of the last start, or the next free one after it."""
    candidates = [asked] if asked is not None else [last, *folder.PORTS]
    for port in candidates:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    _refuse(folder.EXIT_PORT_TAKEN, f"Port {asked} of 127.0.0.1 is taken by another program.")


def _prepare_environment(data: Path, settings: dict[str, Any], port: int) -> bool:
    """Set ministack up, which reads the environment as it is imported; tell whether to sync."""
    environment = os.environ
    sync = environment.get("LARDER_BACKEND_FSYNC") == "1"
    for name in list(environment):
        if name in FOREIGN or name.startswith(FOREIGN_PREFIXES):
            del environment[name]
    scratch = data / "scratch"
    scratch.mkdir(mode=0o700, exist_ok=True)
    environment.update(
        AUTH="true",
        AWS_ACCESS_KEY_ID=settings["access_key"],
        AWS_SECRET_ACCESS_KEY=settings["secret_key"],
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        LOG_LEVEL="WARNING",
        MINISTACK_REGION=settings["region"],
        PERSIST_STATE="0",
        S3_DATA_DIR=str(data / "s3"),
        S3_PERSIST="1",
        SERVICES="dynamodb,s3",
        SFTP_ENABLED="0",
        STATE_DIR=str(scratch),
        TMPDIR=str(scratch),
    )
    return sync


class Server:
    """One run of the back end, from a restored state to a clean stop."""

    def __init__(
        self,
        data: Path,
        settings: dict[str, Any],
        listener: socket.socket,
        options: argparse.Namespace,
    ) -> None:
        self.data = data
        self.settings = settings
        self.listener = listener
        self.options = options
        self.port = int(listener.getsockname()[1])
        sync = _prepare_environment(data, settings, self.port)
        for part in ("s3", "journal"):
            (data / part).mkdir(mode=0o700, exist_ok=True)
        self.emulator = self._emulator(sync=sync)

    def _emulator(self, *, sync: bool) -> Emulator:
        # It imports ministack, which must not happen before the environment is ready.
        from local.emulator import Emulator

        return Emulator(
            self.data,
            sync=sync,
            records_per_generation=self.options.records_per_generation,
            give_up=_give_up,
        )

    async def run(self) -> None:
        """Serve until asked to stop, then write the snapshot."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        serving = asyncio.create_task(self._serve())
        self._watching = asyncio.create_task(self._watch(stop))
        self._announce()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        # No request is served from here on: nothing below gives the loop a turn.
        if serving.done():
            logger.error("stopped serving: %r", serving.exception())
        try:
            folder.announcement(self.data).unlink(missing_ok=True)
            self.emulator.finish()
        except OSError as error:
            # The snapshot only saves time at the next start; the log has all of it.
            logger.warning("no snapshot at the end: %s", error)
        logger.info("stopped")
        # A graceful end would wait for idle connections first.
        _leave(0)

    async def _serve(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        from local.gate import Gate

        gate = Gate(
            self.emulator.app.app,
            port=self.port,
            access_key=self.settings["access_key"],
            secret_key=self.settings["secret_key"],
            alive={"pid": os.getpid()},
        )
        config = Config()
        config.bind = [f"fd://{self.listener.fileno()}"]
        config.keep_alive_timeout = 75
        config.loglevel = "WARNING"
        config.errorlog = logging.getLogger("hypercorn.error")
        await serve(gate, config, shutdown_trigger=asyncio.Event().wait)

    async def _watch(self, stop: asyncio.Event) -> None:
        """Ask for the end once the parent has died or the last client has left."""
        # Held open, and locked in the end: who comes too late waits until this process is gone.
        clients = os.open(folder.clients_file(self.data), os.O_RDWR | os.O_CREAT, 0o600)
        while not self._is_abandoned(clients):  # noqa: ASYNC110 - the kernel sends no event
            await asyncio.sleep(POLL_SECONDS)
        stop.set()

    def _is_abandoned(self, clients: int) -> bool:
        if self.options.parent is not None and os.getppid() != self.options.parent:
            return True
        return bool(self.options.until_unused and folder.is_unused(clients))

    def _announce(self) -> None:
        self.settings["port"] = self.port
        folder.write_json(folder.settings_file(self.data), self.settings)
        access = {name: self.settings[name] for name in ("access_key", "secret_key", "region")}
        place = {
            "endpoint": f"http://localhost:{self.port}",
            **access,
            "pid": os.getpid(),
            "started": folder.now(),
        }
        folder.write_json(folder.announcement(self.data), place)
        logger.info("listening on 127.0.0.1:%d", self.port)


if __name__ == "__main__":
    main()
