"""The management API described by itself (OpenAPI 3.1), from its routes, docstrings and schemas."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Flask

from app.domain.cursor import DEFAULT_LIMIT, MAX_LIMIT

PREFIX = "/api/v1/"
VERSION = "3.1.0"

Schema = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])

_PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "code": {"type": "string", "description": "The kind of refusal, for programs."},
    },
}
_PAGING: list[Schema] = [
    {
        "name": "limit",
        "in": "query",
        "description": "How many entries to give at most.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        },
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "The `next` of the answer before.",
        "schema": {"type": "string", "minLength": 1},
    },
]
# Every operation may be refused for these reasons: no token, no right, nothing there, no storage.
# (A path that no project can have is a 405 where another method has a route.)
_REFUSALS = (400, 401, 403, 404, 405, 409, 413, 503)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a view takes and gives."""

    body: Schema | None = None
    status: int = 200
    answer: Schema | None = None
    body_required: bool = field(default=True)
    # Whether it gives a list in parts.
    paged: bool = False


def operation(
    *,
    body: Schema | None = None,
    body_required: bool = True,
    status: int = 200,
    answer: Schema | None = None,
    paged: bool = False,
) -> Callable[[View], View]:
    """Describe a view: the JSON schemas of its body and of its answer (None: it has none).

    A `paged` one takes `limit` and `cursor`, see app/web/paging.py.
    """

    def mark(view: View) -> View:
        view.operation = Operation(  # type: ignore[attr-defined]
            body=body, body_required=body_required, status=status, answer=answer, paged=paged
        )
        return view

    return mark


def describe(app: Flask, *, url: str) -> dict[str, Any]:
    """Return the description of every route of `app` below `/api/v1/`, as served at `url`."""
    from apispec import APISpec

    spec = APISpec(
        title="Larder",
        version="1",
        openapi_version=VERSION,
        info={"description": "Manages projects and tokens of a private Python package index."},
        servers=[{"url": url}],
        security=[{"token": []}, {"basic": []}],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("basic", {"type": "http", "scheme": "basic"})
    spec.components.schema("Problem", _PROBLEM)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        about = getattr(view, "operation", None)
        if rule.rule.startswith(PREFIX) and isinstance(about, Operation):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            described = {
                method.lower(): _operation(rule.endpoint, view, about) for method in methods
            }
            spec.path(_path(rule.rule), operations=described, parameters=_parameters(rule.rule))
    return spec.to_dict()


def _operation(endpoint: str, view: Callable[..., Any], about: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": (inspect.getdoc(view) or "").partition("\n")[0],
        "responses": {str(about.status): _answer(about)},
    }
    for status in _REFUSALS:
        described["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": "Problem"}},
        }
    if about.paged:
        described["parameters"] = _PAGING
    if about.body is not None:
        described["requestBody"] = {
            "required": about.body_required,
            "content": {"application/json": {"schema": about.body}},
        }
    return described


def _answer(about: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(about.status).phrase}
    if about.answer is not None:
        described["content"] = {"application/json": {"schema": about.answer}}
    return described


def _path(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def _parameters(rule: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"<(?:\w+:)?(\w+)>", rule)
    ]
