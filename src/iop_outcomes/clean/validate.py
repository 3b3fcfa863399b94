"""Hold raw tables to their rules: every row that came in is kept, merged into another, or set aside under a
rule.

In order, for persons, then stays, then the others: rows that the source could not read are set aside; then
cells that cannot be true, without their row (`cells`); then rows that break a rule, under the first one; then copies,
open versions of ended stays and overlaps are merged; then rows that still share a key, which nobody can tell apart.
What is left has the types of its declaration and is sorted by its key, so that the order of the rows that came in does
not show. A row that was kept without one of its cells, or of which something is told (`remarks`), counts as
`kept: why`.

Stops when more than the allowed share of a table was set aside, naming rules and counts, and when more than that share
of the known values of one of its columns was out of range: then the column holds something else (`limits`). Codes for
values that are not known do not count, as nothing is lost with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.clean import cells, limits, merge, remarks
from iop_outcomes.clean.rules import Beside, Passed, rules_of
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.conform import typed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# a table is judged by those before it
NAMES = ("persons", "stays", "sessions", "screens", "followups", "medications", "periods")


@dataclass(frozen=True)
class Sorted:
    """What became of the rows of one table.

    aside: a rule for each row set aside, by its position. cells: rule and column of the first cell set aside in a row
    that is kept. told: all that is said of rows that are kept. strange: values out of range, and known, by column.
    """

    name: str
    rows: int
    kept: pd.DataFrame
    valid: pd.DataFrame
    merged: Mapping[str, int]
    aside: pd.Series
    cells: pd.DataFrame
    told: pd.Series
    strange: Mapping[str, tuple[int, int]]
    person: pd.Series

    def quarantine(self) -> pd.DataFrame:
        """The rows set aside, in the shape of the quarantine table."""
        import pandas as pd

        at = self.aside.sort_index()
        rows = pd.DataFrame({"rule": at, "cell": None}) if self.cells.empty else _with_cells(at, self.cells)
        rows = rows.assign(table=self.name, row=rows.index, person_id=self.person.loc[rows.index])
        rows = rows.drop(columns="cell") if self.cells.empty else rows
        return typed(TABLES["quarantine"], rows).reset_index(drop=True)

    def intake(self) -> list[tuple[str, str, int]]:
        """Table, outcome and rows; the rows add up to those that came in."""
        plain = len(self.kept) - len(self.told)
        told = {f"kept: {why}": n for why, n in self.told.value_counts().sort_index().items()}
        merged = {f"merged: {kind}": n for kind, n in self.merged.items() if n}
        aside = {f"quarantined: {rule}": int(n) for rule, n in self.aside.value_counts().sort_index().items()}
        return [(self.name, outcome, int(n)) for outcome, n in {"kept": plain, **told, **merged, **aside}.items()]


def _with_cells(aside: pd.Series, cells: pd.DataFrame) -> pd.DataFrame:
    """Rule and column of rows and of cells set aside, by position; no column where it was the row."""
    import pandas as pd

    return pd.concat([pd.DataFrame({"rule": aside, "cell": None}), cells]).sort_index()


def validated(
    tables: Mapping[str, pd.DataFrame], quarantine: pd.DataFrame, arrivals: pd.DataFrame, max_quarantined_share: float
) -> dict[str, pd.DataFrame]:
    """The canonical tables, strict and sorted by key, with 'quarantine' and 'intake'.

    tables: the raw tables by canonical name, rows in the order of the source. quarantine: the rows that the source
    could not read, by table and position. arrivals: how many rows the source found, and those that it did not pass
    on. Raises StudyError beyond the allowed share, and when a row is not accounted for.
    """
    import pandas as pd

    sorted_tables: dict[str, Sorted] = {}
    passed = Passed(TABLES["persons"].empty(), TABLES["stays"].empty())
    for name in NAMES:
        unread = quarantine[quarantine["table"] == name].drop_duplicates("row").set_index("row")["rule"]
        sorted_tables[name] = one = sort_rows(name, tables[name], unread, passed)
        if name == "persons":
            passed = Passed(one.kept, passed.stays)
        if name == "stays":
            passed = Passed(passed.persons, one.valid)
    for name, one in sorted_tables.items():
        for said in limits.beyond(name, tables[name], one.aside, one.strange, max_quarantined_share):
            raise StudyError(said)
    became = [row for one in sorted_tables.values() for row in one.intake()]
    own = pd.DataFrame(became, columns=["table", "outcome", "rows"])
    intake = pd.concat([own, arrivals[arrivals["outcome"] != "read"]], ignore_index=True)
    _account_for(intake, arrivals)
    aside = [one.quarantine() for one in sorted_tables.values() if len(one.aside) + len(one.cells)]
    return {
        **{name: one.kept for name, one in sorted_tables.items()},
        "quarantine": pd.concat(aside, ignore_index=True) if aside else TABLES["quarantine"].empty(),
        "intake": intake.astype({"rows": "int64"}),
    }


def _account_for(intake: pd.DataFrame, arrivals: pd.DataFrame) -> None:
    """Raise StudyError unless kept, merged, quarantined and excluded add up to the rows read, table by table."""
    read = arrivals[arrivals["outcome"] == "read"].set_index("table")["rows"]
    found = intake.groupby("table")["rows"].sum().reindex(read.index).fillna(0)
    for name in read.index[found.astype("int64") != read]:
        raise StudyError(
            f"Of {read[name]} rows of {name}, {int(found[name])} are accounted for. This is a defect; please report it."
        )


def sort_rows(name: str, raw: pd.DataFrame, unread: pd.Series, passed: Passed) -> Sorted:
    """Keep, merge or set aside each row of one raw table. unread: rules of unreadable rows, by position."""
    import pandas as pd

    rows = _numbered(raw)
    rule: pd.Series = unread[unread.index.isin(rows.index)].astype(object)
    mended = cells.mend(name, _without(rows, rule))
    rule = pd.concat([rule, first_broken(name, mended.rows, passed.beside(mended.rows))])
    sound = valid = typed(TABLES[name], _without(mended.rows, rule))
    key = list(TABLES[name].key)
    order, twice = in_order(valid, key)
    # copies share their key: where no key comes twice, no row need be compared
    distinct, merged = merge.exact(valid) if twice else (valid, {})
    if name == "stays":
        distinct, more, contradicted, valid = merge.stays(distinct)
        merged, rule = {**merged, **more}, pd.concat([rule, contradicted])
    if name == "medications":
        distinct, more = merge.spells(distinct)
        merged = {**merged, **more}
    clash = _clashing(name, distinct) if twice else rule.iloc[:0]
    left = _without(distinct, clash)
    if left is not sound:
        order, _ = in_order(left, key)
    first = mended.first[mended.first.index.isin(left.index)]
    told = pd.concat([mended.told, remarks.told(name, left, passed.beside(left))])
    told = told[told.index.isin(left.index) & ~told.index.isin(first.index)]
    return Sorted(
        name=name,
        rows=len(rows),
        kept=_numbered(left.take(order)),
        valid=_without(valid, clash),
        merged=merged,
        aside=pd.concat([rule, clash]),
        cells=first,
        told=pd.concat([first["rule"], told]),
        strange=mended.strange,
        person=rows["person_id"],
    )


def in_order(rows: pd.DataFrame, key: list[str]) -> tuple[NDArray[np.int64], bool]:
    """The positions of valid rows in the order of their key, and whether a key comes twice, or there is none.

    Without a key, rows are in the order of all their columns.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(key) != 1:
        order = rows.reset_index(drop=True).sort_values(key or list(rows.columns), kind="stable").index.to_numpy()
        return order, not key or bool(rows.duplicated(key).any())
    # texts are compared as UTF-8, which gives the order of Python's texts in a tenth of the time
    values = rows[key[0]].to_numpy()
    order = pc.sort_indices(pa.array(values, pa.large_string())).to_numpy().astype(np.int64)
    return order, bool((values[order[1:]] == values[order[:-1]]).any())


def _clashing(name: str, rows: pd.DataFrame) -> pd.Series:
    """The rule for rows that share a key and yet differ: all are set aside, as none is known to be right."""
    import pandas as pd

    key = list(TABLES[name].key)
    clash = rows[rows.duplicated(key, keep=False)] if key else rows.iloc[:0]
    return pd.Series(f"{' and '.join(key)} used twice", index=clash.index, dtype=object)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with their positions as index; no copy, as nothing here is changed in place."""
    import pandas as pd

    numbered = frame.copy(deep=False)
    numbered.index = pd.RangeIndex(len(frame))
    return numbered


def _without(rows: pd.DataFrame, gone: pd.Series) -> pd.DataFrame:
    """The rows but those of an index; no copy where there are none."""
    return rows[~rows.index.isin(gone.index)] if len(gone) else rows


def first_broken(name: str, rows: pd.DataFrame, passed: Beside) -> pd.Series:
    """The name of the first rule that a row breaks, by index; rows that break none are not in it."""
    import pandas as pd

    found = [pd.Series(dtype=object)]
    for rule in rules_of(name) if len(rows) else []:
        broken = rule.broken(rows, passed)
        if broken.any():
            at = rows.index[broken.fillna(False).astype(bool)]
            found.append(pd.Series(rule.name, index=at, dtype=object))
    first = pd.concat(found)
    return first[~first.index.duplicated()]
