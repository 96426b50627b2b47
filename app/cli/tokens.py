"""`flask tokens`: API tokens."""

import click
from flask.cli import AppGroup

from app.cli.failures import readable
from app.domain import duration
from app.domain.token import Token
from app.features.tokens import service
from app.web.context import now, stores

tokens = AppGroup("tokens", help="Make, list and revoke API tokens.")


@tokens.command("create", short_help="Make a token and print it, this once.")
@click.argument("user")
@click.option(
    "--permissions",
    required=True,
    metavar="read,upload,manage,admin",
    help="What the token is for; upload includes read, manage both, admin all.",
)
@click.option(
    "--projects", required=True, metavar="'*'|a,b", help="Projects it is for; '*' means all."
)
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    metavar="3s|15m|1h|30d|never",
    help="How long it lives.",
)
@click.option("--label", default="", metavar="TEXT", help="What it is for, to know it again.")
@readable
def create(user: str, permissions: str, projects: str, expires: str, label: str) -> None:
    """Make a token for USER and print it: this once, and alone on standard output.

    \b
    A CI job that publishes one project:
        flask tokens create ci --permissions upload --projects my-package --expires 30d
    A laptop that installs everything:
        flask tokens create ada --permissions read --projects '*'
    """  # noqa: D301 - click's mark for a paragraph to leave as it is
    _, text = service.create(
        user,
        permissions=_split(permissions),
        projects=_split(projects),
        lifetime=duration.parse(expires),
        label=label,
        stores=stores(),
        now=now(),
    )
    click.echo(text)


@tokens.command("list", short_help="List the tokens of a user.")
@click.argument("user")
@readable
def list_(user: str) -> None:
    """List the tokens of USER: id, permissions, projects, end, label."""
    # The heading is for people; scripts read the lines of standard output.
    click.echo("id  permissions  projects  end  label", err=True)
    for token in service.list_of(user, stores=stores()):
        click.echo("  ".join([
            token.id,
            ",".join(sorted(token.permissions)),
            "*" if token.projects is None else ",".join(sorted(token.projects)),
            _state(token),
            token.label,
        ]).rstrip())  # fmt: skip


@tokens.command("revoke", short_help="End a token at once.")
@click.argument("token", metavar="ID")
@readable
def revoke(token: str) -> None:
    """End the token ID; its next request is refused.

    ID is the first word of a line of `flask tokens list`, or the token itself.
    """
    click.echo(f"Revoked {service.revoke(token, stores=stores(), now=now())}.")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is None:
        return "never expires"
    word = "expired" if token.expires_at <= now() else "expires"
    return f"{word} {token.expires_at:%Y-%m-%d %H:%M} UTC"
