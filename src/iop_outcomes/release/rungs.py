"""In which ways a cell can be told, from all that may be told of it to nothing, each leaving more values possible."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from iop_outcomes.release.policy import Policy

HIDDEN = 0
# a cell is rounded further while it holds at least this many times the base
TELLING = 2


class Rung(NamedTuple):
    """One way of telling a cell. base: to which it is rounded, 0 for hidden. low, high: the range that is known then,
    no high where there is none. loss: what is lost, up to about 1 when nothing is told.
    """

    base: int
    low: int
    high: int | None
    loss: float


@cache
def ladder(policy: Policy, count: int, base: int, withheld: bool, beside_small: bool) -> tuple[Rung, ...]:
    """The ways of telling a cell, finest first.

    base: to which it is rounded at least. withheld: it is hidden whatever it holds. beside_small: it shares a line with
    small cells, among which it can be hidden if it holds nobody.
    """
    greatest = policy.minimum_count - 1
    if policy.small(count):
        return (Rung(HIDDEN, int(policy.zeros_allowed), greatest, 0.0),)
    if count == 0:
        shown = Rung(1, 0, 0, 0.0)
        if withheld:
            return (Rung(HIDDEN, 0, None, 0.0),)
        return (shown, Rung(HIDDEN, 0, greatest, 1.0)) if beside_small else (shown,)
    hidden = Rung(HIDDEN, policy.minimum_count, None, 1.0 + 0.1 * math.log(1 + count))
    return (hidden,) if withheld else (*_rounded(policy, count, policy.coarser(base)), hidden)


def _rounded(policy: Policy, count: int, first: int) -> list[Rung]:
    """The bases to which a cell may be rounded, from the first on, each of which keeps all values possible."""
    rungs = [Rung(first, *policy.alike(count, first), 0.0)]
    for base in policy.bases:
        low, high = policy.alike(count, base)
        wider = low <= rungs[-1].low and high >= (rungs[-1].high or 0)
        if base > rungs[-1].base and count >= TELLING * base and wider:
            rungs.append(Rung(base, low, high, min(0.9, 0.1 + 2.5 * base / count)))
    return rungs
