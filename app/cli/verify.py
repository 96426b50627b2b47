"""`flask verify`: the index held against itself."""

import sys

import click
from flask.cli import with_appcontext

from app.cli.failures import readable
from app.features.verify import service
from app.web.context import stores


@click.command()
@click.option(
    "--read-all", is_flag=True, help="Read every file instead of trusting the digests S3 keeps."
)
@with_appcontext
@readable
def verify(*, read_all: bool) -> None:
    """Hold every file against its object, and every page against its files.

    Prints a line for each fault and ends with status 1 if there is any. Nothing is changed.
    """
    projects: list[str] = []

    def progress(project: str) -> None:
        projects.append(project)
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{len(projects)} {project}", nl=False, err=True)

    faults = 0
    for fault in service.verify(stores=stores(), progress=progress, read_all=read_all):
        faults += 1
        click.echo(f"{fault.subject}: {fault.detail}")
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(f"{len(projects)} projects, {faults} faults.", err=True)
    if faults:
        sys.exit(1)
