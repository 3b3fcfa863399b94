"""The rooms of the house in their order: no import points up, and none goes in a circle.

An import counts wherever it stands, inside a function too. Imports for the type checker alone keep to the order of the
rooms, and may go in a circle within one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import syntax

import iop_outcomes

ROOT = Path(iop_outcomes.__file__).parent
PACKAGE = "iop_outcomes"

# from the ground up: a room knows only those above it in this list. A room is a folder, or a module at the root; names
# on one line are one room
ROOMS = (
    "errors",
    "vocabulary",
    "estimators",
    "tables",
    "patterns",
    "library",
    "protocol",
    "files",
    "steps",
    "spelling",
    "privacy",
    "codebooks",
    "simulate",
    "sources",
    "clean",
    "cohort",
    "design",
    "analyses",
    "release",
    "provenance",
    "presentation",
    "figures",
    "report",
    "study",
    "verify",
    "checks",
    "cli",
)
FLOOR = {name: floor for floor, names in enumerate(ROOMS) for name in names.split()}
# rooms that never know each other, although the order would allow it
STRANGERS = {"clean": {"sources", "files"}, "cohort": {"clean", "sources"}, "simulate": {"files", "privacy"}}
# modules that still know each other; this list may only become shorter
CIRCLES: list[set[str]] = []


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    return module.partition(".")[0]


def _file(parts: list[str]) -> Path | None:
    place = ROOT.joinpath(*parts)
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _nodes(tree: ast.AST, typed: bool) -> Iterator[ast.AST]:
    return syntax.statements(tree) if typed else syntax.statements(tree, _for_types)


def _named(node: ast.AST) -> list[list[str]]:
    """The dotted names that an import names, each with what is taken from it."""
    if isinstance(node, ast.Import):
        return [[*alias.name.split("."), ""] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written in full"
        return [[*str(node.module).split("."), alias.name] for alias in node.names]
    return []


@cache
def known(path: Path, typed: bool) -> frozenset[str]:
    """The modules of the package that a module imports, but not the package itself, which all of them load."""
    found = set()
    for node in _nodes(syntax.tree(path), typed):
        for first, *middle, last in _named(node):
            file = (last and _file([*middle, last])) or (middle and _file(middle))
            if first == PACKAGE and file:
                found.add(name_of(file))
    return frozenset(found - {name_of(path)})


def upward(name: str, imported: frozenset[str]) -> list[str]:
    """The imports of a module that do not go to its own room or one before it."""
    room = room_of(name)
    others = sorted(other for other in imported if room_of(other) != room)
    barred = STRANGERS.get(room, set())
    return [o for o in others if FLOOR[room_of(o)] > FLOOR[room] or room_of(o) in barred]


def circles(graph: dict[str, frozenset[str]]) -> list[set[str]]:
    """The sets of modules that know each other, directly or not."""
    reached = {name: _reached(name, graph) for name in graph}
    return [set(c) for c in sorted({tuple(sorted(m for m in reached[n] if n in reached[m])) for n in graph} - {()})]


def _reached(start: str, graph: dict[str, frozenset[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return seen


def test_every_room_has_its_place() -> None:
    there = {room_of(name_of(path)) for path in modules()} - {"__init__"}
    assert there == set(FLOOR)


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_knows_only_those_before_it(room: str) -> None:
    own = [path for path in modules() if room_of(name_of(path)) == room]
    found = {name_of(path): upward(name_of(path), known(path, typed=True)) for path in own}
    assert {name: other for name, other in found.items() if other} == {}


def test_no_import_goes_in_a_circle() -> None:
    graph = {name_of(path): known(path, typed=False) for path in modules()}
    assert circles(graph) == sorted(CIRCLES, key=sorted)


def test_what_points_up_or_round_is_seen() -> None:
    assert upward("tables.x", frozenset({"errors", "report.x", "tables.y"})) == ["report.x"]
    assert upward("cohort.x", frozenset({"clean.x", "tables"})) == ["clean.x"]
    graph = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"}), "d": frozenset({"a"})}
    assert circles(graph) == [{"a", "b", "c"}]
    assert known(ROOT / "sources/synthetic.py", typed=False) == {"simulate.cohort"}


def test_the_root_package_imports_nothing_before_it_is_asked() -> None:
    """Every job pays for what `import iop_outcomes` loads."""
    tree = syntax.tree(ROOT / "__init__.py")
    assert not [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) and PACKAGE in ast.unparse(node)
    ]


@pytest.mark.parametrize("reader", ["files/delimited.py", "privacy/identifiers/rules.py", "sources/mapping/dates.py"])
def test_an_edit_of_a_reader_reruns_one_step(reader: str) -> None:
    """What reads files is code of the source's step, and of no other."""
    from iop_outcomes.steps import code

    steps = ("clean", "cohort.population", "cohort.retention", "cohort.abstinence", "cohort.dose", "design",
             "analyses.retention", "analyses.dose", "release", "figures", "report", "steps.runner")  # fmt: skip
    assert [step for step in steps if ROOT / reader in code.closure(step)] == []
    assert ROOT / reader in code.closure("sources.mapping")


# libraries that take longer to import than most steps take to run: they are imported where they are used
HEAVY = {"scipy.stats", "scipy.optimize", "matplotlib", "plotnine", "lifelines", "statsmodels", "pandera", "snakemake"}


def _heavy(tree: ast.Module) -> list[str]:
    """The heavy libraries that importing a module imports."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in found if any(f"{name}.".startswith(f"{heavy}.") for heavy in HEAVY)]


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    assert {name_of(path): found for path in modules() if (found := _heavy(syntax.tree(path)))} == {}
    assert _heavy(ast.parse("from scipy import stats")) == ["scipy.stats"]
    assert _heavy(ast.parse("import plotnine.themes\n\ndef f():\n    import lifelines")) == ["plotnine.themes"]
