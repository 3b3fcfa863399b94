"""What two releases of a cohort leave possible, together, for the change of each cell between them.

An intruder has both releases: of each cell the range that each tells, and the lines along which cells add up in both.
He may suppose that people were only added, or only taken out, wherever that agrees with what is told. The change of a
cell, or of the rest of a line, is found out when fewer values than the policy's protection remain possible for it and
it may be of 1 to minimum_count - 1 people. Limits are those of linear programmes over all cells at once; one solution
certifies every cell whose values lie far enough apart in two of them, and only the others are asked one by one.

Out of reach: sizes that an intruder has from elsewhere. Who knows both sizes of a cohort knows how many were added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from iop_outcomes.release.lines import Line

Range = tuple[int, int | None]

# linear programmes that certify many cells at once, before those that are left are asked one by one
TRIES = 12
# whole numbers come out of a linear programme with an error
NEARLY = 1e-6


@dataclass(frozen=True)
class Change:
    """A change that two releases give away: of a cell by its position, or of the rest of a line."""

    cell: int | None = None
    line: int | None = None


@dataclass
class _Programme:
    """Equations and limits over the numbers of two releases; changes are pairs of columns, later and earlier."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: list[tuple[list[int], list[float]]] = field(default_factory=list)
    changes: dict[Change, tuple[int, int]] = field(default_factory=dict)

    def number(self, told: Range | None) -> int:
        """A column for a number that lies in the range; for anything from 0 on without one."""
        low, high = told or (0, None)
        self.low.append(float(low))
        self.high.append(math.inf if high is None else float(high))
        return len(self.low) - 1


def given_away(
    lines: Sequence[Line], before: Sequence[Range | None], after: Sequence[Range | None], policy: Policy
) -> set[Change]:
    """The changes that the two releases give away.

    before, after: of each cell the range that the release tells, None where it tells none or has no such cell.
    """
    return {
        names[i]
        for names, part in _parted(_programme(lines, before, after))
        for sign in (1.0, -1.0)
        for i in _exposed(part, sign, policy)
    }


class _Part(NamedTuple):
    """Numbers that equations connect: their limits, the equations, and the pairs of numbers that are changes."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    rows: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]
    pairs: tuple[tuple[int, int], ...]


def _parted(programme: _Programme) -> list[tuple[list[Change], _Part]]:
    """The programme in parts that have no number in common: what does not go together in one, may in another."""
    from scipy.sparse.csgraph import connected_components

    together = [*programme.rows, *(([*pair], [1.0, 1.0]) for pair in programme.changes.values())]
    matrix = _matrix(together, len(programme.low))
    if matrix is None:
        return []
    _, labels = connected_components(matrix.T @ matrix, directed=False)
    part: list[int] = labels.tolist()
    columns: dict[int, list[int]] = {}
    for column, own in enumerate(part):
        columns.setdefault(own, []).append(column)
    place = {column: i for own in columns.values() for i, column in enumerate(own)}
    rows: dict[int, list[tuple[tuple[int, ...], tuple[float, ...]]]] = {}
    for named, weights in programme.rows:
        rows.setdefault(part[named[0]], []).append((tuple(place[c] for c in named), tuple(weights)))
    names: dict[int, list[Change]] = {}
    for change, (later, _) in programme.changes.items():
        names.setdefault(part[later], []).append(change)
    found = []
    for own, changes in names.items():
        pairs = tuple((place[a], place[b]) for a, b in (programme.changes[change] for change in changes))
        low, high = (tuple(ends[c] for c in columns[own]) for ends in (programme.low, programme.high))
        found.append((changes, _Part(low, high, tuple(rows.get(own, ())), pairs)))
    return found


@lru_cache(maxsize=20_000)
def _exposed(part: _Part, sign: float, policy: Policy) -> tuple[int, ...]:
    """Which changes of a part are found out; remembered, as a release asks again of parts in which nothing changed."""
    return tuple(_Asked(part, sign, policy).found())


def _programme(lines: Sequence[Line], before: Sequence[Range | None], after: Sequence[Range | None]) -> _Programme:
    made = _Programme()
    cells: dict[int, tuple[int, int]] = {}
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        cells[i] = (made.number(new), made.number(old))
        if old is not None:  # of others no change is asked, but lines go through them
            made.changes[Change(cell=i)] = cells[i]
    for at, line in enumerate(lines):
        if line.total is None:
            continue
        free: Range = (0, None) if line.rest else (0, 0)
        rest = (made.number(free), made.number(free))
        if line.rest:
            made.changes[Change(line=at)] = rest
        for release in (0, 1):
            parts = [cells[i][release] for i in line.parts]
            totals = [cells[i][release] for i in line.totals]
            made.rows.append(([*parts, rest[release], *totals], [1.0] * (len(parts) + 1) + [-1.0] * len(totals)))
    return made


class _Asked:
    """One supposition: no change is less than 0 (sign 1), or none is more (sign -1)."""

    def __init__(self, part: _Part, sign: float, policy: Policy) -> None:
        import numpy as np

        self.policy = policy
        self.sign = sign
        self.size = len(part.low)
        self.limits = np.column_stack([part.low, part.high])
        self.later, self.earlier = np.asarray(part.pairs, dtype=np.int64).T
        self.equal = _matrix(part.rows, self.size)
        self.apart = self._apart()
        self.least = np.full(len(part.pairs), np.inf)
        self.most = np.full(len(part.pairs), -np.inf)

    def found(self) -> list[int]:
        """The positions of changes that are found out; by their own ranges alone where nothing adds up, or what is
        supposed does not agree with all that is told.
        """
        import numpy as np

        ones = np.ones(len(self.later))
        if self.equal is None or not self._look(ones) or not self._look(-ones):
            least, most = self._own()
            self.least, self.most = np.maximum(least, 0), most
            return np.flatnonzero(self._left() & (self.most >= self.least)).tolist()
        draws = np.random.default_rng(len(self.later))
        for _ in range(TRIES):
            left = self._left()
            if not left.any():
                return []
            self._look(np.where(left, draws.choice([-1.0, 1.0], len(left)), 0.0))
        return [int(i) for i in np.flatnonzero(self._left()) if self._settled(int(i))]

    def _settled(self, i: int) -> bool:
        """The change has too few values left, by its own least and greatest; surely none, or surely many, is enough."""
        import numpy as np

        if not self._left()[i]:
            return False
        one = np.zeros(len(self.later))
        for end in (1.0, -1.0):
            one[i] = end
            self._look(one)
        surely = self.most[i] < 1 - NEARLY or self.least[i] > self.policy.minimum_count - 1 + NEARLY
        return bool(self._left()[i]) and not surely

    def _left(self) -> NDArray[np.bool_]:
        """Changes for which too few values were seen so far, but for those that surely are none or many."""
        import numpy as np

        few = np.floor(self.most + NEARLY) - np.ceil(self.least - NEARLY) + 1 < self.policy.protection
        least, most = self._own()
        return few & ~((most <= 0) | (least >= self.policy.minimum_count))

    def _own(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Limits of each change by the two ranges of its own cell."""
        import numpy as np

        low, high = self.limits[:, 0], self.limits[:, 1]
        with np.errstate(invalid="ignore"):
            ends = low[self.later] - high[self.earlier], high[self.later] - low[self.earlier]
        return (ends[0], ends[1]) if self.sign > 0 else (-ends[1], -ends[0])

    def _look(self, aim: NDArray[np.float64]) -> bool:
        """Solve for the greatest sum of the changes by `aim`, and note what each is then. False: no solution."""
        import numpy as np
        from scipy.optimize import linprog

        cost = np.zeros(self.size)
        np.add.at(cost, self.later, -self.sign * aim)
        np.add.at(cost, self.earlier, self.sign * aim)
        bounds = np.where(np.isinf(self.limits), float(self._roof()), self.limits)
        solved = linprog(
            cost, A_ub=self.apart, b_ub=np.zeros(len(self.later)), A_eq=self.equal,
            b_eq=None if self.equal is None else np.zeros(self.equal.shape[0]), bounds=bounds, method="highs",
        )  # fmt: skip
        if solved.x is None:
            return False
        change = self.sign * (solved.x[self.later] - solved.x[self.earlier])
        self.least, self.most = np.minimum(self.least, change), np.maximum(self.most, change)
        return True

    def _roof(self) -> float:
        """More people than any number can be, where none is told."""
        import numpy as np

        told = self.limits[np.isfinite(self.limits)]
        return float(told.sum() if len(told) else 0) + self.policy.minimum_count

    def _apart(self) -> csr_matrix | None:
        """Rows that say that no change goes the other way."""
        rows = [
            ([int(later), int(earlier)], [-self.sign, self.sign])
            for later, earlier in zip(self.later, self.earlier, strict=True)
        ]
        return _matrix(rows, self.size)


def _matrix(rows: Sequence[tuple[Sequence[int], Sequence[float]]], width: int) -> csr_matrix | None:
    """Rows of columns and weights as a sparse matrix; None without rows."""
    import numpy as np
    from scipy.sparse import csr_matrix as sparse

    if not rows:
        return None
    where = np.repeat(np.arange(len(rows)), [len(columns) for columns, _ in rows])
    columns = np.concatenate([np.asarray(c, dtype=np.int64) for c, _ in rows])
    weights = np.concatenate([np.asarray(w, dtype=np.float64) for _, w in rows])
    return sparse((weights, (where, columns)), shape=(len(rows), width))
