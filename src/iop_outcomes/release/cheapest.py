"""Which cells to coarsen or hide so that exposed numbers may move as far as they must, at the least loss.

One linear program over all lines that are open: exposed numbers are pushed up or down as far as they must move, and all
others move beside them along the lines. Within what is told already that costs nothing; a cell that has to move further
has to be rounded to a coarser base or hidden, which costs the more, the more is lost by it. The cells that moved
further than is told are those to loosen. As every number moves in the same solution, that protects all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iop_outcomes.release.audit import Part

    Numbers = NDArray[np.float64]

# worth of moving an exposed number by one, where hiding a cell costs about 1 by `need`
WORTH = 50.0
# a solution is looked for with several choices of who goes up and who goes down
TRIES = 4
# moving a number by one within what is told
STEP = 0.001


@dataclass(frozen=True)
class Step:
    """One way to tell less of each cell. down, up: how far it may then move from the truth; cost: of moving by one."""

    down: Numbers
    up: Numbers
    cost: Numbers

    def of(self, columns: NDArray[np.int64]) -> Step:
        """The same of some numbers."""
        return Step(self.down[columns], self.up[columns], self.cost[columns])


def cheapest(part: Part, steps: Sequence[Step], seed: int) -> Numbers | None:
    """The cheapest move, by number of the part, with which as many of its open numbers move as they must.

    part: with the ranges that all have when everything is hidden. steps: from what is told to hidden.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    best: tuple[float, Numbers] | None = None
    for _ in range(TRIES):
        found = _solved(part, steps, _sides(part, random.choice([-1.0, 1.0], len(part.columns))))
        if found is not None and (best is None or found[0] < best[0] - 1e-9):
            best = found
    return None if best is None else best[1]


def _sides(part: Part, side: Numbers) -> Numbers:
    """1 for numbers that are to go up, -1 down, 0 for those that need not move: where there is room for it."""
    import numpy as np

    up, down = _wanted(part)
    side = np.where(up > part.up, -1.0, np.where(down > part.down, 1.0, side))
    return np.where(part.todo, side, 0.0)


def _wanted(part: Part) -> tuple[Numbers, Numbers]:
    """How far up, or else how far down, each open number has to move from the truth, as far as was found possible."""
    audit, columns = part.audit, part.columns
    truth = audit.equations.truth[columns]
    return audit.least[columns] + audit.need - truth, truth - audit.most[columns] + audit.need


def _solved(part: Part, steps: Sequence[Step], side: Numbers) -> tuple[float, Numbers] | None:
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import hstack

    up, down = _wanted(part)
    used, sign, width, cost = [], [], [], []
    before = np.zeros(len(side)), np.zeros(len(side))
    for step in steps:
        for direction, reach, last, most in ((1.0, step.up, before[0], up), (-1.0, step.down, before[1], down)):
            limit = np.where(side == direction, most, np.where(side == -direction, 0.0, np.inf))
            room = np.minimum(reach, limit) - np.minimum(last, limit)
            some = np.flatnonzero(room > 0)
            used.append(some)
            sign.append(np.full(len(some), direction))
            width.append(room[some])
            cost.append(step.cost[some] - WORTH * (side[some] == direction))
        before = np.maximum(before[0], step.up), np.maximum(before[1], step.down)
    columns, signs, costs = np.concatenate(used), np.concatenate(sign), np.concatenate(cost)
    solved = milp(
        costs,
        constraints=LinearConstraint((part.matrix[:, columns] * signs).tocsr(), 0, 0),
        bounds=Bounds(0, np.concatenate(width)),
    )
    if solved.x is None:
        return None
    return float(solved.fun), np.bincount(columns, signs * solved.x, len(side))
