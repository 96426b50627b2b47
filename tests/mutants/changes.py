"""Rules in source text: where they are, and the text without one of them.

A rule is a refusal that is raised; one of several reasons for the same refusal; a call of a check;
an entry of a table of what is refused or looked at.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

REFUSALS = frozenset({
    "Malformed", "BadFile", "BadRequest", "Gone", "UnknownMechanism", "Forbidden", "FileExists",
    "Conflict", "_malformed",
})  # fmt: skip
_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Change:
    """A module without one of its rules."""

    path: str
    line: int
    # What was taken out, for a person; the same as long as the rule is.
    label: str
    # The whole text of the module.
    text: str


@dataclass(frozen=True)
class _Edit:
    """How to take a rule out of a tree, in place."""

    node: ast.AST
    label: str
    apply: Callable[[], None]


def changes(path: str, text: str, tables: frozenset[str] = frozenset()) -> Iterator[Change]:
    """Yield a module without each of its rules; `tables` are its constants with rules in them."""

    def edits(tree: ast.Module) -> list[_Edit]:
        return [*_refusals(tree), *_reasons(tree), *_checks(tree), *_entries(tree, tables)]

    for number in range(len(edits(ast.parse(text)))):
        tree = ast.parse(text)
        edit = edits(tree)[number]
        line = getattr(edit.node, "lineno", 0)
        where = _function_at(tree, line)
        edit.apply()
        yield Change(
            path=path,
            line=line,
            label=f"{where}: {edit.label}",
            text=ast.unparse(ast.fix_missing_locations(tree)),
        )


def _refusals(tree: ast.Module) -> Iterator[_Edit]:
    for statements, at in _statements(tree):
        if refusal := _refusal(statements[at]):
            yield _without(statements, at, f"raise {refusal}")


def _reasons(tree: ast.Module) -> Iterator[_Edit]:
    """Yield each part of a condition of which one is enough for a refusal."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.If) or not any(map(_refusal, node.body)):
            continue
        for part in _parts(node.test):
            if isinstance(part, ast.BoolOp) and isinstance(part.op, ast.Or):
                yield from (_without_part(part.values, n) for n in range(len(part.values)))
            elif _compares_tuples(part):
                yield from _elements(part)


def _parts(condition: ast.expr) -> Iterator[ast.expr]:
    """Yield a condition and the conditions that it is made of."""
    yield condition
    match condition:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _parts(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _parts(operand)


def _checks(tree: ast.Module) -> Iterator[_Edit]:
    for statements, at in _statements(tree):
        match statements[at]:
            case ast.Expr(ast.Call(ast.Name(name) | ast.Attribute(attr=name))) if name.lstrip(
                "_"
            ).startswith(("check", "require")):
                yield _without(statements, at, ast.unparse(statements[at]))


def _entries(tree: ast.Module, tables: frozenset[str]) -> Iterator[_Edit]:
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(name)], value=value) if name in tables:
                yield from _members(name, value)


def _members(name: str, value: ast.expr) -> Iterator[_Edit]:
    match value:
        case ast.Dict(keys=keys, values=values):
            for number, key in enumerate(keys):
                label = f"{name} without {ast.unparse(key) if key else '**'}"
                yield _Edit(value, label, lambda n=number: (keys.pop(n), values.pop(n)))  # type: ignore[misc]
        case ast.Tuple(elts=elements) | ast.Set(elts=elements) | ast.List(elts=elements):
            for number, element in enumerate(elements):
                label = f"{name} without {ast.unparse(element)[:_SHOWN]}"
                yield _Edit(value, label, lambda n=number: elements.pop(n))  # type: ignore[misc]
        case ast.Call(args=[ast.Constant(value=bytes() as pattern) as constant]):
            for part in pattern.split(b"|"):
                rest = b"|".join(one for one in pattern.split(b"|") if one != part)
                label = f"{name} without {part!r}"
                yield _Edit(value, label, lambda r=rest: setattr(constant, "value", r))  # type: ignore[misc]
        case ast.Call(args=[inner]):
            yield from _members(name, inner)
        case _:
            raise ValueError(f"{name} is no table of entries")


def _elements(part: ast.Compare) -> Iterator[_Edit]:
    """Yield each element of two tuples that are compared."""
    left, right = part.left, part.comparators[0]
    assert isinstance(left, ast.Tuple)
    assert isinstance(right, ast.Tuple)
    for number, element in enumerate(left.elts):
        label = f"{ast.unparse(part)} without {ast.unparse(element)}"
        yield _Edit(part, label, lambda n=number: (left.elts.pop(n), right.elts.pop(n)))  # type: ignore[misc]


def _without(statements: list[ast.stmt], at: int, label: str) -> _Edit:
    def apply() -> None:
        statements[at] = ast.copy_location(ast.Pass(), statements[at])

    return _Edit(statements[at], f"without {label[:_SHOWN]}", apply)


def _without_part(values: list[ast.expr], number: int) -> _Edit:
    label = f"or-condition without {ast.unparse(values[number])[:_SHOWN]}"
    return _Edit(values[number], label, lambda: values.pop(number) and None)


def _statements(tree: ast.Module) -> Iterator[tuple[list[ast.stmt], int]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                yield from ((statements, at) for at in range(len(statements)))


def _refusal(statement: ast.stmt) -> str | None:
    """Return the text of a refusal that a statement raises, None if it raises none."""
    match statement:
        case ast.Raise(exc=ast.Call(func=ast.Name(name)) as call) if name in REFUSALS:
            return ast.unparse(call)
    return None


def _compares_tuples(part: ast.AST) -> bool:
    match part:
        case ast.Compare(left=ast.Tuple(), ops=[ast.NotEq()], comparators=[ast.Tuple()]):
            return True
    return False


def _function_at(tree: ast.Module, line: int) -> str:
    names = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return names[-1] if names else "(module)"
