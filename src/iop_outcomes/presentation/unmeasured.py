"""The primary answers on the scale on which an unmeasured confounder is judged: ratios of risks, with their E-values.

In order: adjusted ratios of the primary questions are taken from the released estimates, of comparisons that chance did
not decide; each is brought to a ratio of risks by its measure; what is told with fewer digits to protect people gives
an E-value that is told so as well. A difference is judged by the ratio of the same two arms. Ratios of times have no
E-value, nor do changes, which have no ratio.

A margin of a question is a ratio as well: a difference of the arms as what it makes of the second arm's share, by that
share as it was estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two import unmeasured
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.tables.results import ALL, WITHOUT
from iop_outcomes.tables.rows import Estimated, alike, estimated
from iop_outcomes.vocabulary.measures import (
    DIFFERENCE,
    HAZARD_RATIO,
    ODDS_RATIO,
    RATIO,
    SUBDISTRIBUTION_HAZARD_RATIO,
    WITH_E_VALUE,
)
from iop_outcomes.vocabulary.methods import PREFERRED, SCORED
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd


def _as_it_is(ratio: float, common: bool) -> float:
    return ratio


# how a ratio becomes one of risks, where it is none as it is; of means of what is never below 0 the bound holds as well
SCALES: dict[str, Callable[[float, bool], float]] = {
    ODDS_RATIO: unmeasured.of_odds,
    HAZARD_RATIO: unmeasured.of_hazards,
    SUBDISTRIBUTION_HAZARD_RATIO: unmeasured.of_hazards,
}
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "measure", "missing_rule")


@dataclass(frozen=True)
class Judged:
    """One answer. row: its ratio, as released. ratio, low, high: as ratios of risks. needed: its E-values, and by how
    much protection may have changed that of the estimate. margin: that of the study as a ratio of risks, if it has one.
    """

    row: Estimated
    ratio: float
    low: float
    high: float
    needed: unmeasured.Needed
    error: float
    margin: float | None = None

    @property
    def nearer(self) -> float:
        """The limit that lies nearer 1; 1 where the interval holds it."""
        return 1.0 if self.low <= 1 <= self.high else self.low if self.low > 1 else self.high

    @property
    def to_margin(self) -> unmeasured.Needed | None:
        """E-values to bring the estimate, and the limit that lies nearer, to the margin; None without one."""
        if self.margin is None:
            return None
        return unmeasured.to_another(self.ratio, self.low, self.high, self.margin)


def judged(estimates: pd.DataFrame, labels: Labels) -> list[Judged]:
    """The answers to the primary questions, in the order of the estimates."""
    primary = {tuple(getattr(asked, name) for name in QUESTION) for asked in labels.study.primary}
    own = estimates["of"].eq(RATIO) & estimates["status"].eq(OK) & estimates["method"].isin(SCORED)
    own &= estimates["group_by"].eq(ALL) & estimates["from_day"].isna() & estimates["measure"].isin(WITH_E_VALUE)
    asked = (row for row in estimated(estimates[own]) if tuple(row[name] for name in QUESTION) in primary)  # type: ignore[literal-required]
    found = [one for row in asked if not labels.randomised(row["contrast"]) for one in _judged(row)]
    if not (found and labels.study.margins):
        return found
    means = _of_second_arms(estimates, labels)
    return [replace(one, margin=_margin(one.row, means, labels)) for one in found]


def left_out(estimates: pd.DataFrame, of: Judged) -> list[Estimated]:
    """The ratios of a question with one covariate left out, the one that moves it most first.

    estimates: all that are released.
    """
    own = estimates["group_by"].eq(WITHOUT) & estimates["status"].eq(OK) & estimates["of"].eq(RATIO)
    rows = [row for row in estimated(estimates[own]) if _key(row) == _key(of.row)]
    return sorted(rows, key=lambda row: (-moved(of.row, row), row["group"]))


def moved(whole: Estimated, without: Estimated) -> float:
    """By how much a covariate that is left out moves a ratio, whichever way: 1 or more."""
    factor = without["estimate"] / whole["estimate"]
    return max(factor, 1 / factor)


def _of_second_arms(estimates: pd.DataFrame, labels: Labels) -> dict[tuple[object, ...], float]:
    """The estimate of the second arm by question and method."""
    own = estimates["status"].eq(OK) & estimates["group_by"].eq(ALL) & estimates["from_day"].isna()
    own &= estimates["contrast"].isin(list(labels.study.contrasts)) & ~estimates["of"].isin([RATIO, DIFFERENCE])
    rows = (row for row in estimated(estimates[own]) if row["of"] == labels.sides(row["contrast"])[1])
    return {_key(row): row["estimate"] for row in rows}


def _key(row: Estimated) -> tuple[object, ...]:
    return tuple(row[name] for name in (*QUESTION, "method"))  # type: ignore[literal-required]


def _margin(row: Estimated, means: Mapping[tuple[object, ...], float], labels: Labels) -> float | None:
    """The margin of a question as a ratio of risks; None where it has none, or none that is above 0."""
    asked = [
        m for m in labels.study.margins.values()
        if (m.outcome, m.measure) == (row["outcome"], row["measure"]) and m.horizon_days in (None, row["horizon_days"])
    ]  # fmt: skip
    if not asked:
        return None
    (margin, *_) = asked
    if margin.scale == RATIO:
        return SCALES.get(row["measure"], _as_it_is)(margin.margin, _common(row))
    second = means.get(_key(row), 0.0)
    return (second + margin.margin) / second if second > 0 and second + margin.margin > 0 else None


def preferred(found: list[Judged]) -> list[Judged]:
    """The answer of the preferred method to each question."""
    ranks = {m: i for i, m in enumerate(PREFERRED)}
    by_row = {id(j.row): j for j in found}
    asked = alike([j.row for j in found], QUESTION).values()
    return [by_row[id(min(rows, key=lambda r: ranks.get(r["method"], len(ranks))))] for rows in asked]


def _judged(row: Estimated) -> Iterator[Judged]:
    """The row on the scale of risks; nothing where protection left none of a limit."""
    rounding = numbers.number(row["rounding_error"]) or 0.0
    scale, common = SCALES.get(row["measure"], _as_it_is), _common(row)
    # a limit that rounding may have moved over 1 holds it
    inside = row["conf_low"] - rounding <= 1 <= row["conf_high"] + rounding
    try:
        ratio, low, high = (scale(row[name], common) for name in ("estimate", "conf_low", "conf_high"))
        needed = unmeasured.e_values(ratio, low, high)
        nearby = [unmeasured.e_value(scale(row["estimate"] + by, common)) for by in (-rounding, rounding)]
    except EstimationError:
        return
    if inside:
        needed = unmeasured.Needed(needed.estimate, 1.0)
        low, high = min(low, 1.0), max(high, 1.0)
    yield Judged(row, ratio, low, high, needed, max(abs(e - needed.estimate) for e in nearby))


def _common(row: Estimated) -> bool:
    """So many people had the outcome, or their number is not told: a ratio that is taken for one of a common outcome
    lies nearer 1.
    """
    if row["events"] is None or not row["n"]:
        return True
    return row["events"] / row["n"] >= unmeasured.RARE
