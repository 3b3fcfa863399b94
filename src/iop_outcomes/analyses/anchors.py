"""A question once more with one measured covariate left out of the score: how much that covariate moves the answer.

What a covariate moves the ratio of the arms by, where it is left out, is what a cause on no record would move it by
that goes along with the arms and with the outcome as strongly as this one does beside the others (a benchmark, as in
Cinelli & Hazlett 2020, JRSS B 82:39). In order: the question must be a share by weights of two arms whose state on the
day follows from what is known of each person; the score is estimated anew from the terms that are left; people are
weighed by it, and its estimation is counted. A covariate that is no term of the score has a row that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered
from iop_outcomes.analyses.outcomes import Outcome
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample, clustered
from iop_outcomes.design import terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import log_ratio
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weight_slope, weights
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import WITHOUT
from iop_outcomes.vocabulary.measures import RATIO
from iop_outcomes.vocabulary.methods import METHODS, WEIGHTS

UNCLEAR = "it is not known of everyone where they stood on the day"
SEVERAL = "the score tells more than two arms apart"
NO_TERM = "it is no term of the score, so that leaving it out changes nothing"


def answered(ask: Analysis, sample: Sample, outcome: Outcome | str, covariates: Sequence[str]) -> Answered:
    """A ratio for each covariate, or why there is none."""
    state = None if isinstance(outcome, str) else outcome.state(ask)
    if state is None or isinstance(outcome, str):
        return Answered(tuple(_silent(ask, name, UNCLEAR) for name in covariates))
    if not sample.compared.all():
        return Answered(tuple(_silent(ask, name, SEVERAL) for name in covariates))
    return Answered(tuple(_rows(ask, sample, state, outcome.used(ask), covariates)))


def _rows(ask: Analysis, sample: Sample, state: Array, used: Mask, covariates: Sequence[str]) -> Iterator[Row]:
    for name in covariates:
        try:
            yield _without(ask, sample, state, used, name)
        except EstimationError as wrong:
            yield _silent(ask, name, terms.told(str(wrong)))


def _without(ask: Analysis, sample: Sample, state: Array, used: Mask, name: str) -> Row:
    """The ratio with a covariate left out. Raises EstimationError."""
    matrix, own = sample.propensity.matrix, re.compile(rf"[tc]_\d+ {re.escape(name)}(=\d+)?$")
    left = np.array([not own.match(term) for term in matrix.names], dtype=bool)
    if left.all():
        raise EstimationError(NO_TERM)
    kind, arm = WEIGHTS[METHODS[ask.method].weights], sample.arm
    score = fit_propensity(matrix.keep(left).varying(np.ones(len(arm), dtype=bool)), arm)
    given = weights(kind.kind, arm, score.score, truncated=kind.truncated)
    means = mean_by_arm(state, arm == 1, given * used, names=sample.names)
    slope = weight_slope(kind.kind, arm, score.score, truncated=kind.truncated)
    found = clustered(stack(means, (slope.T * used).T, score.nuisance), sample.scores, sample.inference)
    some = Some(WITHOUT, name)
    return results.from_estimate(
        ask, RATIO, log_ratio(found, *sample.names), sample.inference.confidence_level, logarithmic=True, some=some
    )


def _silent(ask: Analysis, name: str, reason: str) -> Row:
    return results.row(ask, RATIO, Some(WITHOUT, name)) | {"status": "not_possible", "reason": reason}
