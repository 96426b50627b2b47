"""Putting the application together; nothing below imports this."""

from flask import Flask

from app import logs
from app.cli import register
from app.config import Config
from app.features.api import views as api
from app.features.doors import views as doors
from app.features.files import views as files
from app.features.health import views as health
from app.features.home import views as home
from app.features.integrity import views as integrity
from app.features.json_api import views as json_api
from app.features.projects import views as projects
from app.features.sessions import views as sessions
from app.features.simple import views as simple
from app.features.tokens import views as tokens
from app.features.upload import views as upload
from app.store.stores import Stores, open_stores
from app.web import access_log, converters, headers, problems
from app.web.context import Context

BLUEPRINTS = (
    simple.bp,
    files.bp,
    integrity.bp,
    upload.bp,
    sessions.bp,
    projects.bp,
    tokens.bp,
    api.bp,
    json_api.bp,
    doors.bp,
    home.bp,
    health.bp,
)


def create_app(config: Config | None = None, stores: Stores | None = None) -> Flask:
    """Return the WSGI application, by default with the settings of the environment.

    :raises ConfigError: naming every setting that is missing or wrong.
    """
    config = config or Config.from_env()
    logs.configure(json_lines=config.json_logs)
    app = Flask(__name__)
    app.extensions["larder"] = Context(config=config, stores=stores or open_stores(config))
    for part in (access_log, converters, headers, problems):
        part.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    register(app)
    return app
