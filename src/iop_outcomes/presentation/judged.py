"""What others printed, held against the rule of verdicts: would their own numbers have shown that it is no worse?

Shares are held against ten of 100, ratios of hazards against 1.25, by the same rule as this cohort's own
(`estimators.base.margins`); crude shares have Newcombe's limits. Where arms were not assigned by chance, where no share
was seen, or the people of an arm were not told, there is no verdict, and the reason is given. Where all that was
printed is that more than a share of each arm had the outcome, the verdict is the one that arms of this size give were
both as many: a trial that cannot settle it then has not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from iop_outcomes.estimators.base import margins
from iop_outcomes.estimators.base.margins import INNER, OUTER, Limits, Scale
from iop_outcomes.estimators.two_by_two.power import people_for_margin
from iop_outcomes.estimators.two_by_two.printed import Counts
from iop_outcomes.estimators.two_by_two.proportions import newcombe
from iop_outcomes.presentation import evidence, numbers
from iop_outcomes.presentation.evidence import CHANCE, SHARE, Result
from iop_outcomes.presentation.labels import within
from iop_outcomes.vocabulary.directions import FEWER, MORE
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, ODDS_RATIO
from iop_outcomes.vocabulary.verdicts import INCONCLUSIVE, NOT_ANSWERABLE, VERDICTS

# how much worse is still no worse: first less second share, and a ratio of hazards
OF_SHARES, OF_HAZARDS = 0.10, 1.25
NOT_BY_CHANCE = "the arms were not assigned by chance"
NO_SHARES, NO_PEOPLE = "no rates by arm were seen", "the people of each arm were not told"
NO_MARGIN = "no difference lies between the limits, and odds have no margin"


@dataclass(frozen=True)
class Judged:
    """verdict: one of the closed list. reason: why there is none, or what was supposed. limits: of first less second
    share, or by it; None where there are none. needed: people in each arm who would have shown it, NaN where it is
    settled.
    """

    verdict: str
    reason: str = ""
    limits: tuple[float, float] | None = None
    needed: float = math.nan


def judged(result: Result) -> Judged:
    """The verdict on what a study printed."""
    if result.study.assigned != CHANCE:
        return Judged(NOT_ANSWERABLE, NOT_BY_CHANCE)
    if result.measure in (ODDS_RATIO, HAZARD_RATIO):
        return _ratio(result)
    if result.counts is not None:
        return _shares(result, *result.counts)
    if not math.isnan(result.both_above) and not math.isnan(result.study.first_people):
        sizes = (round(result.study.first_people), round(result.study.second_people))
        first, second = (Counts(round(result.both_above * n), n) for n in sizes)
        with numbers.heard(lambda _, text: text):
            supposed = f"were both {numbers.whole_percent(result.both_above)}; {NO_SHARES}"
        found = _shares(result, first, second)
        return Judged(found.verdict, supposed, found.limits, found.needed)
    return Judged(NOT_ANSWERABLE, NO_PEOPLE if result.measure == SHARE else NO_SHARES)


def _shares(result: Result, first: Counts, second: Counts) -> Judged:
    scale = _scale(result, ratio=False)
    outer, inner = (newcombe(first.events, first.n, second.events, second.n, level=at) for at in (OUTER, INNER))
    ends = sorted((scale.turned(outer.low), scale.turned(outer.high)))
    within_them = sorted((scale.turned(inner.low), scale.turned(inner.high)))
    found = margins.verdict(Limits(*ends, *within_them), OF_SHARES)
    share = (first.events + second.events) / (first.n + second.n)
    needed = math.ceil(people_for_margin(share, OF_SHARES)) if found == INCONCLUSIVE else math.nan
    return Judged(found, "", (outer.low, outer.high), needed)


def _ratio(result: Result) -> Judged:
    """A printed ratio with its 95 % limits; the 90 % ones lie as normal limits of its logarithm do."""
    scale = _scale(result, ratio=True)
    error = (math.log(result.upper) - math.log(result.lower)) / 2 / 1.959964
    middle = math.sqrt(result.lower * result.upper)
    turned = margins.limits(middle, error, math.inf, scale)
    margin = math.log(OF_HAZARDS) if result.measure == HAZARD_RATIO else None
    found = margins.verdict(turned, margin)
    return Judged(found, NO_MARGIN if found == NOT_ANSWERABLE else "", (result.lower, result.upper))


def _scale(result: Result, ratio: bool) -> Scale:
    return Scale(ratio, MORE if result.better == "higher" else FEWER)


def told(result: Result) -> str:
    """The verdict in words, for a cell of a table: no number of a cohort."""
    found = judged(result)
    text = VERDICTS[found.verdict].label
    if found.reason:
        text += f" ({within(found.reason)})"
    with numbers.heard(lambda _, written: written):
        if not math.isnan(found.needed):
            text += f": {numbers.count(found.needed)} people in each arm would have been needed"
    return text


def words() -> Iterator[str]:
    """All that is written of these verdicts, for whoever traces a number."""
    yield from (told(result) for result in evidence.results())
