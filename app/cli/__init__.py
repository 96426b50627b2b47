"""Commands for operators, one file a group; each calls a service."""

from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup

# Where each command is: loaded when it is called or its help is shown, never to answer a request.
_COMMANDS = {
    "init": "init:init",
    "users": "users:users",
    "tokens": "tokens:tokens",
    "jobs": "jobs:jobs",
    "verify": "verify:verify",
    "export": "transfer:export",
    "import": "transfer:import_",
    "drill": "drill:drill",
}


class _Commands(AppGroup):
    """The commands of the index."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *_COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None if there is none of that name."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"app.cli.{module}"), name)
        return command


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli = _Commands(app.name)
