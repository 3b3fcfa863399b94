"""The estimators whose recovery of known truth is studied, a row each, and the sample that they work on.

`draw` makes a cohort of PEOPLE at SITES from the weekly course of the synthetic model, without files and cleaning. All
analyses adjust for the same: age, male, severity, primary drug (opioid among its four categories), co-occurring
disorder, unstable housing, mandate, and site as indicators. An estimator takes the sample and returns an Estimate of
one quantity, IOP less residential; `recovery` adds the clusters, the interval and the truth.

Times are whole weeks: who leaves at the end of week t (counted from 0) leaves at time t + 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.causal.effects import OutcomeModel
from iop_outcomes.estimators.causal.propensity import Propensity, fit_propensity
from iop_outcomes.estimators.causal.weights import Quantiles, weight_slope, weights
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories
from iop_outcomes.estimators.survival import cuminc, pseudo
from iop_outcomes.simulate.cohort.model import UNPLANNED, WEEKS, simulate
from iop_outcomes.simulate.cohort.population import Baseline
from iop_outcomes.simulate.cohort.stays import index_exit, stays_of

PEOPLE, SITES = 4_000, 40
HORIZON = 26  # weeks over which time in care is counted
EXIT_WEEKS = (4, 8, 13)
TRUNCATED = (0.01, 0.99)  # some confounding is let back in: a bias of .012 here even with the true score
NUMERIC = ("age", "male", "severity", "cooccurring", "unstable_housing", "mandated")


@dataclass(frozen=True)
class Sample:
    """One cohort; every array is (n,). exit_week, exit_cause: of the index level. care_weeks: in care, any level."""

    site: np.ndarray
    arm: np.ndarray
    matrix: ModelMatrix
    without_site: ModelMatrix
    abstinent: Array
    in_care: Array
    exit_week: Array
    exit_cause: np.ndarray
    care_weeks: Array

    @cached_property
    def propensity(self) -> Propensity:
        """Of IOP, with sites."""
        return fit_propensity(self.matrix, self.arm)

    def weighted(
        self, function: Callable[[Array], Estimate], kind: str, truncated: Quantiles | None = None
    ) -> Estimate:
        """The estimate that `function` makes of weights (n,), with the estimation of the score counted."""
        weight = weights(kind, self.arm, self.propensity.score, truncated=truncated)
        slope = weight_slope(kind, self.arm, self.propensity.score, truncated=truncated)
        return stack(function(weight), slope, self.propensity.nuisance)

    @cached_property
    def exits(self) -> Estimate:
        """Weighted Aalen-Johansen probabilities of unplanned exit from the index level, by arm and week."""
        return self.weighted(
            lambda w: cuminc.by_arm(
                cuminc.cumulative_incidence,
                self.arm,
                (1, 0),
                time=self.exit_week,
                cause=self.exit_cause,
                which=UNPLANNED,
                times=EXIT_WEEKS,
                weight=w,
            ),
            "iptw",
        )

    @cached_property
    def abstinence_model(self) -> OutcomeModel:
        """Logistic, with sites."""
        return outcome_model(self, "logistic", self.abstinent, self.matrix)


def draw(rng: np.random.Generator, people: int = PEOPLE, sites: int = SITES, scenario: str = "base") -> Sample:
    """A cohort with new sites, placed and followed as the scenario has it."""
    course = simulate(people, sites, rng, scenario)
    b, inside = course.baseline, course.level > 0
    days, cause = index_exit(stays_of(course))
    return Sample(
        site=b.site,
        arm=course.arm,
        matrix=_matrix(b, with_site=True),
        without_site=_matrix(b, with_site=False),
        abstinent=(~course.used[:, 22:26].any(axis=1)).astype(float),
        in_care=inside[:, 12].astype(float),
        exit_week=(days + 1) / 7,
        exit_cause=cause,
        care_weeks=inside.sum(axis=1).astype(float),
    )


def _matrix(b: Baseline, with_site: bool) -> ModelMatrix:
    numeric = np.column_stack([getattr(b, name) for name in NUMERIC]).astype(float)
    sites = {"site": b.site} if with_site else {}
    return categories({"drug": b.drug, **sites}, numeric, NUMERIC)


def with_arm(matrix: ModelMatrix, arm: float | np.ndarray) -> Array:
    """(n, 1 + p) the arm, observed or set, and the covariates."""
    table = matrix.dense()
    return np.column_stack([np.broadcast_to(arm, len(table)), table])


def outcome_model(s: Sample, family: str, y: Array, matrix: ModelMatrix) -> OutcomeModel:
    """Regression of y (n,) on the arm and the covariates."""
    return effects.fit_outcome(family, with_arm(matrix, s.arm), y, ("arm", *matrix.names))


def augmented(s: Sample, model: OutcomeModel, matrix: ModelMatrix, propensity: Propensity) -> Estimate:
    """Augmented inverse probability weighting, the estimation of both models counted."""
    ends = with_arm(matrix, 1.0), with_arm(matrix, 0.0)
    return contrast(effects.aipw(model, s.arm, *ends, propensity, stacked=True))


def contrast(means: Estimate) -> Estimate:
    """The first quantity less the second."""
    return difference(means, *means.names)


def weighted_means(outcome: str, kind: str, truncated: Quantiles | None = None) -> Estimator:
    """Difference of Hajek means of an outcome of the sample."""

    def estimate(s: Sample) -> Estimate:
        y = getattr(s, outcome)
        return contrast(s.weighted(lambda w: effects.mean_by_arm(y, s.arm, w), kind, truncated))

    return estimate


def aalen_johansen(week: int) -> Estimator:
    """Difference of the weighted cumulative incidence of unplanned exit by a week."""
    return lambda s: difference(s.exits, f"1:{week}", f"0:{week}")


def naive(s: Sample) -> Estimate:
    """Difference of observed abstinence."""
    return contrast(effects.mean_by_arm(s.abstinent, s.arm))


def standardised(s: Sample) -> Estimate:
    """Abstinence by logistic standardisation."""
    ends = with_arm(s.matrix, 1.0), with_arm(s.matrix, 0.0)
    return contrast(effects.standardised_means(s.abstinence_model, *ends))


def aipw_abstinence(s: Sample) -> Estimate:
    """Logistic model and score with sites."""
    return augmented(s, s.abstinence_model, s.matrix, s.propensity)


def aipw_abstinence_without_site(s: Sample) -> Estimate:
    """Logistic model and score as if there were no sites."""
    model = outcome_model(s, "logistic", s.abstinent, s.without_site)
    return augmented(s, model, s.without_site, fit_propensity(s.without_site, s.arm))


def aipw_in_care(s: Sample) -> Estimate:
    """In care in the thirteenth week; logistic model and score with sites."""
    return augmented(s, outcome_model(s, "logistic", s.in_care, s.matrix), s.matrix, s.propensity)


def one_minus_kaplan_meier(s: Sample) -> Estimate:
    """What is wrong with competing events: every other way of leaving counts as censoring."""
    curves = s.weighted(
        lambda w: cuminc.by_arm(
            cuminc.survival,
            s.arm,
            (0, 1),
            time=s.exit_week,
            event=s.exit_cause == UNPLANNED,
            times=[13],
            weight=w,
        ),
        "iptw",
    )
    return contrast(curves)


def mean_weeks(s: Sample) -> Estimate:
    """Restricted mean of weeks in care, weighted."""
    return contrast(
        s.weighted(
            lambda w: cuminc.by_arm(cuminc.restricted_mean, s.arm, (1, 0), **_care(s), weight=w),
            "iptw",
        )
    )


def aipw_mean_weeks(s: Sample) -> Estimate:
    """Augmented weighting of pseudo-observations of the restricted mean; linear model and score with sites."""
    y = pseudo.pseudo_observations(cuminc.restricted_mean, s.arm, (1, 0), **_care(s))[:, 0]
    return augmented(s, outcome_model(s, "linear", y, s.matrix), s.matrix, s.propensity)


def _care(s: Sample) -> dict[str, object]:
    return {"time": s.care_weeks, "event": s.care_weeks < WEEKS, "tau": [HORIZON]}


Estimator = Callable[[Sample], Estimate]


@dataclass(frozen=True)
class Row:
    """An estimator in the study.

    quantity, estimand: which truth it is held against. negative: known to be wrong, so that it must be refused; its
    bias is measured against `twin`, the right estimator of the same.
    """

    name: str
    quantity: str
    estimand: str
    function: Estimator
    negative: bool = False
    twin: str = ""

    @property
    def truth_key(self) -> str:
        """Its quantity in data/reference/truth_published.csv."""
        return f"{self.quantity}_difference" + ("" if self.estimand == "ATE" else f"_{self.estimand}")


ABSTINENT, IN_CARE, WEEKS_IN_CARE = "abstinent_week_26", "in_care_week_13", "weeks_in_care_26"

ESTIMATORS = (
    Row("abstinence, naive", ABSTINENT, "ATE", naive, negative=True, twin="abstinence, IPTW"),
    Row("abstinence, IPTW", ABSTINENT, "ATE", weighted_means("abstinent", "iptw")),
    Row(
        "abstinence, IPTW truncated",
        ABSTINENT,
        "ATE",
        weighted_means("abstinent", "iptw", TRUNCATED),
        negative=True,
        twin="abstinence, IPTW",
    ),
    Row("abstinence, overlap", ABSTINENT, "ATO", weighted_means("abstinent", "overlap")),
    Row("abstinence, ATT", ABSTINENT, "ATT", weighted_means("abstinent", "att")),
    Row("abstinence, AIPW", ABSTINENT, "ATE", aipw_abstinence),
    Row(
        "abstinence, AIPW without site",
        ABSTINENT,
        "ATE",
        aipw_abstinence_without_site,
        negative=True,
        twin="abstinence, AIPW",
    ),
    Row("abstinence, standardisation", ABSTINENT, "ATE", standardised),
    *(
        Row(f"unplanned exit by week {week}, IPTW Aalen-Johansen", f"unplanned_by_week_{week}", "ATE", function)
        for week, function in ((week, aalen_johansen(week)) for week in EXIT_WEEKS)
    ),
    Row(
        "unplanned exit by week 13, IPTW 1 - Kaplan-Meier",
        "unplanned_by_week_13",
        "ATE",
        one_minus_kaplan_meier,
        negative=True,
        twin="unplanned exit by week 13, IPTW Aalen-Johansen",
    ),
    Row("weeks in care, IPTW restricted mean", WEEKS_IN_CARE, "ATE", mean_weeks),
    Row("weeks in care, AIPW of pseudo-observations", WEEKS_IN_CARE, "ATE", aipw_mean_weeks),
    Row("in care week 13, IPTW", IN_CARE, "ATE", weighted_means("in_care", "iptw")),
    Row("in care week 13, overlap", IN_CARE, "ATO", weighted_means("in_care", "overlap")),
    Row("in care week 13, ATT", IN_CARE, "ATT", weighted_means("in_care", "att")),
    Row("in care week 13, AIPW", IN_CARE, "ATE", aipw_in_care),
)
