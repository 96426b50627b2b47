"""`/api/v1/openapi.json`: what the management API takes and gives, for programs."""

from typing import Any

from flask import Blueprint, current_app

from app.web import openapi
from app.web.context import public_url

bp = Blueprint("api", __name__, url_prefix="/api/v1")


@bp.get("/openapi.json")
def document() -> dict[str, Any]:
    """Describe the management API (OpenAPI 3.1)."""
    return openapi.describe(current_app, url=public_url())
