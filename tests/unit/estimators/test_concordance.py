"""Concordance: five people by hand, all pairs written out, known truth, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.survival.concordance import concordance

SCORE, TIME, EVENT = np.array([3.0, 1, 2, 2, 0]), np.array([1.0, 2, 2, 3, 4]), np.array([1, 1, 0, 1, 0])


def test_five_people_by_hand() -> None:
    # Day 1: score 3 above all four others. Day 2: score 1 is below the one censored that day and the next, above the
    # last. Day 3: 2 above 0. Six of eight pairs.
    found = concordance(SCORE, TIME, EVENT)
    assert (found.concordant, found.discordant, found.tied_x) == (6, 2, 0)
    assert found.estimate.value[0] == pytest.approx(6 / 8)
    # G is 1 until the censoring on day 2, when three are at risk (the one with the event has gone): 2/3 on day 3.
    uno = concordance(SCORE, TIME, EVENT, weighting="uno")
    assert uno.estimate.value[0] == pytest.approx((5 + 9 / 4) / (7 + 9 / 4))
    assert concordance(SCORE, TIME, EVENT, horizon=2.5).estimate.value[0] == pytest.approx(5 / 7)


def test_ties_by_hand() -> None:
    found = concordance([1, 1, 1, 2], [1, 1, 2, 1], [1, 1, 0, 1])
    # With the one who stays: two equal, one concordant. Among the three events of day 1: one pair equal, two not.
    assert (found.concordant, found.discordant, found.tied_x, found.tied_y, found.tied_xy) == (1, 0, 2, 2, 1)
    assert found.estimate.value[0] == pytest.approx(2 / 3)
    # a row of two people is two rows
    twice = concordance([1, 1, 2], [1, 2, 1], [1, 0, 1], frequency=[2, 1, 1])
    assert (twice.concordant, twice.tied_x, twice.tied_y, twice.tied_xy) == (1, 2, 2, 1)


@pytest.mark.parametrize("days", [3, 20, 10_000])
@pytest.mark.parametrize("scores", [2, 7, 10_000])
def test_as_all_pairs_written_out(days: int, scores: int) -> None:
    rng = np.random.default_rng(days + scores)
    n = 130
    time, score, event = rng.integers(1, days + 1, n), rng.integers(0, scores, n), rng.random(n) < 0.6
    w = rng.uniform(0.2, 2, n)
    pairs = event[:, None] & ((time > time[:, None]) | ((time == time[:, None]) & ~event))
    mass = np.outer(w, w) * pairs
    above, equal = score[:, None] > score, score[:, None] == score
    found = concordance(score, time, event, w)
    totals = [(mass * above).sum(), (mass * ~above * ~equal).sum(), (mass * equal).sum()]
    np.testing.assert_allclose([found.concordant, found.discordant, found.tied_x], totals, rtol=1e-10)
    credit = above + equal / 2 - found.estimate.value[0]
    share = mass * credit / mass.sum()
    np.testing.assert_allclose(found.estimate.influence[:, 0], share.sum(axis=0) + share.sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("weighting", ["harrell", "uno"])
def test_strata_are_compared_within_and_added_up(weighting: str) -> None:
    rng = np.random.default_rng(8)
    n = 150
    time, score, event = rng.integers(1, 30, n), rng.integers(0, 9, n), rng.random(n) < 0.6
    stratum, w = rng.integers(0, 4, n), rng.uniform(0.2, 2, n)
    together = concordance(score, time, event, w, weighting=weighting, strata=stratum)
    parts = [
        concordance(score[here], time[here], event[here], w[here], weighting=weighting)
        for here in (stratum == one for one in range(4))
    ]
    for count in ("concordant", "discordant", "tied_x", "tied_y", "tied_xy"):
        assert getattr(together, count) == pytest.approx(sum(getattr(part, count) for part in parts))
    if weighting == "harrell":
        pairs = np.array([part.concordant + part.discordant + part.tied_x for part in parts])
        assert together.estimate.value[0] == pytest.approx(
            sum(p * part.estimate.value[0] for p, part in zip(pairs, parts, strict=True)) / pairs.sum()
        )
    # one stratum is none, and people in strata of their own are compared with nobody
    plain = concordance(score, time, event, w, weighting=weighting)
    for labels in (np.zeros(n), np.full(n, "all")):
        again = concordance(score, time, event, w, weighting=weighting, strata=labels)
        np.testing.assert_allclose(again.estimate.influence, plain.estimate.influence, atol=1e-15)
    with pytest.raises(EstimationError, match="No two people can be compared"):
        concordance(score, time, event, strata=np.arange(n))


def test_truth_and_standard_error() -> None:
    # Exponential times with hazards 1 and 4, equal arms: of pairs with different scores 4/5 are concordant, and half of
    # pairs have the same score. Uno's C stands where half are censored; censoring by arm would not be allowed.
    rng = np.random.default_rng(9)
    values, errors = [], []
    for _ in range(200):
        arm = rng.integers(0, 2, 200)
        event, censored = rng.exponential(1 / (1 + 3 * arm)), rng.exponential(1.0, 200)
        found = concordance(arm, np.minimum(event, censored), event < censored, weighting="uno", horizon=0.7).estimate
        values.append(found.value[0])
        errors.append(found.standard_error()[0])
    # limited to the horizon t: pairs with the first event by t, hazards 2, 5, 8 with chances 1/4, 1/2, 1/4
    by = 1 - np.exp(-0.7 * np.array([2, 5, 8]))
    truth = (by @ [0.25 / 2, 0.5 * 0.8, 0.25 / 2]) / (by @ [0.25, 0.5, 0.25])
    assert np.mean(values) == pytest.approx(truth, abs=0.006)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_uno_is_harrell_without_censoring() -> None:
    rng = np.random.default_rng(2)
    score, time = rng.normal(size=80), rng.exponential(1, 80)
    one, other = (concordance(score, time, np.ones(80), weighting=w).estimate for w in ("harrell", "uno"))
    np.testing.assert_allclose(one.influence, other.influence, atol=1e-14)
    reverse = concordance(-score, time, np.ones(80)).estimate
    assert reverse.value[0] == pytest.approx(1 - one.value[0])
    np.testing.assert_allclose(reverse.influence, -one.influence, atol=1e-14)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"event": np.zeros(5)}, "No two people can be compared"),
        ({"horizon": 0.5}, "No two people can be compared"),
        ({"weighting": "gonen"}, "'weighting' must be one of harrell, uno"),
        ({"censoring": "crr"}, "'censoring' one of derivative, known"),
        ({"score": [1, 2, 3, 4, np.nan]}, "'score' is missing"),
        ({"time": -TIME}, "negative"),
        ({"frequency": [1, 1, 1, 1, 0.5]}, "not a whole number"),
    ],
)
def test_refused(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"score": SCORE, "time": TIME, "event": EVENT}
    with pytest.raises(EstimationError, match=message):
        concordance(**{**given, **changed})  # type: ignore[arg-type]
