"""Which code a step uses: the modules of this package that its module imports, directly or not, and their hash.

Snakemake sees only the script that it runs. The hash goes into each rule's params, so that an edit reruns the steps
that use the edited module, and only those. Imports are read from the source, lazy ones inside functions included.
Reference tables count as code of the modules that name them, and of what a module of `tables` declares, that which is
named (`iop_outcomes.steps.declared`).

Code is hashed as its syntax tree: comments and layout do not count, nor do docstrings, unless a module of those that
the step uses reads docstrings.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from iop_outcomes.steps import declared
from iop_outcomes.steps.parsed import NOTES, Module, Notes
from iop_outcomes.tables import reference

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT.name
_NOTES = Notes(NOTES)


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
    _NOTES.keep()
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
    return _NOTES.module(path.read_bytes(), PACKAGE)


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
    return sorted(f for package in packages for f in _beside(package))


@cache
def _beside(package: Path) -> tuple[Path, ...]:
    """The files within a folder that are not code."""
    files = (f for f in package.rglob("*") if f.suffix not in (".py", ".pyc") and f.parent.name != NOTES.parent.name)
    return tuple(f for f in files if f.is_file())


@cache
def _references(path: Path) -> tuple[str, ...]:
    """The reference tables that a module names, if it reads any."""
    return tuple(w for w in read(path).words if reference.path(w).is_file())


def _file(parts: tuple[str, ...]) -> Path | None:
    return _found(ROOT, parts)


@cache
def _found(root: Path, parts: tuple[str, ...]) -> Path | None:
    """The file of a module within a folder of code."""
    module = root.joinpath(*parts)
    for path in (module.with_suffix(".py"), module / "__init__.py"):
        if path.is_file():
            return path
    return None
