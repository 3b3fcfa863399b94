"""Which code a step uses: the modules of this package that its module imports, directly or not, and their hash.

Snakemake sees only the script that it runs. The hash goes into each rule's params, so that an edit reruns the steps
that use the edited module, and only those. Imports are read from the source, lazy ones inside functions included.
Reference tables count as code of the modules that name them, and of what a module of `tables` declares, that which is
named (`iop_outcomes.steps.declared`).

Code is hashed as its syntax tree: comments and layout do not count, nor do docstrings, unless a module of those that
the step uses reads docstrings.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from iop_outcomes.steps import declared
from iop_outcomes.tables import reference

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT.name
# by which docstrings or the text of code are read while a step runs
READS_TEXT = re.compile(r"__doc__|\bgetdoc\b|\bgetsource|attribute_docstrings|model_json_schema")

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """What a file of code says. imports: dotted names within the package; words: texts that may name reference tables;
    tables: those that it takes by name from TABLES; meanings: whether it reads what columns mean.
    """

    imports: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]
    tables: frozenset[str]
    meanings: bool
    reads_text: bool
    digest: str


@cache
def closure(module: str) -> tuple[Path, ...]:
    """The files behind a dotted module name of this package (without the package's own name), sorted.

    Files that declare tables are left out.
    """
    seen: set[Path] = set()
    waiting: list[Path | None] = [_file(tuple(module.split(".")))]
    while waiting:
        path = waiting.pop()
        if path is None or path in seen or _declares(path):
            continue
        seen.add(path)
        waiting.extend(_near(path) - seen)
    return tuple(sorted(seen))


@cache
def _near(path: Path) -> frozenset[Path]:
    """The files that a file imports, those of the packages that they lie in among them."""
    names = {parts[:i] for parts in read(path).imports for i in range(1, len(parts) + 1)}
    return frozenset(found for name in names if (found := _file(name)))


@cache
def digest(module: str) -> str:
    """A short hash of all code that a module uses."""
    total = hashlib.sha256()
    modules = closure(module)
    whole = any(read(path).reads_text for path in modules)
    for path in (*modules, *_templates(modules)):
        total.update(path.relative_to(ROOT).as_posix().encode())
        total.update(path.read_bytes() if whole or path.suffix != ".py" else read(path).digest.encode())
    for name in sorted({name for path in modules for name in _references(path)}):
        total.update(name.encode())
        total.update(reference.path(name).read_bytes())
    for name in sorted({name for path in modules for name in _values(path)}):
        total.update(f"{name}\0{declared.value(name)}".encode())
    return total.hexdigest()[:16]


@cache
def tables(module: str) -> frozenset[str]:
    """The tables that a module and those that it uses take from TABLES by their names."""
    return frozenset[str]().union(*(read(path).tables for path in closure(module)))


@cache
def meanings(module: str) -> bool:
    """Whether a module or one that it uses reads what columns mean."""
    return any(read(path).meanings for path in closure(module) if path.parent != ROOT / declared.FOLDER)


@cache
def read(path: Path) -> Module:
    """What a file of code says."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    by_kind: dict[type[ast.AST], list[Any]] = {}
    for node in ast.walk(tree):
        by_kind.setdefault(type(node), []).append(node)
    for node in (n for kind in DOCUMENTED for n in by_kind.get(kind, ())):
        node.body = node.body[ast.get_docstring(node, clean=False) is not None :]
    texts = {n.value for n in by_kind.get(ast.Constant, ()) if isinstance(n.value, str)}
    return Module(
        tuple(dict.fromkeys([*_plain_imports(by_kind.get(ast.Import, ())), *_from(by_kind.get(ast.ImportFrom, ()))])),
        tuple(sorted(t for t in texts if re.fullmatch(r"[\w./-]+\.\w+", t))) if "reference" in text else (),
        frozenset(_named(by_kind.get(ast.Subscript, ()))),
        any(n.attr == "meaning" for n in by_kind.get(ast.Attribute, ())),
        bool(READS_TEXT.search(text)),
        hashlib.sha256(ast.dump(tree).encode()).hexdigest(),
    )


def _plain_imports(nodes: Iterable[ast.Import]) -> Iterator[tuple[str, ...]]:
    return _within(a.name.split(".") for node in nodes for a in node.names)


def _from(nodes: Iterable[ast.ImportFrom]) -> Iterator[tuple[str, ...]]:
    return _within([*node.module.split("."), a.name] for node in nodes if node.module for a in node.names)


def _within(names: Iterable[list[str]]) -> Iterator[tuple[str, ...]]:
    return (tuple(parts[1:]) for parts in names if parts[0] == PACKAGE and len(parts) > 1)


def _named(nodes: Iterable[ast.Subscript]) -> Iterator[str]:
    """The tables that are taken by their names from TABLES."""
    for node in nodes:
        if isinstance(node.value, ast.Name) and node.value.id == "TABLES" and isinstance(node.slice, ast.Constant):
            yield str(node.slice.value)


def _declares(path: Path) -> bool:
    return path.parent == ROOT / declared.FOLDER and path.stem not in declared.CODE


@cache
def _values(path: Path) -> frozenset[str]:
    """What a file takes from those that declare tables: dotted names. TABLES is taken by the names of tables."""
    return frozenset(".".join(parts) for parts in read(path).imports if parts[-1] != "TABLES" and _declared(parts))


def _declared(parts: tuple[str, ...]) -> bool:
    """The name is one of a file that declares tables."""
    if parts[0] != declared.FOLDER:
        return False
    places = (parts[:i] for i in range(len(parts), 0, -1))
    file = next((found for place in places if (found := _file(place))), None)
    return file is not None and _declares(file)


def _templates(modules: tuple[Path, ...]) -> list[Path]:
    """Files beside the modules of a package that are not code: templates, styles, tables."""
    packages = {p.parent for p in modules if p.name == "__init__.py"} - {ROOT}
    files = (f for package in packages for f in package.rglob("*") if f.is_file())
    return sorted(f for f in files if f.suffix not in (".py", ".pyc"))


@cache
def _references(path: Path) -> tuple[str, ...]:
    """The reference tables that a module names, if it reads any."""
    return tuple(w for w in read(path).words if reference.path(w).is_file())


def _file(parts: tuple[str, ...]) -> Path | None:
    module = ROOT.joinpath(*parts)
    for path in (module.with_suffix(".py"), module / "__init__.py"):
        if path.is_file():
            return path
    return None
