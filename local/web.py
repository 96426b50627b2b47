"""gunicorn with the settings of gunicorn.conf.py, ending when the process that started it ends."""

import os
import signal
import sys
import threading
import time

_POLL_SECONDS = 0.5


def main() -> None:
    """Run gunicorn in this process."""
    from gunicorn.app.wsgiapp import run

    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    sys.argv = ["gunicorn", "--config", "gunicorn.conf.py", *sys.argv[1:]]
    run()


def _watch(parent: int) -> None:
    # A killed `make serve` must not leave a server behind that holds the port.
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
