"""Request units, by the rules of DynamoDB's developer guide."""

import pytest

from bench.units import index_units, item_size, read_units, write_units

KEY = ("gsi1pk", "gsi1sk")


def item(size: int = 0, **more: str) -> dict[str, dict[str, str]]:
    """Return an item of about `size` bytes."""
    return {"pk": {"S": "x" * size}, **{name: {"S": value} for name, value in more.items()}}


def test_an_item_counts_with_its_names_and_values() -> None:
    assert item_size({"name": {"S": "ü"}}) == 6
    assert item_size({"b": {"B": "AAAA"}}) == 4  # three bytes, in base64
    assert item_size({"t": {"BOOL": True}, "n": {"NULL": True}}) == 4
    assert item_size({"s": {"SS": ["ab", "c"]}}) == 4


def test_a_number_counts_with_half_its_digits() -> None:
    assert item_size({"n": {"N": "1795392228965"}}) == 8
    assert item_size({"n": {"N": "100"}}) == 2


def test_what_is_nested_counts_three_bytes_and_one_for_each_entry() -> None:
    assert item_size({"m": {"M": {"a": {"S": "b"}}}}) == 1 + 3 + 1 + 2
    assert item_size({"l": {"L": [{"S": "ab"}, {"S": "c"}]}}) == 1 + 3 + 2 + 3


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(0, True, 1), (4096, True, 1), (4097, True, 2), (4097, False, 1), (0, False, 0.5)],
)
def test_reads_are_billed_by_4_kb(size: int, units: float, *, consistent: bool) -> None:
    assert read_units(size, consistent=consistent) == units


def test_writes_are_billed_by_1_kb_of_the_larger_version() -> None:
    assert write_units(None, None) == 1
    assert write_units(None, item(1022)) == 1
    assert write_units(None, item(1023)) == 2
    assert write_units(item(3000), item(10)) == 3


def test_an_index_is_billed_where_its_entry_changes() -> None:
    listed = item(gsi1pk="a", gsi1sk="b", more="1")

    assert index_units(None, item(), KEY) == 0
    assert index_units(None, listed, KEY) == 1
    assert index_units(listed, listed, KEY) == 0
    assert index_units(listed, {**listed, "more": {"S": "2"}}, KEY) == 1
    assert index_units(listed, {**listed, "gsi1sk": {"S": "c"}}, KEY) == 2
    assert index_units(listed, None, KEY) == 1
