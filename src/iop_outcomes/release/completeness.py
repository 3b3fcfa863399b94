"""How complete a field is where its counts are withheld: the share known, to the quarter below.

A site with a few missing answers withholds both its counts, and would look like one that knows next to nothing. The
quarter in which its share lies tells the two apart. It says no more than which of the two is small: it is told only of
groups that are so large that every small number of people lies in the same quarter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import COMPLETENESS, OF_THE_WHOLE
from iop_outcomes.vocabulary.levels import NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

QUANTITY = "known_share_from"
QUARTERS = 4


def known_shares(counts: pd.DataFrame, released: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Diagnostics 'known_share_from' for fields and groups whose known people are withheld, and some are not known.

    counts, released: the same rows, as they are and as released.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["diagnostics"]
    own = (counts["outcome"] == COMPLETENESS) & counts["level"].isin(["known", NOT_KNOWN])
    hidden = released[own & released["count"].isna() & (released["level"] == "known")]
    if hidden.empty:
        return declared.empty()
    keys = ["analysis", "cohort", "contrast", "outcome", "variable", "group_by", "group"]
    people = counts[own].pivot_table(index=keys, columns="level", values="count", aggfunc="sum", observed=True)
    people = people.reindex(columns=["known", NOT_KNOWN]).fillna(0).astype("int64")
    asked = people.sum(axis=1)
    small = people[(people > 0) & (people < policy.minimum_count)].notna().any(axis=1)
    told = people[
        (people > 0).all(axis=1)
        & small
        & (asked > QUARTERS * (policy.minimum_count - 1))
        & people.index.isin(pd.MultiIndex.from_frame(hidden[keys]))
    ].reset_index()
    quarter = QUARTERS * told["known"] // (told["known"] + told[NOT_KNOWN]) / QUARTERS
    rows = pd.DataFrame(
        {
            **OF_THE_WHOLE,
            **{c: told[c] for c in keys},
            "method": "release",
            "quantity": QUANTITY,
            "value": quarter.astype("float64"),
            "threshold": float("nan"),
            "status": "info",
        }
    )
    if rows.empty:
        return declared.empty()
    return declared.cast(rows[list(declared.columns)])
