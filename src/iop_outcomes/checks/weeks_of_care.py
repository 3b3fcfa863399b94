"""What the records hold of strategies of staying, thresholds of weeks and doses: how many people did what is asked.

Told is what `check` prints: how many of an arm followed each strategy, or left in each week of a threshold, and whether
hours of care are on record for doses. What nobody did, or too few, is said before a run finds out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.checks.numbers import shown
from iop_outcomes.vocabulary.testing import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iop_outcomes.protocol import Strategies, Threshold
    from iop_outcomes.release.policy import Policy
    from iop_outcomes.study.loaded import Loaded

INSTEAD = "The report will say so in place of numbers: ask for weeks in which people left"

Tables = Mapping[str, "pd.DataFrame"]


def lines(loaded: Loaded, tables: Tables, made: Tables, left: pd.DataFrame, rules: Policy) -> Iterator[str]:
    """A line for each comparison by weeks that is asked about. made: people and arms. left: the table retention."""
    asked = {row.contrast for row in loaded.analyses}
    study = loaded.study
    for name, strategies in study.strategies.items():
        if name in asked:
            yield f"{name}: {_followed(strategies, loaded, made, left, rules)}"
    for name, threshold in study.thresholds.items():
        if name in asked:
            yield f"{name}: {_left_in(threshold, loaded, made, left, rules)}"
    hours = len(tables["sessions"]) or tables["stays"]["scheduled_hours_per_week"].notna().any()
    told = tables["screens"]["result"].isin([POSITIVE, NEGATIVE]).any()
    for name in study.doses:
        if name in asked and not hours:
            yield f"{name}: cannot be answered, as no hours of care are on record, attended or scheduled"
        elif name in asked and not told:
            yield f"{name}: cannot be answered, as no test tells of use, by which what hours do is told week by week"


def _stays(asked: Strategies | Threshold, loaded: Loaded, made: Tables, left: pd.DataFrame) -> pd.DataFrame:
    """Rows of retention of those who started in the arm."""
    from iop_outcomes.cohort.retention import of

    contrast = loaded.study.contrasts[asked.contrast]
    value = 1 if asked.arm == contrast.first.name else 0
    arms = made["arms"]
    own = arms.loc[(arms["contrast"] == asked.contrast) & (arms["arm"] == value), "person_id"]
    return of(left, asked.follows, own)


def _followed(asked: Strategies, loaded: Loaded, made: Tables, left: pd.DataFrame, rules: Policy) -> str:
    from iop_outcomes.analyses.staying import FIRST, SECOND, who_followed

    stay = _stays(asked, loaded, made, left)
    found: NDArray[np.int64] = who_followed(stay, asked)
    sides = tuple(zip(asked.sides, (FIRST, SECOND), strict=True))
    told = [f"'{side.name}' {shown(int((found == value).sum()), rules)}" for side, value in sides]
    nobody = next((f"; nobody followed '{s.name}'. {INSTEAD}" for s, v in sides if not (found == v).any()), "")
    return f"of {shown(len(stay), rules)} who started in the arm '{asked.arm}' followed {', '.join(told)}{nobody}"


def _left_in(asked: Threshold, loaded: Loaded, made: Tables, left: pd.DataFrame, rules: Policy) -> str:
    from iop_outcomes.analyses.person_weeks import LOST, week_left

    stay = _stays(asked, loaded, made, left)
    week = np.where(stay["cause"].isin(LOST).to_numpy(), 0, week_left(stay))
    told = [f"{shown(int((week == one).sum()), rules)} in week {one}" for one in asked.weeks]
    return (
        f"of {shown(len(stay), rules)} who started in the arm '{asked.arm}' left {', '.join(told)}; a week needs an "
        f"effective number of {asked.fewest}"
    )
