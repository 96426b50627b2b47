"""`flask init`."""

import click
from flask.cli import with_appcontext

from app.cli.failures import readable
from app.features.setup import service
from app.web.context import config, stores


@click.command()
@with_appcontext
@readable
def init() -> None:
    """Create or repair the table, the bucket and their settings.

    Safe to repeat at any time: what is there stays, what is missing is made.
    """
    for line in service.prepare(stores()) or ["everything was there"]:
        click.echo(line)
    click.echo(f"Ready: table {config().table}, bucket {config().bucket}.")
