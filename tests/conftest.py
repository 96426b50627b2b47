"""What tests share: one emulated AWS for all of them, emptied before each."""

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from moto.backends import get_backend

import app as application
from app.config import Config
from app.domain.account import AccountRole
from app.factory import create_app
from app.features.accounts import service as accounts
from app.features.setup import service as setup
from app.features.tokens import service as tokens
from app.models import base
from app.store.stores import Stores, open_stores
from tests import kept_calls
from tests.aws import emulated_aws

# A developer tries new examples each time; CI tries the same, so that it judges the change alone.
settings.register_profile("larder", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("larder")

kept_calls.watch()

# The application loads much when it is first used, which here could be while a test has something
# replaced or hidden: later tests would meet a mixture, in some orders.
for module in pkgutil.walk_packages(application.__path__, "app."):
    importlib.import_module(module.name)

PASSWORD = "correct horse battery"

UPLOAD = {"read", "upload"}


@pytest.fixture(scope="session")
def aws() -> Iterator[None]:
    """AWS in this process: entering it once a session makes the suite several times faster."""
    with emulated_aws():
        yield


@pytest.fixture(scope="session")
def config() -> Config:
    """Development settings, with pages of a few items so that every list needs several."""
    return Config.from_env({"LARDER_PAGE_SIZE": "3"})


@pytest.fixture(scope="session")
def opened(aws: None, config: Config) -> Stores:
    """Stores that are opened once: their connections cost more than most tests."""
    return open_stores(config)


@pytest.fixture
def empty_aws(aws: None) -> None:
    """AWS without a table, a bucket or a parameter."""
    for service in ("dynamodb", "s3", "ssm"):
        get_backend(service).reset()


@pytest.fixture
def stores(empty_aws: None, opened: Stores, config: Config) -> Stores:
    """Empty stores."""
    # Another test may have turned the models, which are one for the process, to other stores.
    base.bind(table=config.table, region=config.region, url=config.dynamodb_url)
    setup.prepare(opened)
    return opened


@pytest.fixture
def app(config: Config, stores: Stores) -> Flask:
    """The application on empty stores."""
    made = create_app(config, stores)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a credential."""
    return app.test_client()


Minter = Callable[..., str]


@pytest.fixture
def mint(stores: Stores) -> Minter:
    """Return a function that makes a token, and its account where there is none yet."""

    def make(
        account: str = "ada",
        permissions: set[str] = UPLOAD,
        projects: tuple[str, ...] = ("*",),
        *,
        role: AccountRole = AccountRole.MEMBER,
        lifetime: Any = None,
        now: datetime | None = None,
    ) -> str:
        now = now or datetime.now(UTC)
        if stores.accounts.get(account) is None:
            accounts.create(account, password=PASSWORD, role=role, stores=stores, now=now)
        _, text = tokens.create(
            account,
            permissions=permissions,
            projects=projects,
            lifetime=lifetime,
            label="test",
            stores=stores,
            now=now,
        )
        return text

    return make


@pytest.fixture
def as_(app: Flask, mint: Minter) -> Callable[..., FlaskClient]:
    """Return a function that gives a client with a credential: `as_("ada").get(...)`."""

    def client_of(account: str = "ada", *args: Any, **kwargs: Any) -> FlaskClient:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mint(account, *args, **kwargs)}"
        return client

    return client_of
