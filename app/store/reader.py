"""Reading items by their keys, for what readers wait for: consistent, and without PynamoDB."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.config import Config
from app.errors import Unavailable
from app.store.aws_json import AwsJson
from app.store.clock import Clock
from app.store.endpoints import endpoint
from app.store.records import Item, plain
from app.store.wire import pause

Key = tuple[str, str]
"""Partition and sort key."""


class ItemReader:
    """Reads from the one table."""

    def __init__(self, config: Config, clock: Clock) -> None:
        """Open nothing yet."""
        self._table = config.table
        self._dynamodb = AwsJson(
            service="dynamodb",
            protocol="DynamoDB_20120810",
            version="1.0",
            region=config.region,
            url=config.dynamodb_url or endpoint("dynamodb", config.region),
            clock=clock,
        )

    def open(self) -> None:
        """Have a connection ready."""
        self._dynamodb.wire.open()

    def one(self, key: Key) -> Item | None:
        """Return the item under a key, as of now."""
        answer = self._dynamodb.call(
            "GetItem", {"TableName": self._table, "Key": _typed(key), "ConsistentRead": True}
        )
        return plain(answer["Item"]) if "Item" in answer else None

    def between(
        self, partition: str, first: str, last: str, names: Iterable[str], *, limit: int
    ) -> Iterator[Item]:
        """Yield the items from one sort key to another, both included, as of now and in order.

        Each has the attributes `names` alone; `limit` is the number of items asked for at a time.
        """
        asked = {
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": partition},
                ":first": {"S": first},
                ":last": {"S": last},
            },
        }
        return self._query(asked, names, limit)

    def index(
        self, index: str, partition: str, names: Iterable[str], *, limit: int
    ) -> Iterator[Item]:
        """Yield the items of a partition of an index in order, as they were a moment ago."""
        asked = {
            "IndexName": index,
            "KeyConditionExpression": f"{index}pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
        }
        return self._query(asked, names, limit)

    def _query(self, asked: dict[str, Any], names: Iterable[str], limit: int) -> Iterator[Item]:
        # Some names of attributes are words of DynamoDB's language.
        aliases = {f"#{number}": name for number, name in enumerate(names)}
        asked |= {
            "TableName": self._table,
            "ProjectionExpression": ", ".join(aliases),
            "ExpressionAttributeNames": aliases,
            "Limit": limit,
        }
        while True:
            answer = self._dynamodb.call("Query", asked)
            yield from map(plain, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def together(self, keys: Iterable[Key]) -> list[Item]:
        """Return what is there under up to 100 `keys`, in no order.

        They are read consistently but not at one moment: of two items that one transaction writes,
        one may be seen and the other not.

        :raises Unavailable: if DynamoDB, being throttled, keeps leaving some of them out.
        """
        wanted: Any = [_typed(key) for key in keys]
        found: list[Item] = []
        attempt = 0
        while wanted:
            asked = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._dynamodb.call("BatchGetItem", {"RequestItems": asked})
            found += map(plain, answer["Responses"].get(self._table, []))
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys")
            if wanted and not pause(attempt):
                raise Unavailable(
                    "The index is asked for more than it may read right now; try again shortly."
                )
            attempt += 1
        return found


def _typed(key: Key) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
