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
    found = run_abstinence(
        {**cohort, "first_use": first_use}, *asked, endpoints={"o": endpoint("o", "first_use_between")}
    )
    estimates = found["estimates"]
    assert set(estimates["of"]) == {"ratio"}
    assert set(estimates["status"]) == {"ok"}, set(estimates["reason"])
    assert set(found["counts"]["level"]) == {"event", "no_event", "not_known"}
