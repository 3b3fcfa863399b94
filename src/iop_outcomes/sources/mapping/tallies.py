"""How many rows, and people, each way of reading a cell concerns: the table readings.

Counted are rows with a listed code, rows of each code that is not listed, rows without any, and listed codes that
never occur. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import ColumnMapping
from iop_outcomes.sources.mapping.meanings import EMPTY, Meant
from iop_outcomes.tables import TABLES
from iop_outcomes.tables import readings as names

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Tally:
    """One row of the table readings."""

    table: str
    column: str
    outcome: str
    code: str | None
    meaning: str | None
    instead: str | None
    rows: int
    people: int | None


def frame(tallies: Sequence[Tally]) -> pd.DataFrame:
    """The table readings."""
    import pandas as pd

    from iop_outcomes.tables.conform import typed

    table = TABLES["readings"]
    if not tallies:
        return table.empty()
    return typed(table, pd.DataFrame([astuple(t) for t in tallies], columns=list(table.columns)))


def tally(
    name: str,
    cells: pd.Series,
    codes: NDArray[np.int64],
    meant: Meant,
    mapped: ColumnMapping,
    persons: pd.Series | None,
) -> tuple[Tally, ...]:
    """What became of the cells of a column whose codes the mapping lists; nothing for others.

    cells: the distinct ones, the last of which stands for empty ones. codes: the position of each row's cell, -1 where
    it is empty. persons: what tells people apart, a cell per row; None where nothing does.
    """
    import numpy as np

    if not (mapped.codes or mapped.crosswalk):
        return ()
    table, column = name.split(".")
    last = len(cells) - 1
    at = np.where(codes < 0, last, codes)
    rows = np.bincount(at, minlength=len(cells))
    missing = np.asarray(meant.missing)
    known = np.asarray([code is not None for code in meant.listed])
    strange = ~missing & ~known
    told = [
        Tally(table, column, outcome, None, None, None, int(rows[chosen].sum()), None)
        for outcome, chosen in ((names.LISTED, known & ~missing), (names.EMPTY, missing))
    ]
    outcome, meaning = (names.OTHER, mapped.other or None) if mapped.other is not None else (names.KEPT, None)
    by_code = _people_by(at, strange, persons)
    found: dict[str, list[int]] = {}
    for i in np.flatnonzero(strange & (rows > 0)):
        found.setdefault(str(cells.iloc[i]), []).append(int(i))
    told += [
        Tally(
            table,
            column,
            outcome,
            code,
            meaning,
            None,
            int(rows[own].sum()),
            None if persons is None else sum(by_code[i] for i in own),
        )
        for code, own in sorted(found.items())
    ]
    used = {code for code, n in zip(meant.listed, rows, strict=True) if n}
    told += [
        Tally(table, column, names.NEVER, code, value, None, 0, 0)
        for code, value in mapped.codes.items()
        if code != EMPTY and code not in used
    ]
    return tuple(told)


def people_in(chosen: NDArray[np.bool_], persons: pd.Series | None) -> int | None:
    """How many people stand in the chosen rows; None where nothing tells people apart."""
    return None if persons is None else int(persons[chosen].nunique())


def _people_by(at: NDArray[np.int64], strange: NDArray[np.bool_], persons: pd.Series | None) -> dict[int, int]:
    """People by the position of each code that is not listed."""
    import pandas as pd

    chosen = strange[at]
    if persons is None or not chosen.any():
        return {}
    pairs = pd.DataFrame({"code": at[chosen], "person": persons.to_numpy()[chosen]})
    return {int(str(code)): int(n) for code, n in pairs.groupby("code")["person"].nunique().items()}
