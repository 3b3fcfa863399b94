"""Which code a step uses: the modules of this package that its module imports, directly or not, and their hash.

Snakemake sees only the script that it runs. The hash goes into each rule's params, so that an edit reruns the steps
that use the edited module, and only those. Imports are read from the source, lazy ones inside functions included.
Reference tables count as code of the modules that name them.
"""

from __future__ import annotations

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

from iop_outcomes import reference

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT.name


@cache
def closure(module: str) -> tuple[Path, ...]:
    """The files behind a dotted module name of this package (without the package's own name), sorted."""
    seen: set[Path] = set()
    waiting = [_file(module.split("."))]
    while waiting:
        path = waiting.pop()
        if path is None or path in seen:
            continue
        seen.add(path)
        waiting.extend(_imports(path))
    return tuple(sorted(seen))


@cache
def digest(module: str) -> str:
    """A short hash of all code that a module uses."""
    total = hashlib.sha256()
    modules = closure(module)
    for path in (*modules, *_templates(modules)):
        total.update(path.relative_to(ROOT).as_posix().encode())
        total.update(path.read_bytes())
    for name in sorted({name for path in modules for name in _references(path)}):
        total.update(name.encode())
        total.update(reference.path(name).read_bytes())
    return total.hexdigest()[:16]


def _templates(modules: tuple[Path, ...]) -> list[Path]:
    """Files beside the modules of a package that are not code: templates, styles, tables."""
    packages = {p.parent for p in modules if p.name == "__init__.py"} - {ROOT}
    files = (f for package in packages for f in package.rglob("*") if f.is_file())
    return sorted(f for f in files if f.suffix not in (".py", ".pyc"))


@cache
def _references(path: Path) -> tuple[str, ...]:
    """The reference tables that a module names, if it reads any."""
    text = path.read_text(encoding="utf-8")
    if "reference" not in text:
        return ()
    words = {n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return tuple(w for w in words if re.fullmatch(r"[\w./-]+\.\w+", w) and reference.path(w).is_file())


def _file(parts: list[str]) -> Path | None:
    module = ROOT.joinpath(*parts)
    for path in (module.with_suffix(".py"), module / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    found: list[Path | None] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [a.name.split(".") for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = node.module.split(".")
            names = [base, *([*base, a.name] for a in node.names)]
        else:
            continue
        for parts in names:
            if parts[0] == PACKAGE and len(parts) > 1:
                found.extend(_file(parts[1 : i + 1]) for i in range(1, len(parts)))
    return tuple(p for p in found if p is not None)
