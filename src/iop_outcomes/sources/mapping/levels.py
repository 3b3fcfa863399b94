"""Levels of care that a crosswalk tells and that might be others: counted, so that the choice is seen.

In order: columns of the file are looked for that hold codes of the other of the two systems of claims, procedure and
revenue, by their names, else by their contents; rows are counted whose code may stand for several levels
(`other_levels` of the crosswalk), and rows for which the other column tells another level than the one that the mapping
chose. Codes that the mapping lists itself are the user's decision and count for the second only. Refuses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import ColumnMapping, TableMapping
from iop_outcomes.sources import crosswalk
from iop_outcomes.sources.mapping.tallies import Tally, people_in
from iop_outcomes.spelling import lookup
from iop_outcomes.tables.readings import BESIDE, SEVERAL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

COLUMN = "level_of_care"
# the systems of claims, each with the one that may stand beside it, and words in the names of its columns
OTHER = {"procedure": "revenue", "revenue": "procedure"}
NAMED = {
    "revenue": frozenset({"rev", "revenue", "revcode", "revcd", "ubrev"}),
    "procedure": frozenset({"proc", "procedure", "hcpcs", "cpt", "proccode", "proccd", "svc", "service"}),
}
# filled cells that are looked at where no name tells; share and number of distinct codes that must be known
LOOKED_AT, MOST, SEVERAL_CODES = 1000, 0.8, 2


def _mapped(mapped: TableMapping) -> ColumnMapping | None:
    """The mapping of the level of care, where a crosswalk tells it."""
    level = mapped.columns.get(COLUMN)
    return level if level is not None and level.column and level.crosswalk else None


def beside(mapped: TableMapping, frame: pd.DataFrame) -> list[str]:
    """The columns of a file that hold codes of the other system of claims."""
    from iop_outcomes.privacy.identifiers.names import words

    level = _mapped(mapped)
    if level is None or level.crosswalk not in OTHER:
        return []
    system = OTHER[level.crosswalk]
    rest = [c for c in frame.columns if c != level.column]
    named = [c for c in rest if NAMED[system] & set(words(c).split("_"))]
    return [c for c in named if _known(frame[c], system)] or [c for c in rest if _mostly(frame[c], system)]


def _known(cells: pd.Series, system: str) -> list[str]:
    """The distinct codes of a system that a column holds."""
    return [c for c in cells.dropna().unique() if crosswalk.find(system, c) is not None]


def _mostly(cells: pd.Series, system: str) -> bool:
    some = cells.dropna().iloc[:LOOKED_AT]
    known = _known(some, system)
    return len(known) >= SEVERAL_CODES and bool(some.isin(known).mean() >= MOST)


def choices(name: str, mapped: TableMapping, frame: pd.DataFrame, others: list[str]) -> list[Tally]:
    """Rows whose level might be another, by code, and by the level that another column tells.

    frame: the rows that are read. others: the columns that hold codes of the other system.
    """
    import pandas as pd

    level = _mapped(mapped)
    if level is None:
        return []
    person = mapped.columns.get("person_id")
    persons = frame[person.column] if person is not None and person.column else None
    at, distinct = pd.factorize(frame[level.column])
    own = lookup.find(list(distinct), {c: v for c, v in level.codes.items() if c}, lambda _: False).codes
    codes = [
        None if mine is not None else crosswalk.find(str(level.crosswalk), c)
        for c, mine in zip(distinct, own, strict=True)
    ]
    told = crosswalk.levels(str(level.crosswalk))
    chosen = [
        level.codes[mine] if mine is not None else told.get(str(code)) for mine, code in zip(own, codes, strict=True)
    ]
    # an empty cell, whose place is -1, has no level
    levels = pd.Series([*chosen, None], dtype=object).take(at)
    found = _several(name, str(level.crosswalk), at, codes, persons)
    for other in others:
        found += _disagreeing(name, other, OTHER[str(level.crosswalk)], levels, frame, persons)
    return found


def _several(
    name: str, system: str, at: NDArray[np.int64], codes: list[str | None], persons: pd.Series | None
) -> list[Tally]:
    import numpy as np

    levels, others = crosswalk.levels(system), crosswalk.other_levels(system)
    found = []
    for code in sorted({c for c in codes if c in others}):
        rows = np.isin(at, [i for i, c in enumerate(codes) if c == code])
        found.append(
            Tally(
                name, COLUMN, SEVERAL, code, levels[code], " ".join(others[code]), int(rows.sum()),
                people_in(rows, persons),
            )
        )  # fmt: skip
    return found


def _disagreeing(
    name: str, other: str, system: str, chosen: pd.Series, frame: pd.DataFrame, persons: pd.Series | None
) -> list[Tally]:
    import pandas as pd

    at, distinct = pd.factorize(frame[other])
    levels = crosswalk.levels(system)
    told = pd.Series([*(levels.get(str(crosswalk.find(system, c))) for c in distinct), None], dtype=object).take(at)
    both = pd.DataFrame({"chosen": chosen.to_numpy(), "told": told.to_numpy()}).dropna()
    pairs = both[both["chosen"] != both["told"]]
    return [
        Tally(
            name, COLUMN, BESIDE, other, str(mine), str(its), len(own),
            None if persons is None else int(persons.iloc[own.index].nunique()),
        )
        for (mine, its), own in pairs.groupby(["chosen", "told"])
    ]  # fmt: skip
