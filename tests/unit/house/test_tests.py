"""The tests stand as the code does: a folder for each room, and no file too long to read."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import syntax

import iop_outcomes

PACKAGE = Path(iop_outcomes.__file__).parent
TESTS = Path(__file__).parents[2]
LINES = 400
# beside those of the rooms: tests of the code as a whole, and data that tests read
OTHERS = {"house", "data"}
LOOKS_IMPORTED = re.compile(r"^\s*(?:import|from)\b.*\btest_", re.MULTILINE)


def python(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_no_file_of_tests_is_too_long_to_read() -> None:
    found = {str(p.relative_to(TESTS)): len(p.read_text(encoding="utf-8").splitlines()) for p in python(TESTS)}
    assert not {name: lines for name, lines in found.items() if lines > LINES}


def test_tests_stand_in_folders_of_rooms() -> None:
    unit = TESTS / "unit"
    rooms = {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
    assert {p.relative_to(unit).parts[0] for p in python(unit) if p.parent != unit} <= rooms | OTHERS
    assert not sorted(unit.glob("test_*.py"))


def test_no_two_files_have_the_same_name() -> None:
    """pytest imports a file by its name alone."""
    names = [p.name for p in python(TESTS) if p.name != "conftest.py"]
    assert len(names) == len(set(names))


def test_what_tests_share_stands_in_no_test() -> None:
    """A test that is imported moves with what others need of it, and is found only where its folder is collected."""
    found = []
    # a file is taken apart only where a line looks like such an import
    suspects = [p for p in python(TESTS) if LOOKS_IMPORTED.search(p.read_text(encoding="utf-8"))]
    for path in suspects:
        for node in syntax.statements(syntax.tree(path)):
            given = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            given += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            found += [f"{path.name}: {name}" for name in given if name.startswith("test_")]
    assert not found
