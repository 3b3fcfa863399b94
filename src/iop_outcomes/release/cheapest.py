"""Which cells to coarsen or hide so that exposed numbers have enough possible values, at the least loss.

One linear program over all lines that are open, in which every number moves from the truth twice, along the lines: the
exposed ones as far apart as they must. Within what is told already that costs nothing; a cell that has to move further
has to be rounded to a coarser base or hidden, which costs the more, the more is lost by it. The cells that moved
further than is told are those to loosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from iop_outcomes.release.audit import Part

    Numbers = NDArray[np.float64]

# worth of one more possible value of an exposed number, where hiding a cell costs about 1
WORTH = 50.0


@dataclass(frozen=True)
class Step:
    """One way to tell less of each cell. down, up: how far it may then move from the truth. cost: of moving by one."""

    down: Numbers
    up: Numbers
    cost: Numbers

    def of(self, columns: NDArray[np.int64]) -> Step:
        """The same of some numbers."""
        return Step(self.down[columns], self.up[columns], self.cost[columns])


def apart(part: Part) -> NDArray[np.int64]:
    """Open numbers of a part of which no two stand in one line, so that each has what is loosened for itself."""
    import numpy as np

    taken: set[int] = set()
    chosen = []
    by_column = part.matrix.tocsc()
    for i in np.flatnonzero(part.todo).tolist():
        rows = set(by_column.indices[by_column.indptr[i] : by_column.indptr[i + 1]].tolist())
        if not rows & taken:
            taken |= rows
            chosen.append(i)
    return np.asarray(chosen, dtype=np.int64)


def cheapest(part: Part, steps: Sequence[Step]) -> list[Numbers]:
    """The cheapest two moves, by number of the part, that are as far apart in open numbers as these need.

    steps: from what is told to hidden. No moves where none is found.
    """
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_array

    size, need, pushed = len(part.columns), part.audit.need, apart(part)
    number, sign, width, cost = _ways(steps)
    moving = part.matrix[:, number] * sign
    place = np.full(size, -1)
    place[pushed] = np.arange(len(pushed))
    between = _chosen(place[number], sign, len(pushed))
    rows = block_array([[moving, None], [None, moving], [between, -between]], format="csr")
    still, limit = np.zeros(2 * part.matrix.shape[0]), need[part.columns[pushed]]
    worth = np.where(place[number] >= 0, WORTH * sign, 0.0)
    solved = milp(
        np.concatenate([cost - worth, cost + worth]),
        constraints=LinearConstraint(rows, np.concatenate([still, limit * 0]), np.concatenate([still, limit])),
        bounds=Bounds(0, np.concatenate([width, width])),
    )
    if solved.x is None:
        return []
    return [np.asarray(np.bincount(number, sign * half, size), dtype=float) for half in np.split(solved.x, 2)]


def _ways(steps: Sequence[Step]) -> tuple[NDArray[np.int64], Numbers, Numbers, Numbers]:
    """Each way in which a number may move: the number, up (1) or down (-1), how far, and the cost of moving by one."""
    import numpy as np

    ways: list[tuple[NDArray[np.int64], Numbers, Numbers, Numbers]] = []
    last = np.zeros_like(steps[0].up), np.zeros_like(steps[0].down)
    for step in steps:
        for side, reach, before in ((1.0, step.up, last[0]), (-1.0, step.down, last[1])):
            some = np.flatnonzero(reach > before)
            ways.append((some, np.full(len(some), side), (reach - before)[some], step.cost[some]))
        last = np.maximum(last[0], step.up), np.maximum(last[1], step.down)
    number, *others = (np.concatenate(columns) for columns in zip(*ways, strict=True))
    return number, others[0], others[1], others[2]


def _chosen(place: NDArray[np.int64], sign: Numbers, rows: int) -> csr_array:
    """A row for each number that is pushed, of the ways in which it moves."""
    import numpy as np
    from scipy.sparse import csr_array

    ways = np.flatnonzero(place >= 0)
    return csr_array((sign[ways], (place[ways], ways)), shape=(rows, len(place)))
