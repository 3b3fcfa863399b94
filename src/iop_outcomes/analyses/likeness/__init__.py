"""Coarse numbers about the people of a contrast, from which a cohort like theirs can be drawn; of no few people.

In order: margins and dependence of the covariates; how people come to the first arm; for each primary question that can
be asked of drawn people, what goes along with its outcome, and with an answer where some are missing. Log odds and
correlations are rounded to a tenth, shares to a hundredth or to what `fewest` people are of all, whichever is coarser,
deciles to a tenth of the spread. A category that has, or has left, fewer people than `fewest` in an arm, or with the
outcome, or without, joins the reference and has no number of its own; of a reference with so few nothing is said.

Log odds come from logistic models under a weak prior (`estimators.regression.weak_prior`); how much sites differ, from
how far the sums of residuals within them are apart (the score test of a random intercept: Commenges & Jacqmin 1994,
Biometrics 50:1033, whose statistic is solved for the variance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.likeness.known import Known, known_of
from iop_outcomes.analyses.likeness.people import People, coarse
from iop_outcomes.analyses.likeness.people import of as described
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort import covariates as coded
from iop_outcomes.estimators.base.arrays import Mask
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Inference
from iop_outcomes.protocol.alike import unable
from iop_outcomes.simulate.alike.numbers import Leaving, Logit, Question
from iop_outcomes.vocabulary.measures import MEAN_DAYS

if TYPE_CHECKING:
    import pandas as pd

# coarse numbers need no more people than this
ENOUGH = 100_000


def run(
    covariates: pd.DataFrame,
    scores: pd.DataFrame,
    retention: pd.DataFrame,
    abstinence: pd.DataFrame,
    estimates: pd.DataFrame,
    rows: Sequence[Analysis],
    contrast: Contrast,
    endpoints: Mapping[str, Endpoint],
    inference: Inference,
    fewest: int,
) -> dict[str, str]:
    """The numbers of a contrast as JSON, under `likeness`. fewest: people of whom a number may be; at least ten."""
    sample = Sample.of(scores, contrast, inference)
    every = max(1, -(-len(sample.scores) // ENOUGH))
    people = described(covariates, sample.scores, max(fewest, coded.SMALLEST_CATEGORY), every)
    asked = [row for row in rows if not unable(row, endpoints[row.outcome], contrast)]
    found = (_question(row, people, sample, retention, abstinence, estimates, endpoints, every) for row in asked)
    numbers = people.numbers([one for one in found if one is not None])
    return {"likeness": numbers.model_dump_json(indent=1) + "\n"}


def _question(
    row: Analysis,
    people: People,
    sample: Sample,
    retention: pd.DataFrame,
    abstinence: pd.DataFrame,
    estimates: pd.DataFrame,
    endpoints: Mapping[str, Endpoint],
    every: int,
) -> Question | None:
    """What is known of one question; None where it has no estimate, or too little happened."""
    keys = ("outcome", "horizon_days", "measure", "method", "missing_rule")
    own = estimates[(estimates["group_by"] == "all") & estimates["from_day"].isna() & estimates["delta_first"].isna()]
    for key in ("analysis", *keys):
        own = own[own[key] == getattr(row, key)]
    means = own.set_index("of")["estimate"].reindex(sample.names).to_numpy(dtype=float)
    if not np.isfinite(means).all():
        return None
    step = 1.0 if row.measure == MEAN_DAYS else people.step
    first, second = (coarse(float(mean), step) for mean in means)
    known = known_of(row, sample, retention, abstinence, endpoints[row.outcome]).every(every)
    same = {key: getattr(row, key) for key in keys}
    arm = people.first[:, None].astype(float)
    if known.days is not None:
        leaving = _leaving(known, people, row.horizon_days)
        return None if leaving is None else Question(**same, first=first, second=second, leaving=leaving)
    model = people.logit(known.outcome, known.among, arm)
    answered, answers = None, (1.0, 1.0)
    if (known.asked & ~known.among).sum() >= people.fewest:
        answered = people.logit(known.among, known.asked, arm)
        shares = [float(known.among[known.asked & of].mean()) for of in (people.first, ~people.first)]
        answers = (coarse(shares[0], people.step), coarse(shares[1], people.step))
    return Question(**same, first=first, second=second, model=model, answered=answered, answers=answers)


def _leaving(known: Known, people: People, horizon: int) -> Leaving | None:
    assert known.days is not None
    ends = _months(known, people, horizon)
    if not ends:
        return None
    began = np.array([0, *ends[:-1]])
    parts = []
    for start, end in zip(began, ends, strict=True):
        there = known.among & (known.days > start) & (known.outcome | (known.days > end))
        parts.append((there, there & known.outcome & (known.days <= end)))
    shares = [
        [coarse(float(left[there & of].mean()), people.step) for there, left in parts]
        for of in (people.first, ~people.first)
    ]
    return Leaving(ends=ends, first=shares[0], second=shares[1], model=_of_months(parts, people))


def _of_months(parts: Sequence[tuple[Mask, Mask]], people: People) -> Logit:
    """Log odds of leaving a month, months and arms aside."""
    rows = np.concatenate([np.flatnonzero(there) for there, _ in parts])
    month = np.concatenate([np.full(there.sum(), at) for at, (there, _) in enumerate(parts)])
    left = np.concatenate([left[there] for there, left in parts])
    cells = month * 2 + people.first[rows]
    beside = (cells[:, None] == np.arange(1, 2 * len(parts))).astype(float)
    return people.take(rows).logit(left, np.ones(len(rows), dtype=bool), beside)


def _months(known: Known, people: People, horizon: int) -> list[int]:
    """Last days of months of thirty days, joined until enough people left in each, and stayed, in both arms."""
    days, ends, start = known.days, [], 0
    assert days is not None
    marks = [*range(30, horizon - 14, 30), horizon]
    for end in marks:
        there = known.among & (days > start)
        left = there & known.outcome & (days <= end)
        stayed = there & (days > end)
        few = [(part & of).sum() for part in (left, stayed) for of in (people.first, ~people.first)]
        if min(few) >= people.fewest:
            ends.append(end)
            start = end
    if ends:
        ends[-1] = horizon
    return ends
