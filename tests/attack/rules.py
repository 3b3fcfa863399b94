"""What an intruder knows of the policies from their documents: told again here, as he has no part of the release."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """k: fewest people that are shown. zeros: an empty cell may be shown. digits: decimals of diagnostics. base: every
    count is rounded at least to it."""

    k: int
    zeros: bool
    digits: int
    base: int = 1

    @property
    def least(self) -> int:
        """The least number of people of a cell that is too small."""
        return 1 if self.zeros else 0

    @property
    def protection(self) -> int:
        """So many values at least must remain possible: half of those that a small cell can have."""
        return -(-(self.k - 1) // 2)

    @property
    def events(self) -> int:
        """Fewest events, and others, behind an adjusted number: what studies ask for, at least the smallest cell."""
        return max(10, self.k)

    def small(self, people: int) -> bool:
        """The cell has too few people to be shown."""
        return self.least <= people < self.k


RULES = {
    "cms": Rules(11, True, 3),
    "opensafely": Rules(8, True, 2, 5),
    "acro": Rules(10, False, 3),
    "strict": Rules(11, False, 2, 5),
}
