# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small changes of logic that mutants.py makes: what may stand in place of an expression or a statement."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path

_COMPARED: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
_OTHER_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Texts for readers, and what only guards dataclasses.
_NO_LOGIC = frozenset({"description", "slots", "frozen", "strict", "encoding"})


@dataclass(frozen=True)
class Change:
    """A text in place of the source between two offsets. line: where it begins."""

    path: Path
    start: int
    end: int
    text: str
    line: int

    @property
    def source(self) -> str:
        """The whole file with the change."""
        source = self.path.read_bytes()
        return (source[: self.start] + self.text.encode() + source[self.end :]).decode()

    def __str__(self) -> str:
        old = self.path.read_bytes()[self.start : self.end].decode()
        return " ".join(f"line {self.line}: {old}  ->  {self.text}".split())


def changes_of(path: Path) -> list[list[Change]]:
    """All changes of a file, by the place where they are made."""
    source = path.read_bytes()
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    found = []
    for node in _walk(ast.parse(source)):
        place: ast.expr | ast.stmt = node.test if isinstance(node, ast.If | ast.While) else node
        start = offsets[place.lineno - 1] + place.col_offset
        end = offsets[(place.end_lineno or 0) - 1] + (place.end_col_offset or 0)
        # A generator that is the only argument of a call brings its brackets along.
        bare = isinstance(place, ast.stmt | ast.GeneratorExp)
        texts = [ast.unparse(one) for one in _replacements(node)]
        found.append([Change(path, start, end, text if bare else f"({text})", place.lineno) for text in texts])
    return [one for one in found if one]


def _walk(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """All nodes that have logic, without annotations, texts for readers and f-strings, which mostly are messages."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg in _NO_LOGIC):
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or (name == "slice" and isinstance(value, ast.Tuple)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _less(values: list[ast.expr]) -> Iterator[list[ast.expr]]:
    for number in range(len(values)):
        yield values[:number] + values[number + 1 :]


@singledispatch
def _replacements(_node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in place of a node."""
    yield from ()


@_replacements.register
def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    if isinstance(node.left, ast.Name) and node.left.id == "__name__":
        return
    for number, operator in enumerate(node.ops):
        for other in _COMPARED[type(operator)]:
            yield _with(node, ops=[*node.ops[:number], other(), *node.ops[number + 1 :]])


@_replacements.register
def _and_or(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    for rest in _less(node.values):
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


@_replacements.register
def _sign(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


@_replacements.register
def _choice(node: ast.IfExp) -> Iterator[ast.AST]:
    yield from (node.body, node.orelse)


@_replacements.register
def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))


@_replacements.register
def _operation(node: ast.BinOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Mod | ast.Pow):
        return
    yield node.left
    if isinstance(node.op, ast.Add | ast.Sub):
        yield _with(node, op=ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())
    else:
        yield node.right


@_replacements.register
def _call(node: ast.Call) -> Iterator[ast.AST]:
    for number, keyword in enumerate(node.keywords):
        if keyword.arg not in _NO_LOGIC:
            yield _with(node, keywords=node.keywords[:number] + node.keywords[number + 1 :])
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _OTHER_FUNCTIONS:
        yield _with(node, func=ast.Name(_OTHER_FUNCTIONS[name]))
    if name == "sorted":
        yield node.args[0]


@_replacements.register
def _mapping(node: ast.Dict) -> Iterator[ast.AST]:
    for number, key in enumerate(node.keys):
        values = node.values[:number] + node.values[number + 1 :]
        yield _with(node, keys=node.keys[:number] + node.keys[number + 1 :], values=values)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            other = ast.Constant(f"{key.value}_")
            yield _with(node, keys=[*node.keys[:number], other, *node.keys[number + 1 :]])


@_replacements.register
def _series(node: ast.Set | ast.Tuple | ast.List) -> Iterator[ast.AST]:
    if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from (_with(node, elts=rest) for rest in _less(node.elts) if rest)


@_replacements.register
def _part(node: ast.Subscript) -> Iterator[ast.AST]:
    if isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load):
        yield node.value


@_replacements.register
def _comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Iterator[ast.AST]:
    for number, loop in enumerate(node.generators):
        for place, condition in enumerate(loop.ifs):
            rest = loop.ifs[:place] + loop.ifs[place + 1 :]
            for conditions in (rest, [*rest, ast.UnaryOp(ast.Not(), condition)]):
                changed = _with(loop, ifs=conditions)
                yield _with(node, generators=[*node.generators[:number], changed, *node.generators[number + 1 :]])


@_replacements.register
def _condition(node: ast.If | ast.While) -> Iterator[ast.AST]:
    """In place of the condition alone."""
    yield ast.UnaryOp(ast.Not(), node.test)


@_replacements.register
def _statement(node: ast.Expr | ast.AugAssign | ast.Assign | ast.Raise) -> Iterator[ast.AST]:
    """A call for its effect, a change of what is there, or an error that does not come."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    is_local = any(not isinstance(one, ast.Attribute | ast.Subscript) for one in targets)
    if not is_local and (not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call)):
        yield ast.Pass()


@_replacements.register
def _continuation(_node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.Break()


@_replacements.register
def _early_end(node: ast.Return) -> Iterator[ast.AST]:
    """One with a fixed value that does not come."""
    if isinstance(node.value, ast.List | ast.Dict | ast.Constant | None):
        yield ast.Pass()
