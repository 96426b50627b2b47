"""Putting the application together; nothing below imports this."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Blueprint, Flask

from app import cli, logs
from app.config import Config
from app.features.files import views as files
from app.features.health import views as health
from app.features.simple import views as simple
from app.store.stores import Stores, open_stores
from app.web import access_log, converters, headers, problems
from app.web.context import Context

# What installers ask for, over and over, and where they find it.
_READING = (simple.bp, files.bp, health.bp)
_READING_PATHS = ("/simple/", "/files/", "/packages/", "/healthz")
_UPLOAD_PATH = "/legacy/"


def create_app(config: Config | None = None, stores: Stores | None = None) -> Flask:
    """Return the WSGI application, by default with the settings of the environment.

    :raises ConfigError: naming every setting that is missing or wrong.
    """
    return _assemble(_context(config, stores), _everything())


class Front:
    """The application as Lambda starts it: what installers read is ready at once.

    All the rest, ten times as much code and five times as many routes, is put together when it is
    first asked for. Both answer alike: tests/integration/test_front.py.
    """

    def __init__(self, config: Config | None = None, stores: Stores | None = None) -> None:
        """Put the reading part together.

        :raises ConfigError: naming every setting that is missing or wrong.
        """
        self.context = _context(config, stores)
        self.reading = _assemble(self.context, _READING)
        # Pages about errors link to the start page, for example.
        self.reading.url_build_error_handlers.append(self._build_elsewhere)

    @cached_property
    def uploading(self) -> Flask:
        """The part that upload tools need: many functions live for one upload and no more."""
        from app.features.upload import views as upload

        made = _assemble(self.context, [upload.bp])
        made.url_build_error_handlers.append(self._build_elsewhere)
        return made

    @cached_property
    def whole(self) -> Flask:
        """The whole application."""
        return _assemble(self.context, _everything())

    def load(self) -> None:
        """Load all there is, for a process that is started once and copied many times.

        Nothing is opened or read: a copy has its own connections, credentials and keys.
        """
        self.context.stores.load()
        _ = self.uploading, self.whole

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        return self._part(environ.get("PATH_INFO", ""))(environ, start_response)

    def _part(self, path: str) -> Flask:
        if path.startswith(_READING_PATHS):
            return self.reading
        return self.uploading if path.startswith(_UPLOAD_PATH) else self.whole

    def _build_elsewhere(self, _error: Exception, endpoint: str, values: dict[str, Any]) -> str:
        with self.whole.test_request_context():
            return self.whole.url_for(endpoint, **values)


def _context(config: Config | None, stores: Stores | None) -> Context:
    config = config or Config.from_env()
    logs.configure(json_lines=config.json_logs)
    return Context(config=config, stores=stores or open_stores(config))


def _everything() -> list[Blueprint]:
    from app.features.api import views as api
    from app.features.doors import views as doors
    from app.features.home import views as home
    from app.features.integrity import views as integrity
    from app.features.json_api import views as json_api
    from app.features.projects import views as projects
    from app.features.sessions import views as sessions
    from app.features.tokens import views as tokens
    from app.features.upload import views as upload

    rest = (integrity, upload, sessions, projects, tokens, api, json_api, doors, home)
    return [*_READING, *(views.bp for views in rest)]


class _Larder(Flask):
    """A Flask without coroutines, which it would look for in every function of every request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is."""
        return func


def _assemble(context: Context, blueprints: Iterable[Blueprint]) -> Flask:
    app = _Larder(__name__)
    app.extensions["larder"] = context
    for part in (access_log, converters, headers, problems, cli):
        part.init_app(app)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app
