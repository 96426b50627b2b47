"""The least that Flask costs: recorded answers, handed out as they are.

`LARDER_BENCH_RECORDED` names a folder with one file for each answer, whose first line tells status
and headers as JSON; the path is the file's name.
"""

import json
import os
from pathlib import Path
from typing import Any

from flask import Flask, Response

app = Flask(__name__)


def _load(path: Path) -> tuple[bytes, int, list[tuple[str, str]]]:
    head, _, body = path.read_bytes().partition(b"\n")
    found = json.loads(head)
    return body, found["status"], [tuple(header) for header in found["headers"]]


_FOLDER = Path(os.environ["LARDER_BENCH_RECORDED"])  # noqa: TID251 - not the application
_RECORDED = {path.name: _load(path) for path in _FOLDER.iterdir()}


@app.get("/<name>")
def recorded(name: str) -> Response:
    """Hand out an answer."""
    body, status, headers = _RECORDED[name]
    return Response(body, status, headers)


def http(event: Any, context: Any) -> Any:
    """Answer one request of an HTTP API."""
    import serverless_wsgi

    return serverless_wsgi.handle_request(app, event, context)
