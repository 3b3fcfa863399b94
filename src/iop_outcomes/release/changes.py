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
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.release.bounds import Sums, propagated
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.programs import Rows, least

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    from iop_outcomes.release.lines import Line

Range = tuple[int, int | None]

# linear programmes that certify many cells at once, before those that are left are asked one by one
TRIES = 12
# whole numbers come out of a linear programme with an error
NEARLY = 1e-6
# a change is of nobody below this
NOBODY = 1 - NEARLY


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


def gives_away(
    cell: int, lines: Sequence[Line], before: Sequence[Range | None], after: Sequence[Range | None], policy: Policy
) -> bool:
    """The two releases give the growth of one cell away, where people were only added. What does not go together with
    what is told gives nothing away.
    """
    for names, part in _parted(_programme(lines, before, after)):
        if Change(cell=cell) in names:
            return _one_exposed(part, names.index(Change(cell=cell)), policy)
    return False


class _Part(NamedTuple):
    """Numbers that equations connect: their limits, the equations, and the pairs of numbers that are changes."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    rows: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]
    pairs: tuple[tuple[int, int], ...]


def _parted(programme: _Programme) -> list[tuple[list[Change], _Part]]:
    """The programme in parts that have no number in common: what does not go together in one, may in another."""
    together = [*(named for named, _ in programme.rows), *programme.changes.values()]
    part: list[int] = _connected(together, len(programme.low)).tolist()
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


@lru_cache(maxsize=20_000)
def _one_exposed(part: _Part, change: int, policy: Policy) -> bool:
    asked = _Asked(part, 1.0, policy)
    return asked.agrees and asked.finds(change)


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
        free: Range = (0, 0) if line.rest is None else (0, None)
        rest = (made.number(free), made.number(free))
        if line.rest is not None:
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
        self.adds_up = len(part.rows) > 0
        self.said = self._said(part)
        self.bounds = self._bounds()
        # numbers between which each change surely lies
        self.outer = self._outer(part)
        self.open = (self.outer[1] >= NOBODY) & (self.outer[0] <= self.policy.minimum_count - NOBODY)
        self.least = np.full(len(part.pairs), np.inf)
        self.most = np.full(len(part.pairs), -np.inf)

    def found(self) -> list[int]:
        """The positions of changes that are found out; by their own ranges alone where nothing adds up, or what is
        supposed does not agree with all that is told.
        """
        import numpy as np

        ones = np.ones(len(self.later))
        if not self.adds_up or self._look(ones) is None or self._look(-ones) is None:
            least, most = self._own()
            self.least, self.most = np.maximum(least, 0), most
            return np.flatnonzero(self._left() & (self.most >= self.least)).tolist()
        draws = np.random.default_rng(len(self.later))
        for _ in range(TRIES):
            left = self._left() & self.open
            if not left.any():
                return []
            self._look(np.where(left, draws.choice([-1.0, 1.0], len(left)), 0.0))
        return self._settled()

    @property
    def agrees(self) -> bool:
        """What is supposed is not refuted by lines taken in turn."""
        return bool((self.outer[0] <= self.outer[1] + NEARLY).all())

    def finds(self, change: int) -> bool:
        """One change by its position is found out."""
        import numpy as np

        self.open &= np.arange(len(self.open)) == change
        return change in self.found()

    def _settled(self) -> list[int]:
        """The changes that have too few values left by their own least and greatest; surely none, or surely many, is
        enough. An end is asked for where no solution that was seen is as far out as lines taken in turn would let it.
        """
        import numpy as np

        least, most = self.outer
        found: list[int] = []
        for i in np.flatnonzero(self._left() & self.open & ~self._nobody()).tolist():
            one = np.zeros(len(self.later))
            for end, beyond in ((1.0, most[i] - self.most[i]), (-1.0, self.least[i] - least[i])):
                one[i] = end
                if beyond > NEARLY and self._left()[i]:
                    self._look(one)
            many = self.least[i] > self.policy.minimum_count - NOBODY
            if self._left()[i] and self.most[i] >= NOBODY and not many:
                found.append(i)
        return found

    def _nobody(self) -> NDArray[np.bool_]:
        """Changes that are surely of nobody, as all of them together cannot be of one."""
        import numpy as np

        some = self._left() & self.open & (self.most < NOBODY)
        while some.any() and (together := self._look(some.astype(float))) is not None:
            if together < NOBODY:
                return some
            still = some & (self.most < NOBODY)
            if (still == some).all():
                break
            some = still
        return np.zeros_like(some)

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

    def _look(self, aim: NDArray[np.float64]) -> float | None:
        """The greatest sum of the changes by `aim`, None without a solution. What each is then is noted."""
        import numpy as np

        cost = np.zeros(self.size)
        np.add.at(cost, self.later, -self.sign * aim)
        np.add.at(cost, self.earlier, self.sign * aim)
        solved = least(cost, self.said, *self.bounds)
        if solved is None:
            return None
        change = self.sign * (solved[self.later] - solved[self.earlier])
        self.least, self.most = np.minimum(self.least, change), np.maximum(self.most, change)
        return float(change @ aim)

    def _bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The limits of each number: where none is told, more people than any can be."""
        import numpy as np

        told = np.isfinite(self.limits)
        roof = float(self.limits[told].sum()) + self.policy.minimum_count
        low, high = np.where(told, self.limits, roof).T
        return low, high

    def _said(self, part: _Part) -> Rows:
        """That all adds up in both releases, and that no change goes the other way."""
        import numpy as np

        apart = [([later, earlier], [self.sign, -self.sign]) for later, earlier in part.pairs]
        most = np.repeat([0.0, np.inf], [len(part.rows), len(apart)])
        return Rows(_matrix([*part.rows, *apart], self.size), np.zeros(len(most)), most)

    def _outer(self, part: _Part) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Numbers between which each change surely lies, as the lines say when they are taken in turn."""
        import numpy as np

        changes = range(self.size, self.size + len(part.pairs))
        of_pairs = [([*pair, at], [self.sign, -self.sign, -1.0]) for pair, at in zip(part.pairs, changes, strict=True)]
        entries = _matrix([*part.rows, *of_pairs], changes.stop).tocoo()
        sums = Sums(entries.row, entries.col, entries.data, np.zeros(entries.shape[0], dtype=np.int64))
        least, most = np.zeros(len(changes)), np.full(len(changes), float(self.bounds[1].max()))
        ends = np.append(self.bounds[0], least), np.append(self.bounds[1], most)
        low, high = propagated(sums, *ends)
        return low[self.size :], high[self.size :]


def _connected(groups: Sequence[Sequence[int]], width: int) -> NDArray[np.int64]:
    """A label of each number: the same for all that groups connect."""
    import numpy as np
    from scipy.sparse.csgraph import connected_components

    links = [([one, other], [1.0, 1.0]) for group in groups for one, other in pairwise(group)]
    matrix = _matrix(links, width)
    return np.asarray(connected_components(matrix.T @ matrix, directed=False)[1], dtype=np.int64)


def _matrix(rows: Sequence[tuple[Sequence[int], Sequence[float]]], width: int) -> csc_array:
    """Rows of columns and weights as a sparse matrix."""
    import numpy as np
    from scipy.sparse import csc_array as sparse

    if not rows:
        return sparse((0, width))
    where = np.repeat(np.arange(len(rows)), [len(columns) for columns, _ in rows])
    columns = np.concatenate([np.asarray(c, dtype=np.int64) for c, _ in rows])
    weights = np.concatenate([np.asarray(w, dtype=np.float64) for _, w in rows])
    return sparse((weights, (where, columns)), shape=(len(rows), width))
