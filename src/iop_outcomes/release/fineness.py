"""How fine a diagnostic of the design may be: as fine as the cells that it is a function of are told.

A standardised difference of a category, times its standard deviation and an arm's people, is nearly a number of
people; so it names the cells of its variable and level. Where all of them are exact it keeps the policy's digits; where
one is rounded, it is rounded to the base over the arm's people and the standard deviation, to two decimals at the
finest; where one is hidden the unweighted one is withheld, and weighted ones are rounded as to twice the minimum. What
speaks of people of an arm as a whole (effective sizes, means of numbers) names the arm's people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from iop_outcomes.release.counts import numbers
from iop_outcomes.release.numbers import NOTHING, Number
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.precision import step, to_step
from iop_outcomes.tables.results import ALL, COVARIATE, MEAN, PEOPLE, STANDARD_DEVIATION, WEIGHTED_MEAN
from iop_outcomes.tables.rows import counted

if TYPE_CHECKING:
    from iop_outcomes.release.support import Evidence

SIZES = ("effective_sample_size",)
MOMENTS = (MEAN, STANDARD_DEVIATION)
# these compare the cells of a category between arms
COMPARE = ("standardised_difference", "within_site_difference", "distribution_distance", "pairwise_difference",
           "variance_ratio")  # fmt: skip
UNWEIGHTED = "unweighted"
FINEST = 0.01
WITH_COUNTERPART = "with_counterpart"
Key = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """A cell of a covariate: its arm's name, its people as they are and as told."""

    arm: str
    people: int
    told: Number


@dataclass(frozen=True)
class Cells:
    """Cells of covariates by contrast, variable and level, and people of arms by contrast and arm."""

    covariates: Mapping[tuple[str, str, str], tuple[Cell, ...]]
    arms: Mapping[Key, Number]

    def base(self, contrast: str, arm: str) -> int:
        """To which the people of an arm, or of all of a contrast, are told: 0 where some are not."""
        own = [told for (c, a), told in self.arms.items() if c == contrast and arm in (ALL, a)]
        return _coarsest(own)

    def size(self, contrast: str) -> int:
        """People of the smallest arm that is told, 1 where none is."""
        return min((told.count or 1 for (c, _), told in self.arms.items() if c == contrast), default=1)


def cells_of(evidence: Evidence) -> Cells:
    """The cells of covariates, and of people of arms."""
    covariates: dict[tuple[str, str, str], list[Cell]] = {}
    arms: dict[Key, Number] = {}
    own = evidence.counts["outcome"].isin([COVARIATE, PEOPLE])
    for row, told in zip(counted(evidence.counts[own]), numbers(evidence.released[own]), strict=True):
        if row["outcome"] == COVARIATE:
            cell = Cell(row["arm"], int(row["count"] or 0), told)
            for level in (row["level"], ALL):
                covariates.setdefault((row["contrast"], row["variable"], level), []).append(cell)
        elif row["level"] == WITH_COUNTERPART:
            arms[row["contrast"], row["arm"]] = told
    return Cells({key: tuple(cells) for key, cells in covariates.items()}, arms)


def fineness(row: Mapping[str, object], cells: Cells, policy: Policy) -> float | None:
    """The value of a row of diagnostics as it may be told, None where it may not."""
    value, quantity, contrast = (float(str(row["value"])), str(row["quantity"]), str(row["contrast"]))
    if quantity in SIZES:
        base = cells.base(contrast, str(row["arm"]))
        return policy.rounded_size(value, base) if base else None
    if quantity in MOMENTS:
        base = cells.base(contrast, str(row["arm"]))
        fine = base == 1 and policy.rounding_base == 1
        return round(value, policy.digits) if fine else to_step(value, step(max(FINEST, 1 / cells.size(contrast))))
    if quantity == WEIGHTED_MEAN:
        return _mean(value, row, cells, policy)
    if quantity not in COMPARE:
        return round(value, policy.digits)
    own = cells.covariates.get((contrast, str(row["variable"]), str(row["level"])), ())
    coarsest = _coarsest([cell.told for cell in own]) if own else cells.base(contrast, ALL) or policy.rounding_base
    if coarsest == 0 and row["method"] == UNWEIGHTED:
        return None
    if coarsest == 1:
        return round(value, policy.digits)
    size = step(max([FINEST, *_steps(own, cells, contrast, coarsest or 2 * policy.minimum_count, policy)]))
    return to_step(round(value, policy.digits), size)


def _mean(value: float, row: Mapping[str, object], cells: Cells, policy: Policy) -> float | None:
    """The weighted mean of a number, as fine as a mean of an arm; the weighted share of a category, as fine as its
    cells in both arms, and none where one of them is hidden.
    """
    contrast, level = str(row["contrast"]), str(row["level"])
    own = cells.covariates.get((contrast, str(row["variable"]), level), ()) if level != ALL else ()
    base = _coarsest([cell.told for cell in own]) if own else cells.base(contrast, ALL)
    if own and base == 0:
        return None
    if base == 1 and policy.rounding_base == 1:
        return round(value, policy.digits)
    return to_step(value, step(max(FINEST, base / cells.size(contrast))))


def _coarsest(numbers: Iterable[Number]) -> int:
    bases = [told.base for told in numbers]
    return 0 if 0 in bases else max(bases, default=1)


def _steps(own: Iterable[Cell], cells: Cells, contrast: str, base: int, policy: Policy) -> list[float]:
    """Of each cell, its base as a share of the arm's people, in standard deviations of the category."""
    found = []
    for cell in own:
        people = cells.arms.get((contrast, cell.arm), NOTHING).count or 2 * policy.minimum_count
        share = min(max(policy.blurred(cell.people, base), base) / people, 0.5)
        found.append(base / people / sqrt(share * (1 - share)))
    return found
