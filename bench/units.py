"""What DynamoDB bills for a call, by its rules on sizes, in request units of on-demand capacity.

Developer Guide, "Item sizes and formats" and "Read and write operations": an item counts with the
bytes of its names and values; reads are billed by 4 KB, halved where they need not be consistent,
writes by 1 KB; transactions cost both twice. Binary values are counted as they are, not in base64.
"""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Item = Mapping[str, Mapping[str, Any]]

_READ, _WRITE = 4096, 1024
_NESTED = 3


def item_size(item: Item) -> int:
    """Return the bytes that an item counts with.

    >>> item_size({"pk": {"S": "abc"}, "n": {"N": "1795392228965"}, "b": {"B": "AAAA"}})
    17
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(base64.b64decode(content))
        case "N":
            return len(content.strip("-").replace(".", "").strip("0")) // 2 + 1
        case "SS" | "NS" | "BS":
            return sum(_value_size({kind[0]: each}) for each in content)
        case "M" | "L":
            inside = item_size(content) if kind == "M" else sum(map(_value_size, content))
            return _NESTED + len(content) + inside
        case _:
            return 1


def read_units(size: int, *, consistent: bool) -> float:
    """Return the read units of one item, or of all that one page of a query has read.

    What is not there costs as much as the smallest item.
    """
    units = max(1, math.ceil(size / _READ))
    return units if consistent else units / 2


def write_units(before: Item | None, after: Item | None) -> int:
    """Return the write units of one item, of which the larger version counts."""
    return max(1, math.ceil(max(_size(before), _size(after)) / _WRITE))


def index_units(before: Item | None, after: Item | None, key: Sequence[str]) -> int:
    """Return the write units of an index that projects everything; never twice in a transaction.

    An entry that changes its key is removed and put anew; one that stays as it was costs nothing.
    """
    old = before if before and set(key) <= set(before) else None
    new = after if after and set(key) <= set(after) else None
    if old == new:
        return 0
    if old and new and [old[name] for name in key] != [new[name] for name in key]:
        return write_units(old, None) + write_units(None, new)
    return write_units(old, new)


def sizes(items: Iterable[Item]) -> int:
    """Return the bytes of several items."""
    return sum(map(item_size, items))


def _size(item: Item | None) -> int:
    return item_size(item) if item else 0
