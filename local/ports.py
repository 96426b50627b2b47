"""Ports of this machine: one that is asked for, or any that nobody has."""

import errno
import secrets
import socket

from local.backend import BackendError

# Below those that the system gives to the near ends of connections, of which one could come to hold
# a server's port while the server is started again.
_RANGE = range(20_000, 32_000)
_TRIES = 100


def require_port(host: str, port: int) -> None:
    """Make sure that nobody has the port; whoever has it would answer in the index's place.

    :raises BackendError: if somebody has.
    """
    try:
        _bind(host, port)
    except OSError as error:
        raise BackendError(
            f"Cannot serve on {host}:{port} ({error.strerror});"
            " choose another port with make serve PORT=8001."
        ) from error


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has.

    :raises BackendError: if all that were tried are in use.
    """
    for _ in range(_TRIES):
        port = secrets.choice(_RANGE)
        try:
            _bind("127.0.0.1", port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise BackendError(f"Of {_TRIES} ports tried on 127.0.0.1 all are in use.")


def _bind(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
