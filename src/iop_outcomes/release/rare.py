"""Categories in the records' own words that fewer people have than may be seen: the word alone tells of them.

The cohort makes one of them before any model is fitted (`cohort.population`). What still comes here under a word of its
own is joined here: its counts are summed, and what diagnostics say of it is left out. Words that the declaration of
a column allows are the study's, and stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

COVARIATE = "covariate:"
FEW = "other (few)"
# not a person's words
SAID_OF_ANY = ("unknown", "missing", "none", "other", FEW)


def together(
    counts: pd.DataFrame, diagnostics: pd.DataFrame, policy: Policy
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counts with rare categories of covariates as one, and the diagnostics without them."""
    from iop_outcomes.tables import TABLES

    told = counts["outcome"].str.startswith(COVARIATE)
    if policy.minimum_count == 1 or not told.any():
        return counts, diagnostics
    name = counts["outcome"].str.removeprefix(COVARIATE)
    declared = {n: {*c.allowed, *SAID_OF_ANY} for n, c in TABLES["persons"].columns.items()}
    own = [
        level in declared.get(n, SAID_OF_ANY) for n, level in zip(name, counts["level"], strict=True)
    ]
    people = counts.groupby(["contrast", "outcome", "level"])["count"].transform("sum")
    most = people.groupby([counts["outcome"], counts["level"]]).transform("max")
    rare = told & ~counts["level"].isin(["", *SAID_OF_ANY]) & (most < policy.minimum_count)
    rare &= ~_series(own, counts)
    if not rare.any():
        return counts, diagnostics
    words = set(name[rare] + "=" + counts.loc[rare, "level"])
    joined = counts.assign(level=counts["level"].mask(rare, FEW))
    keys = [c for c in counts.columns if c != "count"]
    summed = joined.groupby(keys, dropna=False, sort=False, as_index=False)["count"].sum()
    typed = summed[list(counts.columns)].astype(counts.dtypes.to_dict())
    return typed, diagnostics[~diagnostics["variable"].isin(words)].reset_index(drop=True)


def _series(values: list[bool], like: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(values, index=like.index, dtype=bool)
