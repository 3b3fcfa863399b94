"""What the codes of TEDS-D mean, by year: the tables under data/reference/tedsd as lookups.

Three tables, all facts from SAMHSA's codebooks (data/reference/tedsd/README.md cites them): `variables.csv` names the
variables and the list of codes that each uses; `codes.csv` gives for each list and span of years the codes, SAMHSA's
label, and one value that means the same in every year; `columns.csv` says which canonical column a variable fills, and
what its values become there. Codes shift between years, values do not. A span without an end holds for all later years.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from iop_outcomes.tables import reference
from iop_outcomes.tables.canonical import UNBOUNDED_DAYS
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST_YEAR, LAST_YEAR = 2006, 2099
# the last year whose codebook the tables hold
LAST_KNOWN_YEAR = 2022
MISSING = -9
# a lookup covers the codes from LOW up; whatever lies outside falls on its last place
LOW, PLACES = -16, 1100


@dataclass(frozen=True, eq=False)
class Column:
    """A canonical column, the variable that fills it, and what the variable's values become (None: as they are)."""

    table: str
    name: str
    variable: str
    becomes: dict[str, str | None] | None

    def outcome(self, value: str) -> str | None:
        """What a value becomes; None is missing."""
        return value if self.becomes is None else self.becomes[value]


@dataclass(frozen=True)
class CodeList:
    """The codes of one list in one year, each with its value, and the codes by normalised label."""

    values: dict[int, str] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)


def normal(label: str) -> str:
    """A label as it is compared: lower case, letters and digits only, so that dashes and encodings do not matter."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", label.lower()).split())


@cache
def variables() -> dict[str, str]:
    """Every variable with the name of its list of codes; '' for numbers."""
    return {row["variable"]: row["codes"] for row in reference.rows("tedsd/variables.csv")}


@cache
def _names() -> dict[str, str]:
    rows = reference.rows("tedsd/variables.csv")
    other = {name: row["variable"] for row in rows for name in row["other_names"].split(";") if name}
    return {row["variable"]: row["variable"] for row in rows} | other


def variable(name: str) -> str | None:
    """The variable that a column of a file holds, whatever its case and the year's name for it; None if unknown."""
    return _names().get(name.strip().upper())


@cache
def columns() -> tuple[Column, ...]:
    """The canonical columns that come from codes, in the order of columns.csv."""
    found: dict[tuple[str, str], tuple[str, dict[str, str | None]]] = {}
    for row in reference.rows("tedsd/columns.csv"):
        _, becomes = found.setdefault((row["table"], row["column"]), (row["variable"], {}))
        if row["value"]:
            becomes[row["value"]] = row["becomes"].replace("unbounded", str(UNBOUNDED_DAYS)) or None
    return tuple(Column(table, name, v, becomes or None) for (table, name), (v, becomes) in found.items())


@cache
def _rows() -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    for row in reference.rows("tedsd/codes.csv"):
        rows.setdefault(row["codes"], []).append(row)
    return rows


@cache
def _spans() -> tuple[int, ...]:
    """The first year of every span within which no code, value or label changes."""
    rows = [row for some in _rows().values() for row in some]
    starts = {int(row["year_from"]) for row in rows}
    return tuple(sorted(starts | {int(row["year_to"]) + 1 for row in rows if row["year_to"]}))


def span(year: int) -> int:
    """The first year of the span that a year belongs to; years before the first span belong to it."""
    return max((start for start in _spans() if start <= year), default=_spans()[0])


@cache
def code_list(name: str, first: int) -> CodeList:
    """The list `name` in the span that begins with the year `first`.

    Labels of other years are known too, through their value, where one code of this span has it. Where the variable did
    not exist, files of several years have it as missing.
    """
    values: dict[int, str] = {}
    labels: dict[str, int] = {}
    by_value: dict[str, set[int]] = {}
    for row in _rows()[name]:
        if int(row["year_from"]) <= first <= int(row["year_to"] or LAST_YEAR):
            for code in _codes(row["code"]):
                values[code] = row["value"]
                by_value.setdefault(row["value"], set()).add(code)
            labels[normal(row["label"])] = _codes(row["code"])[0]
    for row in _rows()[name]:
        same = by_value.get(row["value"], set())
        if len(same) == 1:
            labels.setdefault(normal(row["label"]), min(same))
    return CodeList(values or {MISSING: UNKNOWN}, labels)


def _codes(cell: str) -> list[int]:
    """The codes of a cell: one, or a range such as 1..7."""
    first, _, last = cell.partition("..")
    return list(range(int(first), int(last or first) + 1))


@cache
def vocabulary(column: Column) -> tuple[str | None, ...]:
    """What can stand in a column in any year, sorted; the last place, which is also place -1, is missing."""
    values = {row["value"] for row in _rows()[variables()[column.variable]]} | {UNKNOWN}
    known = {column.outcome(v) for v in values if column.becomes is None or v in column.becomes}
    return (*sorted(v for v in known if v is not None), None)


def look_up(places: NDArray[np.int8], found: NDArray[np.integer]) -> NDArray[np.int8]:
    """What stands in a lookup for each code; for codes of one byte by translating bytes, which is fastest."""
    import numpy as np

    if found.dtype == np.int8:
        every = np.arange(256, dtype=np.uint8).view(np.int8)
        table = _at(places, every).tobytes()
        return np.frombuffer(found.tobytes().translate(table), dtype=np.int8)
    return _at(places, found)


def _at(places: NDArray[np.int8], found: NDArray[np.integer]) -> NDArray[np.int8]:
    import numpy as np

    place = found.astype(np.intp) - LOW
    return places[np.where((place < 0) | (place >= PLACES), PLACES - 1, place)]


@cache
def lookup(column: Column, first: int) -> NDArray[np.int8]:
    """Places in the column's vocabulary by place of the code, in the span that begins with `first`."""
    import numpy as np

    words = vocabulary(column)
    places = np.full(PLACES, -1, dtype=np.int8)
    for code, value in code_list(variables()[column.variable], first).values.items():
        word = column.outcome(value)
        places[code - LOW] = -1 if word is None else words.index(word)
    return places


@cache
def known(variable: str, first: int) -> NDArray[np.int8]:
    """1 where a code is in the variable's list in the span that begins with `first`, else 0, by place of the code."""
    import numpy as np

    places = np.zeros(PLACES, dtype=np.int8)
    for code in code_list(variables()[variable], first).values:
        places[code - LOW] = 1
    return places
