"""Bands in which hours, shares and numbers of episodes are counted, in order, as they stand in released counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

# hours a week: the thresholds at which the definitions of a level of care differ. edges: the lowest of each band
HOURS = ("under 6", "6 to under 9", "9 to under 20", "20 to under 30", "30 or more")
HOURS_FROM = (0.0, 6.0, 9.0, 20.0, 30.0)
# mean hours a week of people at one level of care, finer: where levels overlap
MEAN_HOURS = (
    "under 3", "3 to under 6", "6 to under 9", "9 to under 12", "12 to under 15", "15 to under 20", "20 to under 25",
    "25 or more",
)  # fmt: skip
MEAN_HOURS_FROM = (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 20.0, 25.0)
# hours of a week as a history of doses counts them, after none: where categories of what is attended begin
WEEKLY_FROM = (1e-9, 3.0, 6.0, 9.0, 20.0)
# parts of a whole: delivered of scheduled hours, attained of planned days
SHARES = ("under a quarter", "a quarter to half", "half to three quarters", "three quarters to all", "all or more")
SHARES_FROM = (0.0, 0.25, 0.5, 0.75, 1.0)
# hours of a week in categories: of whoever attended none
NO_HOURS = "no hours"
EPISODES = ("1", "2", "3 or more")
EPISODES_FROM = (1.0, 2.0, 3.0)

# planned days not yet reached by a person who is still there
STILL_THERE = "still_there"


def hours_bands(cuts: Sequence[float]) -> tuple[str, ...]:
    """Names of the categories of hours a week that cuts make, fewer first: none, some below the first, and so on."""
    between = (f"{low:g} to under {high:g}" for low, high in pairwise(cuts))
    return NO_HOURS, f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} or more"


def hours_from(cuts: Sequence[float]) -> tuple[float, ...]:
    """The lowest hours of each of them, after none."""
    return (WEEKLY_FROM[0], *cuts)


EDGES: dict[Sequence[str], Sequence[float]] = {
    HOURS: HOURS_FROM,
    MEAN_HOURS: MEAN_HOURS_FROM,
    SHARES: SHARES_FROM,
    EPISODES: EPISODES_FROM,
}

# bins of a propensity score: edges, and the two of each bin by its name
SCORE_EDGES = tuple(round(0.05 * at, 2) for at in range(21))
SCORES = {f"{low:.2f}-{high:.2f}": (low, high) for low, high in pairwise(SCORE_EDGES)}
