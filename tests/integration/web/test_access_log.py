"""The line that each request leaves."""

import logging
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient


def test_a_request_leaves_one_line_without_its_query(
    as_: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    client = as_("ada")
    with caplog.at_level(logging.INFO, "larder.request"):
        client.get("/simple/?canary=1", headers={"User-Agent": "pip/26.3 {}"})

    (record,) = [record for record in caplog.records if record.name == "larder.request"]
    assert record.getMessage() == "GET /simple/ 200"
    assert (record.actor, record.client) == ("ada", "pip/26.3")  # type: ignore[attr-defined]
    assert "canary" not in str(vars(record))
