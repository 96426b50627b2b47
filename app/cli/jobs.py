"""`flask jobs`: what is done on schedule, by hand."""

import json

import click
from flask.cli import AppGroup

from app import jobs as table
from app.cli.failures import readable
from app.domain.job import JobFailed, Run
from app.web.context import now, stores

jobs = AppGroup("jobs", help="List and run scheduled jobs.")

# Runs that are looked through for the last that failed.
_LATEST = 20


@jobs.command("list")
@readable
def list_jobs() -> None:
    """List the jobs, how often each is run, how its last run went, and the last that failed."""
    for job in table.JOBS:
        last = stores().jobs.runs(job.name, count=_LATEST)
        click.echo(f"{job.name:10} every {_hours(job)}  {job.purpose}")
        click.echo(f"{'':10} last: {_told(last[0]) if last else 'never'}")
        failed = next((run for run in last if not run.done), None)
        if failed and failed != last[0]:
            click.echo(f"{'':10} before: {_told(failed)}")


@jobs.command("run")
@click.argument("name")
@readable
def run(name: str) -> None:
    """Run the job NAME now, unless somebody else is running it."""
    try:
        outcome = table.run(table.find(name), stores=stores(), now=now())
    except JobFailed as failure:
        raise click.ClickException(f"{name}: {failure}") from failure
    if outcome is None:
        raise click.ClickException(f"{name} is being run by somebody else at this moment.")
    click.echo(_told(outcome))


def _hours(job: table.Job) -> str:
    return f"{job.every.total_seconds() / 3600:g} h"


def _told(run: Run) -> str:
    outcome = "done" if run.done else "FAILED"
    facts = json.dumps(run.facts).strip("{}").replace('"', "")
    return f"{run.started_at:%Y-%m-%d %H:%M:%SZ} {outcome} in {run.seconds:g} s ({facts})"
