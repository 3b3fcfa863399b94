"""The draft as YAML with comments, by hand: a YAML library would drop them.

Only names of columns and files, and codes that may be shown, are written.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from iop_outcomes.sources.draft.entries import Entry

WIDTH = 118
# what YAML reads as itself
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
TRUTHS = {"y", "n", "yes", "no", "true", "false", "on", "off", "null"}


def scalar(value: object) -> str:
    """A value as YAML: plain where YAML reads it as it stands, else in quotation marks."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    fits = PLAIN.fullmatch(text) and text.lower() not in TRUTHS
    return text if fits else json.dumps(text, ensure_ascii=False)


def flow(value: Any) -> str:
    """A value, a list or a mapping on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def comment(text: str, indent: int = 0) -> list[str]:
    """A comment, on as many lines as it takes."""
    start = " " * indent + "# "
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=start, break_long_words=False)


def line(text: str, said: str = "") -> list[str]:
    """A line with its comment behind it, or above it where that would be too long."""
    both = f"{text} # {said}" if said else text
    if len(both) <= WIDTH:
        return [both]
    return [*comment(said, len(text) - len(text.lstrip())), text]


def entry(found: Entry, indent: int) -> Iterator[str]:
    """One canonical column of a table."""
    space, spec = " " * indent, dict(found.spec)
    if set(spec) == {"column"}:
        yield from line(f"{space}{found.column}: {scalar(spec['column'])}", found.why)
        return
    codes = spec.pop("codes", None)
    if codes is None:
        yield from line(f"{space}{found.column}: {flow(spec)}", found.why)
        return
    yield from line(f"{space}{found.column}:", found.why)
    for key, value in spec.items():
        yield f"{space}  {key}: {flow(value)}"
    yield f"{space}  codes:"
    for code, value in codes.items():
        yield from line(
            f"{space}    {json.dumps(code, ensure_ascii=False)}: {scalar(value)}", found.notes.get(code, "")
        )


def listed(key: str, items: Iterable[tuple[str, str]], indent: int) -> Iterator[str]:
    """A list with a comment on each item; nothing when it is empty."""
    space = " " * indent
    for i, (item, said) in enumerate(items):
        if not i:
            yield f"{space}{key}:"
        yield from line(f"{space}  - {scalar(item)}", said)
