"""Means weighted by the chance of being observed: by hand, against refits, and the doubly robust ones beside them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.doubly_robust import aipw_of_arms
from iop_outcomes.estimators.causal.observed import Score, chance_observed, means_by_observation
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weight_slope, weights
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix
from iop_outcomes.estimators.regression.multinomial import fit_multinomial


def people(n: int = 4_000, seed: int = 1) -> dict[str, np.ndarray]:
    """Arm by x, a record h that follows the arm, an outcome of both, and answers that depend on h alone."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    arm = (rng.random(n) < expit(0.7 * x)).astype(int)
    h = 0.8 * arm + 0.5 * x + rng.normal(size=n)
    y = (rng.random(n) < expit(-0.2 + 0.6 * x + 1.2 * h - 0.8 * arm)).astype(float)
    return {"x": x, "arm": arm, "h": h, "y": y, "seen": rng.random(n) < expit(0.3 + 0.9 * h)}


def by_refit(s: dict[str, np.ndarray], weight: np.ndarray) -> np.ndarray:
    """Means of both arms, score and chance refitted with whole numbers of people."""
    score = fit_propensity(s["x"][:, None], s["arm"], frequency=weight)
    columns = np.column_stack([s["arm"], s["x"], s["h"]])
    chance = chance_observed(columns, s["seen"], frequency=weight)
    base = weights("iptw", s["arm"], score.score, frequency=weight)
    return means_by_observation(s["y"], s["arm"], s["seen"], chance, base, weight).value


def estimate(s: dict[str, np.ndarray]):
    score = fit_propensity(s["x"][:, None], s["arm"])
    chance = chance_observed(np.column_stack([s["arm"], s["x"], s["h"]]), s["seen"])
    base = weights("iptw", s["arm"], score.score)
    known = Score(weight_slope("iptw", s["arm"], score.score), score.nuisance)
    return means_by_observation(s["y"], s["arm"], s["seen"], chance, base, score=known)


def test_two_kinds_of_people_by_hand():
    """Of 4 of one kind all are observed, of 4 of the other half: the observed of those count twice."""
    kind, seen = np.repeat([0, 1], 4), np.array([1, 1, 1, 1, 1, 1, 0, 0], dtype=bool)
    kind, seen = np.tile(kind, 2), np.tile(seen, 2)
    y = np.tile([1.0, 1, 1, 0, 1, 0, np.nan, np.nan], 2)
    arm = np.repeat([1, 0], 8)

    # a kind that is always observed is certain; of the other the chance is one half
    sure = chance_observed(np.empty((16, 0)), seen, certain=kind == 0)
    np.testing.assert_allclose(sure.value, np.where(kind == 0, 1.0, 0.5))
    found = means_by_observation(y, arm, seen, sure)
    np.testing.assert_allclose(found.value, [(3 + 2) / 8] * 2)


def test_everyone_observed_is_the_plain_mean():
    s = people(200)
    chance = chance_observed(s["h"][:, None], np.ones(200, dtype=bool))
    found = means_by_observation(s["y"], s["arm"], np.ones(200, dtype=bool), chance)
    np.testing.assert_allclose(found.value, [s["y"][s["arm"] == a].mean() for a in (1, 0)])
    np.testing.assert_allclose(found.influence[:, 0].sum(), 0, atol=1e-12)


def test_influence_is_the_derivative_by_people_through_both_models():
    """One more person of a kind, with score and chance fitted again, moves the means as the influence says."""
    s = people(400, seed=3)
    found, step = estimate(s), 1
    scale = 200  # each person 200 times, then one of them once more
    many = np.full(400, float(scale))
    start = by_refit(s, many)
    for at in (0, 7, 50, 111, 399):
        more = many.copy()
        more[at] += step
        moved = (by_refit(s, more) - start) * scale
        np.testing.assert_allclose(moved, found.influence[at], rtol=0.02, atol=2e-5)


def test_truth_is_recovered_where_observed_only_is_off():
    s = people(200_000, seed=5)
    rng = np.random.default_rng(6)
    x = rng.normal(size=1_000_000)
    truth = []
    for arm in (1, 0):
        h = 0.8 * arm + 0.5 * x + rng.normal(size=len(x))
        truth.append(expit(-0.2 + 0.6 * x + 1.2 * h - 0.8 * arm).mean())
    found = estimate(s)
    np.testing.assert_allclose(found.value, truth, atol=4 * found.standard_error().max() + 0.001)
    naive = [s["y"][(s["arm"] == a) & s["seen"]].mean() for a in (1, 0)]
    assert naive[0] > truth[0] + 0.05


def doubly_robust(s: dict[str, np.ndarray], frequency: np.ndarray | None = None, right: bool = True):
    """AIPW of arm 0 and 1 with the chance of being observed; right: the outcome regression has x, too."""
    scores = fit_multinomial(model_matrix(s["x"][:, None], ["x"]), s["arm"], frequency=frequency)
    columns = np.column_stack([s["arm"], s["x"], s["h"]])
    chance = chance_observed(columns, s["seen"], frequency=frequency)
    terms = model_matrix((s["x"] if right else np.cos(5 * s["x"]))[:, None], ["t"])
    return aipw_of_arms(
        "logistic", s["y"], s["arm"], ("0", "1"), terms, scores, s["seen"], frequency=frequency, chance=chance
    )


def test_doubly_robust_with_a_chance_has_its_derivative():
    s = people(400, seed=3)
    found, scale = doubly_robust(s), 200
    many = np.full(400, float(scale))
    start = doubly_robust(s, many).value
    for at in (0, 7, 50, 111, 399):
        more = many.copy()
        more[at] += 1
        moved = (doubly_robust(s, more).value - start) * scale
        np.testing.assert_allclose(moved, found.influence[at], rtol=0.02, atol=2e-5)


def test_doubly_robust_with_a_chance_is_right_where_the_regression_is_wrong():
    s = people(100_000, seed=9)
    right, wrong = doubly_robust(s), doubly_robust(s, right=False)
    np.testing.assert_allclose(wrong.value, right.value, atol=0.012)
    without = aipw_of_arms(
        "logistic", s["y"], s["arm"], ("0", "1"), model_matrix(s["x"][:, None], ["x"]),
        fit_multinomial(model_matrix(s["x"][:, None], ["x"]), s["arm"]), s["seen"],
    )  # fmt: skip
    assert without.value[1] > right.value[1] + 0.03


def test_order_and_duplicates_change_nothing():
    s = people(300)
    found, shuffle = estimate(s), np.random.default_rng(0).permutation(300)
    mixed = estimate({k: v[shuffle] for k, v in s.items()})
    np.testing.assert_allclose(mixed.value, found.value)
    np.testing.assert_allclose(mixed.standard_error(), found.standard_error())
    np.testing.assert_allclose(by_refit(s, np.full(300, 3.0)), found.value)


def test_a_kind_that_is_always_observed_is_held_by_a_weak_prior():
    s = people(2_000)
    kind = s["x"] > 2
    seen = s["seen"] | kind
    held = chance_observed(np.column_stack([s["h"], kind]), seen, names=["h", "kind"])
    assert held.value[kind].min() > 0.9
    # to the others it is next to nothing
    others = chance_observed(s["h"][~kind][:, None], seen[~kind], names=["h"])
    np.testing.assert_allclose(held.value[~kind], others.value, atol=2e-3)
    found = means_by_observation(s["y"], s["arm"], seen, held)
    assert (found.standard_error() > 0).all()
    np.testing.assert_allclose(found.influence.sum(axis=0), 0, atol=0.02)


def test_columns_that_say_the_same_change_nothing():
    s = people(1_000)
    one = chance_observed(s["h"][:, None], s["seen"])
    twice = chance_observed(np.column_stack([s["h"], 2 * s["h"]]), s["seen"])
    np.testing.assert_allclose(twice.value, one.value, atol=2e-3)
    found, again = (means_by_observation(s["y"], s["arm"], s["seen"], c) for c in (one, twice))
    np.testing.assert_allclose(found.standard_error(), again.standard_error(), rtol=0.01)


def test_what_is_refused():
    s = people(100)
    with pytest.raises(EstimationError, match="certain"):
        chance_observed(s["h"][:, None], s["seen"], certain=np.ones(100, dtype=bool))
    gone, kind = s["seen"] & (s["arm"] == 1), (s["x"] < 0).astype(float)
    chance = chance_observed(s["h"][:, None], gone)
    with pytest.raises(EstimationError, match="No one in the arm 'arm0'"):
        means_by_observation(s["y"], s["arm"], gone, chance)
    with pytest.raises(EstimationError, match="rows that stand for several people"):
        chance_observed(kind[:, None], kind, names=["kind"], frequency=np.full(100, 2.0))
