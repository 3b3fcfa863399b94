"""Primary questions site by site, from the released estimates: what is told of sites, and what follows from it.

In order: of each question the differences of the sites that are told, and those within sites and between them, are
found among the released estimates; what protection may have changed a difference by counts in its variance; the mean of
the sites, how far they lie apart, where one more of them may lie and the mean without each of them follow from what is
told, so that they tell nothing beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from typing import TYPE_CHECKING

from iop_outcomes.estimators.base.random_effects import Across, across
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.tables.results import ALL, OF_SITE, OVER_SITES
from iop_outcomes.tables.rows import Estimated, alike, estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE, RATIO
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ("contrast", "outcome", "horizon_days", "measure", "method", "missing_rule")
# sites that are told, below which nothing is taken together
FEWEST = 3


@dataclass(frozen=True)
class BySite:
    """One question. whole: its difference among everyone. sites: those that are told, of `asked` with both arms. over:
    within sites, between them, and how far these lie apart, by name. level: of intervals.
    """

    whole: Estimated
    sites: tuple[Estimated, ...]
    asked: int
    over: Mapping[str, Estimated]
    level: float

    @cached_property
    def together(self) -> Across | None:
        """The sites taken together; None where too few are told."""
        if len(self.sites) < FEWEST:
            return None
        values, errors = zip(*map(on_scale, self.sites), strict=True)
        return across(values, errors, self.level)


def on_scale(row: Estimated) -> tuple[float, float]:
    """An estimate and its standard error, of a ratio those of the logarithm; an estimate that was rounded lies anywhere
    within its rounding, alike.
    """
    rounding = numbers.number(row["rounding_error"]) or 0.0
    value = row["estimate"]
    if row["of"] == RATIO:
        value, rounding = log(row["estimate"]), rounding / row["estimate"]
    return value, sqrt(row["std_error"] ** 2 + rounding**2 / 3)


def _known(row: Estimated) -> bool:
    """The site has a difference and a standard error."""
    return row["status"] == OK and numbers.known(row["estimate"]) and (numbers.number(row["std_error"]) or 0.0) > 0


def by_site(estimates: pd.DataFrame, labels: Labels) -> list[BySite]:
    """The questions that were asked site by site, in the order of the estimates. estimates: all that are released."""
    if not labels.study.sites:
        return []
    own = estimates["of"].eq(DIFFERENCE) & estimates["group_by"].isin([ALL, OF_SITE, OVER_SITES])
    own &= estimates["delta_first"].isna() & estimates["contrast"].isin(list(labels.study.sites))
    found = []
    for rows in alike(estimated(estimates[own]), QUESTION).values():
        by = alike(rows, ["group_by"])
        of_sites, over = by.get((OF_SITE,), []), by.get((OVER_SITES,), [])
        if over and (ALL,) in by:
            told = tuple(row for row in of_sites if _known(row))
            named = {row["group"]: row for row in over}
            level = labels.study.inference.confidence_level
            found.append(BySite(by[(ALL,)][0], told, len(of_sites), named, level))
    return found
