"""Names of files that the study does not write itself: they may hold the name of a person, and stay on the machine.

A mapping names files by patterns (`stays_*.csv`). Where a file is called otherwise than its pattern, its own name
stands in no log and in nothing that is released; it is named by the pattern and its place among the files that match
it, in the order of their names. `iop-outcomes check` tells the files' own names, on the screen alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path


def names(paths: Sequence[str | Path], source: Mapping[str, object]) -> dict[str, str]:
    """What stands for the name of each file that the source's mapping does not write, by its name.

    paths: files that the source reads; source: its settings, or what is released of them.
    """
    tables = source.get("tables") if source.get("kind") == "mapping" else None
    mapped = tables.values() if isinstance(tables, Mapping) else ()
    patterns = list(dict.fromkeys(p for m in mapped if isinstance(m, Mapping) for p in m.get("files") or []))
    found: dict[str, str] = {}
    own = sorted({Path(path).name for path in paths})
    for pattern in patterns:
        last = Path(pattern).name
        matching = [name for name in own if name != last and fnmatchcase(name, last)]
        for place, name in enumerate(matching, start=1):
            found.setdefault(name, f"{last} ({place} of {len(matching)})")
    return found


def without(text: str, paths: Sequence[str | Path], source: Mapping[str, object]) -> str:
    """A text with what stands for the names of such files in their place; longer names first."""
    for name, said in sorted(names(paths, source).items(), key=lambda pair: -len(pair[0])):
        text = text.replace(name, said)
    return text
