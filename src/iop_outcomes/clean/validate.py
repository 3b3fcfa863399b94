"""Hold raw tables to their rules: every row that came in is kept, merged into another, or set aside under a
rule.

In order, for persons, then stays, then the others: rows that the source could not read are set aside; then
rows that break a rule, under the first one; then copies and overlaps are merged; then rows that still share a
key, which nobody can tell apart. What is left has the types of its declaration and is sorted by its key, so
that the order of the rows that came in does not show.

Stops when more than the allowed share of stays or persons was set aside, naming rules and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.clean import merge
from iop_outcomes.clean.rules import Passed, rules_of
from iop_outcomes.errors import StudyError
from iop_outcomes.sources.reading import typed
from iop_outcomes.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

# a table is judged by those before it
NAMES = ("persons", "stays", "sessions", "screens", "followups", "medications", "periods")
LIMITED = ("persons", "stays")


@dataclass(frozen=True)
class Sorted:
    """What became of the rows of one table. `aside` has a rule for each row set aside, by its position."""

    name: str
    rows: int
    kept: pd.DataFrame
    valid: pd.DataFrame
    merged: Mapping[str, int]
    aside: pd.Series
    person: pd.Series

    def quarantine(self) -> pd.DataFrame:
        """The rows set aside, in the shape of the quarantine table."""
        import pandas as pd

        at = self.aside.sort_index()
        rows = {"table": self.name, "rule": at, "row": at.index, "person_id": self.person.loc[at.index]}
        return typed(TABLES["quarantine"], pd.DataFrame(rows)).reset_index(drop=True)

    def intake(self) -> list[tuple[str, str, int]]:
        """Table, outcome and rows; the rows add up to those that came in."""
        merged = {f"merged: {kind}": n for kind, n in self.merged.items() if n}
        aside = {f"quarantined: {rule}": int(n) for rule, n in self.aside.value_counts().sort_index().items()}
        return [(self.name, outcome, n) for outcome, n in {"kept": len(self.kept), **merged, **aside}.items()]


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
    for name in LIMITED:
        _limit(sorted_tables[name], max_quarantined_share)
    became = [row for one in sorted_tables.values() for row in one.intake()]
    own = pd.DataFrame(became, columns=["table", "outcome", "rows"])
    intake = pd.concat([own, arrivals[arrivals["outcome"] != "read"]], ignore_index=True)
    _account_for(intake, arrivals)
    aside = [one.quarantine() for one in sorted_tables.values() if len(one.aside)]
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

    rows = raw.reset_index(drop=True)
    rule = unread.reindex(rows.index).astype(object)
    rule = rule.where(rule.notna(), first_broken(name, rows[rule.isna()], passed).reindex(rows.index))
    valid = typed(TABLES[name], rows[rule.isna()])
    # copies share their key: where no key comes twice, no row need be compared
    key = list(TABLES[name].key)
    distinct, merged = (valid, {}) if key and not valid.duplicated(key).any() else merge.exact(valid)
    if name == "stays":
        distinct, more = merge.stays(distinct)
        merged = {**merged, **more}
    clash = _clashing(name, distinct)
    return Sorted(
        name=name,
        rows=len(rows),
        kept=_in_order(name, distinct.drop(index=clash.index)),
        valid=valid.drop(index=clash.index),
        merged=merged,
        aside=pd.concat([rule[rule.notna()], clash]),
        person=rows["person_id"],
    )


def first_broken(name: str, rows: pd.DataFrame, passed: Passed) -> pd.Series:
    """The name of the first rule that each row breaks; missing for a row that breaks none."""
    import pandas as pd

    first = pd.Series(None, index=rows.index, dtype=object)
    for rule in rules_of(name):
        broken = rule.broken(rows, passed).astype("boolean").fillna(False).astype(bool)
        if broken.any():
            first = first.mask(broken & first.isna(), rule.name)
    return first


def _clashing(name: str, rows: pd.DataFrame) -> pd.Series:
    """The rule for rows that share a key and yet differ: all are set aside, as none is known to be right."""
    import pandas as pd

    key = list(TABLES[name].key)
    clash = rows[rows.duplicated(key, keep=False)] if key else rows.iloc[:0]
    return pd.Series(f"{' and '.join(key)} used twice", index=clash.index, dtype=object)


def _in_order(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(list(TABLES[name].key) or list(rows.columns), kind="stable").reset_index(drop=True)


def _limit(table: Sorted, share: float) -> None:
    """Raise StudyError when more than the share of rows was set aside. Names rules and counts only."""
    aside = len(table.aside)
    if not table.rows or aside <= share * table.rows:
        return
    rules = ", ".join(f"{rule} ({n})" for rule, n in table.aside.value_counts().sort_index().items())
    raise StudyError(
        f"{aside} of {table.rows} rows of {table.name} ({aside / table.rows:.1%}) broke a rule; "
        f"`care.max_quarantined_share` allows {share:.1%}. Rules: {rules}. Correct the source, "
        "or raise the share if these records may be left out."
    )
