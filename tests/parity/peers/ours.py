"""The estimators that compute the references: where each of them lives, said once."""

from __future__ import annotations

from iop_outcomes.estimators.balance import distance, standardised_difference, variance_ratio
from iop_outcomes.estimators.cause_models import fit_cause_models
from iop_outcomes.estimators.concordance import concordance
from iop_outcomes.estimators.cox import CoxFit, cox
from iop_outcomes.estimators.cuminc import at_risk, by_arm, cumulative_incidence, hazards, restricted_mean, survival
from iop_outcomes.estimators.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.effects import OutcomeModel, aipw, fit_outcome, mean_by_arm, standardised_means
from iop_outcomes.estimators.equivalence import means
from iop_outcomes.estimators.estimate import Estimate, difference, join, log_ratio, stack
from iop_outcomes.estimators.few_clusters import cr2
from iop_outcomes.estimators.fine_gray import fine_gray
from iop_outcomes.estimators.gee import gee
from iop_outcomes.estimators.gray_test import gray_test
from iop_outcomes.estimators.inference import equivalence, interval, joint
from iop_outcomes.estimators.limits import limits
from iop_outcomes.estimators.logrank import logrank
from iop_outcomes.estimators.multinomial import fit_multinomial
from iop_outcomes.estimators.parametric import accelerated_failure_time, interval_failure_time
from iop_outcomes.estimators.pooling import Pooled, barnard_rubin, pool
from iop_outcomes.estimators.propensity import fit_propensity
from iop_outcomes.estimators.proportionality import proportional_hazards_test
from iop_outcomes.estimators.proportions import log_risk_ratio, newcombe, risk_contrast, wilson
from iop_outcomes.estimators.pseudo import pseudo_regression, pseudo_values
from iop_outcomes.estimators.regression import linear, logistic
from iop_outcomes.estimators.standardised_curves import standardised_survival
from iop_outcomes.estimators.stratified import mantel_haenszel
from iop_outcomes.estimators.turnbull import turnbull
from iop_outcomes.estimators.weights import group_means, weight_slope, weights
from iop_outcomes.estimators.whole_curve import incidence_curves, survival_curve

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
