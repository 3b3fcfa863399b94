"""What each reading of a missing answer makes of cohorts in which the answer is known of everyone.

People are followed by the weekly course of the synthetic model, each at a site of their own, so that they are
independent; the answer is abstinence at week 26 (no use in the four weeks before), asked at the interview of that day.
In the scenario `missing_at_random` whether it is held depends on what was recorded before; in `base`, on use itself.
Every rule estimates the share of abstinent people of each arm and their difference, from those interviewed, the arm,
the covariates and what was recorded: screens, attendance, care, and the interview at week 13. A rule that is right
recovers the shares of everyone; RULES says which must, scenario by scenario, and every other one must be seen not to.

The true delta of an arm is how far the log odds of people not interviewed lie from those of people interviewed with the
same record, found once in a cohort of its own in which every answer is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from iop_outcomes.estimators.base.estimate import Estimate, difference, join
from iop_outcomes.estimators.base.pooling import Pooled, pool
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.observed import chance_observed, means_by_observation
from iop_outcomes.estimators.missing.in_time import impute_in_time
from iop_outcomes.estimators.regression.glm import logistic
from iop_outcomes.simulate.cohort.model import Course, simulate
from iop_outcomes.vocabulary.answers import (
    DELTA_ADJUSTED,
    IMPUTED,
    LAST_OBSERVATION,
    MISSING_IS_USING,
    OBSERVED_ONLY,
    WEIGHTED_BY_OBSERVATION,
)

PEOPLE, IMPUTATIONS, PASSES = 4_000, 20, 2
DELTA_PEOPLE, DELTA_SEED = 400_000, 20261201
AT_RANDOM, NOT_AT_RANDOM = "missing_at_random", "base"
QUANTITIES = ("iop", "residential", "difference")
WEEK, EARLIER = 26, 13
INTERVIEWS = {EARLIER: 0, WEEK: 1}  # their places in a course


@dataclass(frozen=True)
class Sample:
    """One cohort: arm, record (n, q), earlier answer (n,) 0, 1 or NaN, answer (n,) of everyone, and who was seen.

    died: (n,) who had died by the day, so that the answer is no, and is known; None where nobody had.
    """

    arm: np.ndarray
    record: np.ndarray
    earlier: np.ndarray
    last: np.ndarray
    answer: np.ndarray
    seen: np.ndarray
    died: np.ndarray | None = None

    @cached_property
    def columns(self) -> np.ndarray:
        """(n, p) of models of the answer and of being seen, but for the earlier answer: the arm, and both by arm."""
        arm = self.arm[:, None].astype(float)
        return np.hstack([arm, self.record, arm * self.record[:, :BY_ARM]])

    @property
    def living(self) -> np.ndarray:
        """(n,) who was alive on the day."""
        return np.ones(len(self.arm), dtype=bool) if self.died is None else ~self.died

    def means(self, y: np.ndarray, seen: np.ndarray | None = None) -> Estimate:
        """Shares of both arms, and their difference."""
        return whole(mean_by_arm(y, self.arm, observed=seen))


# the first columns of a record, whose part in the models differs between arms
BY_ARM = 8


def abstinent(course: Course, week: int) -> np.ndarray:
    """(n,) no use in the four whole weeks before a week."""
    return (~course.used[:, week - 4 : week].any(axis=1)).astype(float)


def sample_of(course: Course) -> Sample:
    """What was recorded of people up to week 26, and what the interview would have said."""
    b, inside = course.baseline, course.level > 0
    given = inside[:, :WEEK] & ~course.screen_missed[:, :WEEK]
    positive = given & course.used[:, :WEEK]
    taken = given.sum(axis=1)
    at = np.where(taken > 0, WEEK - 1 - np.argmax(given[:, ::-1], axis=1), 0)
    last_positive = (taken > 0) & course.used[np.arange(len(at)), at]
    last_negative = (taken > 0) & ~last_positive
    ago = (WEEK - 1 - at) / WEEK
    held = course.interviewed[:, INTERVIEWS[EARLIER]]
    earlier = np.where(held, abstinent(course, EARLIER), np.nan)
    record = np.column_stack(
        [
            last_positive,
            last_negative,
            ago * last_positive,
            ago * last_negative,
            positive.sum(axis=1) / np.maximum(taken, 1),
            inside[:, WEEK],
            inside[:, :WEEK].sum(axis=1) / WEEK,
            b.severity,
            course.hours[:, :WEEK].sum(axis=1) / 100,
            course.hours[:, WEEK - 4 : WEEK].sum(axis=1) / 10,
            (inside[:, :WEEK] & ~given).sum(axis=1),
            (b.age - 36) / 10,
            b.male,
            b.cooccurring,
            b.unstable_housing,
            b.mandated,
            b.opioid,
        ]
    ).astype(float)
    last = last_negative.astype(float)
    last = np.where(held & (at < EARLIER), np.nan_to_num(earlier), last)
    return Sample(course.arm, record, earlier, last, abstinent(course, WEEK), course.interviewed[:, INTERVIEWS[WEEK]])


def draw(rng: np.random.Generator, scenario: str, people: int = PEOPLE) -> Sample:
    """A cohort of a scenario."""
    return sample_of(simulate(people, None, rng, scenario))


def with_deaths(s: Sample, rng: np.random.Generator, shares: tuple[float, float]) -> Sample:
    """The same cohort, of whom such shares of IOP and residential care had died, more of those with a positive screen.

    Of the dead the answer is no, and all of them are seen.
    """
    chance = np.where(s.arm == 1, *shares) * np.where(s.record[:, 0] == 1, 1.5, 0.75)
    died = rng.random(len(s.arm)) < chance
    return replace(s, answer=np.where(died, 0.0, s.answer), seen=s.seen | died, died=died)


def whole(means: Estimate) -> Estimate:
    """Both arms' means, and the first less the second."""
    return join([means, difference(means, *means.names)])


def rubin(estimates: list[Estimate], people: int) -> Pooled:
    """Completed data sets pooled."""
    return pool([e.value for e in estimates], [e.covariance() for e in estimates], people - 1)


def imputed(s: Sample, seed: int, deltas: tuple[tuple[float, float], ...] = ((0.0, 0.0),)) -> list[Pooled]:
    """Multiple imputation, for each pair of deltas of IOP and residential care."""
    here = s.living
    states = np.column_stack([s.earlier, np.where(s.seen, s.answer, np.nan)])[here]
    each: list[list[Estimate]] = [[] for _ in deltas]
    for done in impute_in_time(states, s.columns[here], IMPUTATIONS, seed, passes=PASSES):
        for found, (one, other) in zip(each, deltas, strict=True):
            y = np.zeros(len(here))
            y[here] = done.last(np.where(s.arm == 1, one, other)[here])
            found.append(s.means(y))
    return [rubin(found, len(s.arm)) for found in each]


def weighted(s: Sample) -> Estimate:
    """Inverse probability of being interviewed."""
    told = ~np.isnan(s.earlier)
    x = np.column_stack([s.columns, told, np.nan_to_num(s.earlier)])
    chance = chance_observed(x, s.seen, certain=~s.living)
    return whole(means_by_observation(s.answer, s.arm, s.seen, chance))


def true_delta(scenario: str, people: int = DELTA_PEOPLE) -> tuple[float, float]:
    """Log odds of those not seen less those of those seen, given what the imputation knows, in IOP and in residential
    care.
    """
    s = draw(np.random.default_rng(DELTA_SEED), scenario, people)
    told = ~np.isnan(s.earlier)
    x = np.column_stack([s.record, told, np.nan_to_num(s.earlier), ~s.seen]).astype(float)
    names = [f"x{at}" for at in range(x.shape[1])]
    one, other = (float(logistic(x[here], s.answer[here], names).value[-1]) for here in (s.arm == 1, s.arm == 0))
    return one, other


@dataclass(frozen=True)
class Rule:
    """A reading. right: scenarios in which it must recover the truth; in the others it must be seen not to.

    moved: how far imputed answers are moved, as a multiple of the true delta; None where nothing is imputed.
    """

    name: str
    right: tuple[str, ...]
    moved: float | None = None


RULES = (
    Rule(OBSERVED_ONLY, ()),
    Rule(MISSING_IS_USING, ()),
    Rule(LAST_OBSERVATION, ()),
    Rule(WEIGHTED_BY_OBSERVATION, (AT_RANDOM,)),
    Rule(IMPUTED, (AT_RANDOM,), 0.0),
    Rule(DELTA_ADJUSTED, (AT_RANDOM, NOT_AT_RANDOM), 1.0),
)


def answers(s: Sample, seed: int, delta: tuple[float, float]) -> dict[str, Estimate | Pooled]:
    """Every rule's answer of one cohort. delta: the true one of each arm."""
    drawn = {rule.name: rule.moved for rule in RULES if rule.moved is not None}
    found = imputed(s, seed, tuple((by * delta[0], by * delta[1]) for by in drawn.values()))
    return {
        OBSERVED_ONLY: s.means(s.answer, s.seen),
        MISSING_IS_USING: s.means(s.answer * s.seen),
        LAST_OBSERVATION: s.means(np.where(s.seen, s.answer, s.last)),
        WEIGHTED_BY_OBSERVATION: weighted(s),
        **dict(zip(drawn, found, strict=True)),
    }
