"""An unmeasured cause of known strengths moves the adjusted ratio by no more than its bias factor allows.

People of one cohort live three lives: as they were placed, all in day care, all in residence, with the same random
numbers. The ratio of abstinence is adjusted by the probability of placement given everything but the cause, which is
known here; how strongly the cause goes along with the arms and with abstinence is counted in its fifths.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import expit, logit

from iop_outcomes.estimators.two_by_two.unmeasured import at_worst, bias_factor
from iop_outcomes.simulate.cohort.model import follow
from iop_outcomes.simulate.cohort.population import draw_baseline, scenario_named

PEOPLE, FIFTHS, WEEKS = 40_000, 5, slice(22, 26)


class Found(NamedTuple):
    """true, seen: ratios of abstinence in week 26. with_arm, with_outcome: strengths of the cause, by its fifths."""

    true: float
    seen: float
    with_arm: float
    with_outcome: float


def lived(scenario: str) -> Found:
    people = draw_baseline(PEOPLE, None, np.random.default_rng(1), scenario)
    effect = scenario_named(scenario).unmeasured_on_placement

    def life(arm: int | None) -> tuple[np.ndarray, np.ndarray]:
        course = follow(people, np.random.default_rng(3), scenario, arm)
        return course.arm, ~course.used[:, WEEKS].any(axis=1)

    (arm, free), (_, in_program), (_, resident) = life(None), life(1), life(0)
    points, weights = np.polynomial.hermite_e.hermegauss(20)
    without = logit(people.placement) - effect * people.unmeasured
    score = expit(without[:, None] + effect * points) @ weights / weights.sum()
    weight = np.where(arm == 1, 1 / score, 1 / (1 - score))
    fifth = np.searchsorted(np.quantile(people.unmeasured, np.arange(1, FIFTHS) / FIFTHS), people.unmeasured)
    cells = [[(arm == a) & (fifth == k) for k in range(FIFTHS)] for a in (0, 1)]
    share = np.array([[weight[own].sum() for own in row] for row in cells])
    share /= share.sum(axis=1, keepdims=True)
    risk = np.array([[np.average(free[own], weights=weight[own]) for own in row] for row in cells])
    second, first = (share * risk).sum(axis=1)
    with_arm = np.exp(np.abs(np.log(share[1] / share[0])).max())
    with_outcome = (risk.max(axis=1) / risk.min(axis=1)).max()
    return Found(in_program.mean() / resident.mean(), first / second, with_arm, with_outcome)


@pytest.fixture(scope="module")
def found() -> Found:
    return lived("unmeasured_U")


def test_it_turns_the_answer(found: Found) -> None:
    """Abstinence is less frequent in day care, and seems to be more frequent where the cause is on no record."""
    assert found.true < 0.95
    assert found.seen > 1.05


def test_by_no_more_than_its_strengths_allow(found: Found) -> None:
    """The array's cell of these strengths reaches the truth; that of a cause of a third the strength does not."""
    moved = found.seen / found.true
    assert 1.1 < moved < bias_factor(found.with_arm, found.with_outcome)
    assert at_worst(found.seen, found.with_arm, found.with_outcome) < found.true
    weaker = (1 + (strength - 1) / 3 for strength in (found.with_arm, found.with_outcome))
    assert moved > bias_factor(*weaker)


def test_nothing_is_moved_where_the_cause_does_nothing() -> None:
    """But for chance: of 40,000 people a ratio is known to about one and a half of a hundred."""
    base = lived("base")
    assert base.seen / base.true == pytest.approx(1, abs=0.045)
    assert max(base.with_arm, base.with_outcome) < 1.2
