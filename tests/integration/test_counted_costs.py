"""What the simulation takes a request to cost is what it costs, counted on the emulator."""

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bench import simulate
from bench.units import item_size
from tests import make
from tests.aws import between

KINDS = ("token", "account", "head", "role", "file", "metadata")


def kind_of(key: dict[str, Any]) -> str:
    """Return the kind of item that lies under a key, whether it is there or not."""
    name = str(key["sk"]["S"]).partition("#")[0]
    assert name in KINDS, key
    return name


def read_units(act: Callable[[], Any]) -> Counter[str]:
    """Return the read units of a request by kind of item."""
    units: Counter[str] = Counter()

    def hook(operation: str, arguments: dict[str, Any], send: Callable[[], Any]) -> Any:
        answer = send()
        assert operation == "BatchGetItem", f"a request more: {operation}"
        [(table, asked)] = arguments["RequestItems"].items()
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"][table]}
        for key in asked["Keys"]:
            item = found.get((key["pk"]["S"], key["sk"]["S"]), {})
            units[kind_of(key)] += max(1, math.ceil(item_size(item) / 4096))
        return answer

    with between(hook):
        act()
    return units


@pytest.fixture
def client(as_: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of an index with a project of ten files."""
    found = as_("ada")
    for number in range(10):
        version = f"1.{number}"
        name = make.wheel_name("larder-demo", version)
        form = make.form(make.wheel("larder-demo", version), name, release=version)
        assert found.post("/legacy/", data=form).status_code == 200
    return found


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ("page", "/simple/larder-demo/"),
        ("metadata", f"/files/larder-demo/{make.wheel_name('larder-demo', '1.0')}.metadata"),
        ("file", f"/files/larder-demo/{make.wheel_name('larder-demo', '1.0')}"),
        ("absent page", "/simple/elsewhere/"),
    ],
)
def test_the_simulation_reads_what_a_request_reads(
    client: FlaskClient, request_: str, path: str
) -> None:
    assert read_units(lambda: client.get(path)) == simulate.READS[request_]


def test_the_tables_of_the_documentation_are_those_of_the_simulation() -> None:
    document = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    for plan in simulate.PLANS:
        assert simulate.markdown(simulate.run(plan)) in document, plan.title


def test_what_a_request_costs_is_as_documented() -> None:
    document = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    for request_, units in simulate.READS.items():
        assert f"| {request_} | {sum(units.values())} |" in document, json.dumps(units)
