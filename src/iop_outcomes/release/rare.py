"""Categories in the records' own words that fewer people have than may be seen: the word alone tells of them.

The cohort makes one of them before any model is fitted (`cohort.population`). What still comes here under a word of its
own is joined here: its counts are summed, and what diagnostics say of it is left out. Words that the declaration of
a column allows are the study's, and stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import COVARIATE
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

FEW = "other (few)"
# not a person's words
SAID_OF_ANY = (UNKNOWN, MISSING, "none", "other", FEW)


def together(counts: pd.DataFrame, diagnostics: pd.DataFrame, policy: Policy) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counts with rare categories of covariates as one, and the diagnostics without them."""
    from iop_outcomes.tables import TABLES

    told = counts["outcome"] == COVARIATE
    if policy.minimum_count == 1 or not told.any():
        return counts, diagnostics
    had = counts.groupby(["contrast", "outcome", "variable", "level"])["count"].transform("sum")
    most = had.groupby([counts["outcome"], counts["variable"], counts["level"]]).transform("max")
    rare = told & (most < policy.minimum_count) & ~counts["level"].isin(["", *SAID_OF_ANY])
    for covariate, column in TABLES["persons"].columns.items():
        rare &= ~((counts["variable"] == covariate) & counts["level"].isin(list(column.allowed)))
    if not rare.any():
        return counts, diagnostics
    words = set(zip(counts.loc[rare, "variable"], counts.loc[rare, "level"], strict=True))
    people = ["count", "count_low", "count_high"]
    keys = [c for c in counts.columns if c not in people]
    joined = counts.assign(level=counts["level"].mask(rare, FEW))
    summed = joined.groupby(keys, dropna=False, sort=False).agg(dict.fromkeys(people, "sum")).reset_index()
    types = {n: c.dtype for n, c in TABLES["counts"].columns.items()}
    said = zip(diagnostics["variable"], diagnostics["level"], strict=True)
    own = [at for at, category in enumerate(said) if category not in words]
    shown = diagnostics.iloc[own].reset_index(drop=True)
    return summed[list(counts.columns)].astype(types), shown
