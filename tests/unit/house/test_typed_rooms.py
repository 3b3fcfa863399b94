"""Settings keep their types to the last room: no parameter there may be anything, and the runner can build them all."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints

import pytest
import syntax

import iop_outcomes
from iop_outcomes.tables import TABLES, rows

PACKAGE = Path(iop_outcomes.__file__).parent
ROOMS = ("analyses", "cohort", "design", "release", "provenance", "presentation", "figures", "report")
MODULES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_is_anything(path: Path) -> None:
    tree = syntax.tree(path)
    named = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "Any"]
    assert named == []
    bare = {"dict", "Mapping", "MutableMapping"}
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    untyped = [
        f"{function.name}: {argument.arg}"
        for function in functions
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id in bare
    ]
    assert untyped == []


def test_the_runner_can_build_every_setting_of_every_step(project: Path) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in (project / "workflow/rules").glob("*.smk"))
    steps = {
        *re.findall(r'\bstep\(\s*"([\w.]+)"', rules),
        *(f"analyses.{n}" for n in re.findall(r'analysis\("(\w+)"', rules)),
    }
    assert {"analyses.retention", "cohort.population", "design"} <= steps
    for name in steps:
        run = importlib.import_module(f"iop_outcomes.{name}").run
        settings = {
            n: kind
            for n, kind in run.__annotations__.items()
            if n not in TABLES and "pd." not in kind and n != "return"
        }
        get_type_hints(SimpleNamespace(__annotations__=settings), run.__globals__)


KINDS = {"text": str, "number": float, "whole": int}


@pytest.mark.parametrize(("name", "row"), [("estimates", rows.Estimated), ("counts", rows.Counted)])
def test_rows_have_the_types_that_their_table_declares(name: str, row: type) -> None:
    """A number that is missing is one still, and a whole one that may be missing says so."""
    declared = {
        column: KINDS[c.kind] | None if c.kind == "whole" and c.nullable else KINDS[c.kind]
        for column, c in TABLES[name].columns.items()
    }
    assert get_type_hints(row) == declared
