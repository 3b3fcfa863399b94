"""Means by a dose, weighted by a generalised propensity score: by hand, on the truth of simulated people, against
another implementation, and what no order of rows may change. Wrong ways (no weights, a form that does not fit,
adjusting for what the dose did, leavers among those with few hours) are off."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from statsmodels.genmod.families import Binomial, Gamma
from statsmodels.genmod.families.links import Log
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.regression.linear_model import WLS

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.dose_density import FORMS, fit_density
from iop_outcomes.estimators.causal.effects import fit_outcome, standardised_curve
from iop_outcomes.estimators.causal.generalised_propensity import (
    by_category,
    by_dose,
    category_weights,
    dose_correlation,
    dose_weights,
    effective_near,
    seen_in_all,
    unweighted,
)
from iop_outcomes.estimators.causal.marginal_structural import TRUNCATIONS, Weights
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix

Sample = dict[str, np.ndarray]
GRID = np.array([3.0, 6.0, 9.0, 12.0])
CUTS, LEVELS = (4.0, 9.0), ("few", "some", "many")


def drawn(n: int, seed: int, dose: float | None = None) -> Sample:
    """People whose risk lowers their hours and their outcome. Hours lower use in the first weeks, which lowers the
    outcome; some leave early, more of those who use, and attended nothing afterwards. dose: had all had it.
    """
    rng = np.random.default_rng(seed)
    risk, home = rng.normal(size=n), (rng.random(n) < 0.4).astype(float)
    hours = rng.gamma(4.0, np.exp(1.9 - 0.2 * risk - 0.2 * home) / 4.0)
    hours = np.where(rng.random(n) < expit(-3.5 + 0.8 * risk), 0.0, hours)
    if dose is not None:
        hours = np.full(n, dose)
    used = (rng.random(n) < expit(0.8 + 0.5 * risk - 0.15 * hours)).astype(float)
    left = rng.random(n) < expit(-2 + 2.0 * used)
    y = (rng.random(n) < expit(0.6 - 0.7 * risk - 0.5 * home + 0.05 * hours - 1.2 * used - 0.8 * left)).astype(float)
    return {"x": np.column_stack([risk, home]), "hours": hours, "used": used, "left": left, "y": y}


TRUTH = np.array([drawn(400_000, 2, dose)["y"].mean() for dose in GRID])


def curve(s: Sample, weights: Weights | None = None) -> Estimate:
    own = dose_weights(s["x"], s["hours"]) if weights is None else weights
    return by_dose(s["y"], s["hours"], GRID).means(own).estimate


def gap(values: np.ndarray) -> float:
    return float(values[-1] - values[0])


def test_weights_and_means_of_categories_by_hand() -> None:
    # of those with the covariate 1, 2 and 3 in each category, of those without 6, 3 and 3
    x = np.repeat([1.0, 0.0], [6, 12])
    category = np.array([0, 1, 1, 2, 2, 2] + [0] * 6 + [1] * 3 + [2] * 3)
    y = np.array([1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1], dtype=float)
    weights = category_weights(x[:, None], category)
    share, of_x = np.array([7, 5, 6]) / 18, np.where(x == 1, 6, 12)
    own = np.where(x == 1, np.array([1, 2, 3])[category], np.array([6, 3, 3])[category]) / of_x
    np.testing.assert_allclose(weights.weight, share[category] / own, rtol=1e-7)
    means = by_category(y, category, LEVELS).means(weights).estimate
    # standardised to the 6 and 12 of 18
    np.testing.assert_allclose(
        means.value, [1 / 3 * 1 + 2 / 3 * 2 / 6, 1 / 3 * 0.5 + 2 / 3 / 3, (1 / 3 + 2 / 3) * 2 / 3], rtol=1e-6
    )
    assert unweighted(18).mean == 1


@pytest.mark.parametrize("form", list(FORMS))
def test_weights_of_a_number_by_hand(form: str) -> None:
    rng = np.random.default_rng(1)
    x, dose = np.repeat([0.0, 1.0], 20), np.concatenate([rng.gamma(3, 2, 20), rng.gamma(3, 3, 20)])
    weights = dose_weights(x[:, None], dose, form)
    mean = np.where(x == 1, dose[20:].mean(), dose[:20].mean())
    if form == "normal":
        theirs = stats.norm.pdf(dose, dose.mean(), dose.std()) / stats.norm.pdf(
            dose, mean, np.sqrt(np.mean((dose - mean) ** 2))
        )
    else:
        # of a gamma given its mean the likelihood is highest where the mean of doses by their mean less their
        # logarithm tells the shape
        shapes = [stats.gamma.fit(dose / m, floc=0, fscale=None)[0] for m in (dose.mean(), mean)]
        theirs = stats.gamma.pdf(dose, shapes[0], scale=dose.mean() / shapes[0]) / stats.gamma.pdf(
            dose, shapes[1], scale=mean / shapes[1]
        )
    np.testing.assert_allclose(weights.weight, theirs, rtol=2e-3)


def test_who_has_none_is_weighed_by_the_chance_of_it() -> None:
    x = np.repeat([0.0, 1.0], [10, 20])
    dose = np.concatenate([np.zeros(2), np.linspace(2, 9, 8), np.zeros(10), np.linspace(1, 7, 10)])
    weights = dose_weights(x[:, None], dose).weight
    none = dose == 0
    np.testing.assert_allclose(weights[none], (12 / 30) / np.where(x[none] == 1, 0.5, 0.2), rtol=0.02)
    alone = dose_weights(x[~none][:, None], dose[~none]).weight
    np.testing.assert_allclose(weights[~none], alone * (18 / 30) / np.where(x[~none] == 1, 0.5, 0.8), rtol=0.02)


def test_truth_is_recovered_where_wrong_ways_are_off() -> None:
    s = drawn(40_000, 1)
    found, error = curve(s).value, curve(s).standard_error()
    assert (np.abs(found - TRUTH) < 3.5 * error).all(), (found, TRUTH, error)
    assert error.max() < 0.016
    category = np.searchsorted(CUTS, s["hours"], side="right")
    means = by_category(s["y"], category, LEVELS).means(category_weights(s["x"], category)).estimate
    # within a category hours still go with risk, as their means do: near the curve at its mean hours
    at = [np.average(s["hours"][category == k]) for k in range(3)]
    near = by_dose(s["y"], s["hours"], at).means(dose_weights(s["x"], s["hours"])).estimate.value
    np.testing.assert_allclose(means.value, near, atol=0.025)
    naive = curve(s, unweighted(40_000)).value
    assert gap(naive) > gap(TRUTH) + 0.08
    # use of the same weeks is a consequence of the hours, and holds a part of what they do
    at_knots = splines.knots(s["hours"], 4)

    def columns(dose: float | np.ndarray) -> np.ndarray:
        return np.column_stack([splines.basis(np.broadcast_to(dose, 40_000), at_knots), s["x"], s["used"]])

    model = fit_outcome("logistic", columns(s["hours"]), s["y"], [f"column {j}" for j in range(6)])
    assert gap(standardised_curve(model, columns, GRID).value) < gap(TRUTH) - 0.05
    # hours of the window of those who left before its end are few because they left
    counted = {**s, "hours": np.where(s["left"], s["hours"] * 0.3, s["hours"])}
    assert gap(curve(counted).value) > gap(TRUTH) + 0.05


def test_a_density_of_the_wrong_form_weighs_wrongly_where_doses_are_large() -> None:
    """Skewed hours, of which a few have many: by a normal density the curve is off there, and the balance."""
    rng, n = np.random.default_rng(6), 120_000
    risk = rng.normal(size=(n, 1))
    hours = rng.gamma(1.5, np.exp(1.9 - 0.3 * risk[:, 0]) / 1.5)
    y = (rng.random(n) < expit(-1.0 - risk[:, 0] + 0.1 * hours)).astype(float)
    grid = np.array([3.0, 9.0, 20.0])
    truth = np.array([expit(-1.0 - rng.normal(size=400_000) + 0.1 * dose).mean() for dose in grid])
    right, wrong = (dose_weights(risk, hours, form) for form in ("gamma", "normal"))
    found = by_dose(y, hours, grid).means(right).estimate
    assert (np.abs(found.value - truth) < 3.5 * found.standard_error()).all()
    off = by_dose(y, hours, grid).means(wrong).estimate
    assert (np.abs(off.value - truth) > 5 * off.standard_error()).any()
    assert right.mean == pytest.approx(1, abs=0.02)
    before, after, still = (
        abs(dose_correlation(risk, hours, weight)[0]) for weight in (None, right.weight, wrong.weight)
    )
    assert before > 0.25
    assert after < 0.03
    assert still > max(0.03, 2 * after)
    # where hours spread alike everywhere, normal is the right one
    alike = np.maximum(20 - 2 * risk[:, 0] + 3 * rng.normal(size=n), 0.1)
    assert abs(dose_correlation(risk, alike, dose_weights(risk, alike, "normal").weight)[0]) < 0.05


def test_the_standard_error_is_that_of_repeated_samples_and_counts_the_score() -> None:
    each, categories = [], []
    for seed in range(100, 220):
        s = drawn(1_500, seed)
        each.append(curve(s))
        category = np.searchsorted(CUTS, s["hours"], side="right")
        categories.append(by_category(s["y"], category, LEVELS).means(category_weights(s["x"], category)))
    for found in (each, [c.estimate for c in categories]):
        spread = np.std([e.value for e in found], axis=0, ddof=1)
        np.testing.assert_allclose(np.mean([e.standard_error() for e in found], axis=0), spread, rtol=0.2)
    held = [np.abs(e.value - TRUTH) < 1.96 * e.standard_error() for e in each]
    assert (np.mean(held, axis=0) > 0.88).all()
    # a score that was estimated takes away noise, which the error with known weights does not know
    known = np.mean([c.known.standard_error() for c in categories], axis=0)
    assert (np.mean([c.estimate.standard_error() for c in categories], axis=0) < 0.97 * known).all()


def test_another_implementation_gives_the_same() -> None:
    s = drawn(2_000, 3)
    there = s["hours"] > 0
    x, hours, y = s["x"][there], s["hours"][there], s["y"][there]
    table = np.column_stack([np.ones(len(x)), x])
    density = fit_density("gamma", x, hours, ("risk", "home"))
    model = GLM(hours, table, Gamma(Log())).fit(tol=1e-13, maxiter=200)
    np.testing.assert_allclose(density.coefficient, model.params, rtol=1e-7)
    line = WLS(hours, table).fit()
    np.testing.assert_allclose(fit_density("normal", x, hours, ("risk", "home")).coefficient, line.params, rtol=1e-8)
    robust = density.influence[:, 1:3] / x.std(axis=0)  # in the units of the columns
    np.testing.assert_allclose(
        np.sqrt((robust**2).sum(axis=0)), GLM(hours, table, Gamma(Log())).fit(cov_type="HC0").bse[1:], rtol=0.02
    )
    weights = dose_weights(x, hours)
    found = by_dose(y, hours, GRID).means(weights)
    at = splines.knots(hours, 4)
    design = np.column_stack([np.ones(len(x)), splines.basis(hours, at)])
    outcome = GLM(y, design, Binomial(), var_weights=weights.weight).fit(cov_type="HC0", tol=1e-13)
    points = np.column_stack([np.ones(4), splines.basis(GRID, at)])
    np.testing.assert_allclose(found.known.value, outcome.predict(points), rtol=1e-7)
    np.testing.assert_allclose(found.known.standard_error(), outcome.get_prediction(points).se_mean, rtol=1e-4)
    # leaving groups of people out and doing everything anew
    group = np.arange(len(x)) % 50
    out = [
        by_dose(y[group != i], hours[group != i], GRID).means(dose_weights(x[group != i], hours[group != i]))
        for i in range(50)
    ]
    values = np.array([o.estimate.value for o in out])
    jackknife = np.sqrt(49 / 50 * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(found.estimate.clustered(group).standard_error(), jackknife, rtol=0.1)


def test_order_weights_duplicates_and_units() -> None:
    s = drawn(600, 4)
    category = np.searchsorted(CUTS, s["hours"], side="right")

    def both(t: Sample, weight: np.ndarray | None = None) -> list[Estimate]:
        group = np.searchsorted(CUTS, t["hours"], side="right")
        of_dose = by_dose(t["y"], t["hours"], GRID, weight=weight).means(dose_weights(t["x"], t["hours"]))
        of_group = by_category(t["y"], group, LEVELS, weight=weight).means(category_weights(t["x"], group))
        return [of_dose.estimate, of_group.estimate]

    turned = np.random.default_rng(0).permutation(600)
    plain = both(s)
    for one, other in zip(plain, both({name: v[turned] for name, v in s.items()}), strict=True):
        np.testing.assert_allclose(other.value, one.value, rtol=1e-9)
        np.testing.assert_allclose(other.influence, one.influence[turned], atol=1e-11)
    for one, other in zip(plain, both(s, np.full(600, 7.0)), strict=True):
        np.testing.assert_allclose(other.value, one.value, rtol=1e-9)
        np.testing.assert_allclose(other.standard_error(), one.standard_error(), rtol=1e-9)
    shifted = {**s, "x": 1e4 + 25.0 * s["x"]}
    for one, other in zip(plain, both(shifted), strict=True):
        np.testing.assert_allclose(other.value, one.value, rtol=1e-6)
        np.testing.assert_allclose(other.standard_error(), one.standard_error(), rtol=1e-5)
    twice = both({name: np.concatenate([v, v]) for name, v in s.items()})
    np.testing.assert_allclose(twice[1].value, plain[1].value, rtol=1e-9)
    np.testing.assert_allclose(twice[1].standard_error(), plain[1].standard_error() / np.sqrt(2), rtol=1e-9)
    np.testing.assert_allclose(twice[0].standard_error(), plain[0].standard_error() / np.sqrt(2), rtol=0.02)
    hidden = np.where(np.arange(600) % 4 == 0, np.nan, s["y"])
    seen = ~np.isnan(hidden)
    found = by_category(hidden, category, LEVELS, seen).means(category_weights(s["x"], category)).estimate
    assert (found.influence[~seen] != 0).any()
    assert found.takes_part.sum() == seen.sum()


def test_weights_are_brought_in_and_told_of() -> None:
    s = drawn(3_000, 8)
    weights, response = dose_weights(s["x"], s["hours"]), by_dose(s["y"], s["hours"], GRID)
    table = response.truncations(weights)
    assert tuple(table) == TRUNCATIONS
    effective = [one.weights.effective for one in table.values()]
    assert effective == sorted(effective)
    naive = response.means(unweighted(3_000)).estimate.value
    away = [np.abs(one.estimate.value - naive).sum() for one in table.values()]
    assert away[0] > away[-1]
    np.testing.assert_allclose(table[0.0, 1.0].estimate.value, response.means(weights).estimate.value)


def test_balance_is_measured_by_the_ruler_before_weighting() -> None:
    rng = np.random.default_rng(0)
    x, dose, weight = rng.normal(size=(50, 2)), rng.gamma(2, 2, 50), rng.random(50)
    found = dose_correlation(x, dose, weight)
    means = [np.average(v, weights=weight) for v in (x[:, 0], dose)]
    covariance = np.average((x[:, 0] - means[0]) * (dose - means[1]), weights=weight)
    assert found[0] == pytest.approx(covariance / (x[:, 0].std() * dose.std()))
    np.testing.assert_allclose(dose_correlation(x, dose), [np.corrcoef(c, dose)[0, 1] for c in x.T])
    assert dose_correlation(np.ones((50, 1)), dose)[0] == 0
    # three people within an hour of 5, weighing 1, 1 and 2; of 20 within three hours
    near = effective_near([4.2, 5.0, 5.9, 17.5, 30.0], [5.0, 20.0, 60.0], [1.0, 1.0, 2.0, 1.0, 1.0])
    np.testing.assert_allclose(near, [16 / 6, 1, 0])


def test_what_cannot_be_estimated_is_refused() -> None:
    s = drawn(200, 7)
    with pytest.raises(EstimationError, match="A dose is 0 or more"):
        dose_weights(s["x"], s["hours"] - 5)
    with pytest.raises(EstimationError, match="no density of the form 'beta'"):
        dose_weights(s["x"], s["hours"], "beta")
    with pytest.raises(EstimationError, match="Everyone has the same dose"):
        dose_weights(s["x"], np.full(200, 9.0))
    with pytest.raises(EstimationError, match="doses above 0"):
        fit_density("gamma", s["x"], s["hours"] * 0)
    with pytest.raises(EstimationError, match="gamma model of the dose has collinear columns"):
        dose_weights(np.column_stack([s["x"], s["x"][:, 0]]), s["hours"] + 1)
    with pytest.raises(EstimationError, match="'column 1' is missing"):
        dose_weights(np.where(s["x"] > 2, np.nan, s["x"]), s["hours"])
    # a value that some category never has
    category = np.searchsorted(CUTS, s["hours"], side="right")
    table = np.column_stack([s["x"], (np.arange(200) % 2) * (category < 2)])
    with pytest.raises(EstimationError, match="separation"):
        category_weights(table, category, ("risk", "home", "rare"))
    kept = seen_in_all(ModelMatrix(table, ("risk", "home", "rare")), category)
    assert kept.names == ("risk", "home")
    assert category_weights(kept, category).mean == pytest.approx(1, abs=0.1)
