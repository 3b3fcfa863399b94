"""Times known to lie between two days: against another implementation, by simulated truth, by properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import INFERENCE, ask, people_of_a_contrast, run_abstinence
from parts import endpoint

from iop_outcomes.analyses.outcomes.between_days import BetweenDays
from iop_outcomes.analyses.outcomes.to_an_event import ToAnEvent
from iop_outcomes.analyses.sample import Sample

ASK = ask(
    step="abstinence", outcome="o", measure="time_ratio", method="naive", missing_rule="none", horizon_days=360
)  # fmt: skip


def people(arm: np.ndarray) -> Sample:
    names = [f"p{i}" for i in range(len(arm))]
    scores = pd.DataFrame({"person_id": names, "record_id": names, "arm": arm, "site_id": "S1"})
    return Sample(scores, ("first", "second"), INFERENCE)


def drawn(n: int, seed: int, ratio: float = 1.5) -> tuple[np.ndarray, BetweenDays]:
    """Weibull times of shape 1.5, longer in the first arm, seen at interviews every 90 days, some of them missed."""
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 2, n)
    time = 100 * rng.weibull(1.5, n) * np.where(arm == 1, ratio, 1.0)
    visits = np.arange(1, 5) * 90
    held = rng.random((n, 4)) < 0.8
    free, known = held & (visits < time[:, None]), held & (visits >= time[:, None])
    after = np.where(free, visits, 0).max(axis=1)
    by = np.where(known, visits, np.inf).min(axis=1)
    seen = np.isfinite(by)
    return arm, BetweenDays(np.where(seen, by, after), seen, after.astype(float))


def test_the_ratio_of_times_is_that_of_lifelines():
    from lifelines import WeibullAFTFitter

    arm, outcome = drawn(400, 1)
    found = outcome.modelled(ASK, people(arm)).whole
    upper = np.where(outcome.seen, outcome.days, np.inf)
    # theirs take both ends as within an interval, ours the later one only; and they need a time above 0
    frame = pd.DataFrame({"lower": outcome.after, "upper": upper, "arm": arm})[outcome.days > 0]
    fit = WeibullAFTFitter(penalizer=0.0).fit_interval_censoring(frame, "lower", "upper")
    assert found.value[0] == pytest.approx(fit.params_.loc[("lambda_", "arm")], abs=2e-3)
    # theirs is the model's, ours robust
    assert found.standard_error()[0] == pytest.approx(fit.standard_errors_.loc[("lambda_", "arm")], rel=0.1)


def test_the_truth_is_held_and_the_day_of_the_interview_in_its_place_is_off():
    """Log ratio .405 in 200 samples; taken as the event's own day, the day by which it is known shrinks it."""
    from iop_outcomes.estimators.survival.parametric import accelerated_failure_time

    held, values, naive = 0, [], []
    for seed in range(200):
        arm, outcome = drawn(250, seed)
        found = outcome.modelled(ASK, people(arm)).whole
        held += abs(found.value[0] - np.log(1.5)) < 1.96 * found.standard_error()[0]
        values.append(found.value[0])
        some = outcome.days > 0
        wrong = accelerated_failure_time(arm[some, None], outcome.days[some], outcome.seen[some], ["arm"])
        naive.append(wrong.estimate.take("arm").value[0])
    error = np.std(values) / np.sqrt(200)
    # exact binomial 99 % limits of 200 intervals that hold 95 %
    assert 0.9 <= held / 200 <= 0.985
    assert abs(np.mean(values) - np.log(1.5)) < 3 * error
    assert abs(np.mean(naive) - np.log(1.5)) > 10 * error


def jittered(n: int, rng: np.random.Generator) -> tuple[np.ndarray, BetweenDays]:
    """The same times, seen at interviews due every 90 days and held up to 20 days late."""
    arm = rng.integers(0, 2, n)
    time = 100 * rng.weibull(1.5, n) * np.where(arm == 1, 1.5, 1.0)
    visits = np.arange(1, 5) * 90 + rng.integers(0, 21, (n, 4))
    after = np.where(visits < time[:, None], visits, 0).max(axis=1)
    by = np.where(visits >= time[:, None], visits, np.inf).min(axis=1)
    seen = np.isfinite(by)
    return arm, BetweenDays(np.where(seen, by, after), seen, after.astype(float))


def test_an_interview_after_the_horizon_is_taken_whole() -> None:
    """Of times between two interviews around day 180 the curve holds the truth at a horizon between them; cut there,
    those who had used by the later one would be left at the earlier one, and it would be .05 too high.
    """
    from iop_outcomes.estimators.survival.turnbull import turnbull

    short = ask(**{**ASK.model_dump(), "horizon_days": 180})
    arm, outcome = jittered(8000, np.random.default_rng(7))
    drawn_to = pd.DataFrame(list(outcome.curves(short, people(arm))))
    at = drawn_to[drawn_to["x"] == 180].set_index(["axis", "arm"])["estimate"]
    for name, value in (("first", 1), ("second", 0)):
        scale, own = (150 if value else 100), arm == value
        truth = np.exp(-((180 / scale) ** 1.5))
        # four standard errors of a share, the model's being smaller
        close = 4 * np.sqrt(truth * (1 - truth) / 4000)
        assert at["days_earliest", name] - close < truth < at["days_latest", name] + close
        assert at["days_modelled", name] == pytest.approx(truth, abs=close)
        assert at["days_known", name] > truth + close
        seen = outcome.seen[own] & (outcome.days[own] <= 180)
        upper = np.where(seen, outcome.days[own], np.inf)
        cut = turnbull(np.minimum(np.minimum(outcome.after[own], 180), upper), upper)
        assert cut.survival((180,))[0][0] > truth + 0.05


def test_curves_by_hand_and_beside_another_implementation() -> None:
    """Four people in each arm: after days 0, 10, 20 by 20, 30, 30, and not by 30: 3/8, 3/8 and 1/4 of the mass."""
    from lifelines import KaplanMeierFitter

    arm = np.repeat([1, 0], 4)
    by, after = np.tile([20.0, 30, 30, 30], 2), np.tile([0.0, 10, 20, 30], 2)
    outcome = BetweenDays(by, np.tile([True, True, True, False], 2), after)
    short = ask(**{**ASK.model_dump(), "horizon_days": 30})
    found = pd.DataFrame(list(outcome.curves(short, people(arm))))
    first = found[found["arm"] == "first"].set_index(["axis", "x"])["estimate"]
    assert first["days_earliest"].to_dict() == pytest.approx({7: 1, 14: 5 / 8, 21: 1 / 4, 28: 1 / 4, 30: 1 / 4})
    assert first["days_latest"].to_dict() == pytest.approx({7: 1, 14: 1, 21: 5 / 8, 28: 5 / 8, 30: 1 / 4})
    # one of four known by day 20, two of three by day 30
    assert first["days_known"].to_dict() == pytest.approx({7: 1, 14: 1, 21: 3 / 4, 28: 3 / 4, 30: 1 / 4})
    assert found["conf_low"].isna().all()
    many, outcome = drawn(300, 8)
    mine = pd.DataFrame(list(outcome.curves(ASK, people(many))))
    own = (many == 1) & ((outcome.days > 0) | outcome.seen)
    upper = np.where(outcome.seen, outcome.days, np.inf)[own]
    # theirs takes both ends as within an interval, ours the later one only
    theirs = KaplanMeierFitter().fit_interval_censoring(outcome.after[own] + 1e-6, upper, tol=1e-9)
    table = theirs.survival_function_
    for axis, column in (("days_earliest", "NPMLE_estimate_lower"), ("days_latest", "NPMLE_estimate_upper")):
        line = mine[(mine["arm"] == "first") & (mine["axis"] == axis) & mine["x"].isin([90, 180, 270])]
        there = [float(table[column][table.index <= x].iloc[-1]) for x in line["x"]]
        assert line["estimate"].to_list() == pytest.approx(there, abs=2e-3)


def test_weights_are_people_and_a_known_day_is_kaplan_meiers() -> None:
    """Who weighs two counts as two; where each event is known to the day the curves without a model are one."""
    from iop_outcomes.estimators.survival.cuminc import survival

    arm, outcome = drawn(120, 9)
    twice = np.random.default_rng(10).integers(1, 3, 120)
    weighed = people(arm).everyone.assign(overlap=twice.astype(float))
    sample = Sample(weighed, ("first", "second"), INFERENCE)
    asked = ask(**{**ASK.model_dump(), "method": "overlap"})
    some = pd.DataFrame(list(outcome.curves(asked, sample)))
    copies = BetweenDays(*(np.repeat(v, twice) for v in (outcome.days, outcome.seen, outcome.after)))
    many = pd.DataFrame(list(copies.curves(ASK, people(np.repeat(arm, twice)))))
    np.testing.assert_allclose(some["estimate"], many["estimate"], atol=1e-6)
    exact = BetweenDays(outcome.days, outcome.seen, np.where(outcome.seen, outcome.days, outcome.after))
    lines = pd.DataFrame(list(exact.curves(ASK, people(arm)))).set_index(["axis", "arm"]).sort_index()["estimate"]
    own = (arm == 1) & (outcome.days > 0)
    days = some.loc[(some["axis"] == "days_known") & (some["arm"] == "first"), "x"]
    expected = survival(outcome.days[own], outcome.seen[own], days).value
    for axis in ("days_earliest", "days_latest", "days_known"):
        np.testing.assert_allclose(lines[axis, "first"], expected, atol=1e-7)


@pytest.mark.parametrize(
    ("measure", "fitter", "name"),
    [("time_ratio", "WeibullAFTFitter", "lambda_"), ("log_logistic_time_ratio", "LogLogisticAFTFitter", "alpha_")],
)
def test_where_the_day_is_known_the_ratio_is_that_of_lifelines_too(measure: str, fitter: str, name: str) -> None:
    import lifelines

    arm, outcome = drawn(300, 11)
    times = ToAnEvent(outcome.days, outcome.seen)
    short = ask(**{**ASK.model_dump(), "measure": measure, "horizon_days": 270})
    found = times.modelled(short, people(arm)).whole
    days = np.minimum(times.days, 270)
    frame = pd.DataFrame({"days": days, "seen": times.seen & (times.days <= 270), "arm": arm})[days > 0]
    fit = getattr(lifelines, fitter)(penalizer=0.0).fit(frame, "days", "seen")
    assert found.value[0] == pytest.approx(fit.params_.loc[(name, "arm")], abs=2e-3)


def test_order_copies_and_units_of_time():
    arm, outcome = drawn(150, 3)
    found = outcome.modelled(ASK, people(arm)).whole
    order = np.random.default_rng(4).permutation(150)
    other = BetweenDays(outcome.days[order], outcome.seen[order], outcome.after[order])
    again = other.modelled(ASK, people(arm[order])).whole
    assert again.value[0] == pytest.approx(found.value[0], abs=1e-8)
    twice = BetweenDays(*(np.repeat(v, 2) for v in (outcome.days, outcome.seen, outcome.after)))
    copies = twice.modelled(ASK, people(np.repeat(arm, 2))).whole
    assert copies.value[0] == pytest.approx(found.value[0], abs=1e-7)
    assert copies.standard_error()[0] * np.sqrt(2) == pytest.approx(found.standard_error()[0], rel=1e-6)
    half = BetweenDays(outcome.days / 2, outcome.seen, outcome.after / 2)
    assert half.modelled(ASK, people(arm)).whole.value[0] == pytest.approx(found.value[0], abs=1e-6)


def test_beyond_the_horizon_an_event_is_not_seen():
    _, outcome = drawn(100, 5)
    short = ask(**{**ASK.model_dump(), "horizon_days": 180})
    assert outcome.happened(short).sum() < outcome.happened(ASK).sum()
    assert isinstance(outcome, ToAnEvent)
    assert outcome.levels(short).tolist().count("event") == int((outcome.seen & (outcome.days <= 180)).sum())


def test_it_runs_from_the_tables_with_and_without_weights():
    cohort = people_of_a_contrast()
    ids = cohort["people"]["person_id"]
    _, outcome = drawn(len(ids), 6, ratio=3.0)
    first_use = pd.DataFrame(
        {
            "person_id": ids, "outcome": "o", "days": outcome.days.astype("int64"), "event": outcome.seen,
            "after_days": pd.array(outcome.after, dtype="Int64"),
        }
    )  # fmt: skip
    asked = [ask(**{**ASK.model_dump(), "method": m, "contrast": "c"}) for m in ("naive", "iptw", "overlap")]
    other = ask(**{**asked[0].model_dump(), "measure": "log_logistic_time_ratio"})
    found = run_abstinence(
        {**cohort, "first_use": first_use}, *asked, other, endpoints={"o": endpoint("o", "first_use_between")}
    )
    estimates = found["estimates"]
    assert set(estimates["of"]) == {"ratio"}
    assert set(estimates["status"]) == {"ok"}, set(estimates["reason"])
    assert set(found["counts"]["level"]) == {"event", "no_event", "not_known"}
    # of each method one set of curves, of both arms, which fall
    curves = found["curves"]
    assert set(curves["method"]) == {"naive", "iptw", "overlap"}
    lines = curves.groupby(["method", "arm", "axis"])["estimate"]
    assert lines.ngroups == 24
    assert lines.apply(lambda y: y.is_monotonic_decreasing).all()
