"""The groups of a modifier: who of the people compared is in which, by what was known of them at the start.

Categories are groups by their own words. A number is grouped by its thirds among these people, or by declared cuts.
Whoever has no value on record is in no group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.covariates import missing_flag
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.tables.lookup import positions
from iop_outcomes.vocabulary.groups import names as named
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.protocol import Modifier


def of_people(
    modifier: Modifier, everyone: pd.Series[str], people: pd.DataFrame, covariates: pd.DataFrame
) -> dict[str, Mask]:
    """(n,) who of `everyone` is in each group, by its name, groups without anyone left out.

    everyone: (n,) identifiers. people: words of categorical covariates. covariates: numbers, and flags of missing ones.
    """
    if modifier.thirds or modifier.cuts:
        rows = covariates.take(positions(everyone, covariates["person_id"]))
        flag = missing_flag(modifier.column)
        there = rows[flag].to_numpy() == 0 if flag in rows else np.ones(len(rows), dtype=bool)
        return _of_numbers(rows[modifier.column].to_numpy(dtype=float), there, modifier)
    words = people[modifier.column].take(positions(everyone, people["person_id"])).to_numpy(dtype=object)
    return {str(word): np.asarray(words == word) for word in sorted(set(words) - {UNKNOWN})}


def _of_numbers(values: Array, there: Mask, modifier: Modifier) -> dict[str, Mask]:
    """Groups from the lowest to the highest. A value that stands on a border belongs to the group above."""
    cuts = np.quantile(values[there], [1 / 3, 2 / 3]) if modifier.thirds else modifier.cuts
    place = np.searchsorted(cuts, values, side="right")
    made = {name: there & (place == at) for at, name in enumerate(named(modifier.cuts))}
    return {name: own for name, own in made.items() if own.any()}
