"""Times that differ by rounding only are one time, at the door of every estimator."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from every_estimator import ESTIMATORS, NAMES, Sample, event, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.same_times import placed, same_times
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.cox.grouped import grouped_hazards, grouped_times
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.logrank import logrank, weighted_logrank
from iop_outcomes.estimators.cox.proportionality import TRANSFORMS, effect_over_time, proportional_hazards_test
from iop_outcomes.estimators.regression import imputation
from iop_outcomes.estimators.survival import cuminc, turnbull
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.gray import gray_test
from iop_outcomes.estimators.survival.parametric import interval_failure_time
from iop_outcomes.estimators.survival.pseudo import pseudo_observations
from iop_outcomes.estimators.survival.whole_curve import incidence_curves, survival_curve

N = 48
STARTS = np.array([0.0, 0.1, 30.2, 40.2, 7.3, 100.7, 20_123.4])


def jittered(s: Sample, unit: float = 1.0, seed: int = 3) -> Sample:
    """The sample with each time as a calendar of weeks gives it: counted from a start, less that start."""
    rng = np.random.default_rng(seed)
    out = dict(s)
    for name in ("time", "entry"):
        start = rng.uniform(0, 3000, len(s["time"]))
        out[name] = 7 * ((s[name] * unit / 7 + start) - start)
    return out


# `grouped` meets its borders in a test of its own
@pytest.mark.parametrize("name", [name for name in ESTIMATORS if not name.startswith("grouped")])
def test_a_calendar_behind_the_times_changes_no_estimate(name: str) -> None:
    plain, rounded = sample(), jittered(sample())
    assert len(np.unique(rounded["time"])) > len(np.unique(plain["time"])) + 5
    one, other = ESTIMATORS[name](plain), ESTIMATORS[name](rounded)
    assert other.names == one.names
    np.testing.assert_allclose(other.value, one.value, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(other.covariance(), one.covariance(), rtol=1e-7, atol=1e-11)


def answers(s: Sample) -> list[object]:
    """Everything else that takes times, at horizons of tenths as they are written."""
    t, e, group = s["time"], event(s), s["arm"]
    fit = cox(s["x"], t, e, NAMES, entry=s["entry"])
    curve = survival_curve(t, e, entry=s["entry"])
    smooth = effect_over_time(fit, "age")
    return [
        logrank(t, e, group, "peto-peto", entry=s["entry"]),
        weighted_logrank(t, e, group, s["weight"], strata=s["stratum"]),
        gray_test(t, s["cause"], 1, group),
        *(proportional_hazards_test(fit, transform) for transform in TRANSFORMS),
        (smooth.time, smooth.log_hazard_ratio),
        (curve.times, curve.value, curve.standard_error, curve.at_risk, curve.quantiles().time),
        [(c.times, c.value, c.standard_error) for c in incidence_curves(t, s["cause"]).values()],
        cuminc.at_risk(t, (0.1, 0.2, 0.3, 0.6), entry=s["entry"]),
        pseudo_observations(cuminc.survival, group, (0, 1), time=t, event=e, times=(0.3, 0.6)),
        imputation.cumulative_hazard(t, e),
        nelson_aalen(t, s["cause"], 1, (0.3, 0.6, 0.9)).value,
        concordance(s["x"][:, 0], t, e, horizon=0.6, weighting="uno").estimate.value,
        [
            cox_in_period(s["x"], t, e, NAMES, period, entry=s["entry"]).estimate.value
            for period in ((0, 0.2), (0.2, 0.6), (0.6, np.inf))
        ],
        fine_gray(s["x"], t, s["cause"], 1, NAMES).cumulative_incidence([[0, 0]], ("x",), (0.3, 0.6)).value,
        turnbull.turnbull(t, np.where(e, t, np.inf)).survival((0.3, 0.6)),
        turnbull.turnbull(np.maximum(t - 0.3, 0), t).survival((0.3, 0.6)),
        interval_failure_time(s["x"], t, np.where(e, t, np.inf), NAMES).estimate.value,
    ]


def same(one: object, other: object) -> None:
    if is_dataclass(one):
        for field in fields(one):
            same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, tuple | list):
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, str):
        assert one == other
    else:
        np.testing.assert_allclose(other, one, rtol=1e-7, atol=1e-10)


def test_a_calendar_behind_the_times_changes_no_test_curve_or_count() -> None:
    s = sample(n=80)
    written = dict(s, time=s["time"] / 10, entry=s["entry"] / 10)
    same(answers(written), answers(jittered(s, 0.1)))


def test_grouped_times_meet_their_borders() -> None:
    rng = np.random.default_rng(1)
    at, left = rng.integers(0, 5, 60), rng.random(60) < 0.6
    x = rng.normal(size=(60, 1))
    borders = np.arange(7) / 10
    found = []
    for start in (np.zeros(60), STARTS[rng.integers(0, 7, 60)]):
        low, high = ((k / 10 + start) - start for k in (at, at + 1))
        upper = np.where(left, high, np.inf)
        np.testing.assert_allclose(grouped_times(low, upper, left, borders), (at + left) / 10)
        found.append(grouped_hazards(x, low, upper, left, 1, ["x"], borders).estimate.value)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-10)


def test_three_ways_to_write_a_time() -> None:
    times = np.array([0.3, 30.5 - 30.2, 40.5 - 40.2, 0.1 + 0.2, 0.4, np.inf, np.nan])
    assert len(set(times[:4])) == 4
    (found,) = same_times(times)
    assert len(set(found[:4])) == 1
    np.testing.assert_array_equal(found[4:], times[4:])
    # late entry and leaving are times of one clock
    leaves, enters = same_times(np.array([0.3, 0.9]), np.array([0.0, 30.5 - 30.2]))
    assert leaves[0] == enters[1]
    # nothing, by rounding
    assert same_times(np.array([0.1 + 0.2 - 0.3, 0.3 - 0.1 - 0.2, 5.5]))[0].tolist() == [0, 0, 5.5]
    assert cuminc.survival([0.3 - 0.1 - 0.2, 0.5, 0.7], [0, 1, 0], 0.6).value == pytest.approx(0.5)


def test_whole_numbers_are_left_alone() -> None:
    days = np.array([1.0, 2, 3, 1e15, 1e15 + 1])
    assert same_times(days)[0] is days
    half = np.array([0.5, 1, 2, 3, 365, 366, 20_000])
    assert same_times(half)[0] is half


@pytest.mark.parametrize("unit", [1e-9, 1 / 365.25, 1.0, 86_400.0, 1e9])
def test_real_differences_stay_in_any_unit(unit: float) -> None:
    rng = np.random.default_rng(4)
    times = np.sort(rng.uniform(0, 1000, 2000)) * unit  # to the hundredth of a day, and finer
    assert same_times(times)[0] is times
    seconds = (1.7e9 + np.arange(0, 1000, 0.25)) * unit  # far from zero
    assert len(np.unique(same_times(seconds)[0])) == len(seconds)
    one_long = np.append(times, 1e12 * unit)
    assert len(np.unique(same_times(one_long)[0])) == 2001


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(STARTS.tolist())), min_size=1, max_size=40))
def test_as_many_times_as_were_meant(meant: list[tuple[int, float]]) -> None:
    ticks, start = (np.array(v) for v in zip(*meant, strict=True))
    (found,) = same_times((ticks / 10 + start) - start)
    np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], np.unique(ticks, return_inverse=True)[1])
    np.testing.assert_array_equal(same_times(found)[0], found)
    np.testing.assert_array_equal(placed(np.unique(ticks) / 10, np.unique(found)), np.unique(found))


def test_an_interval_of_rounding_has_no_length() -> None:
    with pytest.raises(EstimationError, match="at or after the time at which they leave"):
        cuminc.survival([0.3, 0.5, 0.7], [1, 1, 0], 0.5, entry=[30.5 - 30.2, 0, 0])


def test_cuts_and_horizons_are_times_of_entry_too() -> None:
    """Nobody leaves at 0.3, where some enter and a period begins."""
    under = (0.3 + 100.7) - 100.7
    assert under < 0.3
    people, _ = cuminc.at_risk([0.5, 0.7], [0.3, 0.4], entry=[under, 0])
    np.testing.assert_array_equal(people, [1, 2])
    rng = np.random.default_rng(6)
    time, event = rng.integers(1, 10, 60) / 10, rng.random(60) < 0.8
    time = np.where(time == 0.3, 0.4, time)
    late = (time > 0.3) & (rng.random(60) < 0.5)
    x = rng.normal(size=(60, 1))
    for period in ((0, 0.3), (0.3, np.inf)):
        plain, rounded = (
            cox_in_period(x, time, event, ["x"], period, entry=np.where(late, at, 0)).estimate for at in (0.3, under)
        )
        np.testing.assert_allclose(rounded.value, plain.value, rtol=1e-10)


def test_rounding_decides_no_order() -> None:
    """One person has the event, the other is censored, at the same time: whoever is censored is at risk."""
    event_first, event_last = np.array([0.3, 0.1 + 0.2]), np.array([0.1 + 0.2, 0.3])
    for time in (event_first, event_last):
        assert cuminc.survival(time, [1, 0], 0.3).value == pytest.approx(0.5)
        assert nelson_aalen(time, [1, 0], 1, 0.3).value == pytest.approx(0.5)
