"""`flask users`: accounts."""

import secrets
import sys

import click
from flask.cli import AppGroup

from app.cli.failures import readable
from app.domain.account import AccountRole
from app.features.accounts import service
from app.web.context import now, stores

users = AppGroup("users", help="Create accounts.")


@users.command("create")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in AccountRole]),
    default=AccountRole.MEMBER.value,
    show_default=True,
    help="An admin may do everything in every project.",
)
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, one line."
)
@readable
def create(name: str, role: str, *, password_stdin: bool) -> None:
    """Create the account NAME.

    Without --password-stdin a random password is made and shown this once. Tools need a token, not
    a password: make one with `flask tokens create NAME`.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(18)
    account = service.create(
        name, password=password, role=AccountRole(role), stores=stores(), now=now()
    )
    click.echo(f"Created {account.role} {account.name}.")
    if not password_stdin:
        click.echo(f"Password, shown this once: {password}")
