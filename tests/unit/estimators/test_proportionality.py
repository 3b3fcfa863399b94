"""Tests of proportional hazards: six people by hand, power and size, people in groups, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.cox import CoxFit, cox
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.proportionality import TRANSFORMS, effect_over_time, proportional_hazards_test

NAMES = ("a", "b")


def data(n: int = 200, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    time = np.ceil(20 * rng.exponential(np.exp(-0.5 * x[:, 0]))).clip(1, 40)
    return {
        "x": x,
        "time": time,
        "event": (rng.random(n) < 0.8) & (time < 40),
        "weight": rng.uniform(0.5, 2, n),
        "frequency": rng.integers(0, 4, n).astype(float),
        "entry": np.floor(time * rng.random(n) * 0.3),
        "strata": rng.integers(0, 3, n),
    }


def fitted(s: dict[str, np.ndarray]) -> CoxFit:
    others = {name: s[name] for name in ("weight", "frequency", "entry", "strata")}
    return cox(s["x"], s["time"], s["event"], NAMES, **others)


def test_six_people_by_hand() -> None:
    # Of six, x = 1 for three; events at 1 (x = 1), 2 (x = 0), 3 (x = 1). With r = exp(b) = (1 + sqrt 13) / 2 the
    # chances p of x = 1 among those at risk are 3r / (3r + 3), 2r / (2r + 3), 2r / (2r + 2); the variances p (1 - p).
    fit = cox([[1], [0], [1], [0], [1], [0]], [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], ("x",))
    r = (1 + np.sqrt(13)) / 2
    p = np.array([r / (r + 1), 2 * r / (2 * r + 3), r / (r + 1)])
    u, variance = np.array([1, 0, 1]) - p, p * (1 - p)
    np.testing.assert_allclose(fit.at_events.score()[:, 0], u, atol=1e-12)
    np.testing.assert_allclose(fit.at_events.schoenfeld()[:, 0], u, atol=1e-12)
    g = np.array([1, 2, 3])
    left = g**2 @ variance - (g @ variance) ** 2 / variance.sum()
    test = proportional_hazards_test(fit, "identity")
    np.testing.assert_allclose(test.statistic, (g @ u) ** 2 / left, atol=1e-20)
    assert test.names == ("x", "global")


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_frequency_is_so_many_people_and_order_and_scale_are_nothing(transform: str) -> None:
    s = data()
    grouped = fitted(s)
    copies = np.repeat(np.arange(200), s["frequency"].astype(int))
    shuffled = np.random.default_rng(1).permutation(copies)
    apart = fitted({name: values[shuffled] for name, values in s.items()} | {"frequency": np.ones(len(copies))})
    scaled = fitted(s | {"x": s["x"] * np.array([10, 1]) + 3})
    test = proportional_hazards_test(grouped, transform)
    for other in (apart, scaled):
        np.testing.assert_allclose(proportional_hazards_test(other, transform).statistic, test.statistic, rtol=1e-8)
    one, two = effect_over_time(grouped, "b", transform), effect_over_time(apart, "b", transform)
    np.testing.assert_allclose(one.log_hazard_ratio, two.log_hazard_ratio, rtol=1e-7)
    np.testing.assert_allclose(one.upper - one.lower, two.upper - two.lower, rtol=1e-7)
    assert one.people.sum() == len(two.people)


def test_the_information_sums_what_each_event_time_adds() -> None:
    events = fitted(data()).at_events
    each = np.stack([events.information(row) for row in np.eye(len(events.times))])
    multiplier = np.linspace(0, 2, len(events.times))
    np.testing.assert_allclose(events.information(multiplier), np.einsum("u,ujk->jk", multiplier, each), rtol=1e-9)
    np.testing.assert_allclose(events.score().sum(axis=0), 0, atol=1e-6)
    assert (np.linalg.eigvalsh(each) > -1e-9).all()


def test_size_and_power() -> None:
    rng = np.random.default_rng(8)
    rejected = {"proportional": 0, "crossing": 0}
    for _ in range(200):
        arm = rng.integers(0, 2, 150)
        unit = rng.exponential(size=150)
        # the second arm has Weibull hazards of shape 2 around the same median
        times = {"proportional": unit * np.where(arm, 0.6, 1), "crossing": np.where(arm, 0.9 * np.sqrt(unit), unit)}
        for key, time in times.items():
            fit = cox(arm[:, None], np.minimum(time, 2), time < 2, ("arm",))
            rejected[key] += proportional_hazards_test(fit).p_value[0] < 0.05
    assert 2 <= rejected["proportional"] <= 20  # 10 expected; outside once in a thousand
    assert rejected["crossing"] > 160


def test_periods_are_proportional_hazards_within_them() -> None:
    s = data()
    # a period of all days is the model itself, the influence of a person included
    whole = cox(s["x"], s["time"], s["event"], NAMES, weight=s["weight"], frequency=s["frequency"], strata=s["strata"])
    ever = cox_in_period(
        s["x"], s["time"], s["event"], NAMES, (0, np.inf), s["weight"], s["frequency"], strata=s["strata"]
    )
    np.testing.assert_allclose(ever.estimate.value, whole.estimate.value, rtol=1e-8)
    np.testing.assert_allclose(ever.estimate.influence, whole.estimate.influence, atol=1e-10)
    # the first period is follow-up censored at its end, the last entry at its begin
    early, late = s["entry"] < 10, s["time"] > 10
    soon = s["event"] & (s["time"] <= 10)
    first = cox(s["x"][early], s["time"][early].clip(max=10), soon[early], NAMES, entry=s["entry"][early])
    last = cox(s["x"][late], s["time"][late], s["event"][late], NAMES, entry=s["entry"][late].clip(min=10))
    for there, period in ((first, (0, 10)), (last, (10, np.inf))):
        own = cox_in_period(s["x"], s["time"], s["event"], NAMES, period, entry=s["entry"]).estimate
        np.testing.assert_allclose(own.value, there.estimate.value, rtol=1e-8)
        np.testing.assert_allclose(own.covariance(), there.estimate.covariance(), rtol=1e-7)


def test_coefficients_of_all_periods_are_those_of_one_model_with_each_period_in_a_stratum() -> None:
    s = data()
    bounds = ((0, 10), (10, 20), (20, np.inf))
    fits = [cox_in_period(s["x"], s["time"], s["event"], NAMES, b, s["weight"]).estimate for b in bounds]
    pieces = [(s["time"] > low) | (low == 0) for low, _ in bounds]
    columns = [np.hstack([s["x"][on] * (at == k) for k in range(3)]) for at, on in enumerate(pieces)]
    rows = [(s["time"][on], s["event"][on], s["weight"][on], *b) for on, b in zip(pieces, bounds, strict=True)]
    joint = cox(
        np.vstack(columns), np.concatenate([np.minimum(t, high) for t, _, _, _, high in rows]),
        np.concatenate([e & (t <= high) for t, e, _, _, high in rows]), [f"{n}{k}" for k in range(3) for n in NAMES],
        weight=np.concatenate([w for _, _, w, _, _ in rows]),
        entry=np.concatenate([np.full(len(t), float(low)) for t, _, _, low, _ in rows]),
    )  # fmt: skip
    np.testing.assert_allclose(np.concatenate([f.value for f in fits]), joint.estimate.value, rtol=1e-7)
    person = np.concatenate([np.flatnonzero(on) for on in pieces])
    whole = np.zeros((len(s["time"]), 6))
    np.add.at(whole, person, joint.estimate.influence)
    np.testing.assert_allclose(np.hstack([f.influence for f in fits]), whole, atol=1e-9)


def test_day_0_belongs_to_the_first_period() -> None:
    s = data()
    time = s["time"] - 1
    whole, parts = cox(s["x"], time, s["event"], NAMES), cox_in_period(s["x"], time, s["event"], NAMES, (0, np.inf))
    assert (time[s["event"]] == 0).any()
    np.testing.assert_allclose(parts.estimate.value, whole.estimate.value, rtol=1e-8)


def test_refusals() -> None:
    s = data()
    fit = fitted(s)
    with pytest.raises(EstimationError, match="not by 'sqrt'"):
        proportional_hazards_test(fit, "sqrt")
    with pytest.raises(EstimationError, match="c: no such column of the model, which has a, b"):
        proportional_hazards_test(fit, terms={"both": ("a", "c")})
    with pytest.raises(EstimationError, match="'c' is no term of the model; its terms are a, b"):
        effect_over_time(fit, "c")
    with pytest.raises(EstimationError, match="on day 0"):
        proportional_hazards_test(cox(s["x"], s["time"] - 1, s["event"], NAMES), "log")
    with pytest.raises(EstimationError, match="All events happen at one time"):
        proportional_hazards_test(cox(s["x"], np.full(200, 5), s["event"], NAMES))
    with pytest.raises(EstimationError, match="more than 4 different event times"):
        effect_over_time(cox(s["x"], s["time"], s["event"] & (s["time"] < 4), NAMES), "a")
    once = np.where(s["time"] == 1, np.arange(200) % 2, 0)  # tells something on day 1 only
    with pytest.raises(EstimationError, match="whether the log hazard ratio of once changes"):
        proportional_hazards_test(cox(np.column_stack([s["x"][:, 0], once]), s["time"], s["event"], ("a", "once")))
    by = {"x": s["x"], "time": s["time"], "event": s["event"], "names": NAMES}
    with pytest.raises(EstimationError, match="No events in the period 50-,"):
        cox_in_period(**by, period=(50, np.inf))
    for wrong in ((10, 10), (10, 5), (-1, 10)):
        with pytest.raises(EstimationError, match="begins on day 0 or later, and ends after it begins"):
            cox_in_period(**by, period=wrong)
    with pytest.raises(EstimationError, match="strata"):
        cox_in_period(**by, period=(0, 10), strata=[1, 2])
