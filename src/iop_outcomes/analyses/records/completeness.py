"""How much is known of people, field by field, and for how many of them a day lies within their observation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.analyses.records.cells import Groups, count
from iop_outcomes.analyses.rows import Row
from iop_outcomes.cohort.units import reaches
from iop_outcomes.tables.lookup import positions
from iop_outcomes.tables.results import COMPLETENESS, MATURITY
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.levels import NOT_KNOWN, UNKNOWN

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# of everyone, whatever the study adjusts for
BASELINE = ("age", "sex", "primary_drug")
KNOWN, NOT_ASKED = "known", "not_asked"
# words that stand for a missing answer
WITHOUT = (UNKNOWN, NOT_KNOWN, "")


def rows(
    units: pd.DataFrame,
    persons: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    covariates: Sequence[str],
    groups: Groups,
) -> list[Row]:
    """People of whom each field is known or not, all together and within groups: the field is their variable."""
    at = positions(units["record_id"], persons["person_id"])
    fields = {name: _baseline(units, persons, at, name) for name in dict.fromkeys((*BASELINE, *covariates))}
    fields["entry_period"] = _answered(units["entry_period"])
    fields["planned_days"] = units["planned_days"].notna()
    fields["scheduled_hours"] = units["scheduled_hours_per_week"].notna()
    fields["sessions"] = _within_index(units, sessions)
    fields["screens"] = _since_zero(units, screens[screens["result"] != MISSING], "day")
    levels = {name: _levels(known) for name, known in fields.items()}
    due = _since_zero(units, followups, "target_day")
    levels["followups"] = _levels(_since_zero(units, followups[followups["day"].notna()], "day"), due)
    levels["discharge_reason"] = _levels(units["index_reason"].notna(), units["index_end_day"].notna())
    return [row for name, found in levels.items() for row in count(found, COMPLETENESS, groups, variable=name)]


def maturity(units: pd.DataFrame, horizons: Sequence[int], groups: Groups) -> list[Row]:
    """People whose day lies within their observation, the dead among them; and others, for whom it is yet to come."""
    found: list[Row] = []
    for day in horizons:
        levels = reaches(units, day).map({True: "mature", False: "not_yet_observed"})
        found += count(levels, MATURITY, groups, horizon_days=day)
    return found


def _levels(known: pd.Series, asked: pd.Series | None = None) -> pd.Series:
    import numpy as np
    import pandas as pd

    at = np.where(known, 0, 2) if asked is None else np.select([known, asked], [0, 2], 1)
    dtype = pd.CategoricalDtype(pd.Index([KNOWN, NOT_ASKED, NOT_KNOWN], dtype=object))
    return pd.Series(pd.Categorical.from_codes(at, dtype=dtype), index=known.index)  # type: ignore[arg-type]


def _answered(values: pd.Series) -> pd.Series:
    return values.notna() & ~values.isin(WITHOUT)


def _baseline(units: pd.DataFrame, persons: pd.DataFrame, at: NDArray[np.intp], name: str) -> pd.Series:
    """Whether a column of persons has an answer; of no one where the source lacks it. at: (n,) the row of each unit's
    person, -1 where there is none.
    """
    import pandas as pd

    answered = _answered(persons[name]).to_numpy() if name in persons else None
    return pd.Series(False if answered is None else answered[at] & (at >= 0), index=units.index)


def _within_index(units: pd.DataFrame, sessions: pd.DataFrame) -> pd.Series:
    """Whether a session lies within the index level; while that is open, up to the end of observation."""
    last = units["index_end_day"].fillna(units["index_start_day"] + units["observed_days"])
    return _any(units, sessions, "day", last)


def _since_zero(units: pd.DataFrame, rows: pd.DataFrame, day: str) -> pd.Series:
    """Whether a row lies between time zero and the end of observation."""
    return _any(units, rows, day, units["index_start_day"] + units["observed_days"])


def _any(units: pd.DataFrame, rows: pd.DataFrame, day: str, last: pd.Series) -> pd.Series:
    """Whether a unit has a row on a day from its time zero to a last one."""
    import pandas as pd

    if rows.empty:
        return pd.Series(False, index=units.index)
    # people as numbers: of long tables these are joined many times faster than names
    people = pd.Index(units["record_id"].unique())
    spans = pd.DataFrame(
        {
            "person": people.get_indexer(pd.Index(units["record_id"])),
            "unit": units.index,
            "first": units["index_start_day"].astype("int64"),
            "last": last.astype("int64"),
        }
    )
    held = pd.DataFrame({"person": people.get_indexer(pd.Index(rows["person_id"])), "day": rows[day].astype("float64")})
    joined = held[held["person"] >= 0].merge(spans, on="person")
    inside = (joined["day"] >= joined["first"]) & (joined["day"] <= joined["last"])
    return pd.Series(units.index.isin(joined.loc[inside, "unit"].unique()), index=units.index)
