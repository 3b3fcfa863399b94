"""How true a released count is, in the words of readers: exact, rounded, told as a range, or withheld.

Where all counts of a table are rounded alike, one note says so; else those that are rounded are marked. Shares of
counts say how far rounding may have moved them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import sentence
from iop_outcomes.vocabulary.statuses import BETWEEN, ROUNDED, SUPPRESSED

if TYPE_CHECKING:
    import pandas as pd

WITHHELD = "withheld"
ABOUT = "\u2248"


@dataclass(frozen=True)
class Told:
    """People as far as they are told. count: None where they are not; low, high: the fewest and the most that there
    can be.
    """

    count: float | None
    low: float
    high: float

    def of(self, other: Told) -> tuple[float, float] | None:
        """The share that these people are of themselves and the others together, and by how much rounding may have
        moved it; None where one of the two is not told as a number.
        """
        if self.count is None or other.count is None or not self.count + other.count:
            return None
        share = self.count / (self.count + other.count)
        low, high = self.among(other)
        return share, max(share - low, high - share)

    def among(self, other: Told) -> tuple[float, float]:
        """The least and the greatest share that these people can be of themselves and the others together."""
        fewest, most = self.low + other.high, self.high + other.low
        return self.low / fewest if fewest else 0.0, self.high / most if 0 < most < float("inf") else 1.0

    def within(self, whole: Told) -> tuple[float, float] | None:
        """The share that these people are of a whole that holds them, and by how much rounding may have moved it; None
        where one of the two is not told as a number.
        """
        if self.count is None or not whole.count:
            return None
        share = self.count / whole.count
        high = min(self.high / whole.low, 1.0) if whole.low else 1.0
        return share, max(share - self.low / whole.high, high - share)


def together(rows: pd.DataFrame) -> Told:
    """All people of some rows. rows: with `people`, `low` and `high`, as `recorded.with_people` gives them."""
    people, low, high = (float(rows[c].sum(skipna=False)) for c in ("people", "low", "high"))
    return Told(numbers.number(people), low, high)


NO_ONE = Told(0.0, 0.0, 0.0)


def told(row: Mapping[str, object]) -> Told:
    """The people of a released row of counts."""
    if row["status"] == SUPPRESSED:
        return Told(None, 0.0, float("inf"))
    low, high = (numbers.number(row[c]) for c in ("count_low", "count_high"))
    return Told(numbers.number(row["count"]), 0.0 if low is None else low, float("inf") if high is None else high)


def usual(rows: pd.DataFrame) -> int:
    """To what the released counts of some rows are all rounded; 1 where some are exact, or rounded otherwise."""
    bases = rows.loc[rows["count"] > 0, "rounded_to"].dropna().unique()
    return int(bases[0]) if len(bases) == 1 else 1


def count(row: Mapping[str, object] | None, base: int = 1, hidden: str = WITHHELD) -> str:
    """A released count; marked where it is rounded to something else than `base`. No row is no one.

    hidden: what stands for a count that is withheld.
    """
    if row is None:
        return numbers.count(0)
    if row["status"] == BETWEEN:
        return numbers.interval(row["count_low"], row["count_high"], _plain)
    if row["status"] == SUPPRESSED or not numbers.known(row["count"]):
        return hidden
    mark = f"{ABOUT}{numbers.NARROW}" if row["status"] == ROUNDED and row["rounded_to"] != base else ""
    return mark + numbers.count(row["count"])


def _plain(value: object, error: object = 0.0, more: int = 0) -> str:
    return numbers.count(value)


def note(rows: pd.DataFrame) -> str:
    """What is to be known of the counts of some rows that stand together: how they are rounded, and what a range means;
    '' where all are exact.
    """
    return " ".join(said for said in (rounding(rows), ranges(rows)) if said)


def rounding(rows: pd.DataFrame) -> str:
    """How the counts of some rows are rounded, in a sentence; '' where they are not."""
    bases = sorted({int(b) for b in rows.loc[rows["status"] == ROUNDED, "rounded_to"].dropna()})
    if not bases:
        return ""
    nearest = sentence([numbers.count(b) for b in bases]).replace(" and ", " or ")
    begin = "Counts are" if usual(rows) > 1 else f"{ABOUT}:"
    return f"{begin} rounded to the nearest {nearest}."


def ranges(rows: pd.DataFrame) -> str:
    """What a range in place of a count means, in a sentence; '' where there is none."""
    own = rows[rows["status"] == BETWEEN].sort_values(["count_high", "count_low"])
    if own.empty:
        return ""
    example = numbers.interval(own["count_low"].iloc[0], own["count_high"].iloc[0], _plain)
    return f"\u2018{example}\u2019: one of these numbers; which it is may not be shown."


def shares(error: float) -> str:
    """By how much rounding may have moved shares, in a sentence; '' where it has moved none."""
    if not error > 0:
        return ""
    return f"Rounding may have moved shares by up to {amount(error)} percentage points."


def amount(error: float) -> str:
    """An error of shares in percentage points, rounded up to the next tenth."""
    return upwards(100 * error, 1)


def upwards(error: float, digits: int) -> str:
    """An error with so many decimals, rounded up."""
    return numbers.decimals(math.ceil(error * 10**digits - 1e-9) / 10**digits, digits)
