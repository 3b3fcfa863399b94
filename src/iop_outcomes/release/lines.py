"""Lines: cells that add up to a total, on which suppression and its checks work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Cells that add up: positions of the parts, and of their total where that is a cell itself.

    total is None when a reader may know the total anyway. rest: people of the total who are in none of the parts; they
    are never shown, but follow from the others. beside: further cells that make the total with the first.
    """

    parts: tuple[int, ...]
    total: int | None = None
    rest: int = 0
    beside: tuple[int, ...] = ()

    @property
    def totals(self) -> tuple[int, ...]:
        """The cells of the total; none where a reader may know it anyway."""
        return () if self.total is None else (self.total, *self.beside)
