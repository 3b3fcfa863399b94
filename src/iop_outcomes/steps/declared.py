"""Hashes of what `iop_outcomes.tables` declares, so that a step reruns for what it uses of it and for nothing else.

A table is hashed without its sentences, unless the step reads them. Constants are hashed by their values, functions by
the code of their module that is no declaration.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from iop_outcomes.tables import TABLES, Column, Table

PACKAGE = __package__.partition(".")[0]
FOLDER = "tables"
# modules of `tables` that hold no declarations: how frames are held to them, or read by them
CODE = ("declare", "enforce", "holds", "conform", "rows", "set_aside", "reference")


def of(names: Iterable[str], meanings: bool = False) -> dict[str, str]:
    """Short hashes of the declared tables among some names; of raw ones, with those that they are to become."""
    found = {name for given in names for name in (given, given.removeprefix("raw_")) if name in TABLES}
    return {name: _digest(TABLES[name], meanings) for name in sorted(found)}


@cache
def _digest(table: Table, meanings: bool) -> str:
    """A short hash of one declared table, which several rules name."""
    return table.digest(meanings)


@cache
def value(name: str) -> str:
    """A short hash of what a dotted name within the package stands for, in a module that declares tables."""
    module, _, last = f"{PACKAGE}.{name}".rpartition(".")
    try:
        return _plain(getattr(importlib.import_module(module), last))
    except AttributeError:
        return _plain(importlib.import_module(f"{PACKAGE}.{name}"))


def _plain(said: Any) -> str:
    if isinstance(said, Table):
        return said.digest()
    if isinstance(said, Column):
        return Table("", "", {"": said}).digest()
    if isinstance(said, ModuleType):
        return "".join(f"{n}={_plain(v)}\n" for n, v in sorted(vars(said).items()) if not _borrowed(n, v))
    if inspect.isroutine(said) or inspect.isclass(said):
        return f"{said.__qualname__}: {_code(str(said.__module__))}"
    if isinstance(said, Mapping):
        return "".join(f"{_plain(k)}={_plain(v)}\n" for k, v in said.items())
    if isinstance(said, list | tuple):
        return "".join(f"{_plain(one)}\n" for one in said)
    if isinstance(said, set | frozenset):
        return "".join(sorted(_plain(one) for one in said))
    return repr(said)


def _borrowed(name: str, said: Any) -> bool:
    return name.startswith("__") or isinstance(said, ModuleType)


@cache
def _code(module: str) -> str:
    """A short hash of a module's functions and classes, and of its constants, without declarations."""
    if not module.startswith(f"{PACKAGE}."):
        return ""
    loaded = importlib.import_module(module)
    tree = ast.parse(inspect.getsource(loaded))
    blocks = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    for node in (n for block in blocks for n in ast.walk(block) if isinstance(n, ast.FunctionDef | ast.ClassDef)):
        node.body = node.body[ast.get_docstring(node, clean=False) is not None :]
    plain = {n: repr(v) for n, v in vars(loaded).items() if isinstance(v, str | int | float | tuple) and n.isupper()}
    constants = {n: v for n, v in plain.items() if "Column(" not in v and "Table(" not in v}
    said = [*map(ast.dump, blocks), *(f"{n}={v}" for n, v in sorted(constants.items()))]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
