"""What a row of results is of stands in columns: no room that comes after takes the value of a key apart."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import syntax

import iop_outcomes
from iop_outcomes.tables import TABLES

ROOMS = ("analyses", "release", "figures", "report")
TABLES_OF_RESULTS = ("counts", "life_tables", "estimates", "curves", "diagnostics", "twice", "truth")
# names of the keys as they stand in code: columns and variables
KEYS = {
    key for name in TABLES_OF_RESULTS for key in TABLES[name].key if TABLES[name].columns[key].kind == "text"
}  # fmt: skip
# of one value, and by `.str` of a column
APART = {
    "split", "rsplit", "partition", "rpartition", "startswith", "endswith", "removeprefix", "removesuffix",
    "splitlines", "find", "match", "fullmatch", "extract", "extractall", "contains", "slice", "get", "strip", "lstrip",
    "rstrip",
}  # fmt: skip
OF_TEXT = APART - {"get", "find", "strip", "lstrip", "rstrip", "match"}
PATTERNS = {"match", "fullmatch", "search", "split", "findall", "finditer", "sub"}


def keys_in(tree: ast.AST) -> set[str]:
    """The keys that an expression speaks of: a variable, an attribute or a column of that name."""
    return {found for node in ast.walk(tree) if (found := _named(node)) in KEYS}


def _named(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def taken_apart(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines on which the value of a key is split, tested for a part, cut, or held against a pattern; with the key."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of, how = node.func.value, node.func.attr
            by_column = isinstance(of, ast.Attribute) and of.attr == "str"
            patterns = isinstance(of, ast.Name) and of.id == "re" and how in PATTERNS
            whole = list(node.args) if patterns else [of] if how in (APART if by_column else OF_TEXT) else []
            for key in sorted({key for part in whole for key in keys_in(part)}):
                yield node.lineno, key
        # a part of a text by position: row["variable"][:4]
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            column = node.value
            if isinstance(column, ast.Subscript) and _named(column.slice) in KEYS and _of_one_row(column):
                yield node.lineno, _named(column.slice)


def _of_one_row(column: ast.Subscript) -> bool:
    return isinstance(column.value, ast.Name) and column.value.id in ("row", "r", "cell", "ask", "key")


@pytest.mark.parametrize(
    "line",
    [
        'row["measure"].split("_")', 'str(row.outcome).removeprefix("covariate:")',
        'name, _, _ = group.partition(": ")',
        'counts["outcome"].str.startswith("rows of ")', 'estimates["measure"].str.extract("(risk)_(.*)")',
        're.fullmatch(r"days: (.*)", str(row["group"]))', 'table["variable"].str.split(":").str[0]',
        'row["level"][:2]', 'released["variable"].str.contains("=")',
    ],
)  # fmt: skip
def test_a_key_that_is_taken_apart_is_found(line: str) -> None:
    assert list(taken_apart(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        'row["measure"] == RISK', 'labels.endpoint(row["outcome"])', 'title.removeprefix("in ")', 'cells.get(level)',
    ],
)  # fmt: skip
def test_a_key_that_is_used_whole_is_none(line: str) -> None:
    assert not list(taken_apart(ast.parse(line)))


def test_no_room_takes_a_key_apart() -> None:
    package = Path(iop_outcomes.__file__).parent
    files = sorted(path for room in ROOMS for path in (package / room).rglob("*.py"))
    assert len(files) > 50
    found = [
        f"{path.relative_to(package)}:{line}: {key}" for path in files for line, key in taken_apart(syntax.tree(path))
    ]
    assert not found
