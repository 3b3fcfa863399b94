"""What is wrong with a config, in a sentence: the file and the line, the key, what was expected and what was found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from iop_outcomes.errors import PREFIX, StudyError, ended
from iop_outcomes.protocol import Part

# keys whose values may hold a password, whatever was written there
SECRET = {"database", "query"}


def sentence(error: Any, shape: type[BaseModel], files: list[Path]) -> str:
    """One sentence on one of pydantic's errors. files: the YAML files that the config came from, for the line."""
    path = [p for p in error["loc"] if p != "[key]"]
    place = _line(files, path)
    key = ".".join(str(p) for p in path)
    if error["type"] == "extra_forbidden":
        known = _known_keys(shape, path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, 1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        return f"{place}: `{key}` is not a known key.{hint} Known here: {', '.join(known)}."
    if error["type"] == "literal_error" and (meant := _nearest(error)):
        return f"{place}: `{key}`: '{error['input']}' is not known. Did you mean `{meant}`? {ended(error['msg'])}"
    if error["type"] == "missing":
        return f"{place}: `{key}` is missing. Add it; config/README.md explains it."
    if error["type"] == "string_type" and (told := _misread(error["input"])):
        return f"{place}: `{key}`: expected a text, and YAML reads this as {told}. Write it in quotation marks."
    said = str(error["msg"]).removeprefix(PREFIX)
    return (
        f"{place}: `{key}`: {ended(said[0].lower() + said[1:], '' if SECRET & set(path) else _found(error['input']))}"
    )


def _nearest(error: Any) -> str:
    """The word among those expected that a mistyped one is nearest to; empty where none is near."""
    known = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
    return next(iter(difflib.get_close_matches(str(error["input"]).lower(), known, 1)), "")


def _found(given: Any) -> str:
    """What was found, where that helps: not a whole part of the study, and never a URL, which may hold a password."""
    whole = isinstance(given, Mapping | list | Part)
    return "" if whole or "://" in str(given) else f"found {given!r}"


def _misread(given: Any) -> str:
    """What YAML took a text without quotation marks for; empty where it was not that."""
    if isinstance(given, bool):
        return f"the truth {str(given).lower()}"
    if isinstance(given, int | float):
        return f"the number {given}"
    if isinstance(given, date):
        return f"the date {given.isoformat()}"
    return "nothing" if given is None else ""


def check_keys(path: Path) -> None:
    """Raise StudyError where a mapping of a YAML file names a key twice: YAML itself would let the last one count."""
    if found := _twice(path):
        key, first, again = found
        raise StudyError(
            f"{path}, line {again}: `{key}` stands in line {first} already, and only the last of the two would count. "
            "Leave one out, or put their parts together."
        )


def _twice(path: Path) -> tuple[str, int, int] | None:
    """The first key that a mapping of a YAML file names twice, with both lines; None where there is none.

    Keys are compared as they are written: 1 and "1" are the same.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return next(_repeated(root, set()), None)


def _repeated(node: Any, seen: set[int]) -> Iterator[tuple[str, int, int]]:
    if node is None or id(node) in seen:  # an alias leads to what has been looked at
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _repeated(inner, seen)
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                if key.value in lines:
                    yield key.value, lines[key.value], line
                lines[key.value] = line
            yield from _repeated(value, seen)


def _known_keys(shape: Any, path: list[Any]) -> list[str]:
    for step in path:
        field = getattr(shape, "model_fields", {}).get(step)
        shape = next(_parts(field.annotation), shape) if field is not None else shape
    return [field.alias or name for name, field in getattr(shape, "model_fields", {}).items()]


def _parts(shape: Any) -> Iterator[type[Part]]:
    """The parts of the protocol within a type, however deep."""
    if isinstance(shape, type) and issubclass(shape, Part):
        yield shape
    for inner in (getattr(shape, "__origin__", None), *getattr(shape, "__args__", ())):
        if inner is not None:
            yield from _parts(inner)


def _line(files: list[Path], path: list[Any]) -> str:
    """The first file that holds the deepest part of the path, with its line."""
    best = (-1, "the config")
    for file in files:
        node = yaml.compose(file.read_text(encoding="utf-8")) if file.is_file() else None
        depth, line = _follow(node, path)
        if depth > best[0] and depth > 0:
            best = (depth, f"{file}, line {line}")
    return best[1]


def _follow(node: Any, path: list[Any]) -> tuple[int, int]:
    depth, line = 0, 1
    for step in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((k, v) for k, v in pairs if k.value == str(step)), None)
        if found is None:
            break
        depth, line, node = depth + 1, found[0].start_mark.line + 1, found[1]
    return depth, line


def unknown(at: str, what: str, name: str, known: list[str], where: str) -> str:
    """A sentence on a name that is not known, with the nearest that is."""
    near = difflib.get_close_matches(name.casefold(), known, 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"{at}: the {what} '{name}' is not known.{hint} Known, from {where}: {', '.join(known)}."
