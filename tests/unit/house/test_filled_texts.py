"""A text that names a value of its function in braces is filled in, as an f-string: none is shown as it stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import syntax

IN_BRACES = re.compile(r"\{([A-Za-z_]\w*)\}")


def unfilled(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of texts, docstrings aside, that hold in braces what their function is given or makes."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        inside = list(ast.walk(function))
        names = {node.arg for node in inside if isinstance(node, ast.arg)}
        names |= {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        first = function.body[0]
        docstring = first.value if isinstance(first, ast.Expr) else None
        for node in inside:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node is not docstring:
                yield from ((node.lineno, name) for name in IN_BRACES.findall(node.value) if name in names)


def test_no_text_shows_the_name_of_a_value(project: Path) -> None:
    sources = (project / "src/iop_outcomes").rglob("*.py")
    suspects = (path for path in sources if IN_BRACES.search(path.read_text(encoding="utf-8")))
    assert not [f"{path.name}:{line}: {name}" for path in suspects for line, name in unfilled(syntax.tree(path))]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("return 'A {one} of ' 'two'", ["one"]), ("return f'{one} and ' 'a {one}'", ["one"]),
        ("return f'A {one} of ' 'two'", []), ("return 'A {other}'.format(other=one)", []),
        ("'A docstring of {one}.'", []),
    ],
)  # fmt: skip
def test_what_is_found(body: str, names: list[str]) -> None:
    assert [name for _, name in unfilled(ast.parse(f"def of(one):\n    {body}\n"))] == names
