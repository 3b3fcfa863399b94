"""People by level of care under two definitions, and how far the two agree, from released counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, recorded
from iop_outcomes.tables.results import AGREEMENT, BY_ASAM, BY_BROAD, BY_LABEL, DELIVERED
from iop_outcomes.vocabulary.levels import CLASSES, NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.estimators.two_by_two.kappa import Kappa

# definitions of a level of care that are held against each other, down and across
PAIRS = ((BY_LABEL, BY_ASAM), (BY_LABEL, BY_BROAD), (BY_ASAM, DELIVERED))


def matrix(counts: pd.DataFrame, down: str, across: str) -> pd.DataFrame:
    """People by class under one definition (down) and another (across); missing where they are not told as a number,
    else 0 without a row.

    down, across: one of the PAIRS. Empty where nothing was counted.
    """
    own = recorded.of(counts, AGREEMENT, across)
    own = own[own["group_by"] == down]
    if own.empty:
        return own[["group", "level", "people"]].set_index("group")
    table = own.pivot_table(
        index="group", columns="level", values="people", aggfunc=lambda v: v.sum(skipna=False), dropna=False
    )
    there = own.assign(one=1).pivot_table(index="group", columns="level", values="one", aggfunc="sum")
    rows = [c for c in CLASSES if c in table.index]
    columns = [c for c in CLASSES if c in table.columns]
    filled = table.where(there.reindex_like(table).notna(), 0.0)
    return filled.loc[rows, columns]


def several(table: pd.DataFrame) -> bool:
    """The matrix has more than a single tile."""
    return table.size > 1


def kappa(table: pd.DataFrame) -> Kappa:
    """Cohen's kappa of a matrix, from the cells that are shown; missing where a definition knows one class only."""
    from iop_outcomes.estimators.two_by_two.kappa import kappa

    classes = [c for c in CLASSES if c in table.index or c in table.columns]
    found = kappa(table.reindex(index=classes, columns=classes).fillna(0).round().astype("int64"), (NOT_KNOWN,))
    used = table.drop(index=NOT_KNOWN, columns=NOT_KNOWN, errors="ignore") > 0
    apart = min(used.any(axis=1).sum(), used.any(axis=0).sum()) > 1
    return found if apart else found._replace(kappa=float("nan"), standard_error=float("nan"))


def in_one_class(counts: pd.DataFrame, down: str, across: str) -> tuple[str, float]:
    """The share of people in the same class under both definitions, to the digits that rounding leaves, of those shown
    whose class is known under both; and by how much rounding may have moved kappa, at most.
    """
    own = recorded.of(counts, AGREEMENT, across)
    own = own[(own["group_by"] == down) & own["people"].notna()]
    own = own[(own["group"] != NOT_KNOWN) & (own["level"] != NOT_KNOWN)]
    found = recorded.share(own, own["group"] == own["level"])
    if found is None:
        return numbers.DASH, 0.0
    chance = kappa(matrix(counts, down, across)).expected
    # both agreement and what chance alone would give may be off
    return numbers.percent(*found), 2 * found[1] / (1 - chance) if chance < 1 else 0.0
