"""What a file of code says, as far as it decides which steps use it: what it imports and names, and a hash of it.

A file is parsed once: what it says is remembered beside Python's own bytecode, by the hash of its content, and found
there until a byte of it changes. Notes that cannot be read, or written, are no notes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

# by which docstrings or the text of code are read while a step runs
READS_TEXT = re.compile(r"__doc__|\bgetdoc\b|\bgetsource|attribute_docstrings|model_json_schema")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NOTES = Path(cache_from_source(__file__)).with_suffix(".json")
# of more, only what was read last is kept
MOST_NOTES = 2_000


@dataclass(frozen=True)
class Module:
    """What a file of code says. imports: dotted names, without the package's own; words: texts that may name reference
    tables; tables: those that it takes by name from TABLES; meanings: whether it reads what columns mean.
    """

    imports: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]
    tables: tuple[str, ...]
    meanings: bool
    reads_text: bool
    digest: str


class Notes:
    """Modules by the hash of their content, in a file that may not be there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, list[Any]] = self._from_file()
        self.new: dict[str, Module] = {}

    def module(self, content: bytes, package: str) -> Module:
        """What a file of code with this content says; names of this package are told of."""
        # what is remembered is what this module made of it
        key = hashlib.sha256(b"\0".join((package.encode(), _OWN, content))).hexdigest()
        if key in self.known:
            imports, words, tables, *rest = self.known[key]
            return Module(tuple(map(tuple, imports)), tuple(words), tuple(tables), *rest)
        if key not in self.new:
            self.new[key] = parsed(content.decode("utf-8"), package)
        return self.new[key]

    def keep(self) -> None:
        """Remember what was parsed, where Python keeps bytecode."""
        if not self.new or sys.dont_write_bytecode:
            return
        more = {key: list(astuple(module)) for key, module in self.new.items()}
        self.known = {**self.known, **more} if len(self.known) + len(more) <= MOST_NOTES else more
        self.new = {}
        beside = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(exist_ok=True)
            beside.write_text(json.dumps(self.known), encoding="utf-8")
            os.replace(beside, self.path)
        except OSError:  # a package that is not the user's own
            beside.unlink(missing_ok=True)

    def _from_file(self) -> dict[str, list[Any]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def parsed(text: str, package: str) -> Module:
    """What a file of code of a package says."""
    tree = ast.parse(text)
    by_kind: dict[type[ast.AST], list[Any]] = {}
    for node in ast.walk(tree):
        by_kind.setdefault(type(node), []).append(node)
    for node in (n for kind in DOCUMENTED for n in by_kind.get(kind, ())):
        node.body = node.body[ast.get_docstring(node, clean=False) is not None :]
    texts = {n.value for n in by_kind.get(ast.Constant, ()) if isinstance(n.value, str)}
    imported = (*_plain_imports(by_kind.get(ast.Import, ())), *_from(by_kind.get(ast.ImportFrom, ())))
    own = (tuple(names[1:]) for names in imported if names[0] == package and len(names) > 1)
    return Module(
        tuple(dict.fromkeys(own)),
        tuple(sorted(t for t in texts if re.fullmatch(r"[\w./-]+\.\w+", t))) if "reference" in text else (),
        tuple(sorted(set(_named(by_kind.get(ast.Subscript, ()))))),
        any(n.attr == "meaning" for n in by_kind.get(ast.Attribute, ())),
        bool(READS_TEXT.search(text)),
        hashlib.sha256(ast.dump(tree).encode()).hexdigest(),
    )


def _plain_imports(nodes: Iterable[ast.Import]) -> Iterator[list[str]]:
    return (a.name.split(".") for node in nodes for a in node.names)


def _from(nodes: Iterable[ast.ImportFrom]) -> Iterator[list[str]]:
    return ([*node.module.split("."), a.name] for node in nodes if node.module for a in node.names)


def _named(nodes: Iterable[ast.Subscript]) -> Iterator[str]:
    """The tables that are taken by their names from TABLES."""
    for node in nodes:
        if isinstance(node.value, ast.Name) and node.value.id == "TABLES" and isinstance(node.slice, ast.Constant):
            yield str(node.slice.value)


_OWN = Path(__file__).read_bytes()
