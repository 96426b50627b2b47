"""The first pages a person sees, and the command `larder` to take away."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, current_app, render_template, send_from_directory
from werkzeug.wrappers import Response

from app.errors import NotFound
from app.web.context import public_url

bp = Blueprint("home", __name__)


@bp.get("/")
def index() -> str:
    """Say what this is and how to begin."""
    return _page("home/index.html")


@bp.get("/help")
def guide() -> str:
    """Show the lines to copy for each tool."""
    return _page("home/help.html")


@bp.get("/client/")
def client() -> str:
    """Link to the wheel of the command `larder`, as a page of files (PEP 503)."""
    wheel = _client_wheel()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return render_template("home/client.html", filename=wheel.name, sha256=digest)


@bp.get("/client/<filename>")
def client_file(filename: str) -> Response:
    """Give the wheel away, to anybody: it holds no secret, and installers have no token yet."""
    return send_from_directory(_client_wheel().parent, filename)


def _client_wheel() -> Path:
    found = _built_client()
    if found is None:
        raise NotFound("The command `larder` was not built here; its operator can: `make client`.")
    return found


def _built_client() -> Path | None:
    return next(Path(current_app.static_folder or "", "client").glob("*.whl"), None)


def _page(template: str) -> str:
    url, wheel = public_url(), _built_client()
    # .netrc goes by the host's name alone, without its port.
    return render_template(
        template, url=url, host=urlsplit(url).hostname, client=wheel.name if wheel else None
    )
