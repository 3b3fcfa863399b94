"""Lines: cells that add up to a total, on which suppression and its checks work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Cells that add up: positions of the parts, and of their total where that is a cell itself.

    total is None when a reader may know the total anyway. rest: people of the total who are in none of the parts; they
    are never shown, but follow from the others. None where nobody can be, as the parts are the total by what they mean:
    everyone knows that. 0 where it so happens that nobody is. beside: further cells that make the total with the first.
    """

    parts: tuple[int, ...]
    total: int | None = None
    rest: int | None = None
    beside: tuple[int, ...] = ()

    @property
    def others(self) -> int:
        """How many people of the total are in none of the parts."""
        return self.rest or 0

    @property
    def totals(self) -> tuple[int, ...]:
        """The cells of the total; none where a reader may know it anyway."""
        return () if self.total is None else (self.total, *self.beside)

    def at(self, place: Mapping[int, int]) -> Line:
        """The line with its cells at other positions."""
        total = None if self.total is None else place[self.total]
        return Line(tuple(place[i] for i in self.parts), total, self.rest, tuple(place[i] for i in self.beside))


def connected(lines: Iterable[Line], cells: int, together: Iterable[tuple[int, ...]] = ()) -> list[int]:
    """The block of each cell: cells that lines connect, directly or through others, are in one. together: further sums
    of cells that connect them.
    """
    above = list(range(cells))

    def top(i: int) -> int:
        while above[i] != i:
            above[i] = above[above[i]]
            i = above[i]
        return i

    for members in (*((*line.parts, *line.totals) for line in lines), *together):
        for i in members[1:]:
            above[top(i)] = top(members[0])
    return [top(i) for i in range(cells)]
