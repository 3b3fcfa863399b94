"""Read a tab-separated sheet whose rows are typed: the analyses sheet and the endpoint library."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from iop_outcomes.errors import PREFIX, StudyError, ended
from iop_outcomes.protocol import Part

P = TypeVar("P", bound=Part)


def read(shape: type[P], path: Path, key: Sequence[str] = ()) -> list[P]:
    """The rows of a tab-separated sheet, typed; lines that start with # are comments. StudyError with the line.

    key: columns that no two rows may have in common.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise StudyError(f"{path} cannot be read as UTF-8 text. Check the path in the config.") from None
    numbered = [(i, t) for i, t in enumerate(lines, 1) if t.strip() and not t.startswith("#")]
    if not numbered:
        raise StudyError(f"{path} is empty. Expected a header with {', '.join(shape.model_fields)}.")
    # line by line: a quotation mark that is not closed does not swallow the next one
    cells = [next(csv.reader([t], delimiter="\t")) for _, t in numbered]
    header = [c.strip() for c in cells[0]]
    unknown = [c for c in header if c not in shape.model_fields]
    missing = [n for n, f in shape.model_fields.items() if f.is_required() and n not in header]
    twice = sorted({c for c in header if header.count(c) > 1})
    if twice:
        raise StudyError(f"{path}, line {numbered[0][0]}: the header has '{twice[0]}' twice. Leave one out.")
    if unknown or missing:
        raise StudyError(
            f"{path}, line {numbered[0][0]}: the header does not fit. Unknown: {', '.join(unknown) or 'none'}; "
            f"missing: {', '.join(missing) or 'none'}. Known columns: {', '.join(shape.model_fields)}; "
            "they are separated by tabs."
        )
    rows = [_row(shape, path, i, header, r) for (i, _), r in zip(numbered[1:], cells[1:], strict=True)]
    seen: dict[tuple[object, ...], int] = {}
    for (line, _), row in zip(numbered[1:], rows, strict=True):
        named = tuple(getattr(row, column) for column in key)
        if key and named in seen:
            words = ", ".join(f"{column} '{value}'" for column, value in zip(key, named, strict=True))
            raise StudyError(
                f"{path}, line {line}: {words} stands in line {seen[named]} already, and only one of the two could "
                "count. Remove one, or give it another name."
            )
        seen[named] = line
    return rows


def _row(shape: type[P], path: Path, line: int, header: list[str], cells: list[str]) -> P:
    if len(cells) > len(header):
        raise StudyError(f"{path}, line {line}: {len(cells)} cells, but the header has {len(header)} columns.")
    content = {n: c.strip() for n, c in zip(header, cells, strict=False) if c.strip()}
    try:
        return shape.model_validate(content)
    except ValidationError as wrong:
        raise StudyError(f"{path}, line {line}{_said(wrong.errors()[0])}") from None


def _said(error: Any) -> str:
    """Which column of a row is wrong, and how, with the nearest word that is known; of a row as a whole, how."""
    column = f", column {error['loc'][0]}" if error["loc"] else ""
    if error["type"] == "missing":
        return f"{column}: is empty."
    said, found = str(error["msg"]).removeprefix(PREFIX), error["input"]
    if not isinstance(found, str):
        return f"{column}: {ended(said)}"
    # an empty word is among them where a cell may be empty
    known = re.findall(r"'([^']*)'", said)
    near = [] if said.endswith("?") else difflib.get_close_matches(found.casefold(), known, 1)
    return f"{column}: {ended(said, f'found {found!r}')}" + (f" Did you mean '{near[0]}'?" if near else "")
