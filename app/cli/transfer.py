"""`flask export` and `flask import`: projects and their files, out of the index and into it."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click
from flask.cli import with_appcontext

from app.cli.failures import readable
from app.domain import names
from app.domain.transfer import Fate, Outcome, Step
from app.web.context import config, now, stores

# No request needs the services, so each command imports its own.

_WORTH_A_LINE = {Outcome.NOTE, Outcome.SKIPPED, Outcome.REFUSED}


@click.command("export")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@with_appcontext
@readable
def export(directory: Path) -> None:
    """Write every project below DIRECTORY: its files, and in larder.json what they do not say.

    That is visibility, status, roles, upload times, yanks, attestations, and the names of deleted
    files. Accounts, tokens, signing keys and the history of events are not exported. What is in
    DIRECTORY already and whole stays, so an export that was cut off can be repeated.
    """
    from app.features.exporting import service

    _follow(service.export(directory, stores=stores()))


@click.command("import")
@click.argument("source", metavar="DIRECTORY|SIMPLE-URL")
@click.option(
    "--owner", metavar="NAME", help="Who owns new projects; by default the only admin there is."
)
@click.option("--projects", metavar="a,b", help="Import these projects alone.")
@click.option("--all", "everything", is_flag=True, help="Import every project of another index.")
@click.option("--dry-run", is_flag=True, help="Read and inspect everything, and write nothing.")
@with_appcontext
@readable
def import_(
    source: str, owner: str | None, projects: str | None, *, everything: bool, dry_run: bool
) -> None:
    """Publish the wheels and sdists below DIRECTORY, or of the index at SIMPLE-URL.

    Each is inspected like an upload. What is here already stays, so an import that was cut off can
    be repeated; what is refused is listed at the end, with status 1. What `flask export` wrote is
    restored with all it was. Of another index, the upload times and yanks are kept, and every
    file must have the sha256 that its page tells. Credentials stand in the URL or in ~/.netrc.

    \b
    The folder of an old index:
        flask import /srv/packages --owner ada
    Two projects of another index:
        flask import https://old.example.com/simple/ --projects demo,tool
    """  # noqa: D301 - click's mark for a paragraph to leave as it is
    from app.features.importing import service

    wanted = _names(projects) if projects is not None else None
    plan = service.Plan(
        max_file_bytes=config().max_file_bytes, owner=owner, projects=wanted, is_dry=dry_run
    )
    if source.startswith(("https://", "http://")):
        if (wanted is None) is not everything:
            raise click.UsageError("Of another index, name --projects or give --all.")
        steps = service.from_index(source, plan, stores=stores(), now=now())
    else:
        if not Path(source).is_dir():
            raise click.UsageError(f"{source!r} is neither a folder nor the URL of an index.")
        steps = service.from_folder(Path(source), plan, stores=stores(), now=now())
    if dry_run:
        click.echo("Nothing is written; this is what would be done:", err=True)
    _follow(steps)


def _names(text: str) -> frozenset[names.NormalizedName]:
    return frozenset(names.normalize(part.strip()) for part in text.split(",") if part.strip())


def _follow(steps: Iterable[Step]) -> None:
    """Tell each step; end with what was refused, and then with status 1."""
    counts: Counter[Outcome] = Counter()
    refused: list[Fate] = []
    try:
        for step in steps:
            counts[step.fate.outcome] += 1
            if step.fate.outcome is Outcome.REFUSED:
                refused.append(step.fate)
            _tell(step)
    except OSError as error:  # a full disk, a folder that may not be written
        raise click.ClickException(str(error)) from error
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    for fate in refused:
        click.echo(f"{fate.subject}: {fate.detail}")
    told = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
    click.echo(", ".join(told) or "There was nothing to do", nl=False, err=True)
    click.echo(".", err=True)
    if refused:
        sys.exit(1)


def _tell(step: Step) -> None:
    """Write a line, at a terminal over the one before unless it is worth keeping."""
    fate = step.fate
    line = f"[{step.number}/{step.total}] {fate.subject}: {fate.outcome}"
    if fate.detail:
        line += f" ({fate.detail})"
    if not sys.stderr.isatty():
        click.echo(line, err=True)
    elif fate.outcome in _WORTH_A_LINE:
        click.echo(f"\r\033[K{line}", err=True)
    else:
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\033[K{line[:width]}", nl=False, err=True)
