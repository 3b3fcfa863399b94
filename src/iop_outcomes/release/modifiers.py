"""Cells of the groups of a modifier: which of them are not told, so that nothing is told less of everyone.

A question that is asked of everyone is asked within the groups of several modifiers as well, and every modifier's
groups add up to the same people. Where one group has a small cell, another cell has to be hidden with it: the cheapest
for all modifiers together would often be that of everyone. What a study is about are numbers of everyone; so all groups
of a modifier keep back a level of which one of them has few.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

LINE = ["analysis", "cohort", "contrast", "arm", "outcome", "variable", "horizon_days", "group_by", "level", "detail"]


def kept_back(frame: pd.DataFrame, modifiers: Collection[str], policy: Policy) -> frozenset[int]:
    """Positions of cells of groups that are not told. frame: of counts, as they are. modifiers: by name."""
    own = frame["group_by"].isin(list(modifiers)).to_numpy()
    if policy.exact or not own.any():
        return frozenset()
    found: set[int] = set()
    for positions in frame.groupby(LINE, dropna=False, sort=False).indices.values():
        cells = [int(i) for i in positions if own[i]]
        if any(policy.small(int(frame["count"].iloc[i])) for i in cells):
            found.update(cells)
    return frozenset(found)
