"""Numbers of people that are not known, and what is known of their sums: how many values does each leave possible?

Unknowns are whole numbers from 0 on. A sum of them lies between two numbers. Of each target, itself a sum, the least
and the greatest value that all sums allow together are found by integer programming (HiGHS). Most targets need no
programme of their own: programmes with objectives at random, all targets at once, reach values that are far apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

Sum = dict[int, float]
Key = tuple[tuple[int, float], ...]
INFINITE = float("inf")
TOLERANCE = 1e-6
ROUNDS = 6
SECONDS = 3.0
MOST = 5_000  # of any unknown, as the greatest value would not exist without an end


@dataclass
class Target:
    """A number that is looked for. kind: how it came to be hidden. known: bounds that are known of it anyway."""

    kind: str
    name: str
    sum: Sum
    truth: int
    low: float = -INFINITE
    high: float = INFINITE
    known_before: bool = False

    @property
    def left(self) -> float:
        """How many values remain."""
        return INFINITE if not np.isfinite(self.high - self.low) else self.high - self.low + 1


@dataclass
class Puzzle:
    """Unknowns by name, sums of them between two numbers, and targets."""

    at: dict[Hashable, int] = field(default_factory=dict)
    sums: list[tuple[Sum, float, float]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def unknown(self, name: Hashable) -> int:
        """The number of an unknown."""
        return self.at.setdefault(name, len(self.at))

    def all(self, names: Iterable[Hashable]) -> Sum:
        """The sum of some unknowns."""
        return {self.unknown(name): 1.0 for name in names}

    def say(self, of: Sum, low: float, high: float) -> None:
        """A sum lies between two numbers, or is one number where both are the same."""
        if of and (low > 0 or high < INFINITE or any(c < 0 for c in of.values())):
            self.sums.append((of, low, high))

    def solve(self, enough: int, seed: int = 0) -> None:
        """The values that are left of every target. enough: a target of which so many are seen is left as it is."""
        for sums, targets in self._blocks():
            _Block(sums, targets).solve(enough, np.random.default_rng(seed))

    def _blocks(self) -> Iterable[tuple[list[tuple[Sum, float, float]], list[Target]]]:
        """Sums and targets that hang together."""
        parent = list(range(len(self.at)))

        def root(i: int) -> int:
            while parent[i] != i:
                parent[i] = i = parent[parent[i]]
            return i

        for of, *_ in [*self.sums, *((t.sum,) for t in self.targets)]:
            first, *others = of
            for other in others:
                parent[root(other)] = root(first)
        found: dict[int, tuple[list[tuple[Sum, float, float]], list[Target]]] = {}
        for target in self.targets:
            found.setdefault(root(next(iter(target.sum))), ([], []))[1].append(target)
        for said in self.sums:
            at = root(next(iter(said[0])))
            if at in found:
                found[at][0].append(said)
        return found.values()


def plus(*sums: tuple[float, Mapping[int, float]]) -> Sum:
    """A sum of sums, each times a number."""
    total: Sum = {}
    for times, of in sums:
        for i, c in of.items():
            total[i] = total.get(i, 0.0) + times * c
    return {i: c for i, c in total.items() if c}


def _alike(sums: Sequence[Sum]) -> dict[int, int]:
    """A number for each unknown; those that stand in the same sums are one, as only their sum is ever spoken of."""
    stands: dict[int, list[tuple[int, float]]] = {}
    for n, of in enumerate(sums):
        for i, c in of.items():
            stands.setdefault(i, []).append((n, c))
    numbers: dict[tuple[tuple[int, float], ...], int] = {}
    return {i: numbers.setdefault(tuple(where), len(numbers)) for i, where in sorted(stands.items())}


class _Block:
    """One system of sums, as a matrix."""

    def __init__(self, sums: Sequence[tuple[Sum, float, float]], targets: list[Target]) -> None:
        self.at = _alike([*(of for of, *_ in sums), *(t.sum for t in targets)])
        self.size = max(self.at.values()) + 1
        # several tables tell the same sums: each stands here once
        self.same: dict[Key, list[Target]] = {}
        for t in targets:
            self.same.setdefault(self._key(t.sum), []).append(t)
        self.goals = self._matrix(list(self.same))
        known: dict[Key, tuple[float, float]] = {}
        for of, low, high in sums:
            key = self._key(of)
            least, most = known.get(key, (-INFINITE, INFINITE))
            known[key] = max(low, least), min(high, most)
        limits = np.array(list(known.values())).reshape(-1, 2)
        self.said = LinearConstraint(self._matrix(list(known)), limits[:, 0], limits[:, 1]) if sums else ()
        self.least = np.full(len(self.same), INFINITE)
        self.most = np.full(len(self.same), -INFINITE)

    def _key(self, of: Sum) -> Key:
        """A sum in the numbers of this block, the same for all that say the same."""
        return tuple(sorted({self.at[i]: c for i, c in of.items()}.items()))

    def _matrix(self, sums: Sequence[Key]) -> sparse.csr_matrix:
        cells = {(n, i): c for n, of in enumerate(sums) for i, c in of}
        where = np.array(list(cells), dtype=int).reshape(-1, 2).T
        return sparse.csr_matrix((list(cells.values()), tuple(where)), shape=(len(sums), self.size))

    def solve(self, enough: int, rng: np.random.Generator) -> None:
        open_ = np.ones(len(self.same), dtype=bool)
        for _ in range(ROUNDS):
            weights = rng.normal(size=len(self.same)) * open_
            for sign in (1, -1):
                self._see(self._run(self.goals.T @ (sign * weights), 0))
            open_ = self.most - self.least + 1 < enough
            if not open_.any():
                break
        for n, targets in enumerate(self.same.values()):
            if open_[n] and self.most[n] - self.least[n] + 1 < enough:
                self._settle(n, enough)
            for target in targets:
                target.low, target.high = self.least[n], self.most[n]

    def _settle(self, n: int, enough: int) -> None:
        """The least and the greatest value of one target: of sums that need not be whole, then of whole ones."""
        goal = np.asarray(self.goals[n].todense()).ravel()
        ends = []
        for sign in (1, -1):
            found = self._run(sign * goal, 0)
            if found is None:
                raise RuntimeError("What is said of the people of a release cannot all be true.")
            ends.append(float(goal @ found))
            self._see(found)
        low, high = np.ceil(ends[0] - TOLERANCE), np.floor(ends[1] + TOLERANCE)
        if high - low + 1 >= enough:
            for sign in (1, -1):
                if self.most[n] - self.least[n] + 1 < enough:
                    found = self._run(sign * goal, 1)
                    if found is None:  # not settled in time: what need not be whole is as near as one comes
                        self.least[n], self.most[n] = low, high
                        return
                    self._see(found)
        else:
            self.least[n], self.most[n] = low, high

    def _see(self, found: NDArray[np.float64] | None) -> None:
        """Values of all targets at a solution, kept where all unknowns are whole."""
        if found is not None and np.abs(found - found.round()).max(initial=0) <= TOLERANCE:
            values = np.rint(self.goals @ found.round())
            self.least, self.most = np.minimum(self.least, values), np.maximum(self.most, values)

    def _run(self, goal: NDArray[np.float64], whole: int) -> NDArray[np.float64] | None:
        found = milp(
            goal, integrality=np.full(len(goal), whole), bounds=Bounds(0, MOST), constraints=self.said,
            options={"time_limit": SECONDS},
        )  # fmt: skip
        return np.asarray(found.x) if found.status == 0 else None
