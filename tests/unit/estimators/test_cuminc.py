"""Curves: six people by hand, other implementations, and what must be refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import difference, log_ratio
from iop_outcomes.estimators.survival.cuminc import (
    at_risk,
    by_arm,
    cumulative_incidence,
    restricted_mean,
    survival,
    time_lost,
)

# Six people: events at 1, 2, 3 and 5; one leaves on day 2 (after the event there) and one on day 4.
TIME = np.array([1, 2, 2, 3, 4, 5])
EVENT = np.array([1, 1, 0, 1, 0, 1])
CAUSE = np.array([1, 2, 0, 1, 0, 2])


def one_minus_km(time: np.ndarray, cause: np.ndarray, which: int, t: float) -> float:
    """The wrong way: other causes taken for censoring."""
    return float(1 - survival(time, cause == which, t).value[0])


def test_survival_by_hand() -> None:
    # 5/6, times 4/5, times 2/3 of those left, then no one.
    s = survival(TIME, EVENT, (0, 1, 2, 3, 4, 5))
    np.testing.assert_allclose(s.value, [1, 5 / 6, 2 / 3, 4 / 9, 4 / 9, 0], atol=1e-15)
    assert s.names == ("0", "1", "2", "3", "4", "5")
    # Greenwood: S^2 sum d / (Y (Y - d)): at 3, (4/9)^2 (1/30 + 1/20 + 1/6) = 4/81.
    np.testing.assert_allclose(s.standard_error()[[1, 3]], [np.sqrt(25 / 36 / 30), 2 / 9], rtol=1e-13)
    assert s.standard_error()[0] == 0
    assert s.standard_error()[5] == pytest.approx(0, abs=1e-15)


def test_cumulative_incidence_by_hand() -> None:
    # Cause 1: 1/6 at day 1, S(3-) = 2/3 times 1/3 at day 3. Cause 2: 5/6 times 1/5 at 2, 4/9 times 1 at 5.
    np.testing.assert_allclose(cumulative_incidence(TIME, CAUSE, 1, (1, 2, 3)).value, [1 / 6, 1 / 6, 7 / 18])
    np.testing.assert_allclose(cumulative_incidence(TIME, CAUSE, 2, (2, 5)).value, [1 / 6, 11 / 18])


def test_restricted_mean_and_time_lost_by_hand() -> None:
    # Area under 1, 5/6, 2/3, 4/9 over the days to 4, and to 3.5.
    np.testing.assert_allclose(restricted_mean(TIME, EVENT, (4, 3.5)).value, [53 / 18, 49 / 18])
    assert restricted_mean(TIME, EVENT, 3.5).names == ("3.5",)
    # Cause 1 is incident 1/6 for days 1-3 and 7/18 for day 3-4.
    np.testing.assert_allclose(time_lost(TIME, CAUSE, 1, 4).value, [1 / 3 + 7 / 18])


def test_variance_without_censoring_is_binomial() -> None:
    # Everyone followed to day 9: the curve is a proportion, and time lost a mean.
    time, cause = np.array([1, 3, 3, 9, 9, 9]), np.array([1, 1, 2, 0, 0, 0])
    risk = cumulative_incidence(time, cause, 1, (2, 4))
    np.testing.assert_allclose(risk.value, [1 / 6, 1 / 3])
    np.testing.assert_allclose(risk.standard_error(), np.sqrt([5 / 216, 2 / 54]), rtol=1e-13)
    lost = time_lost(time, cause, 1, 4)
    each = np.array([3, 1, 0, 0, 0, 0])
    np.testing.assert_allclose(lost.value, [each.mean()])
    np.testing.assert_allclose(lost.standard_error(), [each.std() / np.sqrt(6)], rtol=1e-13)


def test_weights_without_censoring_give_the_hajek_mean() -> None:
    time, cause, weight = np.array([1, 3, 3, 9, 9, 9]), np.array([1, 1, 2, 0, 0, 0]), np.arange(1.0, 7)
    risk = cumulative_incidence(time, cause, 1, 4, weight=weight)
    got = np.array([1, 1, 0, 0, 0, 0])
    mean = (weight * got).sum() / 21
    np.testing.assert_allclose(risk.value, [mean])
    np.testing.assert_allclose(risk.influence[:, 0], weight * (got - mean) / 21, atol=1e-16)


def test_late_entry_by_hand() -> None:
    # (0, 3] event, (2, 5] event, (2, 4] censored, (3, 6] event: three are at risk at 3, the last not yet.
    time, event, entry = [3, 5, 4, 6], [1, 1, 0, 1], [0, 2, 2, 3]
    np.testing.assert_allclose(survival(time, event, (2, 3, 5, 6), entry=entry).value, [1, 2 / 3, 1 / 3, 0])
    people, _ = at_risk(time, (0, 1, 3, 4, 5, 6), entry=entry)
    assert people.tolist() == [1, 1, 3, 3, 2, 1]


def test_an_empty_risk_set_ends_the_curve_for_good() -> None:
    # The first person dies alone; who enters later cannot raise the curve, nor rounding with weights of 0.1.
    time, event, entry = [1, 5, 6, 7], [1, 1, 1, 0], [0, 2, 2, 2]
    s = survival(time, event, (1, 6), entry=entry, weight=[0.1, 0.3, 0.1, 0.7])
    np.testing.assert_array_equal(s.value, [0, 0])
    np.testing.assert_allclose(s.influence, 0, atol=1e-15)


def test_at_risk_counts_people_and_what_their_weights_are_worth() -> None:
    weight = np.array([1, 1, 0, 2, 1, 1.0])
    people, effective = at_risk(TIME, (0, 2, 3, 6), weight, np.array([1, 1, 1, 3, 1, 1]))
    assert people.tolist() == [7, 6, 5, 0]  # the weightless row is not counted
    # At 3: three people of weight 2 and two of 1: (6 + 2)^2 / (12 + 2).
    np.testing.assert_allclose(effective, [100 / 16, 81 / 15, 64 / 14, 0])


def test_by_arm_equals_each_arm_alone_and_contrasts_follow() -> None:
    rng = np.random.default_rng(3)
    n = 400
    arm = np.where(rng.random(n) < 0.5, "iop", "residential")
    time, cause = rng.integers(1, 200, n), rng.integers(0, 3, n)
    risk = by_arm(cumulative_incidence, arm, ("iop", "residential"), time=time, cause=cause, which=1, times=(30, 90))
    assert risk.names == ("iop:30", "iop:90", "residential:30", "residential:90")
    assert risk.influence.shape == (n, 4)
    assert not risk.influence[arm == "residential", :2].any()
    alone = [cumulative_incidence(time[arm == a], cause[arm == a], 1, 90) for a in ("iop", "residential")]
    gap = difference(risk, "iop:90", "residential:90")
    np.testing.assert_allclose(gap.value, alone[0].value - alone[1].value)
    # Arms are independent people: their variances add.
    np.testing.assert_allclose(gap.covariance(), alone[0].covariance() + alone[1].covariance())
    ratio = log_ratio(risk, "iop:90", "residential:90")
    relative = [(a.standard_error() / a.value) ** 2 for a in alone]
    np.testing.assert_allclose(ratio.standard_error(), np.sqrt(relative[0] + relative[1]))


@pytest.mark.parametrize(("theirs", "ours"), [(None, None), ("weights", "weight"), ("entry", "entry")])
@pytest.mark.filterwarnings("ignore")  # lifelines says that its variance is wrong under weights; it is
def test_survival_as_in_lifelines(theirs: str | None, ours: str | None) -> None:
    from lifelines import KaplanMeierFitter

    rng = np.random.default_rng(7)
    time, event = rng.integers(1, 60, 300), rng.random(300) < 0.6
    extra = {
        "weight": rng.uniform(0.5, 3, 300),
        "entry": np.minimum(rng.integers(0, 20, 300), time - 1) * (rng.random(300) < 0.3),
    }
    other = KaplanMeierFitter().fit(time, event, **({theirs: extra[ours]} if theirs and ours else {}))
    mine = survival(time, event, (5, 20, 50), **({ours: extra[ours]} if ours else {}))
    np.testing.assert_allclose(mine.value, other.predict([5, 20, 50]), rtol=1e-10)


def test_cumulative_incidence_as_in_statsmodels() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    rng = np.random.default_rng(8)
    time, cause = rng.integers(1, 40, 500), rng.integers(0, 4, 500)
    theirs = CumIncidenceRight(time, cause)
    for which in (1, 2, 3):
        at = np.searchsorted(theirs.times, (10, 30), side="right") - 1
        ours = cumulative_incidence(time, cause, which, (10, 30))
        np.testing.assert_allclose(ours.value, theirs.cinc[which - 1][at], rtol=1e-10)
        # Theirs is the Aalen-type variance, close to and not equal to the infinitesimal jackknife.
        np.testing.assert_allclose(ours.standard_error(), theirs.cinc_se[which - 1][at], rtol=0.02)


def test_one_minus_kaplan_meier_is_not_a_risk_under_competing_causes() -> None:
    # 100 people, half leave for another reason on day 1, half of the rest have the event on day 2.
    time, cause = np.repeat([1, 2, 3], (50, 25, 25)), np.repeat([2, 1, 0], (50, 25, 25))
    assert cumulative_incidence(time, cause, 1, 2).value[0] == pytest.approx(0.25)
    assert one_minus_km(time, cause, 1, 2) == pytest.approx(0.5)


def test_a_national_table_of_cells_is_instant() -> None:
    # 2 arms x 365 days x 3 causes stand for forty million people.
    rng = np.random.default_rng(1)
    day, cause = (v.ravel() for v in np.meshgrid(np.arange(1, 366), np.arange(3)))
    frequency = rng.integers(1, 40_000, day.size).astype(float)
    risk = cumulative_incidence(day, cause, 1, np.arange(1, 366), frequency=frequency)
    assert (np.diff(risk.value) > 0).all()
    assert 0 < risk.standard_error()[-1] < 1e-3


OK = {"time": TIME, "cause": CAUSE, "which": 1, "times": 3}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"time": TIME - 2}, "negative"),
        ({"time": [1, 2, np.nan, 3, 4, 5]}, "'time' is missing or infinite"),
        ({"cause": CAUSE * 0}, "No events of any cause"),
        ({"which": 3}, "No events of cause 3"),
        ({"which": 2, "times": 1}, "No events of cause 2 by 1"),
        ({"cause": CAUSE / 2}, "whole numbers"),
        ({"cause": CAUSE[:3]}, "6 values"),
        ({"times": -1}, "horizon is negative"),
        ({"time": [1, 2, 2, 3, 4, 4], "cause": [1, 0, 0, 1, 0, 0], "times": 5}, "No one is followed to 5"),
        ({"frequency": [1, 1, 1, 1, 1, 1.5]}, "not a whole number"),
        ({"weight": [1, 1, 1, 1, 1, -1]}, "negative"),
        ({"weight": np.zeros(6)}, "no one to estimate from"),
        ({"entry": [0, 0, 0, 3, 0, 0]}, "never at risk"),
    ],
)
def test_refusals_say_what_is_wrong(change: dict[str, object], says: str) -> None:
    with pytest.raises(EstimationError, match=says):
        cumulative_incidence(**{**OK, **change})


def test_a_horizon_past_follow_up_is_allowed_once_everyone_has_had_an_event() -> None:
    assert cumulative_incidence(TIME, CAUSE, 2, 100).value[0] == pytest.approx(11 / 18)


def test_by_arm_names_the_arm_that_fails() -> None:
    arm = np.array(["a", "a", "a", "b", "b", "b"])
    with pytest.raises(EstimationError, match="In arm 'b': No events of cause 1 by 2"):
        by_arm(cumulative_incidence, arm, ("a", "b"), time=TIME, cause=CAUSE, which=1, times=2)
    with pytest.raises(EstimationError, match="Arm 'c' has no one"):
        by_arm(survival, arm, ("a", "c"), time=TIME, event=EVENT, times=2)
    with pytest.raises(EstimationError, match="each of the 6 rows"):
        by_arm(survival, arm, ("a",), time=TIME[:3], event=EVENT, times=2)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_arm_is_refused_unless_the_row_has_no_weight(missing: object) -> None:
    arm = np.array(["a", "a", "b", "b", missing], dtype=object)
    asked = {"time": [1, 2, 1, 2, 3], "event": [1, 0, 1, 0, 1], "times": 1}
    with pytest.raises(EstimationError, match="'arm' is missing"):
        by_arm(survival, arm, ["a", "b"], **asked)
    told = by_arm(survival, arm, ["a", "b"], **asked, weight=[1, 1, 1, 1, 0])
    assert told.value == pytest.approx([0.5, 0.5])
    words = np.array(["nan", "nan", "None", "None", "<NA>"], dtype=object)
    assert by_arm(survival, words, ["nan", "None"], **asked).value == pytest.approx([0.5, 0.5])
