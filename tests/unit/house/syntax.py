"""The code of the package as syntax trees: each file is read once for all tests of the house."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file, which no test may change."""
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(of: ast.AST, skipped: Callable[[ast.AST], bool] = lambda node: False) -> Iterator[ast.AST]:
    """All statements of a tree and what holds them, but no expressions, which hold none and are most of a tree.

    skipped: statements that are left out with all they hold.
    """
    for node in ast.iter_child_nodes(of):
        if not isinstance(node, ast.expr) and not skipped(node):
            yield node
            yield from statements(node, skipped)
