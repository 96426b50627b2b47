"""Reading items together."""

from typing import Any

import pytest

from app.errors import Unavailable
from app.models.base import LarderItem
from app.models.taken_name import TakenNameItem
from app.store import batch
from app.store.batch import read_together
from app.store.stores import Stores

KEYS = [("taken#a", "taken")]


@pytest.fixture
def throttled(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """DynamoDB that leaves everything out a number of times."""
    TakenNameItem(*KEYS[0], filename="a", sha256="b").save()
    connection = type(LarderItem._get_connection().connection)
    original, left = connection._make_api_call, [0]

    def call(instance: object, name: str, arguments: dict[str, Any]) -> Any:
        if name == "BatchGetItem" and left[0]:
            left[0] -= 1
            return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}
        return original(instance, name, arguments)

    monkeypatch.setattr(connection, "_make_api_call", call)
    monkeypatch.setattr(batch.time, "sleep", lambda _: None)
    return left


def test_what_was_left_out_is_asked_for_again(throttled: list[int]) -> None:
    throttled[0] = 3
    assert TakenNameItem in read_together(KEYS)
    assert throttled == [0]


def test_asking_again_has_an_end(throttled: list[int]) -> None:
    throttled[0] = 1000
    with pytest.raises(Unavailable):
        read_together(KEYS)
    assert throttled[0] > 900
