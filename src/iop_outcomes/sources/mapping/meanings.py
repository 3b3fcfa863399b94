"""What the distinct cells of one column mean, however they are spelt.

In order: characters that look alike become the same; texts that mean missing are missing; codes that the mapping lists
become what they mean, then those of the crosswalk, then all others what `other` says; values of a canonical list are
brought to its spelling; open categories get one spelling each. A code that is listed as it is written is never taken
for another. Identifiers of people wait for the other tables (`spelling.people`).

Refuses spellings of which nobody can tell whether they are one value (`lookup.Ambiguous`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import ColumnMapping
from iop_outcomes.protocol.records import Source
from iop_outcomes.spelling import categories, forms, lookup

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# stands for an empty cell among the codes of a mapping, and for missing among what they mean
EMPTY = ""


@dataclass(frozen=True)
class Slot:
    """The canonical column. name: table.column. kind: text, whole, number, flag, or date. allowed: its values."""

    name: str
    kind: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meant:
    """What cells mean. listed: the code of the mapping or of the crosswalk behind each, or None; missing: those that
    are, by position; how: what was overlooked in spellings, in words."""

    values: pd.Series
    listed: list[str | None]
    missing: list[bool]
    how: frozenset[str] = frozenset()


def meant(
    cells: pd.Series,
    rows: NDArray[np.int64],
    mapped: ColumnMapping,
    source: Source,
    slot: Slot,
    together: lookup.Together = lookup.always,
) -> Meant:
    """What the distinct cells of a column mean. Raises lookup.Ambiguous.

    cells: one str or None each. rows: in how many rows each stands. together: whether some stand in one file.
    """
    import pandas as pd

    exact = slot.name in source.as_written or slot.name.split(".")[1] in source.as_written
    neat = forms.all_tidy(cells.tolist())
    if slot.kind == "date":
        neat = [None if cell is None else forms.unmarked(cell) for cell in neat]
    codes = {code: value for code, value in mapped.codes.items() if code != EMPTY}
    texts = dict.fromkeys([*source.missing_values, *mapped.missing])
    # 0999 is the number 999; as a category it may be another code
    gone = _looked_up(neat, texts, exact, zeros=slot.kind in ("whole", "number"))
    missing = [c is None for c in neat]
    for i in [i for i, text in enumerate(gone) if text is not None]:
        missing[i] = missing[i] or neat[i] in texts or neat[i] not in codes
    open_ = [None if out else cell for cell, out in zip(neat, missing, strict=True)]
    how: set[str] = set()
    listed: list[str | None] = [None] * len(open_)
    values: list[str | None] = list(open_)
    if mapped.codes or mapped.crosswalk:
        if slot.kind != "text" or _padded(mapped):
            together = _never
        listed, how = _codes(open_, codes, mapped, exact, together)
        values = [_value(*one, mapped) for one in zip(open_, listed, missing, strict=True)]
    if slot.kind == "text" and mapped.column is not None and not exact:
        free = [i for i, (v, code) in enumerate(zip(open_, listed, strict=True)) if v is not None and code is None]
        if free and mapped.other is None:
            spelt, more = categories.canonical(
                [values[i] for i in free], [int(rows[i]) for i in free], slot.name, slot.allowed,
                list(filter(None, codes.values())), lambda at: together([free[i] for i in at]),
            )  # fmt: skip
            for i, value in zip(free, spelt, strict=True):
                values[i] = value
            how |= more
    same = values == cells.tolist()
    meant_ = cells if same else pd.Series(values, index=cells.index, dtype=object)
    return Meant(meant_, listed, missing, frozenset(how))


def _looked_up(
    cells: list[str | None], texts: Mapping[str, Hashable], exact: bool, zeros: bool = True
) -> list[str | None]:
    if exact:
        return [cell if cell in texts else None for cell in cells]
    return lookup.find(cells, texts, _never, zeros=zeros).codes


def _never(_: object) -> bool:
    """Zeros carry no meaning here: cells that differ in them are the same wherever they stand."""
    return False


def _padded(mapped: ColumnMapping) -> bool:
    from iop_outcomes.sources import crosswalk

    return mapped.crosswalk in crosswalk.PADDED


def _codes(
    cells: list[str | None],
    codes: Mapping[str, str | None],
    mapped: ColumnMapping,
    exact: bool,
    together: lookup.Together,
) -> tuple[list[str | None], set[str]]:
    """The listed code behind each cell: one of the mapping, else one of the crosswalk that has a level."""
    found = (
        lookup.Found([cell if cell in codes else None for cell in cells], frozenset())
        if exact
        else lookup.find(cells, codes, together)
    )
    listed = found.codes
    if mapped.crosswalk:
        from iop_outcomes.sources import crosswalk

        levels = crosswalk.levels(mapped.crosswalk)
        for i, cell in enumerate(cells):
            if cell is not None and listed[i] is None:
                code = crosswalk.find(mapped.crosswalk, cell)
                listed[i] = code if code in levels else None
    return listed, set(found.how)


def _value(cell: str | None, code: str | None, missing: bool, mapped: ColumnMapping) -> str | None:
    if missing:
        said = mapped.codes.get(EMPTY)
    elif code is None:
        said = cell if mapped.other is None else mapped.other
    elif code in mapped.codes:
        said = mapped.codes[code]
    else:
        from iop_outcomes.sources import crosswalk

        said = crosswalk.levels(str(mapped.crosswalk))[code]
    return said or None
