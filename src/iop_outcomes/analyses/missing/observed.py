"""Shares of those who answered, weighted to stand for everyone who was asked.

The chance of having answered is modelled among those asked whose answer was not certain to be known, given arm, terms
of the score and what was recorded; of the others, and where no one's answer is missing, it is 1. Weights of a score are
multiplied by its inverse; the doubly robust mean corrects its predictions by it. Both speak for everyone who was asked,
and count the estimation of score and chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import doubly_robust
from iop_outcomes.analyses.missing.history import History
from iop_outcomes.design import terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.observed import Chance, Score, chance_observed, means_by_observation
from iop_outcomes.vocabulary.methods import AIPW, METHODS

if TYPE_CHECKING:
    from iop_outcomes.analyses.sample import Sample


def chance(sample: Sample, history: History, asked: Mask, seen: Mask) -> Chance:
    """Of everyone (N,). asked, seen: (n,) of the two arms. Raises EstimationError."""
    certain = history.certain & asked & seen
    there, modelled = sample.among(asked), sample.among(asked & ~certain)
    try:
        return chance_observed(history.matrix(sample, modelled), sample.among(seen), there, sample.among(certain))
    except EstimationError as refusal:
        raise EstimationError(terms.told(str(refusal))) from refusal


def means(sample: Sample, method: str, state: Array, history: History, asked: Mask, seen: Mask) -> Estimate:
    """Finished shares of the first and the second arm. state: (n,) of those seen. Raises EstimationError."""
    known = chance(sample, history, asked, seen)
    if method == AIPW:
        return sample.finish(doubly_robust.means(sample, state, seen, asked, known), AIPW)
    first = (sample.everyone["arm"] == 1).to_numpy()
    weight = np.where(sample.compared, sample.among(sample.weight(method)), 0.0)
    weights = METHODS[method].weights
    score = Score(sample.slope(weights), sample.nuisance(weights)) if weights else None
    given, names = (sample.among(state), first, sample.among(seen), known, weight), sample.names
    return sample.finish(means_by_observation(*given, score=score, names=names), method)
