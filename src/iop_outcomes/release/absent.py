"""Levels that a group of people lacks where others have them: where nobody may be shown, so must be that there is none.

Analyses count the levels that their people have. A level of an outcome that is counted of some groups on a day, and of
another not, tells that nobody is in it there. Where a policy shows no cell of nobody, such a level gets a row of nobody
of its own, which is hidden and protected as all others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import exact
from iop_outcomes.vocabulary.answers import OUT_OF_CARE

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ["cohort", "outcome", "horizon_days"]
GROUP = ["analysis", "contrast", "arm", "variable", "group_by", "group"]


def named(counts: pd.DataFrame, outcomes: Collection[str], policy: Policy) -> pd.DataFrame:
    """Counts with a row of nobody for each level of an outcome that another group has on the same day.

    outcomes: of endpoints. Who is out of care is a level of a division by care alone.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    own = counts[counts["outcome"].isin(list(outcomes)) & (counts["variable"] == ALL) & (counts["detail"] == "")]
    if policy.zeros_allowed or own.empty:
        return counts
    levels = own.loc[own["level"] != OUT_OF_CARE, [*QUESTION, "level", "position"]].drop_duplicates(
        [*QUESTION, "level"]
    )
    groups = own.drop_duplicates([*QUESTION, *GROUP]).drop(columns=["level", "position"])
    every = groups.merge(levels, on=QUESTION)
    there = own[[*QUESTION, *GROUP, "level"]].assign(there=True)
    lacking = every.merge(there, on=[*QUESTION, *GROUP, "level"], how="left")
    lacking = lacking[lacking["there"].isna()].drop(columns="there").assign(**exact(0))  # type: ignore[arg-type]
    if lacking.empty:
        return counts
    types = {n: c.dtype for n, c in TABLES["counts"].columns.items() if n in counts}
    return pd.concat([counts, lacking[list(counts.columns)].astype(types)], ignore_index=True)
