"""Lines: cells that add up to a total, on which suppression and its checks work."""

from __future__ import annotations

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
