"""From codes to canonical columns: places in small vocabularies, one lookup per column and span of years.

In order: `rows_of` takes a typed table apart into years and codes; `unknown` finds the first variable of each row whose
code is not in the year's list; `recoded` turns codes into places in the vocabulary of each canonical column (-1 is
missing); `persons` and `stays` make frames of them. Words are shared, so a column costs eight bytes a row.

Until 2016 only the service at discharge exists: it stands for both. Nothing is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.codebooks.tedsd.codes import Column
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import UNBOUNDED_DAYS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

# in these years the file has the service at discharge only
LAST_YEAR_WITHOUT_ADMISSION_SERVICE = 2016
# services to whose length SAMHSA adds a day
OUTPATIENT = (6, 7, 8)


@dataclass(frozen=True)
class Rows:
    """Discharges as codes by variable; of_span: for each span of years, by its first, the rows in it (None: all)."""

    year: NDArray[np.int16]
    case: pa.Array
    codes: dict[str, NDArray[np.integer]]
    of_span: dict[int, NDArray[np.intp] | None]

    def __len__(self) -> int:
        return len(self.year)

    def take(self, keep: NDArray[np.bool_]) -> Rows:
        """The rows marked."""
        import numpy as np
        import pyarrow as pa

        at = np.flatnonzero(keep)
        return _rows(self.year.take(at), self.case.take(pa.array(at)), {n: c.take(at) for n, c in self.codes.items()})


def needed() -> list[str]:
    """The variables that canonical columns come from."""
    return list(dict.fromkeys(["DISYR", "CASEID", "SERVICES_D", *(c.variable for c in codes.columns())]))


def rows_of(table: pa.Table) -> Rows:
    """The rows of a typed table. The service at admission is that at discharge where the file has none."""
    import numpy as np

    columns = {n: table[n].combine_chunks() for n in needed() if n in table.column_names}
    year, case = columns.pop("DISYR").to_numpy(), columns.pop("CASEID")
    found = {n: c.to_numpy() for n, c in columns.items()}
    admitted, left = found.get("SERVICES"), found["SERVICES_D"]
    if admitted is None:
        found["SERVICES"] = left
    elif (year <= LAST_YEAR_WITHOUT_ADMISSION_SERVICE).any():
        without = (year <= LAST_YEAR_WITHOUT_ADMISSION_SERVICE) & (admitted == codes.MISSING)
        found["SERVICES"] = np.where(without, left, admitted)
    return _rows(year, case, found)


def _rows(year: NDArray[np.int16], case: pa.Array, found: dict[str, NDArray[np.integer]]) -> Rows:
    import numpy as np

    if not len(year):
        return Rows(year, case, found, {codes.span(codes.LAST_KNOWN_YEAR): None})
    first, last = codes.span(int(year.min())), codes.span(int(year.max()))
    if first == last:
        return Rows(year, case, found, {first: None})
    years, which = np.unique(year, return_inverse=True)
    spans = np.array([codes.span(int(y)) for y in years])
    return Rows(year, case, found, {f: np.flatnonzero(spans[which] == f) for f in sorted(set(spans.tolist()))})


def unknown(rows: Rows, table: str) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """The variables of a canonical table, and for each row the place of the first whose code is in no list, or -1."""
    import numpy as np

    names = tuple(dict.fromkeys(("DISYR", *(c.variable for c in codes.columns() if c.table == table))))
    first = np.full(len(rows), -1, dtype=np.int8)
    if table == "persons":
        first[(rows.year < codes.FIRST_YEAR) | (rows.year > codes.LAST_YEAR)] = 0
    for place, name in enumerate(names):
        if name not in rows.codes:
            continue
        for start, at in rows.of_span.items():
            known = codes.look_up(codes.known(name, start), _part(rows.codes[name], at))
            if not known.all():
                bad = np.flatnonzero(known == 0) if at is None else at[known == 0]
                first[bad] = np.where(first[bad] < 0, place, first[bad])
    return names, first


def _part(values: NDArray[Any], at: NDArray[np.intp] | None) -> NDArray[Any]:
    return values if at is None else values[at]


def recoded(rows: Rows) -> dict[tuple[str, str], NDArray[np.int8]]:
    """For each canonical column, by table and name, the places in its vocabulary. A code not known is missing."""
    import numpy as np

    found = {}
    for column in codes.columns():
        if column.variable not in rows.codes:
            words = codes.vocabulary(column)
            place = words.index(codes.UNKNOWN) if codes.UNKNOWN in words else -1
            found[column.table, column.name] = np.full(len(rows), place, dtype=np.int8)
            continue
        values = rows.codes[column.variable]
        places = np.empty(len(rows), dtype=np.int8)
        for start, at in rows.of_span.items():
            part = codes.look_up(codes.lookup(column, start), _part(values, at))
            if at is None:
                places = part
            else:
                places[at] = part
        found[column.table, column.name] = places
    return found


def recoded_table(rows: Rows) -> pa.Table:
    """The canonical columns as an Arrow table of dictionaries: what the benchmark compares."""
    import pyarrow as pa

    by_key = {(c.table, c.name): codes.vocabulary(c)[:-1] for c in codes.columns()}
    columns = {}
    for (table, name), places in recoded(rows).items():
        there = pa.array(places, mask=places < 0) if len(places) and places.min() < 0 else pa.array(places)
        columns[f"{table}.{name}"] = pa.DictionaryArray.from_arrays(there, pa.array(by_key[table, name], pa.string()))
    return pa.table(columns)


def frames(rows: Rows, extra_day_removed: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The raw canonical stays and persons, one row per discharge each.

    extra_day_removed: take off the day that SAMHSA adds to stays that ended in outpatient care.
    """
    import pandas as pd

    places = recoded(rows)
    identity = _identity(rows)
    columns: dict[str, dict[str, Any]] = {
        "stays": {"person_id": identity, "stay_id": identity, "start_day": 0, "program_type": "substance_use"},
        "persons": {
            "person_id": identity,
            "observed_to_day": UNBOUNDED_DAYS,
            "death_day": pd.NA,
            "entry_period": _years(rows.year),
        },
    }
    for column in codes.columns():
        columns[column.table][column.name] = _values(column, places.pop((column.table, column.name)))
    if extra_day_removed:
        _remove_extra_day(columns["stays"], rows)
    index = pd.RangeIndex(len(rows))
    return (
        pd.DataFrame(columns["stays"], index=index, copy=False),
        pd.DataFrame(columns["persons"], index=index, copy=False),
    )


def _identity(rows: Rows) -> NDArray[Any]:
    """Year and record, such as 2019-123; missing where the record has no readable identifier."""
    import pyarrow as pa
    import pyarrow.compute as pc

    year = pa.array(rows.year).cast(pa.string())
    return pc.binary_join_element_wise(year, rows.case.cast(pa.string()), "-").to_numpy(zero_copy_only=False)


def _years(year: NDArray[np.int16]) -> NDArray[Any]:
    import numpy as np

    years, which = np.unique(year, return_inverse=True)
    return np.array([str(y) for y in years], dtype=object)[which]


def _values(column: Column, places: NDArray[np.int8]) -> Any:
    """Words, or whole numbers with missing ones."""
    import numpy as np
    import pandas as pd

    words = codes.vocabulary(column)
    if TABLES[column.table].columns[column.name].kind == "text":
        return np.array(words, dtype=object)[places]
    numbers = np.array([0 if w is None else int(w) for w in words], dtype=np.int64)
    return pd.arrays.IntegerArray(numbers[places], places < 0)


def _remove_extra_day(stays: dict[str, Any], rows: Rows) -> None:
    """A day less for stays that ended in outpatient care; a latest end that is not known stays as it is."""
    import numpy as np
    import pandas as pd

    outpatient = np.isin(rows.codes["SERVICES_D"], OUTPATIENT)
    first = pd.Series(stays["end_day"])
    last = pd.Series(stays["end_day_latest"])
    stays["end_day"] = first - outpatient.astype(np.int64)
    stays["end_day_latest"] = last - (outpatient & (last < UNBOUNDED_DAYS).fillna(False).to_numpy(bool)).astype(
        np.int64
    )
