"""The estimators that compute the references: where each of them lives, said once."""

from __future__ import annotations

from iop_outcomes.estimators.base.estimate import Estimate, difference, join, log_ratio
from iop_outcomes.estimators.base.inference import equivalence, interval, joint
from iop_outcomes.estimators.base.pooling import Pooled, barnard_rubin, pool
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.balance import distance, standardised_difference, variance_ratio
from iop_outcomes.estimators.causal.effects import OutcomeModel, aipw, fit_outcome, mean_by_arm, standardised_means
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import group_means, weight_slope, weights
from iop_outcomes.estimators.cox.cause_models import fit_cause_models
from iop_outcomes.estimators.cox.cox import CoxFit, cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.cox.logrank import logrank
from iop_outcomes.estimators.cox.proportionality import proportional_hazards_test
from iop_outcomes.estimators.cox.standardised_curves import standardised_survival
from iop_outcomes.estimators.regression.few_clusters import cr2
from iop_outcomes.estimators.regression.gee import gee
from iop_outcomes.estimators.regression.glm import linear, logistic
from iop_outcomes.estimators.regression.multinomial import fit_multinomial
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.cuminc import (
    at_risk,
    by_arm,
    cumulative_incidence,
    hazards,
    restricted_mean,
    survival,
)
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.gray import gray_test
from iop_outcomes.estimators.survival.limits import limits
from iop_outcomes.estimators.survival.parametric import accelerated_failure_time, interval_failure_time
from iop_outcomes.estimators.survival.pseudo import pseudo_regression, pseudo_values
from iop_outcomes.estimators.survival.turnbull import turnbull
from iop_outcomes.estimators.survival.whole_curve import incidence_curves, survival_curve
from iop_outcomes.estimators.two_by_two.equivalence import means
from iop_outcomes.estimators.two_by_two.proportions import log_risk_ratio, newcombe, risk_contrast, wilson
from iop_outcomes.estimators.two_by_two.stratified import mantel_haenszel

__all__ = [
    "CoxFit",
    "Estimate",
    "OutcomeModel",
    "Pooled",
    "accelerated_failure_time",
    "aipw",
    "at_risk",
    "barnard_rubin",
    "by_arm",
    "concordance",
    "cox",
    "cr2",
    "cumulative_incidence",
    "difference",
    "distance",
    "equivalence",
    "fine_gray",
    "fit_cause_models",
    "fit_multinomial",
    "fit_outcome",
    "fit_propensity",
    "gee",
    "gray_test",
    "group_means",
    "hazards",
    "incidence_curves",
    "interval",
    "interval_failure_time",
    "join",
    "joint",
    "limits",
    "linear",
    "log_ratio",
    "log_risk_ratio",
    "logistic",
    "logrank",
    "mantel_haenszel",
    "mean_by_arm",
    "means",
    "nelson_aalen",
    "newcombe",
    "pool",
    "proportional_hazards_test",
    "pseudo_regression",
    "pseudo_values",
    "restricted_mean",
    "risk_contrast",
    "stack",
    "standardised_difference",
    "standardised_means",
    "standardised_survival",
    "survival",
    "survival_curve",
    "turnbull",
    "variance_ratio",
    "weight_slope",
    "weights",
    "wilson",
]
