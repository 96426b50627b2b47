"""An index in this process, on an emulated AWS: for the suite, and for a run without a server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from moto.backends import get_backend

from app import factory
from app.config import Config
from app.domain.account import AccountRole
from app.features.accounts import service as accounts
from app.features.setup import service as setup
from app.features.tokens import service as tokens
from app.store.stores import Stores, open_stores
from tests.aws import emulated_aws
from tests.corpus.case import Case
from tests.corpus.runner import Player, Result
from tests.corpus.transports import Transport
from tests.function import function_over

# The emulator copies every item there is for each transaction.
_CASES_UNTIL_EMPTIED = 25


class LocalPlayer:
    """Plays cases against an application on an emulated AWS, which it empties now and then."""

    def __init__(self, app: Flask, transport: Transport) -> None:
        self._stores: Stores = app.extensions["larder"].stores
        self._transport = transport
        self.start_over()

    def start_over(self) -> None:
        """Begin the next case on an empty index."""
        self._played = 0

    def can_play(self, _case: Case) -> bool:
        """Tell that every case can be played here."""
        return True

    def play(self, case: Case) -> Result:
        """Play a case."""
        if self._played % _CASES_UNTIL_EMPTIED == 0:
            self._player = self._new_player()
        self._played += 1
        return self._player.play(case)

    def _new_player(self) -> Player:
        for service in ("dynamodb", "s3"):
            get_backend(service).reset()
        setup.prepare(self._stores)
        return Player(
            self._transport,
            token=_token(self._stores, "corpus", "manage"),
            stranger=_token(self._stores, "stranger", "manage"),
        )


@contextmanager
def emulated() -> Iterator[Flask]:
    """Yield an application on an AWS that lives as long as the context."""
    with emulated_aws():
        config = Config.from_env({})
        yield factory.create_app(config, open_stores(config))


def _token(stores: Stores, account: str, permission: str) -> str:
    now = datetime.now(UTC)
    accounts.create(
        account, password="a long password", role=AccountRole.MEMBER, stores=stores, now=now
    )
    _, text = tokens.create(
        account,
        permissions=[permission],
        projects=["*"],
        lifetime=None,
        label="corpus",
        stores=stores,
        now=now,
    )
    return text


@contextmanager
def lambda_function(app: Flask) -> Iterator[Callable[[Any, Any], dict[str, Any]]]:
    """Yield `handler.http` over this application; outside, the module is not imported."""
    context = app.extensions["larder"]
    front = factory.Front(context.config, context.stores)
    with function_over(front) as handler:
        yield handler.http
