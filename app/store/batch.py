"""Reading several items of different types in one consistent BatchGetItem."""

import random
import time
from collections.abc import Iterable
from typing import Any

from app.errors import Unavailable
from app.models.base import LarderItem, table

_ATTEMPTS = 5


def read_together(keys: Iterable[tuple[str, str]]) -> dict[type[LarderItem], LarderItem]:
    """Return the items under `keys` (partition and sort key), at most one of each type.

    They are read consistently but not at one moment: of two items that one transaction writes, one
    may be seen and the other not.

    :raises Unavailable: if DynamoDB, being throttled, keeps leaving some of them out.
    """
    wanted: Any = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    found: dict[type[LarderItem], LarderItem] = {}
    for attempt in range(_ATTEMPTS):
        answer = table().batch_get_item(wanted, consistent_read=True)
        name = table().table_name
        for data in answer["Responses"].get(name, []):
            item = LarderItem.from_raw_data(data)
            found[type(item)] = item
        wanted = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys")
        if not wanted:
            return found
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads readers
    raise Unavailable("The index is asked for more than it may read right now; try again shortly.")
