"""`flask drill`: whether the index can be restored."""

import sys
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from app.cli.failures import readable
from app.features.drill import service
from app.web.context import config, now


@click.command()
@click.option("--keep", is_flag=True, help="Keep what was restored, to be used as an index.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    metavar="2026-11-22T09:30",
    help="The moment to restore, in UTC; by default the latest there is.",
)
@with_appcontext
@readable
def drill(*, keep: bool, at: datetime | None) -> None:
    """Restore the index to a table and a bucket of new names, and verify it there.

    The table is restored from its continuous backups, or copied where there are none; every object
    that it names is copied; then each file is held against its object, as by `flask verify`. Prints
    a line for each fault and ends with status 1 if there is any. The index itself is not changed,
    and what was made is removed again.
    """

    def tell(line: str) -> None:
        click.echo(line, err=True)

    plan = service.Plan(at=at.replace(tzinfo=UTC) if at else None, keep=keep)
    faults = service.drill(config(), plan, now=now(), tell=tell)
    for fault in faults:
        click.echo(f"{fault.subject}: {fault.detail}")
    if faults:
        sys.exit(1)
