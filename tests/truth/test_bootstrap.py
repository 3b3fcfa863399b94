"""The stacked influence makes the bootstrap a check: score and weighted Cox model refitted in samples of people."""

from __future__ import annotations

import numpy as np
import pytest
from recovery_estimators import Sample, draw

from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weight_slope, weights
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.simulate.cohort.model import UNPLANNED

pytestmark = pytest.mark.truth

PEOPLE, SAMPLES, SEED = 1_500, 200, 20261124


def hazard_ratio(s: Sample, people: np.ndarray, stacked: bool = True) -> Estimate:
    """Log hazard ratio of unplanned exit, arm only, overlap weights, among some people of a sample (by position)."""
    arm, event = s.arm[people], s.exit_cause[people] == UNPLANNED
    score = fit_propensity(s.without_site.take(people), arm)
    weight = weights("overlap", arm, score.score)
    found = cox(arm[:, None].astype(float), s.exit_week[people], event, ("arm",), weight=weight).estimate
    return stack(found, weight_slope("overlap", arm, score.score), score.nuisance) if stacked else found


@pytest.fixture(scope="module")
def cohort() -> Sample:
    return draw(np.random.default_rng(SEED), people=PEOPLE)


@pytest.fixture(scope="module")
def bootstrap(cohort: Sample) -> tuple[np.ndarray, np.ndarray]:
    """(SAMPLES, n) how often each person was drawn, and (SAMPLES,) the estimates."""
    drawn = np.random.default_rng(SEED + 1).integers(0, PEOPLE, (SAMPLES, PEOPLE))
    times = np.stack([np.bincount(people, minlength=PEOPLE) for people in drawn])
    return times, np.array([hazard_ratio(cohort, people).value[0] for people in drawn])


def test_standard_error_is_that_of_the_bootstrap(cohort: Sample, bootstrap: tuple[np.ndarray, np.ndarray]) -> None:
    spread = bootstrap[1].std(ddof=1)
    monte_carlo_error = spread / np.sqrt(2 * (SAMPLES - 1))
    error = hazard_ratio(cohort, np.arange(PEOPLE)).standard_error()[0]
    assert abs(error - spread) < 3 * monte_carlo_error


def test_influence_foretells_every_bootstrap_estimate(cohort: Sample, bootstrap: tuple[np.ndarray, np.ndarray]) -> None:
    """To first order, drawing a person twice adds their influence once: sharper than comparing two spreads.

    What is left over is of second order, a tenth of the spread at this size. Without the score's part it is a third.
    """
    times, estimates = bootstrap
    left_over = {}
    for stacked in (True, False):
        whole = hazard_ratio(cohort, np.arange(PEOPLE), stacked)
        foretold = whole.value[0] + (times - 1) @ whole.influence[:, 0]
        left_over[stacked] = (estimates - foretold).std() / estimates.std()
    assert left_over[True] < 0.15
    assert left_over[False] > 2 * left_over[True]
