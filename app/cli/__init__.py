"""Commands for operators, one file a group; each calls a service."""

from flask import Flask

from app.cli import drill, init, jobs, tokens, transfer, users, verify


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (
        init.init,
        users.users,
        tokens.tokens,
        jobs.jobs,
        verify.verify,
        transfer.export,
        transfer.import_,
        drill.drill,
    ):
        app.cli.add_command(command)
