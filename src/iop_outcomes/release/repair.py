"""What is shown of each cell, and which cells to coarsen or hide for the sake of others (`suppression.protect`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.release.audit import TOLERANCE, Audit, Part
from iop_outcomes.release.cheapest import Step, cheapest
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.rungs import HIDDEN, Rung, ladder
from iop_outcomes.release.system import Shown, System, ranges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

# how much more it costs to loosen a cell on which more stands than its own row
DEAR = 20.0
# what it costs to move a number by one within what is told
MOVING = 0.001


@dataclass
class State:
    """What is shown so far.

    ladders: of each cell the ways of telling it. at: which of them it is told in. low, high: what is known of each
    number so. among_zeros: cells that are told as 0 or more.
    """

    system: System
    policy: Policy
    ladders: list[tuple[Rung, ...]]
    at: list[int]
    low: Numbers
    high: Numbers
    among_zeros: set[int] = field(default_factory=set)

    @classmethod
    def first(cls, system: System, policy: Policy, base: int) -> State:
        """Small and withheld cells are hidden, all others rounded to at least the base."""
        beside = _beside_small(system, policy)
        ladders = [
            ladder(policy, count, max(base, own), i in system.withheld, i in beside)
            for i, (count, own) in enumerate(zip(system.people, system.bases, strict=True))
        ]
        low, high = ranges(system, Shown.nothing(len(ladders)), policy)
        state = cls(system, policy, ladders, [0] * len(ladders), low, high)
        for i in range(len(ladders)):
            state.tell(i, 0)
        return state

    def shown(self) -> Shown:
        """What is told of each cell."""
        cells = [self._cell(i) for i in range(len(self.at))]
        return Shown(*zip(*cells, strict=True)) if cells else Shown.nothing(0)

    def _cell(self, i: int) -> tuple[int | None, int, int | None, int | None]:
        count, rung, policy = self.system.people[i], self.ladders[i][self.at[i]], self.policy
        if rung.base != HIDDEN:
            return policy.blurred(count, rung.base), rung.base, rung.low, rung.high
        between = policy.zeros_allowed and policy.small(count) and i not in self.system.withheld
        if between or i in self.among_zeros:
            return None, HIDDEN, int(self.low[i]), int(self.high[i])
        return None, HIDDEN, None, None

    def tell(self, i: int, at: int) -> None:
        """Tell a cell in another way, and the small cells beside a zero that is hidden as it."""
        rung = self.ladders[i][at]
        self.at[i], self.low[i] = at, rung.low
        if rung.high is not None:
            self.high[i] = rung.high
        else:
            self.high[i] = self.system.far
        if at and not self.system.people[i]:
            self.among_zeros |= {i, *(beside := self._small(self.system.equations.rows_of[i]))}
            self.low[[i, *beside]] = 0

    def hide_all(self) -> None:
        """Hide whatever can be hidden."""
        for i, ways in enumerate(self.ladders):
            self.tell(i, len(ways) - 1)

    def move(self, audit: Audit) -> bool:
        """Loosen the cells with which open numbers of an audit move at the least loss; False where none is loosened."""
        import numpy as np

        steps = self._steps()
        truth = self.system.equations.truth
        part = Part.of(audit, truth - steps[-1].down, truth + steps[-1].up, audit.open)
        moves = [] if part is None else cheapest(part, [step.of(part.columns) for step in steps])
        if part is None or not moves:
            return False
        least, most = truth.astype(float), truth.astype(float)
        least[part.columns] += np.minimum(*moves) + TOLERANCE
        most[part.columns] += np.maximum(*moves) - TOLERANCE
        chosen = np.flatnonzero((most > self.high) | (least < self.low)).tolist()
        for i in chosen:
            while self.at[i] + 1 < len(self.ladders[i]) and (most[i] > self.high[i] or least[i] < self.low[i]):
                self.tell(i, self.at[i] + 1)
        for one in moves:
            part.learn(one)
        return bool(chosen)

    def _steps(self) -> list[Step]:
        """What is told, and then every way of telling less with what it costs."""
        import numpy as np

        truth = self.system.equations.truth.astype(float)
        steps = [Step(truth - self.low, self.high - truth, np.full(len(truth), MOVING))]
        for level in range(1, max((len(ways) for ways in self.ladders), default=1)):
            low, high, cost = self.low.copy(), self.high.copy(), np.zeros(len(truth))
            for i, ways in enumerate(self.ladders):
                if level < len(ways):
                    rung = ways[level]
                    low[i], high[i] = rung.low, self.system.far if rung.high is None else rung.high
                    cost[i] = self._price(i, rung) / self.policy.protection
            steps.append(Step(np.maximum(truth - low, steps[-1].down), np.maximum(high - truth, steps[-1].up), cost))
        return steps

    def loss(self, i: int) -> float:
        """What is lost by the way in which a cell is told."""
        return self._price(i, self.ladders[i][self.at[i]])

    def _price(self, i: int, rung: Rung) -> float:
        return rung.loss * (DEAR if i in self.system.dear else 1.0)

    def loosen(self, exposed: Iterable[int]) -> bool:
        """Coarsen or hide the next cells along the lines of exposed numbers; False where nothing is left to hide."""
        chosen: set[int] = set()
        for number in exposed:
            chosen |= self._next_beside(number)
        for i in chosen:
            self.tell(i, self.at[i] + 1)
        return bool(chosen)

    def _next_beside(self, number: int) -> set[int]:
        """The cells to loosen for one number: along the lines that leave it too few values, or else near it."""
        equations = self.system.equations
        reached = set(equations.rows_of[number])
        tight = [row for row in reached if self._tight(row, number)]
        if cells := set().union(*(self._next(self._cells([row])) for row in tight)):
            return cells
        while not (cells := self._next(self._cells(reached))):
            wider = {row for i in self._cells(reached) for row in equations.rows_of[i]}
            if wider == reached:
                break
            reached = wider
        return cells

    def _cells(self, rows: Iterable[int]) -> set[int]:
        equations = self.system.equations
        return {i for row in rows for i in equations.members[row] if i < equations.cells}

    def _small(self, rows: Iterable[int]) -> list[int]:
        """The small cells of lines of which anything is told."""
        people, withheld = self.system.people, self.system.withheld
        return [i for i in self._cells(rows) if self.policy.small(people[i]) and i not in withheld]

    def _tight(self, row: int, number: int) -> bool:
        """The line alone leaves too few values."""
        others = [i for i in self.system.equations.members[row] if i != number]
        return float((self.high[others] - self.low[others]).sum()) < self.policy.protection - 1

    def _next(self, cells: Collection[int]) -> set[int]:
        """The smallest cells above zero of which less can be told, or the zeros, and dear ones last."""
        people, dear = self.system.people, self.system.dear
        left = {i: (i in dear, people[i] == 0, people[i]) for i in cells if self.at[i] + 1 < len(self.ladders[i])}
        least = min(left.values(), default=None)
        return {i for i, order in left.items() if order == least}


def _beside_small(system: System, policy: Policy) -> set[int]:
    """Cells in lines with small cells of which something is told."""
    found: set[int] = set()
    for row in system.equations.members if policy.zeros_allowed else []:
        cells = [i for i in row if i < len(system.people)]
        if any(policy.small(system.people[i]) and i not in system.withheld for i in cells):
            found |= set(cells)
    return found
