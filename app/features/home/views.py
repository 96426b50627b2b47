"""The first pages a person sees."""

from urllib.parse import urlsplit

from flask import Blueprint, render_template

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


def _page(template: str) -> str:
    url = public_url()
    # .netrc goes by the host's name alone, without its port.
    return render_template(template, url=url, host=urlsplit(url).hostname)
