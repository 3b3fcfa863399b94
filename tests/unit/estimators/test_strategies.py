"""Means had everyone stayed so long: by hand, on the truth of simulated people, against another implementation, and
what no order of rows may change. Wrong ways (who happened to stay, all exits as one) are off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means


def drawn(n: int, seed: int) -> dict[str, np.ndarray]:
    """Person-weeks, up to 6, of people whose use in a week makes them drop out, and who are done after 4 weeks. Staying
    works: each week lowers use at the end.

    As they are (`left`, `y`), and had they stayed four weeks at least (`y_stay`) or left after two (`y_two`).
    """
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    used, gone = np.zeros((n, 6), dtype=bool), np.zeros((n, 6), dtype=np.int64)
    before = rng.random(n) < 0.5
    for at in range(6):
        used[:, at] = before = rng.random(n) < 1 / (1 + np.exp(0.6 - 0.7 * risk - 1.0 * before + 0.25 * at))
        drop = rng.random(n) < 1 / (1 + np.exp(2.2 - 1.4 * used[:, at] - 0.6 * risk))
        done = (rng.random(n) < 0.15 + 0.25 * (risk > 0)) & (at >= 1)
        gone[:, at] = np.select([drop, done], [1, 2], 0)
    stayed = np.where(gone.any(axis=1), (gone > 0).argmax(axis=1) + 1, 6)
    noise = rng.random(n)

    def state(weeks: np.ndarray) -> np.ndarray:
        last = np.take_along_axis(used, np.minimum(weeks, 6)[:, None] - 1, axis=1)[:, 0]
        return (noise < 1 / (1 + np.exp(0.8 - 0.35 * weeks + 0.9 * risk + 1.2 * last))).astype(float)

    person, week = np.nonzero(np.arange(6) < stayed[:, None])
    forced = np.where(gone[:, 3:].any(axis=1), (gone[:, 3:] > 0).argmax(axis=1) + 4, 6)
    return {
        "person": person, "week": week + 1, "used": used[person, week].astype(float), "risk": risk[person],
        "way": gone[person, week] * (week + 1 == stayed[person]), "stayed": stayed, "y": state(stayed),
        "y_stay": state(forced), "y_two": state(np.full(n, 2)),
    }  # fmt: skip


STRATEGIES = {"stay": Strategy.at_least(4), "two": Strategy.exactly(2), "by two": Strategy.at_most(2)}


def columns(s: dict[str, np.ndarray]) -> np.ndarray:
    return np.column_stack([s["used"], s["risk"], s["risk"] < 0, s["week"] == 1])


def ways(s: dict[str, np.ndarray]) -> list[Way]:
    return [Way(s["way"] == 1, columns(s)), Way(s["way"] == 2, columns(s), s["week"] > 1)]


def means(s: dict[str, np.ndarray], models: list[Way] | None = None, **more):
    return strategy_means(s["y"], s["person"], s["week"], models or ways(s), STRATEGIES, **more)


def test_by_hand():
    """Ten people of whom two leave in week 1: those who stay weigh ten eighths; of these four leave in week 2."""
    person = np.r_[np.arange(10), np.arange(2, 10)]
    week = np.r_[np.ones(10), np.full(8, 2)]
    left = np.r_[np.r_[1, 1, np.zeros(8)], np.r_[np.ones(4), np.zeros(4)]]
    y = np.r_[0.0, 0, 1, 1, 0, 0, 1, 1, 1, 0]
    x = (week == 2).astype(float)[:, None]
    asked = {"exactly": Strategy.exactly(2), "at most": Strategy.at_most(2), "at least": Strategy.at_least(3)}
    found = strategy_means(y, person, week, [Way(left, x)], asked)
    assert found.people.tolist() == [4, 6, 4]
    # 8 in 10 stay for week 2, in which 4 in 8 leave
    np.testing.assert_allclose(found.weight[[0, 4, 9], 0], [0.0, 2.5, 0.0], rtol=0.02)
    np.testing.assert_allclose(found.weight[[0, 4, 9], 1], [1.0, 2.0, 0.0], rtol=0.02)
    np.testing.assert_allclose(found.weight[[0, 4, 9], 2], [0.0, 0.0, 2.5], rtol=0.02)
    np.testing.assert_allclose(found.estimate.value, [2 / 4, (2 * 2) / (2 + 2 * 4), 3 / 4], rtol=0.02)
    np.testing.assert_allclose(found.effective, [4, 10**2 / (2 + 4 * 4), 4], rtol=0.02)
    np.testing.assert_allclose(found.largest, [1 / 4, 2 / 10, 1 / 4], rtol=0.02)


def test_who_is_lost_has_not_left_and_others_stand_for_them():
    """Of twelve people two are lost in week 1, whose use nobody knows, and two leave; of eight four leave in week 2."""
    person = np.r_[np.arange(12), np.arange(4, 12)]
    week = np.r_[np.ones(12), np.full(8, 2)]
    lost = np.r_[np.r_[1, 1, np.zeros(10)], np.zeros(8)]
    left = np.r_[np.r_[0, 0, 1, 1, np.zeros(8)], np.r_[np.ones(4), np.zeros(4)]]
    x = (week == 2).astype(float)[:, None]
    y = np.r_[0.0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0]
    asked = {"exactly": Strategy.exactly(2), "at most": Strategy.at_most(2), "grace": Strategy.exactly(1, grace=1)}
    ways = [Way(lost, x, lost=True), Way(left, x)]
    found = strategy_means(y, person, week, ways, asked)
    assert found.people.tolist() == [4, 6, 6]
    # ten of twelve are not lost in week 1, of these eight stay; four of eight leave in week 2
    np.testing.assert_allclose(found.weight[[0, 2, 4, 8], 0], [0, 0, 1.2 * 1.25 * 2, 0], rtol=0.03)
    np.testing.assert_allclose(found.weight[[0, 2, 4, 8], 1], [0, 1.2, 1.2 * 2, 0], rtol=0.03)
    # to leave in week 1, or one later, asks for what leaving by week 2 does
    np.testing.assert_allclose(found.weight[:, 2], found.weight[:, 1])
    assert found.weight.sum(axis=0) == pytest.approx([12, 12, 12], rel=0.03)
    with pytest.raises(EstimationError, match="before all others"):
        strategy_means(y, person, week, ways[::-1], asked)


def test_truth_is_recovered_where_wrong_ways_are_off():
    s = drawn(60_000, 1)
    found, error = means(s).estimate, means(s).estimate.standard_error()
    truth = np.array([s["y_stay"].mean(), s["y_two"].mean()])
    assert (np.abs(found.value[:2] - truth) < 4 * error[:2]).all()
    assert error[:2].max() < 0.01
    naive = np.array([s["y"][s["stayed"] >= 4].mean(), s["y"][s["stayed"] == 2].mean()])
    assert (np.abs(naive - truth) > 0.04).all()
    # all exits as one, and no regard to use: off by more than chance
    pooled = means(s, [Way(s["way"] > 0, columns(s))]).estimate
    assert (np.abs(pooled.value[:2] - truth) / pooled.standard_error()[:2]).max() > 3.5
    blind = means(s, [Way(s["way"] == k, s["risk"][:, None], p) for k, p in ((1, None), (2, s["week"] > 1))]).estimate
    assert abs(blind.value[0] - truth[0]) > 6 * error[0]


def test_the_standard_error_is_that_of_repeated_samples_and_counts_the_models():
    each = [means(drawn(1_500, seed)).estimate for seed in range(100, 180)]
    spread = np.std([e.value for e in each], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([e.standard_error() for e in each], axis=0), spread, rtol=0.2)
    whole = drawn(60_000, 5)
    truth = [whole["y_stay"].mean(), whole["y_two"].mean()]
    held = [np.abs(e.value[:2] - truth) < 1.96 * e.standard_error()[:2] for e in each]
    assert (np.mean(held, axis=0) > 0.87).all()


def test_another_implementation_gives_the_same():
    """Clones written out, scores by statsmodels, and the error by leaving out one person at a time."""
    s, asked = drawn(400, 3), {"stay": Strategy.at_least(3)}

    def by_hand(kept: np.ndarray) -> float:
        rows = kept[s["person"]]
        x, left = np.column_stack([np.ones(rows.sum()), columns(s)[rows]]), s["way"][rows]
        chance = [np.zeros(rows.sum()), np.zeros(rows.sum())]
        for k, possible in ((1, np.ones(rows.sum(), dtype=bool)), (2, (s["week"][rows] > 1) & (left != 1))):
            # the week is the first one wherever completing is impossible
            own = x[:, :4] if k == 2 else x
            chance[k - 1][possible] = GLM(left[possible] == k, own[possible], Binomial()).fit().fittedvalues
        clone = pd.DataFrame({"person": s["person"][rows], "week": s["week"][rows], "left": left > 0})
        clone["staying"] = (1 - chance[0]) * (1 - chance[1])
        early = clone[clone["week"] < 3]
        weight = 1 / early.groupby("person")["staying"].prod()
        weight = weight[~early.groupby("person")["left"].any()]
        return float(np.average(s["y"][weight.index], weights=weight))

    found = strategy_means(s["y"], s["person"], s["week"], ways(s), asked).estimate
    assert found.value[0] == pytest.approx(by_hand(np.ones(400, dtype=bool)), abs=2e-3)
    left_out = np.array([by_hand(np.arange(400) != i) for i in range(400)])
    jackknife = np.sqrt(399 / 400 * ((left_out - left_out.mean()) ** 2).sum())
    assert found.standard_error()[0] == pytest.approx(jackknife, rel=0.05)


def test_order_duplicates_and_weights():
    s = drawn(400, 7)
    found = means(s).estimate
    shuffled = np.random.default_rng(1).permutation(len(s["week"]))
    again = means({n: v[shuffled] if len(v) == len(shuffled) else v for n, v in s.items()}).estimate
    np.testing.assert_allclose(again.value, found.value, atol=1e-9)
    np.testing.assert_allclose(again.standard_error(), found.standard_error(), atol=1e-9)
    n, m = len(s["y"]), len(s["week"])
    twice = {k: np.r_[v, v] for k, v in s.items()} | {"person": np.r_[s["person"], s["person"] + n]}
    doubled = means(twice).estimate
    np.testing.assert_allclose(doubled.value, found.value, atol=2e-3)
    np.testing.assert_allclose(doubled.standard_error() * np.sqrt(2), found.standard_error(), rtol=0.02)
    heavier = means(s, weight=np.full(n, 3.0)).estimate
    np.testing.assert_allclose(heavier.value, found.value)
    np.testing.assert_allclose(heavier.standard_error(), found.standard_error())
    assert m > n


def test_weights_are_cut_off_and_that_is_told():
    s = drawn(2_000, 9)
    whole, cut = means(s), means(s, most=0.9)
    assert whole.truncated.tolist() == [0, 0, 0]
    np.testing.assert_allclose(cut.truncated / cut.people, 0.1, atol=0.02)
    assert (cut.largest < whole.largest).all()
    assert (cut.effective >= whole.effective).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strategies": {"long": Strategy.at_least(99)}}, "end before week 98 without"),
        ({"strategies": {"never": Strategy.exactly(7)}}, "end before week 7 without"),
        ({"all": True, "strategies": {"never": Strategy.at_least(3)}}, "Nobody followed .*'never'"),
        ({"ways": []}, "at least one way"),
        ({"person": 10**6}, "row of y"),
        ({"week": 0}, "counted from 1"),
        ({"again": True}, "the same week twice"),
        ({"both": True}, "one way at most"),
    ],
)
def test_what_makes_no_sense_is_refused(change, said):
    s = drawn(50, 2)
    person, week, models = s["person"].copy(), s["week"].copy(), ways(s)
    if "person" in change:
        person[0] = change["person"]
    if "week" in change:
        week[0] = change["week"]
    if "again" in change:
        person, week = np.r_[person, person[0]], np.r_[week, week[0]]
        models = [Way(np.zeros(len(week)), np.ones((len(week), 1)))]
    if "all" in change:  # everyone leaves in the first week
        person, week = np.arange(50), np.ones(50)
        models = [Way(np.ones(50), np.ones((50, 1)))]
    if "both" in change:
        models = [Way(s["way"] > 0, columns(s)), Way(s["way"] > 0, columns(s))]
    with pytest.raises(EstimationError, match=said):
        strategy_means(s["y"], person, week, change.get("ways", models), change.get("strategies", STRATEGIES))
