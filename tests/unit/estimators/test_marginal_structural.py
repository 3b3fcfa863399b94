"""Means under histories of weekly categories: by hand, on the truth of simulated people, against another
implementation, and what no order of rows may change. Wrong ways (no weights, baseline alone, regression on what came
between) are off."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.discrete.discrete_model import Logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.marginal_structural import (
    TRUNCATIONS,
    Choice,
    MarginalStructuralModel,
    Structural,
    Weights,
    chain,
    stabilised_weights,
    weeks_in_categories,
)
from iop_outcomes.estimators.regression.glm import linear

Sample = dict[str, np.ndarray]
# What If, table 20.1: A0, L1, A1, people, mean outcome. Treatment does nothing: 60 under every history
WHAT_IF = [
    (0, 0, 0, 2400, 84), (0, 0, 1, 1600, 84), (0, 1, 0, 2400, 52), (0, 1, 1, 9600, 52),
    (1, 0, 0, 4800, 76), (1, 0, 1, 3200, 76), (1, 1, 0, 1600, 44), (1, 1, 1, 6400, 44),
]  # fmt: skip
WEEKS, CATEGORIES = 5, 3


def test_every_cell_of_the_published_table_is_sixty() -> None:
    first, between, second, people, mean = (np.array(c) for c in zip(*WHAT_IF, strict=True))
    a0, l1, a1, y = (np.repeat(v, people) for v in (first, between, second, mean))
    n = len(y)
    person, at = np.tile(np.arange(n), 2), np.repeat([0, 1], n)
    before = np.r_[np.zeros(n), a0]
    changing = np.column_stack([np.r_[np.zeros(n), l1], np.r_[np.zeros(n), l1 * a0]])
    taken = np.r_[a0, a1]
    choices = [Choice(taken, at == 0), Choice(taken, at == 1)]
    weights = stabilised_weights(choices, person, before[:, None], changing, n)
    # of those without the first treatment 7 in 10 had the second, of the others 6 in 10
    own = np.where(a0 == 0, np.where(a1, 0.7, 0.3), np.where(a1, 0.6, 0.4))
    by_between = np.where(l1 == 1, np.where(a1, 0.8, 0.2), np.where(a1, 0.4, 0.6))
    np.testing.assert_allclose(weights.weight, own / by_between, rtol=1e-4)
    model = MarginalStructuralModel("linear", y, np.column_stack([a0, a1, a0 * a1]))
    regimes = {f"{i}{j}": [i, j, i * j] for i in (0, 1) for j in (0, 1)}
    np.testing.assert_allclose(model.means(regimes, weights).estimate.value, 60.0, atol=2e-3)
    alone = Weights(np.ones(n), (), np.ones(n, dtype=bool))
    crude = model.means(regimes, alone).estimate.value
    assert crude[3] - crude[0] == pytest.approx(-13.3333, abs=1e-3)
    adjusted = linear(np.column_stack([a0, a1, l1]), y, ("a0", "a1", "l1"))
    assert adjusted.value[1] == pytest.approx(-8.0)


def drawn(n: int, seed: int, always: int | None = None) -> Sample:
    """People over five weeks: use lowers the hours of a week (none, some, many), hours lower use from then on, and use
    in all weeks decides the outcome. always: had everyone been in that category in every week.
    """
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    used, category = np.zeros((n, WEEKS)), np.zeros((n, WEEKS), dtype=np.int64)
    before, last = (rng.random(n) < 0.5).astype(float), np.ones(n)
    for at in range(WEEKS):
        use = (rng.random(n) < 1 / (1 + np.exp(-0.2 - 0.5 * risk - 1.4 * before + 0.9 * last))).astype(float)
        some = rng.random(n) < 1 / (1 + np.exp(-1.2 + 1.6 * use + 0.3 * risk - 0.4 * last))
        many = rng.random(n) < 1 / (1 + np.exp(0.2 + 1.1 * use - 0.5 * last))
        category[:, at] = some * (1 + many) if always is None else always
        used[:, at] = before = use
        last = category[:, at].astype(float)
    y = rng.random(n) < 1 / (1 + np.exp(-1.2 + 0.5 * used.sum(axis=1) + 0.6 * risk - 0.1 * category.sum(axis=1)))
    return {"used": used, "category": category, "risk": risk, "y": y.astype(float)}


def columns(s: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Person, category, stable and changing columns of each week."""
    n = len(s["y"])
    before = np.hstack([np.ones((n, 1), dtype=np.int64), s["category"][:, :-1]]).ravel()
    person = np.repeat(np.arange(n), WEEKS)
    # the first week follows on nothing that differs
    stable = np.column_stack([before == 1, before == 2, np.tile(np.arange(WEEKS) == 0, n), s["risk"][person]])
    earlier = np.hstack([np.zeros((n, 1)), s["used"][:, :-1]]).ravel()
    return person, s["category"].ravel(), stable.astype(float), np.column_stack([s["used"].ravel(), earlier])


REGIMES = {"none": [0, 0], "some": [WEEKS, 0], "many": [0, WEEKS]}


def fitted(s: Sample, weight: np.ndarray | None = None, **more: object) -> Structural:
    person, category, stable, changing = columns(s)
    weights = stabilised_weights(chain(category), person, stable, changing, len(s["y"]))
    return model_of(s, weight, **more).means(REGIMES, weights)


def model_of(s: Sample, weight: np.ndarray | None = None, **more: object) -> MarginalStructuralModel:
    history = weeks_in_categories(s["category"], CATEGORIES)
    return MarginalStructuralModel("logistic", s["y"], history, s["risk"][:, None], weight=weight, **more)


def unweighted(s: Sample) -> Estimate:
    n = len(s["y"])
    return model_of(s).means(REGIMES, Weights(np.ones(n), (), np.ones(n, dtype=bool))).estimate


def test_truth_is_recovered_where_wrong_ways_are_off() -> None:
    s = drawn(60_000, 1)
    truth = np.array([drawn(400_000, 2, always)["y"].mean() for always in range(3)])
    found = fitted(s)
    error = found.estimate.standard_error()
    assert (np.abs(found.estimate.value - truth) < 3.5 * error).all(), (found.estimate.value, truth, error)
    assert error.max() < 0.012
    assert found.weights.mean == pytest.approx(1, abs=0.02)
    # many hours against none: baseline alone flatters them, and use between, adjusted for, hides what they do
    gap = truth[2] - truth[0]
    baseline_alone = unweighted(s).value
    assert baseline_alone[2] - baseline_alone[0] > gap + 0.05
    every = np.column_stack([s["risk"], s["used"].sum(axis=1)])
    between = MarginalStructuralModel("logistic", s["y"], weeks_in_categories(s["category"], 3), every)
    n = len(s["y"])
    over = between.means(REGIMES, Weights(np.ones(n), (), np.ones(n, dtype=bool))).estimate.value
    assert over[2] - over[0] < gap - 0.05


def test_the_standard_error_is_that_of_repeated_samples_and_counts_the_weights() -> None:
    each = [fitted(drawn(1_500, seed)) for seed in range(100, 200)]
    spread = np.std([e.estimate.value for e in each], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([e.estimate.standard_error() for e in each], axis=0), spread, rtol=0.17)
    truth = np.array([drawn(400_000, 2, always)["y"].mean() for always in range(3)])
    held = [np.abs(e.estimate.value - truth) < 1.96 * e.estimate.standard_error() for e in each]
    assert (np.mean(held, axis=0) > 0.87).all()


def test_another_implementation_gives_the_same() -> None:
    """Chances and the weighted outcome by statsmodels; the error with weights known, and by leaving people out."""
    n, groups = 3_000, 60
    s = drawn(n, 3)
    person, category, stable, changing = columns(s)
    history = np.column_stack([weeks_in_categories(s["category"], 3), s["risk"]])

    def chances(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        log = np.zeros(len(rows))
        for beyond in (0, 1):
            there = rows & (category >= beyond)
            taken = category[there] > beyond
            chance = Logit(taken.astype(float), x[there]).fit(disp=0, maxiter=100, tol=1e-12).predict()
            log[there] += np.log(np.where(taken, chance, 1 - chance))
        return log

    def by_hand(kept: np.ndarray) -> tuple[np.ndarray, GLM, np.ndarray]:
        rows = kept[person]
        one = np.ones((len(person), 1))
        log = chances(np.hstack([one, stable]), rows) - chances(np.hstack([one, stable, changing]), rows)
        weight = np.exp(np.bincount(person, log, len(s["y"])))[kept]
        x = np.column_stack([np.ones(kept.sum()), history[kept]])
        model = GLM(s["y"][kept], x, Binomial(), var_weights=weight).fit(cov_type="HC0", tol=1e-12)
        many = kept.sum()
        at = [np.column_stack([np.ones(many), np.tile(r, (many, 1)), s["risk"][kept]]) for r in ([0, 0], [0, 5])]
        return np.array([model.predict(x).mean() for x in at]), model, weight

    every = np.ones(n, dtype=bool)
    means, model, weight = by_hand(every)
    found = fitted(s)
    np.testing.assert_allclose(found.weights.weight, weight, rtol=0.01)
    np.testing.assert_allclose(found.estimate.value[[0, 2]], means, atol=1e-3)
    # the same weights: what statsmodels says of the regression, to the digit
    exact = model_of(s).means(REGIMES, Weights(weight, (), every))
    np.testing.assert_allclose(exact.coefficient.value, model.params, rtol=1e-7)
    np.testing.assert_allclose(exact.coefficient.standard_error(), model.bse, rtol=1e-6)
    group = np.arange(n) % groups
    left_out = np.array([by_hand(group != i)[0] for i in range(groups)])
    jackknife = np.sqrt((groups - 1) / groups * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    error = found.estimate.clustered(group).standard_error()[[0, 2]]
    np.testing.assert_allclose(error, jackknife, rtol=0.06)


def test_order_weights_and_duplicates() -> None:
    s = drawn(800, 4)
    found = fitted(s).estimate
    turned = np.random.default_rng(0).permutation(800)
    other = fitted({name: values[turned] for name, values in s.items()}).estimate
    np.testing.assert_allclose(other.value, found.value, rtol=1e-8)
    np.testing.assert_allclose(other.influence, found.influence[turned], atol=1e-10)
    heavy = fitted(s, np.full(800, 7.0)).estimate
    np.testing.assert_allclose(heavy.value, found.value, rtol=1e-8)
    np.testing.assert_allclose(heavy.standard_error(), found.standard_error(), rtol=1e-8)
    twice = fitted({name: np.concatenate([values, values]) for name, values in s.items()}).estimate
    np.testing.assert_allclose(twice.value, found.value, rtol=1e-3)
    np.testing.assert_allclose(twice.standard_error(), found.standard_error() / np.sqrt(2), rtol=5e-3)
    # the rows of weeks may come in any order as well
    person, category, stable, changing = columns(s)
    mixed = np.random.default_rng(1).permutation(len(person))
    plain = stabilised_weights(chain(category), person, stable, changing, 800)
    again = stabilised_weights(chain(category[mixed]), person[mixed], stable[mixed], changing[mixed], 800)
    np.testing.assert_allclose(again.weight, plain.weight, rtol=1e-8)


def test_weights_are_brought_in_and_told_of() -> None:
    s = drawn(3_000, 5)
    person, category, stable, changing = columns(s)
    weights = stabilised_weights(chain(category), person, stable, changing, 3_000)
    table = model_of(s).truncations(REGIMES, weights)
    assert tuple(table) == TRUNCATIONS
    largest = [one.weights.largest for one in table.values()]
    effective = [one.weights.effective for one in table.values()]
    assert largest == sorted(largest, reverse=True)
    assert effective == sorted(effective)
    assert table[0.0, 1.0].weights.largest == pytest.approx(weights.weight.max())
    assert weights.effective == pytest.approx(weights.weight.sum() ** 2 / (weights.weight**2).sum())
    # the more they are brought in, the nearer to no weights
    alone, means = unweighted(s).value, [one.estimate.value for one in table.values()]
    away = [np.abs(m - alone).sum() for m in means]
    assert away[0] > away[-1]


def test_people_without_a_choice_or_an_answer_have_their_part() -> None:
    s = drawn(600, 6)
    person, category, stable, changing = columns(s)
    closed = person < 100
    weights = stabilised_weights(chain(category, ~closed), person, stable, changing, 600)
    assert (weights.weight[:100] == 1).all()
    assert weights.people.sum() == 500
    seen = np.arange(600) % 5 > 0
    hidden = model_of({**s, "y": np.where(seen, s["y"], np.nan)}, observed=seen).means(REGIMES, weights)
    shown = model_of(s, observed=seen).means(REGIMES, weights)
    np.testing.assert_array_equal(hidden.estimate.value, shown.estimate.value)
    # averaged over everyone, whether seen or not
    assert (hidden.estimate.influence[~seen] != 0).any()


def test_what_cannot_be_estimated_is_refused() -> None:
    s = drawn(200, 7)
    person, category, stable, changing = columns(s)
    with pytest.raises(EstimationError, match="must be a row of the outcome: 0 to 99"):
        stabilised_weights(chain(category), person, stable, changing, 100)
    with pytest.raises(EstimationError, match="in every week everyone did the same"):
        stabilised_weights(chain(np.zeros(len(person))), person, stable, changing, 200)
    with pytest.raises(EstimationError, match="'changing column 1' is missing"):
        stabilised_weights(chain(category), person, stable, np.where(changing == 1, np.nan, changing), 200)
    weights = stabilised_weights(chain(category), person, stable, changing, 200)
    with pytest.raises(EstimationError, match="The regime 'short' has 1 columns, and the history 2"):
        model_of(s).means({"short": [1]}, weights)
