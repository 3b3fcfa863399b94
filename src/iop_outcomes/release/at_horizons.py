"""What life tables say at the horizons that estimates ask for, as cumulative counts.

A number is told where it is true; that no one has left by a cause is not told. Where people are held back, theirs is
not, and neither is the number of those still at risk, who would hold them: both are withheld, so that what is shown,
with what is not, adds up to the arm's people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.release.life_tables import Leaving, Question, told
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.pools import called
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.causes import STILL_AT_RISK

if TYPE_CHECKING:
    import pandas as pd


def asked(estimates: pd.DataFrame) -> dict[Question, set[int]]:
    """Days that estimates ask for."""
    found: dict[Question, set[int]] = {}
    for row in estimates.itertuples():
        day = str(row.horizon_days)
        if day.isdigit():
            found.setdefault((str(row.analysis), str(row.contrast), str(row.outcome)), set()).add(int(day))
    return found


def cells(
    followed: Mapping[Question, Mapping[str, Leaving]],
    held: Mapping[Question, Mapping[str, Leaving]],
    estimates: pd.DataFrame,
    policy: Policy,
) -> tuple[pd.DataFrame, list[int | None]]:
    """Life tables as cumulative counts at the horizons that estimates ask for, in the columns of counts: as they are;
    and for each row what the held table says, None where it is not true.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    table = TABLES["counts"]
    asked = estimates.loc[estimates["group_by"] == ALL, ["analysis", "cohort", "contrast", "outcome", "horizon_days"]]
    rows, shown = [], []
    for ask in asked.drop_duplicates().dropna().itertuples(index=False):
        question, day = (str(ask.analysis), str(ask.contrast), str(ask.outcome)), int(str(ask.horizon_days))
        arms = held.get(question, {})
        causes = {c for arm in arms for c in told(followed[question][arm], arms[arm], None, policy)} - {STILL_AT_RISK}
        for arm, leaving in arms.items():
            says = told(followed[question][arm], leaving, day, policy)
            key = {
                "analysis": ask.analysis, "cohort": ask.cohort, "contrast": ask.contrast, "arm": arm,
                "outcome": ask.outcome, "variable": ALL, "horizon_days": day, "group_by": ALL, "group": ALL,
            }  # fmt: skip
            for level in (*sorted(causes), STILL_AT_RISK):
                number, true = says.get(level, (0, True))
                people = _people(followed[question][arm], leaving, level, day)
                rows.append({**key, "level": level, "detail": "", "position": None, "count": people, "status": "ok"})
                shown.append(number if true else None)
    frame = pd.DataFrame(rows, columns=list(table.columns))
    return frame.astype({name: column.dtype for name, column in table.columns.items()}), shown


def _people(followed: Leaving, held: Leaving, level: str, day: int) -> int:
    """People of a level of the held table by a day, as they are."""
    if level == STILL_AT_RISK:
        return followed.people - followed.gone(day)
    return followed.gone(day, next((pool for pool in held.pools if called(pool) == level), (level,)))


def without_zeros(cells: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """The cells, of which none says that no one has left by a cause: by itself it does not tell no one from a few."""
    import pandas as pd

    hidden = (cells["count"] == 0).fillna(False) & (cells["level"] != STILL_AT_RISK) & (not policy.exact)
    return cells.assign(
        count=cells["count"].mask(hidden, pd.NA), status=cells["status"].mask(hidden, "suppressed").astype(object)
    )


def by_arm(cells: pd.DataFrame) -> dict[tuple[Question, str, int], dict[str, int | None]]:
    """The cells by question, arm and day: number by level, None where it is withheld."""
    found: dict[tuple[Question, str, int], dict[str, int | None]] = {}
    numbers = [None if missing else int(n) for n, missing in zip(cells["count"], cells["count"].isna(), strict=True)]
    for row, number in zip(cells.itertuples(), numbers, strict=True):
        key = ((str(row.analysis), str(row.contrast), str(row.outcome)), str(row.arm), int(str(row.horizon_days)))
        found.setdefault(key, {})[str(row.level)] = number
    return found
