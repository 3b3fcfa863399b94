"""Everything that a release counts, as one system: cells, and the lines along which they add up.

As equations: `matrix @ x = right` in whole numbers, where x holds the people of each cell and, behind the cells, the
rests of lines that have one, what the small numbers of a line are together where that is small as well, and sums of
which a gate tells whether they are few. What an intruder knows of x before any equation is used is a range of each
(`ranges`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iop_outcomes.release.lines import Line


class Exposed(NamedTuple):
    """A small number of people of which too few values remain possible: of a cell, the rest of a line, or the sum of
    which a gate tells whether it is small.
    """

    cell: int | None = None
    line: int | None = None
    gate: int | None = None


Sum = tuple[int, ...]


@dataclass(frozen=True)
class System:
    """Cells and their lines.

    people: true number of each cell. bases: to which each is rounded at least for its own sake, 1 for no need.
    withheld: cells that are not shown, whatever they hold. dear: cells on which more stands than their own row, such as
    an estimate or a curve; others are coarsened and hidden first. gates: sums of cells of which a gate tells whether
    they are few. minimum: below which several small numbers of a line are as sensitive together as alone. zeros: that
    a rest holds nobody is taken as known, where cells of nobody may be shown; else only a rest that cannot hold anybody
    is. That two told cells differ by nobody is no cell of a table, and never sensitive: where it may not be told, make
    the rest a cell that is withheld. Both are set by `under`. Raises ValueError for a line that does not add up.
    """

    people: tuple[int, ...]
    lines: tuple[Line, ...]
    bases: tuple[int, ...]
    withheld: frozenset[int] = frozenset()
    dear: frozenset[int] = frozenset()
    gates: tuple[tuple[int, ...], ...] = ()
    minimum: int = 0
    zeros: bool = True

    def __post_init__(self) -> None:
        if len(self.bases) != len(self.people):
            raise ValueError(f"{len(self.people)} cells have {len(self.bases)} bases: give one base per cell.")
        if any(count < 0 for count in self.people):
            raise ValueError("A cell holds fewer than 0 people: counts of people are whole numbers of at least 0.")
        for position, line in enumerate(self.lines):
            parts = sum(self.people[i] for i in line.parts) + line.others
            if line.others < 0 or (line.totals and parts != sum(self.people[i] for i in line.totals)):
                raise ValueError(
                    f"Line {position} of {len(self.lines)} does not add up: its parts and its rest must be its total."
                )

    def under(self, policy: Policy) -> System:
        """The system as an intruder knows it who knows the policy."""
        return replace(self, minimum=policy.minimum_count, zeros=policy.zeros_allowed)

    @cached_property
    def equations(self) -> Equations:
        """The lines as equations, each once, in an order that does not depend on that of the lines."""
        return _equations(self)

    @cached_property
    def far(self) -> int:
        """Further away than any number of these people could move another: for ranges that have no end."""
        return 4 * int(self.equations.truth.sum()) + 1000

    def sensitive(self, policy: Policy) -> NDArray[np.bool_]:
        """Which numbers are too small to be shown: of cells, and rests of one or more."""
        import numpy as np

        truth, rests = self.equations.truth, slice(self.equations.cells, self.equations.gates)
        few = np.asarray([policy.small(int(count)) for count in truth], dtype=bool)
        few[rests] &= truth[rests] > 0
        return few


@dataclass(frozen=True)
class Shown:
    """What is told of each cell.

    count: None where no count is told. base: to which it is rounded, 1 exact, 0 for no count. low, high: the range that
    is told to hold the true number; None where nothing is told.
    """

    count: tuple[int | None, ...]
    base: tuple[int, ...]
    low: tuple[int | None, ...]
    high: tuple[int | None, ...]

    @classmethod
    def nothing(cls, cells: int) -> Shown:
        """Nothing is told of so many cells."""
        return cls((None,) * cells, (0,) * cells, (None,) * cells, (None,) * cells)


@dataclass(frozen=True)
class Equations:
    """Lines as sums of signed numbers.

    row, column, sign: of each entry. right: of each row. truth: the true numbers, of cells and then of rests. line: the
    first line that each row is of, -1 of a gate. rest: the line of each number behind the cells; behind those stand the
    sums of gates.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    sign: NDArray[np.int64]
    right: NDArray[np.int64]
    truth: NDArray[np.int64]
    line: tuple[int, ...]
    rest: tuple[int, ...]
    cells: int

    def exposed(self, position: int) -> Exposed:
        """The number at a position, by its name."""
        if position < self.cells:
            return Exposed(cell=position)
        beyond = position - self.gates
        return Exposed(gate=beyond) if beyond >= 0 else Exposed(line=self.rest[position - self.cells])

    @property
    def gates(self) -> int:
        """The position of the first sum of a gate."""
        return self.cells + len(self.rest)

    @cached_property
    def rows_of(self) -> list[list[int]]:
        """The rows that each number stands in."""
        return _grouped(self.column, self.row, len(self.truth))

    @cached_property
    def members(self) -> list[list[int]]:
        """The numbers that stand in each row."""
        return _grouped(self.row, self.column, len(self.right))


def _grouped(keys: NDArray[np.int64], values: NDArray[np.int64], size: int) -> list[list[int]]:
    groups: list[list[int]] = [[] for _ in range(size)]
    for key, value in zip(keys.tolist(), values.tolist(), strict=True):
        groups[key].append(value)
    return groups


def _order(line: tuple[tuple[Sum, Sum, int | None], int]) -> tuple[Sum, Sum, bool, int]:
    """Lines sorted by their cells and their rest."""
    parts, totals, rest = line[0]
    return parts, totals, rest is not None, rest or 0


def _equations(system: System) -> Equations:
    import numpy as np

    first: dict[tuple[Sum, Sum, int | None], int] = {}
    for position, line in enumerate(system.lines):
        # where it is known that a rest holds nobody it makes no difference why
        rest = line.rest or (None if system.zeros else line.rest)
        first.setdefault((tuple(sorted(line.parts)), tuple(sorted(line.totals)), rest), position)
    row: list[int] = []
    column: list[int] = []
    sign: list[int] = []
    right: list[int] = []
    truth: list[int] = list(system.people)
    rests: list[int] = []
    held: list[int] = []

    def add(members: list[tuple[int, int]], position: int) -> None:
        row.extend([len(held)] * len(members))
        column.extend(i for i, _ in members)
        sign.extend(s for _, s in members)
        right.append(sum(s * truth[i] for i, s in members))
        held.append(position)

    for (parts, totals, rest), position in sorted(first.items(), key=_order):
        members = [(i, 1) for i in parts]
        if rest is not None:
            members.append((len(truth), 1))
            truth.append(rest)
            rests.append(position)
        add(members + [(i, -1) for i in totals], position)
        few = [member for member in members if 0 < truth[member[0]] < system.minimum]
        if len(few) > 1 and (together := sum(truth[i] for i, _ in few)) < system.minimum:
            truth.append(together)
            rests.append(position)
            add([*few, (len(truth) - 1, -1)], position)
    for cells in system.gates:
        truth.append(sum(truth[i] for i in cells))
        add([*((i, 1) for i in cells), (len(truth) - 1, -1)], -1)
    entries = (np.asarray(row, np.int64), np.asarray(column, np.int64), np.asarray(sign, np.int64))
    sides = np.asarray(right, np.int64), np.asarray(truth, np.int64)
    return Equations(*entries, *sides, tuple(held), tuple(rests), len(system.people))


def ranges(system: System, shown: Shown, policy: Policy) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest value of each number as an intruder knows it before using any line.

    The intruder knows what is told, and which cells are small. A small cell of which nothing is told holds as many
    people as a small cell can; another one the minimum or more; one that is withheld whatever it holds, and holds
    nobody, any number. A rest is any number of people; a sum of a gate is small or not. A hidden zero of which nothing
    is told is known.
    """
    import numpy as np

    equations, least = system.equations, int(policy.zeros_allowed)
    low, high = np.zeros(len(equations.truth)), np.full(len(equations.truth), float(system.far))
    for i, count in enumerate(system.people):
        lower, upper = shown.low[i], shown.high[i]
        if lower is not None and upper is not None:
            low[i], high[i] = lower, upper
        elif policy.small(count):
            low[i], high[i] = least, policy.minimum_count - 1
        elif count:
            low[i] = policy.minimum_count
        elif i not in system.withheld:
            high[i] = 0
    for at in range(equations.gates, len(low)):
        if policy.small(int(equations.truth[at])):
            low[at], high[at] = least, policy.minimum_count - 1
        else:
            low[at] = min(policy.minimum_count, equations.truth[at])
    return low, high
