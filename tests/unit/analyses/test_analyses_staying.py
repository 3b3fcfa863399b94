"""Strategies of staying in a study: who followed which, what is known of a week, and what the weights may not do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ask, run_dose, with_limits
from stays_by_week import arm, left, people

from iop_outcomes.analyses import staying, weeks_of_care
from iop_outcomes.analyses.person_weeks import Weeks
from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means
from iop_outcomes.protocol import Strategies
from iop_outcomes.tables.results import EFFECTIVE_SHARE, LARGEST_DIFFERENCE, LARGEST_WEIGHT, MEAN_WEIGHT

SETTING = {
    "title": "", "contrast": "c", "arm": "iop",
    "first": {"name": "long", "label": "Staying at least 4 weeks", "stay": "at_least", "weeks": 4},
    "second": {"name": "short", "label": "Leaving in week 2", "stay": "exactly", "weeks": 2},
}  # fmt: skip
ASK = {"contrast": "stays", "outcome": "abstinent", "horizon_days": 180, "missing_rule": "observed_only"}


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people()


def run(cohort, *methods: str, gate=None, setting=SETTING, **more):
    asked = [ask(method=m, **{**ASK, **more}) for m in methods]
    return run_dose(cohort, *asked, strategies={"stays": setting}, **({"gate": gate} if gate else {}))


def test_the_estimate_is_that_of_the_estimator_on_the_arms_person_weeks(cohort):
    found = run(cohort, "clone_censor_weight")
    here, week = arm(cohort), left(cohort)
    y = cohort["abstinence"]["abstinent"].to_numpy(dtype=float)[here]
    ids = cohort["people"]["person_id"][here].reset_index(drop=True)
    own = cohort["doses"][cohort["doses"]["person_id"].isin(ids) & (cohort["doses"]["week"] <= 3)]
    person = pd.Index(ids).get_indexer(own["person_id"])
    ended = own["week"].to_numpy() == week[here][person]
    cause = cohort["retention"].query("follows == 'care'").set_index("person_id")["cause"].loc[ids].to_numpy()[person]
    test = (own["test"] == "positive").to_numpy()
    covariates = cohort["covariates"].set_index("person_id").loc[ids]
    fixed = np.column_stack([covariates["age"], covariates["sex"] == "female"]).astype(float)[person]
    sites = cohort["people"]["site_id"][here].to_numpy()[person]
    known = np.column_stack([
        own["week"] == 2, own["week"] == 3, test, own["hours_so_far"], fixed, *(sites == f"S{i}" for i in range(3)),
    ]).astype(float)  # fmt: skip
    ways = [Way(ended & (cause == c), known) for c in ("unplanned", "completed")]
    asked = {"long": Strategy.at_least(4), "short": Strategy.exactly(2)}
    direct = strategy_means(y, person, own["week"], ways, asked)
    rows = found["estimates"].set_index("of")
    assert set(rows["status"]) == {"ok"}
    # a rare way has fewer columns there, and another column that says the same moves a weak prior: by next to nothing
    np.testing.assert_allclose(rows.loc[["long", "short"], "estimate"], direct.estimate.value, atol=5e-3)
    np.testing.assert_allclose(rows.loc[["long", "short"], "std_error"], direct.estimate.standard_error(), rtol=0.05)
    assert rows.loc["difference", "estimate"] == pytest.approx(np.subtract(*rows.loc[["long", "short"], "estimate"]))
    assert rows.loc["long", "n_effective"] == pytest.approx(direct.effective.sum(), rel=0.02)
    told = found["diagnostics"].set_index(["quantity", "arm"])["value"]
    for at, name in enumerate(("long", "short")):
        assert told[EFFECTIVE_SHARE, name] == pytest.approx((direct.effective / direct.people)[at], abs=0.02)
        assert told[LARGEST_WEIGHT, name] == pytest.approx((direct.largest * direct.people)[at], rel=0.1)
        assert told[MEAN_WEIGHT, name] == pytest.approx(1, abs=0.15)
        assert 0 <= told[LARGEST_DIFFERENCE, name] < 0.4


def test_cells_are_of_those_who_did_what_a_strategy_asks(cohort):
    found = run(cohort, "crude", "clone_censor_weight")
    own = found["counts"].query("contrast == 'stays'")
    cells = own.groupby("arm")["count"].sum()
    here, week = arm(cohort), left(cohort)
    assert cells.to_dict() == {"long": (week[here] >= 4).sum(), "short": (week[here] == 2).sum()}
    assert set(found["counts"]["contrast"]) == {"stays", "all"}
    crude = found["estimates"].query("method == 'crude'")
    assert set(crude["status"]) == {"ok"}
    assert crude["estimate"].isna().all()
    other = run(cohort, "crude", setting={**SETTING, "arm": "residential"})["counts"].query("contrast == 'stays'")
    assert other["count"].sum() == ((week[~here] >= 4) | (week[~here] == 2)).sum()


def test_who_died_or_was_lost_has_left_by_no_strategy():
    cause = ["unplanned", "completed", "died", "censored", "died", "censored", "transferred"]
    stay = pd.DataFrame({"days": [6, 13, 13, 13, 27, 30, 20], "cause": cause})
    found = staying.who_followed(stay, Strategies.model_validate(SETTING))
    assert found.tolist() == [2, 0, 2, 2, 1, 1, 2]


def test_weights_that_leave_too_few_are_gated_and_told(cohort):
    found = run(cohort, "clone_censor_weight", gate=with_limits(min_effective_share=0.99))
    assert set(found["estimates"]["status"]) == {"gated"}
    assert found["estimates"]["reason"].str.contains("of the people who followed '(?:long|short)' as effective").all()
    assert {EFFECTIVE_SHARE, MEAN_WEIGHT} <= set(found["diagnostics"]["quantity"])
    heavy = run(cohort, "clone_censor_weight", gate=with_limits(max_weight=1.01))["estimates"]
    assert heavy["reason"].str.contains("times the mean").all()
    cut = run(cohort, "clone_censor_weight", setting={**SETTING, "truncated": 0.5})["diagnostics"]
    assert (cut[cut["quantity"] == "truncated_share"]["value"] > 0.1).any()


def test_weights_whose_mean_is_off_are_gated(cohort):
    # cut off at their middle, the weights no longer stand for those whose clones were censored
    cut = {**SETTING, "truncated": 0.5}
    kept = run(cohort, "clone_censor_weight", setting=cut, gate=with_limits(max_mean_weight_gap=0.9))
    assert set(kept["estimates"]["status"]) == {"ok"}
    off = run(cohort, "clone_censor_weight", setting=cut)
    assert set(off["estimates"]["status"]) == {"gated"}
    assert off["estimates"]["reason"].str.contains("the weights of '(?:long|short)' have a mean of 0[.]").all()


def test_a_strategy_that_nobody_followed_and_records_without_leaving_say_so(cohort):
    never = {**SETTING, "first": {**SETTING["first"], "weeks": 9}}
    found = run(cohort, "crude", "clone_censor_weight", setting=never)["estimates"]
    assert set(found.query("method != 'crude'")["status"]) == {"gated"}
    assert found["reason"].str.contains("fewer than 10").any()
    stays = cohort["retention"].assign(days=200, days_latest=200, cause="censored")
    long_and_longer = {**SETTING, "second": {**SETTING["second"], "stay": "at_most", "weeks": 3}}
    found = run({**cohort, "retention": stays}, "clone_censor_weight", setting=long_and_longer)["estimates"]
    assert set(found["status"]) <= {"gated", "not_possible"}


def test_what_is_known_of_a_week_is_carried_and_marked():
    doses = pd.DataFrame({
        "person_id": ["a", "a", "a", "b", "b"], "week": [1, 2, 3, 1, 2], "level_of_care": "2.1",
        "days_in_care": [7, 7, 7, 7, 3], "days_so_far": [7, 14, 21, 7, 10],
        "planned_days_left": pd.array([30, 14, 6, None, None], dtype="Int64"),
        "hours_attended": [9.0, None, 3.0, 0.0, 6.0], "hours_scheduled": [9.0, 8.0, 9.0, 9.0, None],
        "hours_so_far": [9.0, 17.0, 20.0, 0.0, 6.0],
        "source": ["sessions", "stays", "sessions", "sessions", "sessions"], "reported": True,
        "test": ["positive", "missing", "negative", None, "negative"], "craving": [80.0, None, 20.0, None, 60.0],
    })  # fmt: skip
    people = pd.DataFrame({"person_id": ["a", "b"], "site_id": "S1"})
    stay = pd.DataFrame({"days": [20, 8], "cause": ["completed", "censored"]})
    weeks = Weeks.of(doses, people, stay, 3, 14, np.zeros((2, 0)))
    assert weeks.week.tolist() == [1, 2, 3, 1, 2]
    assert weeks.cause.tolist() == ["", "", "completed", "", "censored"]
    assert [p.split()[-1] for p in weeks._place] == ["far", "2.0", "0.0", "plan", "plan"]
    craving, told = weeks._craving
    assert craving.tolist() == [80.0, 80.0, 20.0, 60.0, 60.0]
    assert told.tolist() == [False, True, False, True, False]
    lost, completed = weeks.ways()
    assert (lost.lost, completed.lost) == (True, False)
    # of one end each no more than the week can be told
    assert lost.x.shape == completed.x.shape == (5, 1)


def test_the_order_of_people_and_weeks_changes_nothing(cohort):
    turned = {**cohort, "doses": cohort["doses"].iloc[::-1].reset_index(drop=True)}
    columns = ["estimate", "std_error"]
    pd.testing.assert_frame_equal(
        run(cohort, "clone_censor_weight")["estimates"][columns],
        run(turned, "clone_censor_weight")["estimates"][columns],
    )


def test_units_are_counted_by_the_sessions_of_their_weeks_in_care():
    weeks = pd.DataFrame({
        "person_id": ["a", "a", "b", "b", "c", "d", "d"], "days_in_care": [7, 3, 7, 7, 7, 7, 0],
        "hours_attended": [9.0, 1.0, 0.0, 9.0, np.nan, 9.0, 0.0],
        "source": ["sessions", "sessions", "sessions", "sessions", "stays", "sessions", "out_of_care"],
    })  # fmt: skip
    found = {row["level"]: row["count"] for row in weeks_of_care.rows(weeks, "k")}
    assert found == {"attended_every_week": 2, "weeks_without_sessions": 1, "not_reported": 1}
    assert weeks_of_care.rows(weeks[:0], "k") == []
