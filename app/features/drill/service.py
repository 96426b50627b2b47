"""The restore drill: the index restored to a table and a bucket of new names, and verified there.

It is how an index is restored, too: what it made can be kept, and the settings made to name it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from app.config import Config
from app.domain.fault import Fault
from app.errors import AppError, BadRequest, Conflict
from app.features.pages import service as pages
from app.features.upkeep.service import Attempts
from app.features.verify.service import verify
from app.store.spare import Spare
from app.store.stores import Stores, open_stores

Tell = Callable[[str], None]

_MAX_BUCKET_NAME = 63
_POLL_SECONDS = 5
# How long an index of DynamoDB may be behind its table.
_LAG_SECONDS = 60
# How often it is told how far things are, in seconds and in items.
_TELL_SECONDS = 30
_TELL_ITEMS = 1000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to drill."""

    # The moment to restore; None: the latest there is.
    at: datetime | None = None
    # Whether what was made stays.
    keep: bool = False


def drill(config: Config, plan: Plan, *, now: datetime, tell: Tell) -> list[Fault]:
    """Restore the index to new names and return every fault that it has there.

    The index itself is only read. `tell` is given lines about how things stand. Meanwhile no other
    code of this process may use stores, because the models know one table.

    :raises BadRequest: if there is no backup of the moment that was asked for.
    """
    target = _spare_of(config, now)
    spare = Spare(config, target)
    tell(f"The spare table is {target.table}, the spare bucket {target.bucket}.")
    with _opened(target, back_to=config) as stores, ExitStack() as made:
        _make_table(spare, plan, made, stores=stores, tell=tell)
        _make_bucket(spare, made, stores=stores, tell=tell)
        faults = _verified(spare, stores=stores, tell=tell)
        if plan.keep:
            made.pop_all()
            tell("Both are kept.")
    return faults


def _spare_of(config: Config, now: datetime) -> Config:
    ending = f"-drill-{now:%Y%m%d%H%M%S}"
    bucket = config.bucket[: _MAX_BUCKET_NAME - len(ending)].rstrip("-.")
    return replace(config, table=config.table + ending, bucket=bucket + ending)


@contextmanager
def _opened(target: Config, *, back_to: Config) -> Iterator[Stores]:
    try:
        yield open_stores(target)
    finally:
        open_stores(back_to).bind()


def _make_table(spare: Spare, plan: Plan, made: ExitStack, *, stores: Stores, tell: Tell) -> None:
    if spare.has_backups():
        spare.restore_table(plan.at)
        made.callback(_remove, "table", spare.remove_table, tell)
        tell("DynamoDB restores the table, which takes it minutes at least ...")
        _wait(spare, tell)
        return
    if plan.at:
        raise BadRequest("The table keeps no continuous backups: only its present can be had.")
    if not stores.foundation.create_table():
        raise Conflict("A table of this name is there already; try again.")
    made.callback(_remove, "table", spare.remove_table, tell)
    tell("The table keeps no continuous backups, so its items are copied one after the other:")
    tell("that is not one moment, and changes of these minutes may look like faults.")
    tell(f"Copied {spare.copy_items()} items.")


def _wait(spare: Spare, tell: Tell) -> None:
    waited = 0
    while not spare.is_ready():
        time.sleep(_POLL_SECONDS)
        waited += _POLL_SECONDS
        if waited % _TELL_SECONDS == 0:
            tell(f"... {waited} s")


def _make_bucket(spare: Spare, made: ExitStack, *, stores: Stores, tell: Tell) -> None:
    if not stores.foundation.create_bucket():
        raise Conflict("A bucket of this name is there already; try again.")
    made.callback(_remove, "bucket", spare.remove_bucket, tell)
    stores.foundation.repair_bucket()


def _remove(what: str, remove: Callable[[], None], tell: Tell) -> None:
    try:
        remove()
    except AppError as error:
        tell(f"The spare {what} is left behind: {error.detail}")
    else:
        tell(f"The spare {what} is removed.")


def _verified(spare: Spare, *, stores: Stores, tell: Tell) -> list[Fault]:
    told = 0

    def progress(items: int) -> None:
        nonlocal told
        if items >= told + _TELL_ITEMS:
            told = items
            tell(f"... {items} items and their objects")

    tell("Copying the objects that items name ...")
    kinds = spare.settle(progress)
    faults = _listed(kinds["project"], stores=stores)
    # As after any restore: the pages of that moment may be gone. Where one cannot be rendered,
    # verification tells why.
    attempts = Attempts()
    for project in sorted(stores.inventory.listed_projects()):
        with attempts.at(f"the page of {project}"):
            pages.refresh(project, stores=stores)
    tell("Verifying ...")
    faults += verify(stores=stores)
    tell(f"{kinds['project']} projects, {kinds['file']} files, {len(faults)} faults.")
    return faults


def _listed(projects: int, *, stores: Stores) -> list[Fault]:
    """Wait until the list of projects, which comes from an index of DynamoDB, has all of them."""
    for _ in range(_LAG_SECONDS):
        listed = len(stores.projects.all())
        if listed == projects:
            return []
        time.sleep(1)
    return [Fault(subject="the list of projects", detail=f"it has {listed} of {projects} projects")]
