"""What groups of a number are called: its thirds among the people compared, or what lies between declared borders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

THIRDS = ("lowest third", "middle third", "highest third")


def names(cuts: Sequence[float] = ()) -> tuple[str, ...]:
    """The groups between borders, from the lowest to the highest; without any those of thirds."""
    if not cuts:
        return THIRDS
    between = [f"{low:g} to below {high:g}" for low, high in pairwise(cuts)]
    return (f"below {cuts[0]:g}", *between, f"{cuts[-1]:g} and above")
