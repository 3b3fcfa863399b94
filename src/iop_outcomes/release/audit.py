"""What an intruder can work out from a release: the numbers of people that are left with too few possible values.

The intruder has the whole release and its rules, the size of every group that is no cell itself, and knows which cells
are small; `iop_outcomes.release.system.ranges` says what that is. A number is safe as soon as whole numbers that agree
with all of it are found in which it is at least `protection - 1` people higher than in others. So the audit solves
linear programs: first for many numbers at once, each pushed up or down at random, then for those that are left, one of
each block of connected lines at a time, up and down, in whole numbers where the program's answer is not whole. What is
not shown to be safe so is exposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from iop_outcomes.release.bounds import propagated
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.programs import Rows, least, least_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import coo_array, csr_array

    from iop_outcomes.release.system import Equations, Exposed, Shown, System

    Numbers = NDArray[np.float64]

# no number needs to move further than this many small cells to let others move
REACH = 50
# fewer numbers are pushed at once when less than this share of those pushed is settled
WORTHWHILE = 0.1
# branches that a search for whole numbers may take before it counts as having found none
NODES = 2000
TOLERANCE = 1e-6
# what it costs to move a number by one, where pushing one further by one is worth 1 to 2
STEP = 0.02


def exposed(system: System, shown: Shown, policy: Policy) -> set[Exposed]:
    """The cells and rests of lines that are too small to be shown, and of which too few values remain possible."""
    from iop_outcomes.release.system import ranges

    system = system.under(policy)
    low, high = ranges(system, shown, policy)
    found = Audit.of(system, policy).exposed(low, high)
    return {system.equations.exposed(int(i)) for i in found}


@dataclass
class Audit:
    """What is known so far of how far each number may move. Ranges may only widen between calls.

    need: how far apart two possible values of each number must lie. least, most: of the whole numbers that were found
    possible. moves: how many moves showed that. moved: by number, each move of it and how far. proof: the moves to its
    least and most.
    """

    equations: Equations
    sensitive: NDArray[np.bool_]
    need: Numbers
    least: Numbers
    most: Numbers
    box: float
    moves: int = 0
    moved: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    proof: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, system: System, policy: Policy) -> Audit:
        """An audit that knows nothing but the true numbers, which are possible."""
        import numpy as np

        truth = system.equations.truth.astype(float)
        box = float(REACH * policy.minimum_count)
        need = np.full(len(truth), float(policy.protection - 1))
        return cls(system.equations, system.sensitive(policy), need, truth.copy(), truth.copy(), box)

    def pinned(self, low: Numbers, high: Numbers) -> NDArray[np.int64]:
        """Positions of the numbers that lines give away when they are looked at in turn."""
        import numpy as np

        low, high = propagated(self.equations, low, high)
        return np.flatnonzero(self.sensitive & (high - low < self.need))

    def learn(self, columns: NDArray[np.int64], far: Numbers) -> None:
        """How far some numbers can move while all others stay, which tells values of those that are still open."""
        opened, used = self.open, False
        for number, move in zip(columns[opened[columns]].tolist(), far[opened[columns]].tolist(), strict=True):
            value = float(self.equations.truth[number]) + move
            if not self.least[number] <= value <= self.most[number]:
                self.proof.setdefault(number, [-1, -1])[int(move > 0)] = self.moves
                self.least[number] = min(self.least[number], value)
                self.most[number] = max(self.most[number], value)
                used = True
        for number, move in zip(columns.tolist(), far.tolist(), strict=True) if used else ():
            self.moved.setdefault(number, []).append((self.moves, move))
        self.moves += used

    def forget(self, numbers: Iterable[int]) -> None:
        """The numbers are open again: nothing but the truth is known to be possible."""
        for number in numbers:
            self.least[number] = self.most[number] = self.equations.truth[number]
            self.proof.pop(number, None)

    @property
    def open(self) -> NDArray[np.bool_]:
        """The small numbers of which too few possible values have been found so far."""
        return self.sensitive & (self.most - self.least < self.need)

    def pushed(self, low: Numbers, high: Numbers) -> NDArray[np.bool_]:
        """The numbers that are still open after many at once were pushed."""
        low, high = propagated(self.equations, low, high)
        part = Part.of(self, low, high, self.open & (high - low >= self.need))
        if part is not None:
            part.push()
        return self.open

    def exposed(self, low: Numbers, high: Numbers) -> NDArray[np.int64]:
        """Positions of all numbers that are exposed."""
        import numpy as np

        low, high = propagated(self.equations, low, high)
        found = self.sensitive & (high - low < self.need)
        part = Part.of(self, low, high, self.open & ~found)
        if part is not None:
            part.push()
            found[part.settle()] = True
        return np.flatnonzero(found)


@dataclass
class Part:
    """The lines that are open: numbers known exactly are taken out, and blocks in which all is settled.

    columns: positions of its numbers. down, up: how far each may move from the truth. todo: which of them are to be
    settled. block: the block of each.
    """

    audit: Audit
    columns: NDArray[np.int64]
    matrix: csr_array
    down: Numbers
    up: Numbers
    block: NDArray[np.int64]
    todo: NDArray[np.bool_]

    @classmethod
    def of(cls, audit: Audit, low: Numbers, high: Numbers, todo: NDArray[np.bool_]) -> Part | None:
        """The part of an audit in which numbers are still to be settled; None where there are none."""
        import numpy as np
        from scipy.sparse import csr_array

        equations = audit.equations
        alone = np.bincount(equations.column, minlength=len(low)) == 0
        audit.least, audit.most = np.where(alone, low, audit.least), np.where(alone, high, audit.most)
        if not (todo & ~alone).any():
            return None
        keep = (low < high)[equations.column]
        row, column, sign = equations.row[keep], equations.column[keep], equations.sign[keep]
        label = _blocks(row, column, len(equations.right), len(low))
        wanted = np.unique(label[todo & ~alone])
        keep = np.isin(label[column], wanted)
        used_rows, row = np.unique(row[keep], return_inverse=True)
        used, column = np.unique(column[keep], return_inverse=True)
        matrix = csr_array((sign[keep].astype(float), (row, column)), shape=(len(used_rows), len(used)))
        truth = equations.truth[used]
        down, up = np.minimum(truth - low[used], audit.box), np.minimum(high[used] - truth, audit.box)
        return cls(audit, used, matrix, down, up, np.searchsorted(wanted, label[used]), todo[used])

    @cached_property
    def still(self) -> Rows:
        """That all lines hold where numbers move, up in the first half of the columns and down in the second."""
        import numpy as np
        from scipy.sparse import hstack

        nothing = np.zeros(self.matrix.shape[0])
        return Rows(hstack([self.matrix, -self.matrix], format="csc"), nothing, nothing)

    @cached_property
    def entries(self) -> coo_array:
        """The lines by row and column."""
        return self.matrix.tocoo()

    def push(self, rounds: int = 1000) -> None:
        """Many numbers at once are pushed up or down, fewer at a time as long as that settles few."""
        import numpy as np

        random, share = np.random.default_rng(len(self.columns)), 1.0
        while (left := int(self.todo.sum())) > 0 and share * left >= 1 and (rounds := rounds - 1) >= 0:
            some = self.todo & (random.random(len(self.todo)) < share)
            push = np.where(some, random.choice([-1.0, 1.0], len(some)) * random.uniform(1, 2, len(some)), 0.0)
            for towards in (push, -push):
                self.learn(moved(self, towards, near=True))
            if left - int(self.todo.sum()) < WORTHWHILE * share * left:
                share /= 2

    def settle(self) -> NDArray[np.int64]:
        """Positions of those that are exposed, after one of each block at a time is pushed as far as it goes."""
        import numpy as np

        found: list[int] = []
        while self.todo.any():
            positions = np.flatnonzero(self.todo)
            one = positions[np.unique(self.block[positions], return_index=True)[1]]
            ends = sum(np.floor(self._end(one, side) + TOLERANCE) for side in (1.0, -1.0))
            unsettled = one[(ends >= self.audit.need[self.columns[one]]) & self.todo[one]]
            for side in (1.0, -1.0) if len(unsettled) else ():
                self._end(unsettled, side, whole=True)
            found += [int(i) for i in one[self.todo[one]]]
            self.todo[one] = False
        return self.columns[np.asarray(found, dtype=np.int64)]

    def _end(self, one: NDArray[np.int64], side: float, whole: bool = False) -> Numbers:
        """How far numbers of different blocks go up (side 1) or down (-1)."""
        import numpy as np

        towards = np.zeros(len(self.columns))
        towards[one] = side
        found = moved(self, towards, whole=whole)
        self.learn(found)
        return np.full(len(one), -np.inf) if found is None else np.asarray(side * found[one], dtype=float)

    def learn(self, move: Numbers | None) -> None:
        """A move tells values that are possible. Its separate parts are moves themselves: those that are whole tell."""
        import numpy as np

        if move is None:
            return
        whole, entries = np.round(move), self.entries
        moving = (whole != 0) | (np.abs(move) > TOLERANCE)
        keep = moving[entries.col]
        row, column = entries.row[keep], entries.col[keep]
        piece = _blocks(row, column, *self.matrix.shape)
        wrong = np.zeros(sum(self.matrix.shape), dtype=bool)
        wrong[piece[(np.abs(move - whole) > TOLERANCE) | (whole < -self.down) | (whole > self.up)]] = True
        uneven = self.matrix @ whole != 0
        wrong[piece[column[uneven[row]]]] = True
        good = moving & ~wrong[piece]
        audit = self.audit
        for label in np.unique(piece[good & self.todo]).tolist():
            some = np.flatnonzero(good & (piece == label))
            audit.learn(self.columns[some], whole[some])
        self.todo &= (audit.most - audit.least < audit.need)[self.columns]


def _blocks(row: NDArray[np.int64], column: NDArray[np.int64], rows: int, columns: int) -> NDArray[np.int64]:
    """A label of the connected block that each column is in: its first row, and behind all rows a column without one.

    row, column: of each entry. Labels spread along entries, and each row goes on to the label of its label, so that
    long chains take few turns.
    """
    import numpy as np

    of_row, of_column = np.arange(rows), np.arange(rows, rows + columns)
    while True:
        np.minimum.at(of_column, column, of_row[row])
        before = of_row.copy()
        np.minimum.at(of_row, row, of_column[column])
        of_row = of_row[of_row]
        if np.array_equal(before, of_row):
            return of_column


def moved(part: Part, towards: Numbers, near: bool = False, whole: bool = False) -> Numbers | None:
    """How to move all numbers from the truth, within lines and ranges, as far as possible towards a direction.

    near: those that are pushed move no further than they need, and the others as little as they need.
    """
    import numpy as np

    down, up, cost = part.down, part.up, np.zeros(len(towards))
    if near:
        far = np.where(towards != 0, part.audit.need[part.columns], np.inf)
        down, up, cost = np.minimum(down, far), np.minimum(up, far), np.full(len(towards), STEP)
    program = np.concatenate([cost - towards, cost + towards]), part.still, np.zeros(2 * len(towards))
    most = np.concatenate([up, down])
    found = least_whole(*program, most, NODES) if whole else least(*program, most)
    return None if found is None else found[: len(towards)] - found[len(towards) :]
