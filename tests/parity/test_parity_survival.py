"""Curves, competing risks and restricted means against R's survival, cmprsk and survRM2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from iop_outcomes.estimators.base.estimate import Estimate, difference, log_ratio
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weights
from iop_outcomes.estimators.cox.cause_models import fit_cause_models
from iop_outcomes.estimators.cox.standardised_curves import standardised_incidence
from iop_outcomes.estimators.regression.glm import linear
from iop_outcomes.estimators.survival.cuminc import (
    at_risk,
    by_arm,
    cumulative_incidence,
    restricted_mean,
    survival,
    time_lost,
)

Z = norm.ppf(0.975)
COVARIATES = ["AGE", "BECK", "NDT", "IV3", "RACE", "SITE"]

# g, its derivative and its inverse, of the three intervals of R's survfit
SCALES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "plain": (lambda s: s, np.ones_like, lambda v: v),
    "log": (np.log, lambda s: 1 / s, np.exp),
    "loglog": (lambda s: np.log(-np.log(s)), lambda s: 1 / (s * np.log(s)), lambda v: np.exp(-np.exp(v))),
}


def interval(estimate: Estimate, scale: str) -> tuple[np.ndarray, np.ndarray]:
    forth, slope, back = SCALES[scale]
    on_scale = estimate.transform(estimate.names, forth, np.diag(slope(estimate.value)))
    half = on_scale.critical(0.95) * on_scale.standard_error()
    ends = back(on_scale.value - half), back(on_scale.value + half)
    return np.minimum(*ends), np.maximum(*ends)


@pytest.mark.parametrize("scale", SCALES)
def test_kaplan_meier_uis(scale: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("KM_uis"), reference_data("uis575")
    tolerance = reference["tolerance"]
    for arm in (0, 1):
        expected, group = reference["values"][scale][f"TREAT{arm}"], uis[arm == uis.TREAT]
        curve = survival(group.TIME, group.CENSOR, expected["time"])
        agree(curve.value, expected["surv"], tolerance)
        agree(curve.standard_error(), expected["greenwood_se"], tolerance)
        low, high = interval(curve, scale)
        agree(low, expected["lower"], tolerance)
        agree(high, expected["upper"], tolerance)
        assert at_risk(group.TIME, expected["time"])[0].tolist() == expected["n_risk"]


def test_weighted_kaplan_meier_uis(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("KM_weighted_uis"), reference_data("uis575")
    expected, tolerance = reference["values"], reference["tolerance"]
    score = fit_propensity(uis[COVARIATES], uis.TREAT, names=COVARIATES).score
    weight = weights("iptw_unstabilised", uis.TREAT, score)
    curve = by_arm(
        survival, uis.TREAT, (0, 1), time=uis.TIME, event=uis.CENSOR, times=expected["time"][:5], weight=weight
    )
    agree(curve.value, expected["surv"], tolerance)
    agree(curve.standard_error(), expected["robust_se"], tolerance)
    agree([weight[a == uis.TREAT].sum() for a in (0, 1)], expected["sum_w"], tolerance)
    agree(weight.max(), expected["max_w"], tolerance)


def test_aalen_johansen_mgus2(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, mgus = oracle("AJ_CIF_mgus2"), reference_data("mgus2_cr")
    expected, tolerance, times = (
        reference["values"]["survfit"],
        reference["tolerance"],
        reference["values"]["times"],
    )
    for which, cause in ((1, "pcm"), (2, "death")):
        risk = by_arm(
            cumulative_incidence,
            mgus.sex,
            ("F", "M"),
            time=mgus.etime,
            cause=mgus.event,
            which=which,
            times=times,
        )
        agree(risk.value, expected[f"pstate_{cause}"], tolerance)
        agree(risk.standard_error(), expected[f"se_{cause}"], tolerance)
        overall = cumulative_incidence(mgus.etime, mgus.event, which, times)
        agree(overall.value, expected["overall"][cause], tolerance)
        agree(overall.standard_error(), expected["overall"][f"se_{cause}"], tolerance)
        # cmprsk's variance is of another kind (Aalen's): about a per cent away while many are at risk.
        aalen = [reference["values"]["cuminc_var"][str(2 * which - 1 + sex)] for sex in (0, 1)]
        ours = risk.standard_error().reshape(2, 5)
        agree(ours[:, :4], np.sqrt(aalen)[:, :4], 0.01)


def test_one_minus_kaplan_meier_is_too_high(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, mgus = oracle("AJ_CIF_mgus2"), reference_data("mgus2_cr")
    times = reference["values"]["times"]
    wrong = 1 - survival(mgus.etime, mgus.event == 1, times).value
    agree(wrong, reference["values"]["one_minus_km_pcm_overall"], reference["tolerance"])
    right = cumulative_incidence(mgus.etime, mgus.event, 1, times).value
    assert (wrong > right).all()
    assert wrong[2] > 1.45 * right[2]


RESTRICTED = {
    "uis_tau180": ("uis575", "TIME", "CENSOR", lambda d: d.TREAT),
    "uis_tau365": ("uis575", "TIME", "CENSOR", lambda d: d.TREAT),
    "addicts_tau365": ("addicts", "survtime", "status", lambda d: d.clinic - 1),
    "veteran_tau300": ("veteran", "time", "status", lambda d: d.trt - 1),
}


@pytest.mark.parametrize("key", RESTRICTED)
def test_restricted_mean(key: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference = oracle("RMST")
    expected, tolerance = reference["values"][key], reference["tolerance"]
    file, time, event, arm_of = RESTRICTED[key]
    data, tau = reference_data(file), expected["tau"]
    arm = arm_of(data)
    mean = by_arm(restricted_mean, arm, (1, 0), time=data[time], event=data[event], tau=tau)
    agree(mean.value, [expected["arm1"]["Est."], expected["arm0"]["Est."]], tolerance)
    agree(mean.standard_error(), [expected["arm1"]["se"], expected["arm0"]["se"]], tolerance)
    lost = by_arm(time_lost, arm, (1, 0), time=data[time], cause=data[event], which=1, tau=tau)
    first, second = f"1:{tau}", f"0:{tau}"
    contrasts = (
        (difference(mean, first, second), lambda v: v),
        (log_ratio(mean, first, second), np.exp),
        (log_ratio(lost, first, second), np.exp),
    )
    for at, (contrast, back) in enumerate(contrasts, start=1):
        half = Z * contrast.standard_error()[0]
        ours = [back(contrast.value[0] + d) for d in (0, -half, half)]
        agree([*ours, contrast.p_value()[0]], expected["unadjusted"][str(at)], tolerance)


def test_restricted_mean_as_in_survfit(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("RMST"), reference_data("uis575")
    rows = reference["values"]["survfit_rmean365"]
    mean = by_arm(restricted_mean, uis.TREAT, (0, 1), time=uis.TIME, event=uis.CENSOR, tau=365)
    agree(mean.value, [rows["1"][4], rows["2"][4]], reference["tolerance"])
    agree(mean.standard_error(), [rows["1"][5], rows["2"][5]], reference["tolerance"])


def test_pseudo_values_are_the_influence(oracle: Any, reference_data: Any, agree: Any) -> None:
    # R's pseudo() are infinitesimal-jackknife values: the estimate plus n times each person's influence.
    reference, uis = oracle("RMST"), reference_data("uis575")
    values, tolerance = reference["values"], reference["tolerance"]
    mean = restricted_mean(uis.TIME, uis.CENSOR, 365)
    pseudo = mean.value[0] + len(uis) * mean.influence[:, 0]
    agree(pseudo.mean(), values["pseudo_mean"], tolerance)
    names = ["TREAT", *COVARIATES]
    adjusted = linear(uis[names], pseudo, names)
    agree(adjusted.value, [values["pseudo_coef"][n] for n in ("(Intercept)", *names)], tolerance)
    agree(adjusted.standard_error(), [values["pseudo_hc0_se"][n] for n in ("(Intercept)", *names)], tolerance)


def test_standardised_incidence_mgus2(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, mgus = oracle("CAUSE_SPECIFIC_mgus2"), reference_data("mgus2_cr")
    expected, tolerance = reference["values"], reference["tolerance"]
    male = (mgus.sex == "M").astype(float)
    models = fit_cause_models(np.column_stack([mgus.age, male]), mgus.etime, mgus.event, ("age", "sexM"))
    aged_70 = {str(1 + sex): (models, np.tile([70.0, sex], (len(mgus), 1))) for sex in (0, 1)}
    for form, key in (("product-limit", "cif_age70_product_limit"), ("exponential", "cif_age70_exp")):
        predicted = standardised_incidence(aged_70, 1, expected["times"], form=form)
        agree(predicted.value, [expected[key]["1"], expected[key]["2"]], tolerance)
    both = {str(sex): (models, np.column_stack([mgus.age, np.full(len(mgus), sex)])) for sex in (0, 1)}
    average = standardised_incidence(both, 1, expected["times"])
    agree(average.value, [expected["standardised_cif_sex0"], expected["standardised_cif_sex1"]], tolerance)
