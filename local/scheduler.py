"""The local schedule: runs each job of app/jobs.py when its time has come, as EventBridge does."""

import logging
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta

_POLL_SECONDS = 1.0
# Whoever has just started the index wants its attention first.
_FIRST = timedelta(minutes=1)

_log = logging.getLogger("larder.scheduler")


def main() -> None:
    """Run jobs until the process that started this one ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from app import jobs, logs
    from app.config import Config
    from app.store.stores import open_stores

    parent, config = os.getppid(), Config.from_env()
    logs.configure(json_lines=config.json_logs)
    stores = open_stores(config)
    due = {job.name: datetime.now(UTC) + _FIRST for job in jobs.JOBS}
    while os.getppid() == parent:
        for job in jobs.JOBS:
            if (now := datetime.now(UTC)) >= due[job.name]:
                due[job.name] = now + job.every
                try:
                    jobs.run(job, stores=stores, now=now)
                except Exception:  # noqa: BLE001 - it is on record, and the job comes again
                    _log.exception("job %s failed", job.name)
        time.sleep(_POLL_SECONDS)


if __name__ == "__main__":
    main()
