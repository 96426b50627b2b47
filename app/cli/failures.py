"""Refusals at a terminal: one sentence and exit status 1, never a traceback."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from app.config import ConfigError
from app.errors import AppError

P = ParamSpec("P")
R = TypeVar("R")


def readable(function: Callable[P, R]) -> Callable[P, R]:
    """Make a command end with the sentence of an error instead of raising it."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (AppError, ConfigError) as error:
            raise click.ClickException(str(error)) from error

    return wrapper
