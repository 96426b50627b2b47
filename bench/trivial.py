"""BASE: what Flask behind serverless_wsgi costs with one trivial route, before any product."""

from typing import Any

import serverless_wsgi
from flask import Flask

app = Flask(__name__)


@app.get("/simple/<project>/")
def page(project: str) -> str:
    """Answer."""
    return project


def http(event: Any, context: Any) -> Any:
    """Answer one request of an HTTP API."""
    return serverless_wsgi.handle_request(app, event, context)
