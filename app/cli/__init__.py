"""Commands for operators, one file a group; each calls a service."""

from flask import Flask

from app.cli import init, tokens, users


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (init.init, users.users, tokens.tokens):
        app.cli.add_command(command)
