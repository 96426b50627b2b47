"""Ending the processes that were started here."""

import subprocess

_STOP_SECONDS = 20


def end(process: subprocess.Popen[bytes] | None) -> None:
    """End a process and wait for it, by force if it does not end by itself."""
    if process is None:
        return
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
