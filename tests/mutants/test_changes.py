"""Taking rules out of source text."""

import ast

import pytest

from tests.mutants.changes import changes
from tests.mutants.modules import MODULES, ROOT, Module


def labels(text: str, *tables: str) -> list[str]:
    return [change.label for change in changes("x.py", text, frozenset(tables))]


def without(text: str, label: str, *tables: str) -> str:
    """Return the text without the one rule of this label."""
    found = changes("x.py", text, frozenset(tables))
    [change] = [change for change in found if change.label == label]
    return change.text


def test_a_refusal_is_taken_out_where_it_is_raised() -> None:
    text = "def f(x):\n    if x:\n        raise BadFile('no')\n    return x"

    assert labels(text) == ["f: without raise BadFile('no')"]
    assert "pass" in without(text, "f: without raise BadFile('no')")


def test_what_is_no_refusal_stays() -> None:
    assert labels("def f(x):\n    if x:\n        raise KeyError(x)\n    raise Unavailable()") == []


def test_each_of_several_reasons_is_taken_out() -> None:
    text = "def f(a, b, c):\n    if a or not (b or c):\n        raise Malformed('no')"

    found = labels(text)

    assert found[1:] == [
        "f: or-condition without a",
        "f: or-condition without not (b or c)",
        "f: or-condition without b",
        "f: or-condition without c",
    ]
    assert "if not (b or c):" in without(text, found[1])
    assert "if a or not (b):" in without(text, found[4])


def test_a_default_is_no_reason() -> None:
    text = "def f(a, b):\n    if a not in {b or 1}:\n        raise Malformed('no')"
    assert labels(text) == ["f: without raise Malformed('no')"]


def test_each_of_several_things_that_are_compared_at_once_is_taken_out() -> None:
    text = "def f(a, b):\n    if (a, b) != (1, 2):\n        raise Malformed('no')"

    assert "if (a,) != (1,):" in without(text, "f: (a, b) != (1, 2) without b")


def test_a_check_is_taken_out_where_it_is_called() -> None:
    text = (
        "class C:\n    def f(self):\n        self._check_all()\n        g.require_x()\n        h()"
    )

    assert labels(text) == ["f: without self._check_all()", "f: without g.require_x()"]


@pytest.mark.parametrize(
    ("table", "rest"),
    [
        ("T = ('a', 'b')", "T = ('b',)"),
        ("T = frozenset({'a', 'b'})", "T = frozenset({'b'})"),
        ("T = {'a': 1, 'b': 2}", "T = {'b': 2}"),
        ("T = re.compile(b'a|b')", "T = re.compile(b'b')"),
    ],
)
def test_an_entry_is_taken_out_of_a_table(table: str, rest: str) -> None:
    [first, second] = changes("x.py", table, frozenset({"T"}))

    assert ast.unparse(ast.parse(first.text)) == rest
    assert first.label.startswith("(module): T without ")
    assert "a" in second.text


def test_a_table_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="T is no table"):
        labels("T = 1", "T")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.path)
def test_every_module_has_rules_and_is_a_module_without_each(module: Module) -> None:
    whole = ast.unparse(ast.parse((ROOT / module.path).read_text()))
    found = module.changes()

    assert found
    for change in found:
        assert ast.unparse(ast.parse(change.text)) != whole, change.label
