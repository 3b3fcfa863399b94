"""What is shown of each cell, and which cells to coarsen or hide for the sake of others (`suppression.protect`).

In order: small cells and those that are withheld are hidden; all others are rounded to the base of the release, or to
their own where that is coarser. Then `iop_outcomes.release.audit` says what is exposed. Of each exposed number the
lines that leave it too few values are loosened: their smallest cell above zero that is still shown, equal ones
together as an order among equals would itself tell something, is rounded to the next base, or hidden where that would
tell too little of it. Where no cell above zero is left, zeros are hidden among the small cells of the line. That
repeats until nothing is exposed.

A small cell is told to hold 1 up to the minimum less one, as whoever knows the rule knows that already. A zero that is
hidden, and the small cells beside it, are told to hold 0 up to that. Where no zero may be shown, and of cells that are
hidden for another's sake, nothing is told.

Out of reach: numbers that are exposed even when all cells around them are hidden, since the size of a group that is no
cell is taken as known: a group of 7 with one cell; two small cells of which a reader knows that they are 4 people
together. Such sizes have to be cells themselves. `audit.exposed` still names those numbers.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.release.audit import TOLERANCE, Audit, Part
from iop_outcomes.release.cheapest import STEP, Step, cheapest
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.system import Shown, System, ranges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

HIDDEN = 0
# a cell is rounded further while it holds at least this many times the base
TELLING = 2
# how much more it costs to loosen a cell that is told elsewhere too, and how far a hidden one is moved at most
DRAWN, FAR = 20.0, 1000.0


@dataclass
class State:
    """What is shown so far. base: of each cell, 0 where it is hidden. among_zeros: small cells told as 0 or more."""

    system: System
    policy: Policy
    base: list[int]
    among_zeros: set[int] = field(default_factory=set)

    @classmethod
    def first(cls, system: System, policy: Policy, base: int) -> State:
        """Small and withheld cells are hidden, all others rounded."""
        shown = [policy.coarser(max(base, own)) for own in system.bases]
        hidden = system.withheld | {i for i, count in enumerate(system.people) if policy.small(count)}
        return cls(system, policy, [HIDDEN if i in hidden else b for i, b in enumerate(shown)])

    def shown(self) -> Shown:
        """What is told of each cell."""
        cells = [self._cell(i) for i in range(len(self.base))]
        return Shown(*(tuple(column) for column in zip(*cells, strict=True))) if cells else Shown((), (), (), ())

    def _cell(self, i: int) -> tuple[int | None, int, int | None, int | None]:
        count, base, policy = self.system.people[i], self.base[i], self.policy
        if base != HIDDEN:
            exact = policy.exact or count == 0
            return policy.blurred(count, base), 1 if exact else base, *policy.alike(count, base)
        if i in self.among_zeros:
            return None, HIDDEN, 0, policy.minimum_count - 1
        if policy.zeros_allowed and policy.small(count) and i not in self.system.withheld:
            return None, HIDDEN, 1, policy.minimum_count - 1
        return None, HIDDEN, None, None

    def hide_all(self) -> None:
        """Hide whatever can be hidden."""
        for i, count in enumerate(self.system.people):
            if count:
                self.base[i] = HIDDEN
        for row in range(len(self.system.equations.members)):
            self._hide_zeros([row])

    def loosen(self, exposed: Iterable[int]) -> bool:
        """Coarsen or hide what leaves too few values to exposed numbers; False where nothing is left to hide."""
        low, high = ranges(self.system, self.shown(), self.policy)
        chosen: set[int] = set()
        for number in exposed:
            chosen |= self._beside(number, low, high)
        for i in chosen:
            self.base[i] = self._coarser(i)
        zeros = [] if chosen else [self._hide_zeros(self.system.equations.rows_of[i]) for i in exposed]
        return bool(chosen) or any(zeros)

    def _beside(self, number: int, low: Numbers, high: Numbers) -> set[int]:
        """The cells to loosen for one number."""
        rows = self.system.equations.rows_of[number]
        tight = [row for row in rows if self._tight(row, number, low, high)]
        if cells := set().union(*(self._next(self._cells([row])) for row in tight)):
            return cells
        reached = set(rows)
        while True:
            if cells := self._next(self._cells(reached)):
                return cells
            wider = {row for i in self._cells(reached) for row in self.system.equations.rows_of[i]}
            if wider == reached:
                return set()
            reached = wider

    def _cells(self, rows: Iterable[int]) -> set[int]:
        equations = self.system.equations
        return {i for row in rows for i in equations.members[row] if i < equations.cells}

    def move(self, audit: Audit, seed: int) -> bool:
        """Loosen the cells with which open numbers of an audit move at the least loss; False where none is loosened."""
        import numpy as np

        steps = self._steps(audit)
        truth = audit.equations.truth
        part = Part.of(audit, truth - steps[-1].down, truth + steps[-1].up, audit.open)
        found = None if part is None else cheapest(part, [step.of(part.columns) for step in steps], seed)
        if part is None or found is None:
            return False
        far = np.zeros(len(truth))
        far[part.columns] = np.where(np.abs(found) > TOLERANCE, found, 0)
        chosen = [i for i in np.flatnonzero((far > steps[0].up) | (far < -steps[0].down)).tolist()]
        for i in chosen:
            self._loosen_to(i, float(far[i]))
        part.learn(found)
        return bool(chosen)

    def _loosen_to(self, i: int, far: float) -> None:
        """The finest way of telling a cell in which it may move so far."""
        if self.system.people[i] == 0:
            self._hide_zero(i)
            return
        count = self.system.people[i]
        while self.base[i] != HIDDEN:
            self.base[i] = self._coarser(i)
            if self.base[i] != HIDDEN:
                low, high = self.policy.alike(count, self.base[i])
                if low - TOLERANCE <= count + far <= high + TOLERANCE:
                    return

    def _steps(self, audit: Audit) -> list[Step]:
        """What is told, what the coarser bases would tell, and nothing, with what each costs."""
        import numpy as np

        system, policy = self.system, self.policy
        truth = audit.equations.truth.astype(float)
        low, high = ranges(system, self.shown(), policy)
        steps = [Step(truth - low, high - truth, np.full(len(truth), STEP))]
        ladder = [list(self._ladder(i)) for i in range(len(system.people))]
        for level in range(max((len(bases) for bases in ladder), default=0)):
            down, up, cost = steps[-1].down.copy(), steps[-1].up.copy(), np.zeros(len(truth))
            for i, bases in enumerate(ladder):
                if level < len(bases):
                    least, most = self._range(i, bases[level])
                    down[i], up[i] = truth[i] - least, most - truth[i]
                    cost[i] = self._loss(i, bases[level]) / max(1, audit.need)
            steps.append(Step(down, up, cost))
        return steps

    def _ladder(self, i: int) -> Iterator[int]:
        """The bases to which a cell can still be loosened, finest first, hidden last."""
        if self.base[i] == HIDDEN:
            return
        if self.system.people[i] == 0:
            if self._beside_small(i):
                yield HIDDEN
            return
        kept = self.base[i]
        while kept != HIDDEN:
            kept = self._coarser(i, kept)
            yield kept

    def _range(self, i: int, base: int) -> tuple[float, float]:
        count, policy = self.system.people[i], self.policy
        if base != HIDDEN:
            return policy.alike(count, base)
        return (policy.minimum_count, count + FAR) if count else (0, policy.minimum_count - 1)

    def _loss(self, i: int, base: int) -> float:
        """What it costs to tell a cell with a base: all of it is lost when it is hidden, more of a small one by less."""
        count, drawn = self.system.people[i], i in self.system.drawn
        lost = 1.0 + 0.1 * math.log(1 + count) if base == HIDDEN else min(0.9, 0.1 + 2.5 * base / count)
        return lost * (DRAWN if drawn else 1.0)

    def _beside_small(self, i: int) -> set[int]:
        """The small cells in the lines of a zero, among which it can be hidden."""
        if not self.policy.zeros_allowed or i in self.system.withheld:
            return set()
        cells = self._cells(self.system.equations.rows_of[i]) - self.system.withheld
        return {j for j in cells if self.policy.small(self.system.people[j])}

    def _hide_zero(self, i: int) -> None:
        self.base[i] = HIDDEN
        self.among_zeros |= {i} | self._beside_small(i)

    def _tight(self, row: int, number: int, low: Numbers, high: Numbers) -> bool:
        """The line alone leaves too few values."""
        others = [i for i in self.system.equations.members[row] if i != number]
        return float((high[others] - low[others]).sum()) < self.policy.protection - 1

    def _next(self, cells: Collection[int]) -> set[int]:
        """The smallest shown cells above zero, of those that are told nowhere else if there are any."""
        people, drawn = self.system.people, self.system.drawn
        left = [i for i in cells if self.base[i] != HIDDEN and people[i] > 0]
        least = min(((i in drawn, people[i]) for i in left), default=None)
        return {i for i in left if (i in drawn, people[i]) == least}

    def _coarser(self, i: int, than: int | None = None) -> int:
        """The next base of a cell that keeps all values possible that were so, or hidden."""
        count, policy = self.system.people[i], self.policy
        than = self.base[i] if than is None else than
        least, most = policy.alike(count, than)
        for base in policy.bases:
            low, high = policy.alike(count, base)
            if base > than and count >= TELLING * base and low <= least and high >= most:
                return base
        return HIDDEN

    def _hide_zeros(self, rows: Iterable[int]) -> bool:
        """Hide the zeros of lines in which small cells are told, which are then told to be as small as zeros."""
        if not self.policy.zeros_allowed:
            return False
        moved = False
        for row in rows:
            cells = self._cells([row]) - self.system.withheld
            small = {i for i in cells if self.policy.small(self.system.people[i])}
            zeros = {i for i in cells if self.system.people[i] == 0}
            if small and zeros and not (small | zeros) <= self.among_zeros:
                moved = True
                self.among_zeros |= small | zeros
                for i in zeros:
                    self.base[i] = HIDDEN
        return moved
