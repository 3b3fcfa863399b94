"""The rules that a record must keep, as data: a table, a name, and a function that marks the rows that break
it.

First come the rules that the declaration of a table implies: a required value is missing or a code for one that is
not known, a value is not among those allowed, a number is out of range; cells that are set aside alone have gone before
(`cells`). Then those between columns and between tables, in the order of RULES. A record is
set aside under the first rule that it breaks. Rules see the persons and stays that have passed before; a
comparison with a missing value breaks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from iop_outcomes.clean import cells
from iop_outcomes.clean.versions import OPEN
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.declare import Column
from iop_outcomes.tables.lookup import positions
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.testing import TAKEN

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# A person's first record is the first stay. Screens are taken before it too, between first contact and admission, and
# a baseline that is adjusted for must not be lost: in CTN-0094 they reach 66 days back. What lies further back was
# taken of somebody else, or on another day.
SCREEN_LEAD_DAYS = 90
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Passed:
    """The persons and stays that kept their rules so far; empty before their turn."""

    persons: pd.DataFrame
    stays: pd.DataFrame

    def beside(self, rows: pd.DataFrame) -> Beside:
        """The same, for the rows of one table."""
        return Beside(self.persons, self.stays, rows["person_id"])


@dataclass(frozen=True)
class Beside(Passed):
    """Persons and stays for the rows of one table, each of whose person is looked up once. person: of each row."""

    person: pd.Series

    @cached_property
    def position(self) -> NDArray[np.intp]:
        """The position of each row's person among the persons; -1 for one not known."""
        return positions(self.person, self.persons["person_id"])

    def orphans(self) -> pd.Series:
        """True for rows whose person is not known."""
        import pandas as pd

        return pd.Series(self.position < 0, index=self.person.index)

    def of_person(self, column: str) -> pd.Series:
        """The person's value of a whole-number column, for each row; missing for a person not known."""
        import pandas as pd

        values = self.persons[column].astype("Int64").array.take(self.position, allow_fill=True)
        return pd.Series(values, index=self.person.index)

    def first_start(self) -> pd.Series:
        """The first day of the person's first stay, for each row."""
        return self.person.map(self.stays.groupby("person_id")["start_day"].min()).astype("Int64")


Broken = Callable[["pd.DataFrame", Beside], "pd.Series"]


@dataclass(frozen=True)
class Rule:
    """A rule of one table. `broken(rows, passed)` marks the rows that break it; missing counts as False."""

    table: str
    name: str
    broken: Broken


def _orphan(rows: pd.DataFrame, passed: Beside) -> pd.Series:
    return passed.orphans()


def _after_observation(column: str) -> Broken:
    return lambda rows, passed: rows[column] > passed.of_person("observed_to_day")


def _latest_end(broken: Callable[[pd.DataFrame], pd.Series]) -> Broken:
    """A rule on stays whose end is an interval; a source with exact ends has none."""
    import pandas as pd

    return lambda rows, passed: (
        broken(rows) if "end_day_latest" in rows.columns else pd.Series(False, index=rows.index, dtype=bool)
    )


def outside_any_stay(rows: pd.DataFrame, passed: Beside) -> pd.Series:
    """True for rows whose day lies in no stay of their person; open stays run on."""
    import pandas as pd

    stays = passed.stays.assign(end_day=passed.stays["end_day"].fillna(OPEN).astype("int64"))
    stays = stays.astype({"start_day": "int64"}).sort_values("start_day", kind="stable")
    # some stay begun by a day covers it exactly if the latest end among those begun does
    stays["covered_to"] = stays.groupby("person_id")["end_day"].cummax()
    days = rows[["person_id", "day"]].reset_index(drop=True).reset_index(names="at").dropna(subset=["day"])
    found = pd.merge_asof(
        days.astype({"day": "int64"}).sort_values("day", kind="stable"),
        stays[["person_id", "start_day", "covered_to"]],
        left_on="day",
        right_on="start_day",
        by="person_id",
    ).set_index("at")
    covered = (found["covered_to"] >= found["day"]).reindex(range(len(rows)), fill_value=False)
    return pd.Series(~covered.to_numpy(), index=rows.index)


def _over_a_day(rows: pd.DataFrame, passed: Beside) -> pd.Series:
    """True for sessions of a person's day that add up to more than it has; copies, merged later, count once."""
    minutes = rows["minutes"].mask(rows.duplicated(), 0)
    return minutes.groupby([rows["person_id"], rows["day"]]).transform("sum") > DAY_MINUTES


def _lost_end(stays: pd.DataFrame, passed: Beside) -> pd.Series:
    """True for stays with a reason and no end, but where the person died in the stay on a day that is known."""
    died = (stays["discharge_reason"] == DIED) & (passed.of_person("death_day") >= stays["start_day"])
    return stays["end_day"].isna() & stays["discharge_reason"].notna() & ~died.fillna(False).astype(bool)


def _taken_after_death(screens: pd.DataFrame, passed: Beside) -> pd.Series:
    """True for tests with a result of a day after death. One that is recorded as missed then is left to the study."""
    late = (screens["day"] > passed.of_person("death_day")).fillna(False).astype(bool)
    return late & screens["result"].isin(TAKEN)


def _result_and_reason(screens: pd.DataFrame, passed: Beside) -> pd.Series:
    """True for tests that have a result and are said to have none; a source without reasons has no such test."""
    import pandas as pd

    if "reason" not in screens.columns:
        return pd.Series(False, index=screens.index, dtype=bool)
    return screens["reason"].notna() & screens["result"].isin(TAKEN)


# between columns and between tables, in this order
RULES = (
    Rule("stays", "person not in persons", _orphan),
    Rule("stays", "ends before it starts", lambda r, p: r["end_day"] < r["start_day"]),
    Rule("stays", "latest end before the earliest", _latest_end(lambda r: r["end_day_latest"] < r["end_day"])),
    Rule(
        "stays",
        "a latest end but no end",
        _latest_end(lambda r: r["end_day_latest"].notna() & r["end_day"].isna()),
    ),
    Rule("stays", "ended without a reason", lambda r, p: r["end_day"].notna() & r["discharge_reason"].isna()),
    Rule("stays", "a reason but no end", _lost_end),
    Rule("stays", "starts after the end of observation", _after_observation("start_day")),
    Rule("stays", "ends after the end of observation", _after_observation("end_day")),
    Rule("stays", "starts after death", lambda r, p: r["start_day"] > p.of_person("death_day")),
    Rule("sessions", "person not in persons", _orphan),
    Rule("sessions", "outside any stay", outside_any_stay),
    Rule("sessions", "more than 24 hours in a day", _over_a_day),
    Rule("screens", "person not in persons", _orphan),
    Rule("screens", "long before the first stay", lambda r, p: r["day"] < p.first_start() - SCREEN_LEAD_DAYS),
    Rule("screens", "taken after death", _taken_after_death),
    Rule("screens", "after the end of observation", _after_observation("day")),
    Rule("screens", "a result and a reason why there is none", _result_and_reason),
    Rule("followups", "person not in persons", _orphan),
    Rule(
        "followups",
        "answers without an interview",
        lambda r, p: r["day"].isna() & r[["days_used", "first_use_day", "no_use_through_day"]].notna().any(axis=1),
    ),
    Rule("followups", "held without a look-back", lambda r, p: r["day"].notna() & r["lookback_days"].isna()),
    Rule("followups", "held after death", lambda r, p: r["day"] > p.of_person("death_day")),
    Rule("followups", "more days of use than asked about", lambda r, p: r["days_used"] > r["lookback_days"]),
    Rule("followups", "first use before day 0", lambda r, p: r["first_use_day"] < 0),
    Rule("followups", "first use after the interview", lambda r, p: r["first_use_day"] > r["day"]),
    Rule("followups", "no use beyond the interview", lambda r, p: r["no_use_through_day"] > r["day"]),
    Rule("followups", "use within days of no use", lambda r, p: r["first_use_day"] <= r["no_use_through_day"]),
    Rule("followups", "after the end of observation", _after_observation("day")),
    Rule("medications", "person not in persons", _orphan),
    Rule("medications", "ends before it starts", lambda r, p: r["end_day"] < r["start_day"]),
    Rule("medications", "starts after the end of observation", _after_observation("start_day")),
    Rule("periods", "person not in persons", _orphan),
    Rule("periods", "ends before it starts", lambda r, p: r["to_day"] < r["from_day"]),
    Rule("periods", "after the end of observation", _after_observation("to_day")),
)


def rules_of(name: str) -> list[Rule]:
    """All rules of a canonical table, in the order in which they are applied."""
    declared = [rule for column, c in TABLES[name].columns.items() for rule in _declared(name, column, c)]
    return declared + [rule for rule in RULES if rule.table == name]


def _declared(table: str, name: str, column: Column) -> list[Rule]:
    """What the declaration of one column asks; nothing of a column that a frame does not have."""
    rules = []
    if not column.nullable:
        rules.append(Rule(table, f"missing {name}", _in_column(name, lambda s: s.isna())))
    if column.missing and not column.nullable and column.kind == "text":
        rules.append(Rule(table, f"missing-value code in {name}", _in_column(name, lambda s: cells.is_code(column, s))))
    if column.allowed:
        known = list(column.allowed)
        rules.append(Rule(table, f"unknown {name}", _in_column(name, lambda s: s.notna() & ~s.isin(known))))
    if column.low is not None or column.high is not None:
        rules.append(Rule(table, f"out of range {name}", _in_column(name, lambda s: cells.outside(column, s))))
    return rules


def _in_column(name: str, broken: Callable[[pd.Series], pd.Series]) -> Broken:
    import pandas as pd

    return lambda rows, passed: (
        broken(rows[name]) if name in rows.columns else pd.Series(False, index=rows.index, dtype=bool)
    )
