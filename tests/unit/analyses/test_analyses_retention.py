"""Retention of a contrast: shares, days, events and doubly robust means from frames with known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import (
    CONTRAST,
    ENDPOINTS,
    GATE,
    N,
    ask,
    by_measure,
    people_of_a_contrast,
    run_retention,
    with_limits,
)

from iop_outcomes import design
from iop_outcomes.analyses.outcomes import follow
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.protocol import Adjustment
from iop_outcomes.tables import TABLES


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def test_without_censoring_weighted_incidence_is_the_weighted_share(cohort):
    estimate = by_measure(run_retention(cohort, ask()))
    scores, left = cohort["scores"], cohort["retention"]
    index = left[left["follows"] == "index"]
    event = ((index["cause"] == "unplanned") & (index["days"] <= 90)).to_numpy()
    share = [np.average(event[scores["arm"] == a], weights=scores.loc[scores["arm"] == a, "overlap"]) for a in (1, 0)]
    assert estimate["risk", "iop"] == pytest.approx(share[0])
    assert estimate["risk", "residential"] == pytest.approx(share[1])
    assert estimate["risk", "difference"] == pytest.approx(share[0] - share[1])
    assert estimate["risk", "ratio"] == pytest.approx(share[0] / share[1])


def test_in_care_counts_the_day_of_the_horizon_and_days_first_and_last(cohort):
    left = cohort["retention"][cohort["retention"]["follows"] == "care"]
    found = run_retention(
        cohort,
        ask(outcome="retained", method="naive"),
        ask(outcome="time_in_care", measure="mean_days", method="naive"),
    )
    iop = (cohort["scores"]["arm"] == 1).to_numpy()
    estimate = by_measure(found)
    assert estimate["risk", "iop"] == pytest.approx((left["days"][iop] >= 90).mean())
    assert estimate["mean_days", "iop"] == pytest.approx(np.minimum(left["days"][iop] + 1, 90).mean())


def test_completion_counts_as_success_or_as_exit(cohort):
    left = cohort["retention"][cohort["retention"]["follows"] == "care"]
    asked = [ask(outcome=o, method="naive") for o in ("retained", "retained_or_completed")]
    found = run_retention(cohort, *asked)["estimates"]
    iop = (cohort["scores"]["arm"] == 1).to_numpy()
    there, completed = left["days"][iop] >= 90, left["cause"][iop] == "completed"
    of = found[found["of"] == "iop"].set_index("outcome")["estimate"]
    assert of["retained"] == pytest.approx(there.mean())
    assert of["retained_or_completed"] == pytest.approx((there | completed).mean())


@pytest.mark.parametrize(
    ("outcome", "measure", "value"),
    [
        ("unplanned_discharge", "risk", lambda days, cause: (days <= 90) & (cause == "unplanned")),
        ("retained_or_completed", "risk", lambda days, cause: (days >= 90) | (cause == "completed")),
        ("time_in_care", "mean_days", lambda days, cause: np.minimum(days + 1, 90)),
    ],
)
def test_without_censoring_doubly_robust_retention_is_that_of_the_outcome_itself(cohort, outcome, measure, value):
    asked = ask(outcome=outcome, measure=measure, method="aipw")
    found = by_measure(run_retention(cohort, asked))
    left, scores = cohort["retention"].iloc[:N], cohort["scores"]
    y = np.asarray(value(left["days"].to_numpy(), left["cause"].to_numpy()), dtype=float)
    arm, score = scores["arm"].to_numpy(), scores["propensity"].to_numpy()
    assert [c for c in scores if c.startswith("c_")] == ["c_3 site", "c_4 sex"]
    site, female = scores["c_3 site"].to_numpy()[:, None] == [1, 2, 3], scores["c_4 sex"] == 1
    terms = np.column_stack([scores[[c for c in scores if c.startswith("t_")]], site, female]).astype(float)
    design = np.column_stack([terms, arm])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    means = []
    for a, share in ((1, score), (0, 1 - score)):
        predicted = np.column_stack([terms, np.full(N, a)]) @ beta
        means.append(np.mean(predicted + (arm == a) * (y - predicted) / share))
    assert found[measure, "iop"] == pytest.approx(means[0])
    assert found[measure, "difference"] == pytest.approx(means[0] - means[1])


def test_under_censoring_doubly_robust_retention_finds_the_truth():
    """Six thousand people, the arm by age, leaving by age and arm, half of them censored at random: +10 points."""
    rng = np.random.default_rng(5)
    n = 6000
    age = rng.normal(0, 1, n)
    arm = (rng.random(n) < 1 / (1 + np.exp(-age))).astype("int64")
    early = rng.random(n) < np.clip(0.3 + 0.1 * arm + 0.1 * age, 0.01, 0.99)
    days = np.where(early, rng.integers(1, 90, n), rng.integers(91, 200, n))
    cause = np.where(early, "unplanned", "completed").astype(object)
    seen = rng.integers(30, 300, n)
    cause, days = np.where(seen < days, "censored", cause).astype(object), np.minimum(seen, days)
    ids = np.array([f"p{i:05d}" for i in range(n)], dtype=object)
    people = TABLES["people"].empty().reindex(range(n)).assign(
        person_id=ids, record_id=ids, site_id="S1", index_start_day=0, clock_start_day=0, observed_days=365,
    )  # fmt: skip
    people = people.astype({c: "int64" for c in ("index_start_day", "clock_start_day", "observed_days")})
    arms = pd.DataFrame({"contrast": "c", "person_id": ids, "arm": arm, "stratum": "S1"})
    covariates = pd.DataFrame({"person_id": ids, "age": age})
    adjustment = Adjustment(continuous=["age"], site_effects=False, spline_knots=3)
    found = design.run(people, covariates, arms, "k", "c", CONTRAST, adjustment, GATE)
    left = pd.DataFrame({"person_id": ids, "follows": "index", "days": days, "days_latest": days, "cause": cause})
    row = run_retention({**found, "retention": left}, ask(method="aipw"))["estimates"]
    row = row.set_index(["measure", "of"]).loc["risk", "difference"]
    assert row["status"] == "ok"
    assert row["std_error"] < 0.02
    assert abs(row["estimate"] - 0.1) < 3 * row["std_error"]


def coming_back(cohort):
    """A return to care of three in four of the people, some of them on the very day on which they had left."""
    own = cohort["retention"].iloc[:N]
    at_risk = np.arange(N) % 4 > 0
    days = np.where(at_risk, np.where(np.arange(N) % 40 == 1, 0, own["days"]), 0)
    cause = np.select([~at_risk, own["cause"] == "unplanned"], ["not_at_risk", "readmitted"], "died")
    return pd.DataFrame(
        {"person_id": own["person_id"], "follows": "readmitted", "days": days, "days_latest": days, "cause": cause}
    )


def test_an_event_is_followed_where_it_is_recorded_and_who_is_not_at_risk_counts_for_nothing(cohort):
    methods = (("overlap", "ATO"), ("naive", "as_observed"), ("crude", "as_observed"))
    asked = [ask(outcome="readmitted", method=m, estimand=e) for m, e in methods]
    asked.append(ask(outcome="readmitted", method="naive", measure="hazard_ratio"))
    silent = run_retention(cohort, *asked)
    assert set(silent["estimates"]["status"]) == {"not_possible"}
    assert silent["estimates"]["reason"].str.contains("no one in this cohort has a later episode").all()
    assert silent["life_tables"].empty
    back = coming_back(cohort)
    found = run_retention({**cohort, "retention": pd.concat([cohort["retention"], back])}, *asked)
    scores, at_risk = cohort["scores"], (back["cause"] != "not_at_risk").to_numpy()
    keep = at_risk & (scores["arm"] == 1).to_numpy()
    event = ((back["cause"] == "readmitted") & (back["days"] <= 90)).to_numpy()
    row = found["estimates"][found["estimates"]["method"] == "overlap"].set_index(["measure", "of"]).loc["risk", "iop"]
    assert row["estimate"] == pytest.approx(np.average(event[keep], weights=scores.loc[keep, "overlap"]))
    # without weights the effective people are those at risk
    naive = found["estimates"][found["estimates"]["method"] == "naive"]
    assert len(naive) == 5
    assert naive["n_effective"].to_numpy() == pytest.approx(at_risk.sum())
    assert set(found["curves"]["outcome"]) == {"readmitted"}
    drawn = found["curves"].query("arm == 'iop' and x == 7").iloc[0]
    assert drawn["n_risk"] == (keep & (back["days"] > 7)).sum()
    event_by_7 = ((back["cause"] == "readmitted") & (back["days"] <= 7)).to_numpy()
    assert drawn["estimate"] == pytest.approx(np.average(event_by_7[keep], weights=scores.loc[keep, "overlap"]))
    table = found["life_tables"]
    assert table["count"].sum() == N
    apart = table[table["cause"] == "not_at_risk"]
    assert (apart["day"].max(), apart["count"].sum()) == (0, (~at_risk).sum())


def test_who_is_not_at_risk_has_neither_left_nor_had_the_event():
    cause = np.array(["not_at_risk", "censored", "died", "readmitted"], dtype=object)
    followed = follow(
        pd.DataFrame({"person_id": list("abcd"), "follows": "readmitted", "days": 0, "days_latest": 0, "cause": cause}),
        pd.DataFrame({"person_id": list("abcd")}),
        ENDPOINTS["readmitted"],
    )
    assert followed.at_risk.tolist() == [False, True, True, True]
    assert followed.left.tolist() == [False, False, True, True]
    assert followed.event.tolist() == [False, False, False, True]


def test_the_hazard_ratio_is_among_those_at_risk(cohort):
    hazard = ask(outcome="readmitted", method="naive", measure="hazard_ratio")
    back = coming_back(cohort)
    row = run_retention({**cohort, "retention": pd.concat([cohort["retention"], back])}, hazard)["estimates"].iloc[0]
    keep = (back["cause"] != "not_at_risk").to_numpy()
    event = (back["cause"] == "readmitted") & (back["days"] <= 90)
    arm = cohort["scores"]["arm"].to_numpy()[:, None].astype(float)
    alone = cox(arm[keep], np.minimum(back["days"], 90)[keep], event[keep], ["arm"])
    assert row["estimate"] == pytest.approx(np.exp(alone.estimate.value[0]))


def test_estimating_the_score_counts_in_the_standard_error(cohort):
    error = by_measure(run_retention(cohort, ask(method="iptw")), "std_error")["risk", "difference"]
    scores = cohort["scores"]
    plain = scores.drop(columns=[c for c in scores if c.startswith(("t_", "c_")) and not c.startswith("t_0 ")])
    unstacked = by_measure(run_retention({**cohort, "scores": plain}, ask(method="iptw")), "std_error")[
        "risk", "difference"
    ]
    assert error != pytest.approx(unstacked, rel=1e-3)


def test_crude_rows_come_without_a_number_and_gated_ones_with_a_reason(cohort):
    gates = cohort["gates"].assign(
        status=lambda g: np.where(g["method"] == "iptw", "gated", "ok"),
        reason=lambda g: np.where(g["method"] == "iptw", "too little overlap", ""),
    )
    crude = ask(method="crude")
    found = run_retention(cohort, crude, ask(method="iptw"), gates=gates)["estimates"]
    assert found["estimate"].isna().all()
    assert dict(found.groupby("method")["status"].first()) == {"crude": "ok", "iptw": "gated"}
    assert found.loc[found["method"] == "iptw", "reason"].eq("too little overlap").all()


def test_too_few_events_gate_risks_and_hazards_but_not_mean_days(cohort):
    hazard = ask(measure="hazard_ratio", method="naive")
    found = run_retention(
        cohort, ask(), hazard, ask(outcome="time_in_care", measure="mean_days"), gate=with_limits(min_events=10_000)
    )["estimates"].set_index(["measure", "of"])
    assert found.loc[[("risk", "difference"), ("hazard_ratio", "ratio")], "status"].eq("gated").all()
    assert found.loc[("risk", "difference"), "reason"].startswith("fewer than 10000")
    assert found.loc[("mean_days", "difference"), "status"] == "ok"


def test_a_cohort_without_events_is_gated_not_an_error(cohort):
    quiet = cohort["retention"].assign(cause="completed")
    found = run_retention({**cohort, "retention": quiet}, ask())["estimates"]
    assert set(found["status"]) == {"gated"}


def test_lengths_of_stay_known_as_intervals_answer_at_their_borders_only(cohort):
    left = cohort["retention"]
    # stays of 31 to 60 days are known as that interval only
    within = left["days"].between(31, 60)
    rough = left.assign(days=left["days"].mask(within, 31), days_latest=left["days"].mask(within, 60))
    exact, known = (run_retention({**cohort, "retention": t}, ask(horizon_days=60)) for t in (left, rough))
    assert by_measure(known)["risk", "iop"] == pytest.approx(by_measure(exact)["risk", "iop"])
    assert by_measure(run_retention({**cohort, "retention": rough}, ask(horizon_days=30)), "status").eq("ok").all()
    for asked in (
        ask(horizon_days=45), ask(horizon_days=45, method="crude"), ask(outcome="retained", horizon_days=60),
        ask(outcome="time_in_care", measure="mean_days", horizon_days=90),
        ask(measure="hazard_ratio", horizon_days=45),
    ):  # fmt: skip
        found = run_retention({**cohort, "retention": rough}, asked)["estimates"]
        assert set(found["status"]) == {"not_possible"}
        assert found["reason"].str.contains("intervals").all()
    one = ask(measure="hazard_ratio", horizon_days=60)
    ratios = [
        by_measure(run_retention({**cohort, "retention": t}, one))["hazard_ratio", "ratio"] for t in (left, rough)
    ]
    assert ratios[1] == pytest.approx(ratios[0], rel=0.1)


def test_life_tables_hold_everyone_once(cohort):
    table = run_retention(cohort, ask(), ask(horizon_days=30))["life_tables"]
    assert table.groupby("arm")["count"].sum().to_dict() == {
        name: int((cohort["scores"]["arm"] == value).sum()) for name, value in (("iop", 1), ("residential", 0))
    }


def test_life_tables_say_within_which_days_people_may_have_left(cohort):
    left = cohort["retention"]
    within = left["days"].between(31, 60)
    rough = left.assign(days=left["days"].mask(within, 31), days_latest=left["days"].mask(within, 60))
    table = run_retention({**cohort, "retention": rough}, ask(horizon_days=60))["life_tables"].set_index("day")
    assert table.loc[60, "earliest"].eq(31).all()
    assert table.drop(60)["earliest"].isna().all()


def test_weighted_curves_have_points_where_many_leave_at_once(cohort):
    left = cohort["retention"]
    early = left["days"].between(1, 27)
    crowded = left.assign(days=left["days"].mask(early, 10), days_latest=left["days_latest"].mask(early, 10))
    days = set(run_retention({**cohort, "retention": crowded}, ask(horizon_days=60))["curves"]["x"])
    assert {7, 9, 10, 14, 60} <= days
    assert not {8, 11} & days
