"""The counts behind a share that a paper printed rounded."""

from __future__ import annotations

import math
from dataclasses import dataclass

from iop_outcomes.errors import EstimationError


@dataclass(frozen=True)
class Counts:
    """events of n people."""

    events: int
    n: int


def counts_behind(share: float, at_most: int, digits: int = 2) -> Counts:
    """The largest group, of no more than `at_most` people, of which some whole number is the printed share.

    share: as printed, rounded to `digits` (half either way). at_most: people assigned to the arm. Where those whom a
    share is of are not told, limits from the largest possible group are the narrowest that the paper allows.
    Raises EstimationError for a share outside 0 and 1, and where no group of that size can have it.
    """
    if not 0 <= share <= 1:
        raise EstimationError(f"A printed share lies between 0 and 1; it was given as {share:g}.")
    half = 0.5 * 10.0**-digits + 1e-9
    for n in range(at_most, 0, -1):
        events = math.floor(share * n + 0.5)
        if abs(events / n - share) <= half:
            return Counts(events, n)
    raise EstimationError(f"No group of {at_most} people or fewer has a share that is printed as {share:g}.")
