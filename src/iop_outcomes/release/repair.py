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

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy
from iop_outcomes.release.system import Shown, System, ranges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

HIDDEN = 0
# a cell is rounded further while it holds at least this many times the base
TELLING = 2


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

    def _coarser(self, i: int) -> int:
        """The next base of a cell that keeps all values possible that were so, or hidden."""
        count, policy = self.system.people[i], self.policy
        least, most = policy.alike(count, self.base[i])
        for base in policy.bases:
            low, high = policy.alike(count, base)
            if base > self.base[i] and count >= TELLING * base and low <= least and high >= most:
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
