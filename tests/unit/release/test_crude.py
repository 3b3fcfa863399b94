"""Crude estimates from released cells: by hand, and against lifelines and statsmodels on one row a person."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parts import endpoint
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.release.arm import Arm
from iop_outcomes.release.crude import Ask, estimate, log_log_limits, of_arm
from iop_outcomes.release.days import Told
from iop_outcomes.release.drawn import curve
from iop_outcomes.release.levels import readings
from iop_outcomes.release.life_tables import Leaving, Move
from iop_outcomes.release.policy import POLICIES
from iop_outcomes.release.told import AsTold, Way
from iop_outcomes.vocabulary.readings import OF_COUNTS, Reading

READINGS = readings(
    {"left": endpoint("left", "left_index", cause="unplanned"), "stayed": endpoint("stayed", "in_care")}
)
UNPLANNED, RETAINED, SHARE = READINGS["left"], READINGS["stayed"], OF_COUNTS
# ten people: two leave on day 1, one is censored on day 2, three complete on day 3, one leaves on day 5
SMALL = Leaving(10, (Move(1, "unplanned", 2), Move(2, "censored", 1), Move(3, "completed", 3), Move(5, "unplanned", 1)))


def exact(number: int) -> Told:
    return Told(number, number, number)


def cells(events: int, people: int) -> Arm:
    return Arm(exact(people), exact(events))


def followed(leaving: Leaving, reached: bool = True) -> Arm:
    """An arm of which everything may be shown."""
    return Arm(exact(leaving.people), exact(0), AsTold(exact(leaving.people), exact=leaving), True, reached)


def told(*numbers: tuple[int, int], people: int = 100, slack: int = 0) -> AsTold:
    """Leaving by one way: how many have by some days, each told within a slack."""
    days, counts = (0, *(day for day, _ in numbers)), (0, *(n for _, n in numbers))
    cells = tuple(Told(n, n - slack * (n > 0), n + slack * (n > 0)) for n in counts)
    return AsTold(exact(people), (Way("unplanned", frozenset({"unplanned"}), days, cells),), days)


def known(events: int | None, table: AsTold, slack: int = 0, censored: bool = False) -> Arm:
    """An arm of a life table that is told."""
    seen = None if events is None else Told(events, events - slack, events + slack)
    return Arm(table.people, seen, table, censored)


def numbers(ask: Ask, arms: list[Arm]) -> dict[str, float]:
    found = estimate(ask, arms)
    assert found is not None
    return found


def asked(of: str, stem: str = "risk", day: int = 5, read: Reading = SHARE) -> Ask:
    return Ask(stem, of, day, read, 0.95)


def simulated(seed: int, people: int = 400) -> tuple[Leaving, Any, Any]:
    rng = np.random.default_rng(seed)
    days = rng.geometric(0.01, people)
    cause = rng.choice(["unplanned", "completed", "censored"], people, p=[0.5, 0.3, 0.2])
    cause = np.where(days > 180, "censored", cause)
    days = np.minimum(days, 180)
    pairs = sorted(set(zip(days.tolist(), cause.tolist(), strict=True)))
    moves = tuple(Move(d, c, int(((days == d) & (cause == c)).sum())) for d, c in pairs)
    return Leaving(people, moves), days, cause


def test_incidence_and_staying_by_hand() -> None:
    # S(1) = 8/10; day 3: 3 of 7 at risk; day 5: 1 of 4
    after_three = 0.8 * 4 / 7
    assert of_arm(SMALL, "risk", UNPLANNED, 5)[0] == pytest.approx(0.2 + after_three / 4)
    assert of_arm(SMALL, "risk", RETAINED, 5)[0] == pytest.approx(after_three * 3 / 4)
    assert of_arm(SMALL, "risk", UNPLANNED, 4)[0] == pytest.approx(0.2)


def test_mean_days_by_hand() -> None:
    # everyone for a day, 0.8 for two, then 0.8 x 4/7 for two
    assert of_arm(SMALL, "mean_days", RETAINED, 5)[0] == pytest.approx(1 + 0.8 * 2 + 0.8 * 4 / 7 * 2)


def test_before_anyone_leaves() -> None:
    for stem, read, value in (("risk", UNPLANNED, 0.0), ("risk", RETAINED, 1.0), ("mean_days", RETAINED, 0.0)):
        found, error = of_arm(SMALL, stem, read, 0)
        assert found == value
        assert np.isnan(error)


def test_staying_agrees_with_lifelines() -> None:
    from lifelines import KaplanMeierFitter

    leaving, _, _ = simulated(1)
    time = [m.day for m in leaving.moves]
    fit = KaplanMeierFitter().fit(
        time, [m.cause != "censored" for m in leaving.moves], weights=[m.count for m in leaving.moves]
    )
    drawn = curve(AsTold(exact(leaving.people), exact=leaving), (), True, 0.95, POLICIES["none"])
    assert drawn is not None
    days = drawn["x"][1:]
    np.testing.assert_allclose(drawn["estimate"][1:], fit.predict(days), rtol=1e-12)
    limits = fit.confidence_interval_.reindex(days, method="ffill").to_numpy()
    inner = drawn["estimate"][1:] > 0
    # lifelines has log-log limits with Greenwood's variance, which the robust one equals for plain counts
    np.testing.assert_allclose(drawn["conf_low"][1:][inner], limits[inner, 0], rtol=1e-9)
    np.testing.assert_allclose(drawn["conf_high"][1:][inner], limits[inner, 1], rtol=1e-9)


def test_incidence_agrees_with_statsmodels() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    leaving, days, cause = simulated(2)
    codes = np.select([cause == "unplanned", cause == "completed"], [1, 2], 0)
    theirs = CumIncidenceRight(days, codes)
    at = np.searchsorted(theirs.times, 90, side="right") - 1
    value, error = of_arm(leaving, "risk", UNPLANNED, 90)
    assert value == pytest.approx(theirs.cinc[0][at], rel=1e-12)
    assert error == pytest.approx(theirs.cinc_se[0][at], rel=0.01)


def test_a_curve_over_days_starts_at_zero_and_is_a_step_on_every_day_on_which_anyone_leaves() -> None:
    drawn = curve(AsTold(exact(10), exact=SMALL), ("unplanned",), False, 0.95, POLICIES["none"])
    assert drawn is not None
    # people leave on days 1, 3 and 5; on the day before each the curve is where it was
    assert drawn["x"].tolist() == [0, 1, 2, 3, 4, 5]
    assert drawn["estimate"][:3].tolist() == [0, pytest.approx(0.2), pytest.approx(0.2)]
    assert not drawn["rounding_error"].any()


def test_a_risk_of_a_life_table_without_censoring_is_events_by_people() -> None:
    table = told((30, 20), (90, 45))
    found = numbers(asked("iop", day=90, read=UNPLANNED), [known(45, table)])
    assert (found["estimate"], found["rounding_error"]) == (0.45, 0)
    assert found["std_error"] == pytest.approx(np.sqrt(0.45 * 0.55 / 100))
    low, high = log_log_limits(0.45, found["std_error"], 0.95, survives=False)
    assert (found["conf_low"], found["conf_high"]) == (low, high)
    # rounded to the nearest five, it may be two people more or fewer
    near = numbers(asked("iop", day=90, read=UNPLANNED), [known(45, table, slack=2)])
    assert near["rounding_error"] == pytest.approx(0.02)
    # without a number of those with the event there is none, nor beyond what is told
    assert estimate(asked("iop", day=90, read=UNPLANNED), [known(None, table)]) is None
    assert estimate(asked("iop", "mean_days", day=91, read=RETAINED), [known(55, table)]) is None


def test_mean_days_are_the_area_under_straight_lines_and_their_error_holds_every_day_of_leaving() -> None:
    found = numbers(asked("iop", "mean_days", day=90, read=RETAINED), [known(55, told((30, 20), (90, 45)))])
    # who leaves is there for half a day more, on the day of leaving
    mean = 30 * (1 + 0.8) / 2 + 60 * (0.8 + 0.55) / 2 + 0.45 / 2
    assert found["estimate"] == pytest.approx(mean)
    # all leave on the last day of a stretch, or all on its first
    assert found["rounding_error"] == pytest.approx(30 + 60 * 0.8 - mean)
    assert found["rounding_error"] == pytest.approx(mean - (1 + 29 * 0.8 + 0.8 + 59 * 0.55))
    half = numbers(asked("iop", "mean_days", day=60, read=RETAINED), [known(55, told((30, 20), (90, 45)))])
    assert half["estimate"] == pytest.approx(27 + 30 * (0.8 + 0.675) / 2 + 0.325 / 2)


def test_rounding_errors_of_comparisons() -> None:
    arms = [known(45, told((90, 45)), slack=2), known(30, told((90, 30)), slack=2)]
    gap = numbers(asked("difference", day=90, read=UNPLANNED), arms)
    assert (gap["estimate"], gap["rounding_error"]) == (pytest.approx(0.15), pytest.approx(0.04))
    ratio = numbers(asked("ratio", day=90, read=UNPLANNED), arms)
    assert ratio["rounding_error"] == pytest.approx(47 / 28 - 45 / 30)
    counts = [Arm(exact(100), Told(45, 43, 47)), Arm(Told(90, 88, 92), exact(30))]
    gap = numbers(asked("difference"), counts)
    assert gap["rounding_error"] == pytest.approx(0.02 + 30 / 88 - 30 / 90)


def test_risks_of_counts_by_hand() -> None:
    found = numbers(asked("iop"), [cells(30, 100)])
    assert found["estimate"] == 0.3
    # Wilson by hand: z^2 = 3.8415
    z = stats.norm.ppf(0.975)
    centre, half = (30 + z**2 / 2) / (100 + z**2), z * np.sqrt(100 * 0.3 * 0.7 + z**2 / 4) / (100 + z**2)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx((centre - half, centre + half))
    assert np.isnan(found["p_value"])


def test_difference_and_ratio_of_counts() -> None:
    arms = [cells(30, 100), cells(45, 90)]
    found = numbers(asked("difference"), arms)
    assert found["estimate"] == pytest.approx(-0.2)
    assert found["conf_low"] < -0.2 < found["conf_high"] < 0
    chi2 = stats.chi2_contingency([[30, 70], [45, 45]], correction=False)
    assert found["p_value"] == pytest.approx(chi2.pvalue)
    ratio = numbers(asked("ratio"), arms)
    assert ratio["estimate"] == pytest.approx(0.6)
    error = np.sqrt(1 / 30 - 1 / 100 + 1 / 45 - 1 / 90)
    assert ratio["std_error"] == pytest.approx(error)
    assert ratio["conf_high"] == pytest.approx(0.6 * np.exp(stats.norm.ppf(0.975) * error))


def test_arms_of_life_tables_are_independent() -> None:
    one, other = simulated(3)[0], simulated(4, 300)[0]
    arms = [followed(one), followed(other)]
    (p1, e1), (p0, e0) = (of_arm(arm, "risk", UNPLANNED, 90) for arm in (one, other))
    found = numbers(asked("difference", day=90, read=UNPLANNED), arms)
    assert (found["estimate"], found["std_error"]) == pytest.approx((p1 - p0, np.hypot(e1, e0)))
    ratio = numbers(asked("ratio", day=90, read=UNPLANNED), arms)
    assert (ratio["estimate"], ratio["std_error"]) == pytest.approx((p1 / p0, np.hypot(e1 / p1, e0 / p0)))
    assert np.log(ratio["conf_high"] / ratio["estimate"]) == pytest.approx(stats.norm.ppf(0.975) * ratio["std_error"])


def test_no_ratio_without_events() -> None:
    with pytest.raises(EstimationError, match="no events in an arm"):
        estimate(asked("ratio"), [cells(0, 100), cells(45, 90)])


def test_no_mean_days_from_counts() -> None:
    with pytest.raises(EstimationError, match="life table"):
        estimate(asked("iop", stem="mean_days"), [cells(3, 9)])


def test_no_estimate_beyond_follow_up_unless_everyone_left() -> None:
    with pytest.raises(EstimationError, match="no one is followed"):
        estimate(asked("iop", day=6, read=RETAINED), [followed(SMALL, reached=False)])
    gone = Leaving(4, (Move(1, "unplanned", 4),))
    assert numbers(asked("iop", day=6, read=RETAINED), [followed(gone)])["estimate"] == 0


@pytest.mark.parametrize("survives", [True, False])
def test_log_log_limits_stay_within_zero_and_one(survives: bool) -> None:
    low, high = log_log_limits(0.02, 0.05, 0.95, survives)
    assert 0 < low < 0.02 < high < 1
    assert np.isnan(log_log_limits(0.0, 0.0, 0.95, survives)).all()


def test_more_events_than_people_after_rounding_are_everyone() -> None:
    """12 of 13 people, each rounded to five and told with its range: 15 of 15; 13 of 13 as 15 of 10."""
    arm, other = Arm(Told(10, 8, 12), Told(15, 13, 17)), Arm(Told(20, 18, 22), Told(10, 8, 12))
    of_arm_, gap = numbers(asked("iop"), [arm]), numbers(asked("difference"), [arm, other])
    assert (of_arm_["estimate"], of_arm_["std_error"]) == (1, 0)
    assert of_arm_["conf_high"] == 1
    assert gap["estimate"] == pytest.approx(0.5)
    assert all(np.isfinite(gap[name]) for name in ("std_error", "conf_low", "conf_high", "p_value"))
    assert numbers(asked("ratio"), [arm, other])["estimate"] == pytest.approx(2)
