"""The description of the management API, and the API held against it."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.web.openapi import PREFIX, Operation
from tests import make

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KNOWN = {
    "project": "larder-demo",
    "version": "1.0",
    "filename": make.wheel_name(),
    "user": "ada",
}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").get_json()
    return found


def test_the_description_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_route_is_described(app: Flask, document: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(PREFIX) and not rule.rule.endswith("openapi.json"):
            view = app.view_functions[rule.endpoint]
            assert isinstance(getattr(view, "operation", None), Operation), rule
    described = sum(
        len({"get", "put", "post", "delete"} & set(path)) for path in document["paths"].values()
    )
    assert described == 21


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for method in {"get", "put", "post", "delete"} & set(path):
            assert path[method]["summary"].endswith(".")


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_gets_an_answer_that_is_not_described(
    app: Flask, as_: Callable[..., FlaskClient], mint: Callable[..., str], mode: GenerationMode
) -> None:
    as_("ada", {"manage"}).post("/legacy/", data=make.form(make.wheel()))
    login = {"Authorization": f"Bearer {mint('ada', {'manage'})}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)

    def conform(operation: schemathesis.APIOperation) -> None:
        @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
        @settings(max_examples=10, database=None, suppress_health_check=list(HealthCheck))
        def one(case: schemathesis.Case, known: bool) -> None:  # noqa: FBT001
            if known and case.method == "GET":  # or hardly any would find something
                case.path_parameters |= {name: KNOWN[name] for name in case.path_parameters}
            case.call_and_validate(headers=login, checks=CHECKS)

        with contextlib.suppress(Unsatisfiable):  # an operation that nothing can be wrong about
            one()

    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 21
    for operation in operations:
        conform(operation)


def test_what_is_there_is_told_as_described(
    app: Flask, as_: Callable[..., FlaskClient], mint: Callable[..., str]
) -> None:
    as_("ada", {"manage"}).post("/legacy/", data=make.form(make.wheel()))
    login = {"Authorization": f"Bearer {mint('ada', {'manage'})}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    told = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.method.upper() == "GET":
            case = operation.Case(path_parameters=KNOWN)
            answer = case.call_and_validate(headers=login, checks=CHECKS)
            assert answer.status_code == 200, operation.path
            told += 1
    assert told == 11
