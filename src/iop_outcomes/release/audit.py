"""What an intruder can work out from a release: the numbers of people that are left with too few possible values.

The intruder has the whole release and its rules, the size of every group that is no cell itself, and knows which cells
are small; `iop_outcomes.release.system.ranges` says what that is. A number is safe as soon as whole numbers that agree
with all of it are found in which it is at least `protection - 1` people higher than in others. So the audit solves
linear programs: first for many numbers at once, each pushed up or down at random, then for those that are left, one of
each block of connected lines at a time, up and down, in whole numbers where the program's answer is not whole. What is
not shown to be safe so is exposed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.release.bounds import propagated
from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from iop_outcomes.release.system import Equations, Exposed, Shown, System

    Numbers = NDArray[np.float64]

# no number needs to move further than this many small cells to let others move
REACH = 50
# rounds of random pushes end when one settles less than this share of what is left
WORTHWHILE = 0.1
# branches that a search for whole numbers may take before it counts as having found none
NODES = 2000
TOLERANCE = 1e-6


def exposed(system: System, shown: Shown, policy: Policy) -> set[Exposed]:
    """The cells and rests of lines that are too small to be shown, and of which too few values remain possible."""
    from iop_outcomes.release.system import ranges

    low, high = ranges(system, shown, policy)
    found = Audit.of(system, policy).exposed(low, high)
    return {system.equations.exposed(int(i)) for i in found}


@dataclass
class Audit:
    """What is known so far of how far each number may move. Ranges may only widen between calls.

    need: how far apart two possible values must lie. least, most: of the whole numbers that were found possible.
    """

    equations: Equations
    sensitive: NDArray[np.bool_]
    need: int
    least: Numbers
    most: Numbers
    box: float

    @classmethod
    def of(cls, system: System, policy: Policy) -> Audit:
        """An audit that knows nothing but the true numbers, which are possible."""
        truth = system.equations.truth.astype(float)
        box = float(REACH * policy.minimum_count)
        return cls(system.equations, system.sensitive(policy), policy.protection - 1, truth.copy(), truth.copy(), box)

    def pinned(self, low: Numbers, high: Numbers) -> NDArray[np.int64]:
        """Positions of the numbers that lines give away when they are looked at in turn."""
        import numpy as np

        low, high = propagated(self.equations, low, high)
        return np.flatnonzero(self.sensitive & (high - low < self.need))

    def exposed(self, low: Numbers, high: Numbers) -> NDArray[np.int64]:
        """Positions of all numbers that are exposed."""
        import numpy as np

        low, high = propagated(self.equations, low, high)
        found = self.sensitive & (high - low < self.need)
        part = _Part.of(self, low, high, self.sensitive & ~found & (self.most - self.least < self.need))
        if part is not None:
            part.push()
            found[part.settle()] = True
        return np.flatnonzero(found)


@dataclass
class _Part:
    """The lines that are open: numbers known exactly are taken out, and blocks in which all is settled.

    columns: positions of its numbers. todo: which of them are to be settled. block, row_block: of numbers and rows.
    """

    audit: Audit
    columns: NDArray[np.int64]
    matrix: csr_array
    right: Numbers
    low: Numbers
    high: Numbers
    block: NDArray[np.int64]
    row_block: NDArray[np.int64]
    todo: NDArray[np.bool_]

    @classmethod
    def of(cls, audit: Audit, low: Numbers, high: Numbers, todo: NDArray[np.bool_]) -> _Part | None:
        """The part of an audit in which numbers are still to be settled; None where there are none."""
        import numpy as np
        from scipy.sparse import coo_array, csr_array
        from scipy.sparse.csgraph import connected_components

        equations = audit.equations
        row, column, sign = equations.row, equations.column, equations.sign
        alone = np.bincount(column, minlength=len(low)) == 0
        audit.least, audit.most = np.where(alone, low, audit.least), np.where(alone, high, audit.most)
        if not (todo & ~alone).any():
            return None
        fixed = low == high
        known = np.bincount(row, np.where(fixed[column], sign * low[column], 0), len(equations.right))
        right = equations.right - known
        keep = ~fixed[column]
        row, column, sign = row[keep], column[keep], sign[keep]
        rows, cells = len(right), len(low)
        graph = coo_array((np.ones(len(row)), (row, rows + column)), shape=(rows + cells, rows + cells))
        label = connected_components(graph, directed=False)[1]
        wanted = np.unique(label[rows:][todo & ~alone])
        keep = np.isin(label[row], wanted)
        used_rows, new_row = np.unique(row[keep], return_inverse=True)
        used, new_column = np.unique(column[keep], return_inverse=True)
        matrix = csr_array((sign[keep].astype(float), (new_row, new_column)), shape=(len(used_rows), len(used)))
        names = np.searchsorted(wanted, label[rows:][used]), np.searchsorted(wanted, label[:rows][used_rows])
        truth = equations.truth[used]
        boxed = np.maximum(low[used], truth - audit.box), np.minimum(high[used], truth + audit.box)
        return cls(audit, used, matrix, right[used_rows], *boxed, *names, todo[used])

    def push(self) -> None:
        """Many numbers at once are pushed up or down, until that settles few."""
        import numpy as np

        truth = self.audit.equations.truth[self.columns]
        near = np.where(self.todo, self.audit.need, self.audit.box)
        low, high = np.maximum(self.low, truth - near), np.minimum(self.high, truth + near)
        random = np.random.default_rng(len(self.columns))
        while (left := int(self.todo.sum())) > 0:
            push = np.where(self.todo, random.choice([-1.0, 1.0], len(low)) * random.uniform(1, 2, len(low)), 0.0)
            for towards in (push, -push):
                self._learn(_solved(self, towards, low, high))
            if left - int(self.todo.sum()) < max(1, WORTHWHILE * left):
                break

    def settle(self) -> NDArray[np.int64]:
        """Positions of those that are exposed, after one of each block at a time is pushed as far as it goes."""
        import numpy as np

        found: list[int] = []
        while self.todo.any():
            positions = np.flatnonzero(self.todo)
            one = positions[np.unique(self.block[positions], return_index=True)[1]]
            ends = [self._end(one, side) for side in (1.0, -1.0)]
            may = one[np.floor(ends[0] + TOLERANCE) + np.floor(ends[1] + TOLERANCE) >= self.audit.need]
            if (unsettled := may[self.todo[may]]).size:
                for side in (1.0, -1.0):
                    self._end(unsettled, side, whole=True)
            found += [int(i) for i in one[self.todo[one]]]
            self.todo[one] = False
        return self.columns[np.asarray(found, dtype=np.int64)]

    def _end(self, one: NDArray[np.int64], side: float, whole: bool = False) -> Numbers:
        """How far numbers of different blocks go up (side 1; with -1 the negative of how far down)."""
        import numpy as np

        towards = np.zeros(len(self.columns))
        towards[one] = side
        found = _solved(self, towards, self.low, self.high, whole)
        if found is None:
            return np.full(len(one), -np.inf)
        self._learn(found)
        return np.asarray(side * found[one], dtype=float)

    def _learn(self, found: Numbers | None) -> None:
        """The blocks in which a solution is whole tell values that are possible."""
        import numpy as np

        if found is None:
            return
        whole = np.round(found)
        wrong = np.zeros(int(self.block.max()) + 1, dtype=bool)
        off = (np.abs(found - whole) > TOLERANCE) | (whole < self.low) | (whole > self.high)
        wrong[self.block[off]] = True
        wrong[self.row_block[self.matrix @ whole != self.right]] = True
        good = ~wrong[self.block]
        columns, audit = self.columns[good], self.audit
        audit.least[columns] = np.minimum(audit.least[columns], whole[good])
        audit.most[columns] = np.maximum(audit.most[columns], whole[good])
        self.todo &= (audit.most - audit.least)[self.columns] < audit.need


def _solved(part: _Part, towards: Numbers, low: Numbers, high: Numbers, whole: bool = False) -> Numbers | None:
    """Numbers that agree with the lines and ranges and lie as far as possible towards a direction."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    solved = milp(
        -towards,
        constraints=LinearConstraint(part.matrix, part.right, part.right),
        bounds=Bounds(low, high),
        integrality=np.full(len(low), int(whole)),
        options={"node_limit": NODES} if whole else {},
    )
    return None if solved.x is None else np.asarray(solved.x, dtype=float)
