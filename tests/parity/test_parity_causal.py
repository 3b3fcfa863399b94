"""Weights, balance, standardisation and augmented weighting against R on NHEFS (Hernan & Robins, What If,
part II).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.balance import effective_sample_size, standardised_difference
from iop_outcomes.estimators.causal.coded_balance import table_of_codes
from iop_outcomes.estimators.causal.effects import aipw, fit_outcome, mean_by_arm, standardised_means
from iop_outcomes.estimators.causal.propensity import Propensity, fit_propensity
from iop_outcomes.estimators.causal.weights import truncate, weight_slope, weights
from iop_outcomes.estimators.regression.glm import linear

KINDS = {
    "ATE": "iptw_unstabilised",
    "ATE_stab": "iptw",
    "ATT": "att",
    "ATC": "atc",
    "ATO": "overlap",
    "ATM": "matching",
    "ENT": "entropy",
}
SQUARED = ("age", "smokeintensity", "smokeyrs", "wt71")
FACTORS = ("education", "exercise", "active")


def terms(data: pd.DataFrame) -> pd.DataFrame:
    """The model of What If, chapter 12, columns named and ordered as R does."""
    parts: dict[str, pd.Series] = {}
    for name in ("sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71"):
        if name in FACTORS:
            for level in sorted(data[name].unique())[1:]:
                parts[f"factor({name}){int(level)}"] = data[name] == level
        else:
            parts[name] = data[name]
        if name in SQUARED:
            parts[f"I({name}^2)"] = data[name] ** 2
    return pd.DataFrame(parts).astype(float)


@pytest.fixture(scope="module")
def nhefs(reference_data: Any) -> pd.DataFrame:
    return reference_data("nhefs_complete")


@pytest.fixture(scope="module")
def score(nhefs: pd.DataFrame) -> Propensity:
    x = terms(nhefs)
    return fit_propensity(x, nhefs.qsmk, names=list(x))


def test_propensity_score(nhefs: Any, score: Propensity, oracle: Any, agree: Any) -> None:
    reference = oracle("IPTW_NHEFS")
    values, tolerance = reference["values"], reference["tolerance"]
    assert list(values["ps_coef"])[1:] == list(score.names[1:])
    agree(score.coefficient, list(values["ps_coef"].values()), tolerance)
    agree([score.score.min(), score.score.max()], values["ps_range"], tolerance)
    agree(score.score[nhefs.qsmk == 1].mean(), values["ps_mean_treated"], tolerance)
    agree(score.score[nhefs.qsmk == 0].mean(), values["ps_mean_control"], tolerance)


@pytest.mark.parametrize("key", [*KINDS, "ATE_stab_trunc1_99"])
def test_weighted_means(key: str, nhefs: Any, score: Propensity, oracle: Any, agree: Any) -> None:
    reference = oracle("IPTW_NHEFS")
    expected, tolerance = reference["values"][key], reference["tolerance"]
    if key in KINDS:
        weight = weights(KINDS[key], nhefs.qsmk, score.score)
    else:
        weight = truncate(weights("iptw", nhefs.qsmk, score.score))[0]
    means = mean_by_arm(nhefs.wt82_71, nhefs.qsmk, weight)
    agree(means.value, [expected["mean1"], expected["mean0"]], tolerance)
    effect = difference(means, "arm1", "arm0")
    agree(effect.value, expected["est"], tolerance)
    agree(effect.standard_error(), expected["se_HC0"], tolerance)
    agree([weight.mean(), weight.max()], [expected["w_mean"], expected["w_max"]], tolerance)
    ess = [effective_sample_size(weight[nhefs.qsmk == a]) for a in (1, 0)]
    agree(ess, [expected["ess1"], expected["ess0"]], tolerance)
    # The same contrast as a weighted regression on the arm.
    slope = linear(nhefs[["qsmk"]], nhefs.wt82_71, ["qsmk"], weight=weight).take("qsmk")
    agree([slope.value, slope.standard_error()], [expected["est"], expected["se_HC0"]], tolerance)


@pytest.mark.parametrize("key", ["ATE", "ATT", "ATO"])
def test_stacked_standard_errors(key: str, nhefs: Any, score: Propensity, oracle: Any, agree: Any) -> None:
    reference = oracle("IPTW_NHEFS")
    expected = reference["values"]["stacked_M"][key]
    kinds = [KINDS[key]] + (["iptw"] if key == "ATE" else [])  # stabilising changes no Hajek estimate
    for kind in kinds:
        means = mean_by_arm(nhefs.wt82_71, nhefs.qsmk, weights(kind, nhefs.qsmk, score.score))
        jacobian = weight_slope(kind, nhefs.qsmk, score.score)
        effect = difference(stack(means, jacobian, score.nuisance), "arm1", "arm0")
        agree(effect.value, expected["est"], reference["tolerance"])
        agree(effect.standard_error(), expected["se"], reference["tolerance"])


@pytest.mark.parametrize(("key", "kind"), [("unweighted", None), ("ATE", "iptw"), ("ATT", "att"), ("ATO", "overlap")])
def test_balance(key: str, kind: str | None, nhefs: Any, score: Propensity, oracle: Any, agree: Any) -> None:
    reference = oracle("SMD_NHEFS")
    expected = reference["values"][key]
    x = terms(nhefs).assign(**{"factor(education)1": (nhefs.education == 1).astype(float)})[list(expected)]
    weight = None if kind is None else weights(kind, nhefs.qsmk, score.score)
    balance = standardised_difference(x, nhefs.qsmk, weight)
    agree(balance, list(expected.values()), reference["tolerance"])
    if key == "ATO":
        assert np.abs(balance).max() < 1e-12
    coded = table_of_codes(
        [nhefs[c].to_numpy().astype(np.int8) for c in ("sex", "education", "exercise", "active")],
        [2, 6, 3, 3],
        nhefs.qsmk.to_numpy(),
        weight,
    )
    shown = ["sex", *(f"factor(education){k}" for k in range(1, 6))]
    shown += [f"factor({name}){k}" for name in ("exercise", "active") for k in (1, 2)]
    agree(coded.difference[[1, 3, 4, 5, 6, 7, 9, 10, 12, 13]], [expected[n] for n in shown], reference["tolerance"])


def outcome_columns(x: pd.DataFrame, arm: object) -> pd.DataFrame:
    return x.assign(qsmk=arm, interaction=arm * x.smokeintensity)


@pytest.mark.parametrize("interaction", [True, False])
def test_standardisation_and_aipw(interaction: bool, nhefs: Any, score: Propensity, oracle: Any, agree: Any) -> None:
    reference = oracle("GFORM_AIPW_NHEFS")
    values, tolerance, n = reference["values"], reference["tolerance"], len(nhefs)
    x, arm = terms(nhefs), nhefs.qsmk
    names = (*x, "qsmk", "interaction") if interaction else (*x, "qsmk")
    design, one, zero = (outcome_columns(x, a)[list(names)] for a in (arm, 1.0, 0.0))
    model = fit_outcome("linear", design, nhefs.wt82_71, names)
    standard = standardised_means(model, one, zero)
    if interaction:
        agree(standard.value, [values["gformula"]["E1"], values["gformula"]["E0"]], tolerance)
        agree(difference(standard, "arm1", "arm0").value, values["gformula"]["diff"], tolerance)
    else:
        agree(model.coefficient[model.names.index("qsmk")], values["outcome_reg_no_int"], tolerance)
    doubly = difference(aipw(model, arm, one, zero, score), "arm1", "arm0")
    expected = values["aipw" if interaction else "aipw_no_int"]
    agree(doubly.value, expected["est"], tolerance)
    # R's is sd(phi) / sqrt(n) with the denominator n - 1 in sd; ours is the sum of squared influences.
    agree(doubly.standard_error() * np.sqrt(n / (n - 1)), expected["se"], tolerance)


def test_treatment_and_censoring_weights(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, everyone = oracle("IPTW_IPCW_NHEFS"), reference_data("nhefs")
    values, tolerance = reference["values"], reference["tolerance"]
    x, seen = terms(everyone), everyone.wt82_71.notna().to_numpy()
    assert (len(everyone), seen.sum()) == (values["n"], values["n_uncens"])
    treatment = weights("iptw", everyone.qsmk, fit_propensity(x, everyone.qsmk, names=list(x)).score)
    full, arm_only = x.assign(qsmk=everyone.qsmk), everyone[["qsmk"]]
    denominator = fit_propensity(full, seen, names=list(full)).score
    numerator = fit_propensity(arm_only, seen, names=["qsmk"]).score
    weight = treatment * numerator / denominator
    effect = difference(mean_by_arm(everyone.wt82_71, everyone.qsmk, weight, observed=seen), "arm1", "arm0")
    agree(effect.value, values["est"], tolerance)
    agree(effect.standard_error(), values["se_HC0"], tolerance)
    agree(weight[seen].mean(), values["sw_mean"], tolerance)
    agree([weight[seen].min(), weight[seen].max()], values["sw_range"], tolerance)
