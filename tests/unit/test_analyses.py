"""Analyses: rows of the results tables from frames with known answers, and what is gated after outcomes are read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes import design
from iop_outcomes.analyses import abstinence, curves, describe, dose, retention, rows
from iop_outcomes.estimators.cox import cox
from iop_outcomes.tables import TABLES, check

GATE = {"max_standardised_difference": 0.1, "min_effective_share": 0.3, "max_weight": 50, "min_events": 10}
INFERENCE = {"confidence_level": 0.95, "cluster": "person", "min_clusters": 20}
CONTRAST = {
    "first": {"name": "iop", "label": "Intensive outpatient"},
    "second": {"name": "residential", "label": "Residential"},
    "stratum": "site_id",
}
ADJUSTMENT = {"continuous": ["age"], "categorical": ["sex"], "site_effects": True, "spline_knots": 3}
ENDPOINTS = {
    "unplanned_discharge": {"kind": "left_index", "cause": "unplanned", "follows": "index"},
    "retained": {"kind": "in_care", "cause": "", "follows": "care"},
    "retained_or_completed": {"kind": "in_care_or_completed", "cause": "", "follows": "care"},
    "time_in_care": {"kind": "in_care", "cause": "", "follows": "care"},
    "transferred": {"kind": "left_index", "cause": "transferred", "follows": "index"},
    "readmitted": {"kind": "readmitted", "cause": "readmitted", "follows": "readmitted"},
}
N = 800


def people_of_a_contrast() -> dict[str, pd.DataFrame]:
    """People, their design, how they left and whether they were abstinent; nobody is censored."""
    rng = np.random.default_rng(11)
    ids = np.array([f"p{i:04d}" for i in range(N)], dtype=object)
    age, female = rng.normal(40, 10, N), rng.random(N) < 0.4
    arm = (rng.random(N) < 1 / (1 + np.exp(-0.06 * (age - 40)))).astype("int64")
    sites = np.array([f"S{i % 4}" for i in range(N)], dtype=object)
    people = (
        TABLES["people"]
        .empty()
        .reindex(range(N))
        .assign(
            person_id=ids, record_id=ids, site_id=sites, index_level=np.where(arm == 1, "2.1", "3.5"),
            index_start_day=0, clock_start_day=0,
            observed_days=365, assigned_arm="none", trial="none", sex=np.where(female, "female", "male"),
        )
    )  # fmt: skip
    people = people.astype({c: "int64" for c in ("index_start_day", "clock_start_day", "observed_days")})
    sex = pd.Categorical(people["sex"], ["male", "female"])
    covariates = pd.DataFrame({"person_id": ids, "age": age, "sex": sex})
    arms = pd.DataFrame({"contrast": "c", "person_id": ids, "arm": arm, "stratum": sites})
    found = design.run(people, covariates, arms, "k", "c", CONTRAST, ADJUSTMENT, GATE)
    days = rng.integers(1, 200, N)
    cause = np.where(rng.random(N) < 0.4 + 0.1 * arm, "unplanned", "completed").astype(object)
    left = pd.concat(
        [
            pd.DataFrame({"person_id": ids, "follows": f, "days": days, "days_latest": days, "cause": cause})
            for f in ("index", "care")
        ],
        ignore_index=True,
    )
    state = rng.choice(["yes", "no", "unknown"], N, p=[0.4, 0.4, 0.2])
    outcome = pd.DataFrame(
        {
            "person_id": ids, "outcome": "abstinent", "horizon_days": 180,
            "abstinent": pd.array([{"yes": True, "no": False}.get(s) for s in state], dtype="boolean"),
            "mature": rng.random(N) < 0.9,
        }
    )  # fmt: skip
    use = pd.DataFrame({"person_id": ids, "outcome": "return_to_use", "days": days, "event": rng.random(N) < 0.5})
    return {
        "people": people, "covariates": covariates, "arms": arms, "scores": found["scores"], "gates": found["gates"],
        "retention": left, "abstinence": outcome, "first_use": use,
    }  # fmt: skip


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def ask(**changes):
    row = {
        "cohort": "k", "analysis": "a", "step": "retention", "contrast": "c", "outcome": "unplanned_discharge",
        "horizon_days": 90, "measure": "risk", "estimand": "ATO", "method": "overlap", "missing_rule": "none",
        "family": "primary",
    }  # fmt: skip
    return {**row, **changes}


def run_retention(cohort, *asked, gates=None, gate=GATE):
    found = retention.run(
        cohort["retention"], cohort["scores"], cohort["gates"] if gates is None else gates, "k", asked, CONTRAST,
        ENDPOINTS, gate, INFERENCE,
    )  # fmt: skip
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def run_abstinence(cohort, *asked):
    given = (cohort[n] for n in ("abstinence", "first_use", "scores", "gates"))
    found = abstinence.run(*given, "k", asked, CONTRAST, {}, GATE, INFERENCE)
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def by_measure(found, column="estimate"):
    return found["estimates"].set_index(["measure", "of"])[column]


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
        ask(outcome="retained", method="naive", estimand="as_observed"),
        ask(outcome="time_in_care", measure="mean_days", method="naive", estimand="as_observed"),
    )
    iop = (cohort["scores"]["arm"] == 1).to_numpy()
    estimate = by_measure(found)
    assert estimate["risk", "iop"] == pytest.approx((left["days"][iop] >= 90).mean())
    assert estimate["mean_days", "iop"] == pytest.approx(np.minimum(left["days"][iop] + 1, 90).mean())


def test_completion_counts_as_success_or_as_exit(cohort):
    left = cohort["retention"][cohort["retention"]["follows"] == "care"]
    asked = [ask(outcome=o, method="naive", estimand="as_observed") for o in ("retained", "retained_or_completed")]
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
    asked = ask(outcome=outcome, measure=measure, method="aipw", estimand="ATE")
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
    adjustment = {"continuous": ["age"], "categorical": [], "site_effects": False, "spline_knots": 3}
    found = design.run(people, covariates, arms, "k", "c", CONTRAST, adjustment, GATE)
    left = pd.DataFrame({"person_id": ids, "follows": "index", "days": days, "days_latest": days, "cause": cause})
    row = run_retention({**found, "retention": left}, ask(method="aipw", estimand="ATE"))["estimates"]
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
    asked.append(ask(outcome="readmitted", method="naive", estimand="as_observed", measure="hazard_ratio"))
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
    assert drawn["n_risk"] == (keep & (back["days"] >= 7)).sum()
    event_by_7 = ((back["cause"] == "readmitted") & (back["days"] <= 7)).to_numpy()
    assert drawn["estimate"] == pytest.approx(np.average(event_by_7[keep], weights=scores.loc[keep, "overlap"]))
    table = found["life_tables"]
    assert table["count"].sum() == N
    apart = table[table["cause"] == "not_at_risk"]
    assert (apart["day"].max(), apart["count"].sum()) == (0, (~at_risk).sum())


def test_who_is_not_at_risk_has_neither_left_nor_had_the_event():
    cause = np.array(["not_at_risk", "censored", "died", "readmitted"], dtype=object)
    followed = curves.follow(
        pd.DataFrame({"person_id": list("abcd"), "follows": "readmitted", "days": 0, "days_latest": 0, "cause": cause}),
        pd.DataFrame({"person_id": list("abcd")}),
        ENDPOINTS["readmitted"],
    )
    assert followed.at_risk.tolist() == [False, True, True, True]
    assert followed.left.tolist() == [False, False, True, True]
    assert followed.event.tolist() == [False, False, False, True]


def test_the_hazard_ratio_is_among_those_at_risk(cohort):
    hazard = ask(outcome="readmitted", method="naive", estimand="as_observed", measure="hazard_ratio")
    back = coming_back(cohort)
    row = run_retention({**cohort, "retention": pd.concat([cohort["retention"], back])}, hazard)["estimates"].iloc[0]
    keep = (back["cause"] != "not_at_risk").to_numpy()
    event = (back["cause"] == "readmitted") & (back["days"] <= 90)
    arm = cohort["scores"]["arm"].to_numpy()[:, None].astype(float)
    alone = cox(arm[keep], np.minimum(back["days"], 90)[keep], event[keep], ["arm"])
    assert row["estimate"] == pytest.approx(np.exp(alone.estimate.value[0]))


def test_a_state_at_discharge_has_levels_of_its_own(cohort):
    asked = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")
    given = (cohort[n] for n in ("abstinence", "first_use", "scores", "gates"))
    endpoints = {"abstinent": {"kind": "state_at_discharge", "cause": "", "follows": "care"}}
    found = abstinence.run(*given, "k", [asked], CONTRAST, endpoints, GATE, INFERENCE)
    assert set(found["counts"]["level"]) == {"event", "no_event", "missing", "not_yet_observed"}
    usual = run_abstinence(cohort, asked)["estimates"]
    pd.testing.assert_frame_equal(found["estimates"], usual)


def test_estimating_the_score_counts_in_the_standard_error(cohort):
    error = by_measure(run_retention(cohort, ask(method="iptw", estimand="ATE")), "std_error")["risk", "difference"]
    scores = cohort["scores"]
    plain = scores.drop(columns=[c for c in scores if c.startswith(("t_", "c_")) and not c.startswith("t_0 ")])
    unstacked = by_measure(run_retention({**cohort, "scores": plain}, ask(method="iptw", estimand="ATE")), "std_error")[
        "risk", "difference"
    ]
    assert error != pytest.approx(unstacked, rel=1e-3)


def test_crude_rows_come_without_a_number_and_gated_ones_with_a_reason(cohort):
    gates = cohort["gates"].assign(
        status=lambda g: np.where(g["method"] == "iptw", "gated", "ok"),
        reason=lambda g: np.where(g["method"] == "iptw", "too little overlap", ""),
    )
    crude = ask(method="crude", estimand="as_observed")
    found = run_retention(cohort, crude, ask(method="iptw", estimand="ATE"), gates=gates)["estimates"]
    assert found["estimate"].isna().all()
    assert dict(found.groupby("method")["status"].first()) == {"crude": "ok", "iptw": "gated"}
    assert found.loc[found["method"] == "iptw", "reason"].eq("too little overlap").all()


def test_too_few_events_gate_risks_and_hazards_but_not_mean_days(cohort):
    strict = {**GATE, "min_events": 10_000}
    hazard = ask(measure="hazard_ratio", method="naive", estimand="as_observed")
    found = run_retention(cohort, ask(), hazard, ask(outcome="time_in_care", measure="mean_days"), gate=strict)[
        "estimates"
    ].set_index(["measure", "of"])
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


def test_missing_outcomes_are_read_both_ways_and_immature_ones_left_out(cohort):
    levels = np.array(["abstinent", "using", "missing", "not_yet_observed"])
    value, used = abstinence.read_missing(levels, "missing_is_using")
    assert value[used].tolist() == [1, 0, 0]
    value, used = abstinence.read_missing(levels, "observed_only")
    assert value[used].tolist() == [1, 0]


def test_abstinence_is_the_weighted_mean_under_each_rule(cohort):
    asked = [
        ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule=rule)
        for rule in ("missing_is_using", "observed_only")
    ]
    found = run_abstinence(cohort, *asked)["estimates"]
    own, scores = cohort["abstinence"], cohort["scores"]
    iop = (scores["arm"] == 1).to_numpy()
    yes, known = own["abstinent"].fillna(False).to_numpy(dtype=bool), own["abstinent"].notna().to_numpy()
    for rule, among in (("missing_is_using", known | own["mature"].to_numpy()), ("observed_only", known)):
        row = found[(found["missing_rule"] == rule) & (found["of"] == "iop")].iloc[0]
        keep = iop & among
        assert row["estimate"] == pytest.approx(np.average(yes[keep], weights=scores.loc[keep, "overlap"]))


def test_the_order_of_people_changes_no_estimate(cohort):
    asked = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only", method="aipw")
    shuffled = {**cohort, "abstinence": cohort["abstinence"].sample(frac=1, random_state=2)}
    one, other = (run_abstinence(c, asked)["estimates"] for c in (cohort, shuffled))
    pd.testing.assert_frame_equal(one, other)


def run_dose(cohort, *asked):
    doses = pd.DataFrame(
        {
            "person_id": cohort["people"]["person_id"], "window_days": 90, "in_care_at_end": True,
            "hours_per_week": np.nan, "positive_screens": 0.0, "missed_screens": 0.0, "reported_use": np.nan,
        }
    )  # fmt: skip
    tables = (cohort[n] for n in ("people", "arms", "covariates", "retention"))
    durations = {"stay_90": {"days": 90, "stay": "care", "within_sites": True}}
    hours = {"hours": {"window_days": 90, "contrast": "c", "knots": 3, "compare": {}}}
    found = dose.run(
        *tables, doses, cohort["abstinence"], cohort["first_use"], "k", asked, durations, hours, {"c": CONTRAST}, GATE,
        INFERENCE,
    )  # fmt: skip
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def test_the_landmark_is_among_people_without_the_event_by_then(cohort):
    hazard = {"contrast": "stay_90", "outcome": "return_to_use", "horizon_days": 365, "measure": "hazard_ratio"}
    found = run_dose(cohort, ask(method="naive", **hazard), ask(method="landmark", **hazard))
    people = found["counts"].groupby(["group_by", "group"])["count"].sum()
    assert people["all", "all"] == N
    assert people["event_free_day", "90"] == (cohort["first_use"]["days"] > 90).sum()


def test_without_hours_the_intensity_is_not_possible_and_says_why(cohort):
    found = run_dose(cohort, ask(contrast="hours", outcome="abstinent", horizon_days=180, measure="dose_response"))
    assert set(found["estimates"]["status"]) == {"not_possible"}
    assert found["estimates"]["reason"].str.contains("hours").all()


def test_attrition_adds_up_to_everyone_in_the_records():
    attrition = pd.DataFrame(
        {"position": [0, 1, 2], "rule": ["all", "a", "b"], "excluded": [0, 3, 4], "remaining": [20, 17, 13]}
    )
    intake = pd.DataFrame({"table": ["stays"], "outcome": ["kept"], "rows": [30]})
    counts = describe.run(attrition, intake, "k")["counts"]
    check(TABLES["counts"], counts)
    assert counts.loc[counts["outcome"] == "attrition", "count"].sum() == 20
    own = counts.loc[counts["outcome"] == "attrition", ["position", "level"]]
    assert own.to_numpy().tolist() == [[1, "a"], [2, "b"], [3, "Eligible"]]


def test_codes_are_counted_by_what_became_of_them_and_named_where_many_share_them():
    attrition = pd.DataFrame({"position": [0], "rule": ["all"], "excluded": [0], "remaining": [20]})
    intake = pd.DataFrame({"table": ["stays"], "outcome": ["kept"], "rows": [178]})
    readings = pd.DataFrame(
        [
            ("listed", None, None, 100, None), ("empty", None, None, 3, None), ("other", "PROB", "other", 40, 30),
            ("other", "X", "other", 15, 5), ("other", "Y", "other", 20, 3), ("never found", "9", "died", 0, 0),
        ],
        columns=["outcome", "code", "meaning", "rows", "people"],
    ).assign(table="stays", column="discharge_reason", instead=None)  # fmt: skip
    counts = describe.run(attrition, intake, "k", readings, 11)["counts"]
    check(TABLES["counts"], counts)
    own = counts[counts["outcome"] == "codes"].set_index(["group", "variable", "level", "detail"])["count"]
    column = "stays", "discharge_reason"
    assert own.to_dict() == {
        (*column, "listed", ""): 100, (*column, "empty", ""): 3, (*column, "not listed, taken for other", "PROB"): 40,
        (*column, "not listed, taken for other", "2 codes of few people each"): 35,
    }  # fmt: skip
    assert own.sum() == intake["rows"].sum()
    never = counts[counts["outcome"] == "codes_never_found"]
    assert never[["detail", "count"]].to_numpy().tolist() == [["9", 0]]
    few = describe.run(attrition, intake, "k", readings.assign(rows=[100, 3, 40, 4, 5, 0]), 11)["counts"]
    # how many codes there are would tell of the rows behind them
    assert "codes of few people each" in set(few["detail"])


def test_an_estimand_has_a_row_for_each_arm_or_is_one_ratio():
    assert rows.rows_of({"measure": "risk"}, ("x", "y")) == ("x", "y", "difference", "ratio")
    assert rows.rows_of({"measure": "hazard_ratio"}, ("x", "y")) == ("ratio",)
    assert rows.rows_of({"measure": "dose_response"}, ("x", "y"))[:2] == ("more_hours", "fewer_hours")


def with_gaps(cohort):
    """The cohort with sex and age unrecorded for some, more often where the outcome is bad."""
    rng = np.random.default_rng(5)
    bad = (cohort["retention"].query("follows == 'index'")["cause"] == "unplanned").to_numpy()
    lost = rng.random((2, N)) < np.where(bad, 0.3, 0.1)
    people = cohort["people"].assign(sex=np.where(lost[0], "unknown", cohort["people"]["sex"]))
    numbers = cohort["covariates"].assign(sex=pd.Categorical(people["sex"], ["male", "female", "unknown"]))
    numbers = numbers.assign(age=numbers["age"].mask(lost[1], numbers["age"].median()))
    numbers["age=missing"] = lost[1].astype(float)
    made = design.run(
        people, numbers, cohort["arms"], "k", "c", CONTRAST, ADJUSTMENT, GATE, ["overlap", "overlap_imputed"]
    )
    return {**cohort, "people": people, "covariates": numbers, "scores": made["scores"], "gates": made["gates"]}


IMPUTATION = {"imputations": 5, "passes": 2, "seed": 1, "adjustment": ADJUSTMENT}


def run_imputed(cohort, step, *asked, settings=IMPUTATION, gate=GATE):
    given = {"retention": ("retention",), "abstinence": ("abstinence", "first_use")}[step.__name__.split(".")[-1]]
    found = step.run(
        *(cohort[n] for n in (*given, "scores", "gates")), "k", asked, CONTRAST, ENDPOINTS, gate, INFERENCE,
        cohort["people"], cohort["covariates"], settings,
    )  # fmt: skip
    return found["estimates"].set_index(["method", "measure", "of"]), found["diagnostics"]


def test_covariates_are_imputed_with_the_outcome_and_estimates_pooled(cohort):
    gappy = with_gaps(cohort)
    both = (ask(), ask(method="overlap_imputed"))
    found, _ = run_imputed(gappy, retention, *both)
    complete = by_measure(run_retention(cohort, ask()))
    assert (found["status"] == "ok").all()
    gap = found.loc[("overlap_imputed", "risk", "difference")]
    assert gap["estimate"] == pytest.approx(complete["risk", "difference"], abs=0.02)
    arms = found.loc["overlap_imputed"]["estimate"]
    assert gap["estimate"] == pytest.approx(arms["risk", "iop"] - arms["risk", "residential"])
    assert gap["conf_low"] < gap["estimate"] < gap["conf_high"]
    assert 0 < gap["p_value"] < 1
    assert found.loc[("overlap_imputed", "risk", "ratio"), "estimate"] == pytest.approx(
        arms["risk", "iop"] / arms["risk", "residential"], rel=0.01
    )
    again, _ = run_imputed(gappy, retention, *both)
    pd.testing.assert_frame_equal(found, again)
    asked = ask(
        step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only", method="overlap_imputed"
    )
    assert (run_imputed(gappy, abstinence, asked)[0]["status"] == "ok").all()


def test_where_nothing_is_missing_imputation_says_so(cohort):
    full = {**cohort, "gates": with_gaps(cohort)["gates"]}
    found, _ = run_imputed(full, retention, ask(method="overlap_imputed"))
    assert set(found["status"]) == {"not_possible"}
    assert found["reason"].str.startswith("nothing is missing").all()


# ------------------------------------------------------------------------------------------ follow-up that is not there


def followed_to(cohort, last: int, arm: int = 1, cause: str | None = None, told: bool = True):
    """The cohort with one arm observed to a day at most, by when everyone was seen to leave, or not (cause None)."""
    own = (cohort["scores"].set_index("person_id")["arm"] == arm).reindex(cohort["people"]["person_id"]).to_numpy()
    left = cohort["retention"]
    own = np.tile(own, len(left) // N)
    late = own & (left["days"] > last).to_numpy()
    cut = left.assign(
        days=left["days"].mask(late, last), days_latest=left["days_latest"].mask(late, last),
        cause=left["cause"].mask(late, cause or "censored"), observable_days=np.where(own, last, 365),
    )  # fmt: skip
    return {**cohort, "retention": cut if told else cut.drop(columns="observable_days")}


FOLLOWED = [
    ask(method=method, measure=measure, outcome=outcome, horizon_days=180)
    for method in ("crude", "overlap", "iptw", "aipw")
    for measure, outcome in (
        ("risk", "unplanned_discharge"), ("risk", "retained"), ("risk", "retained_or_completed"),
        ("mean_days", "time_in_care"), ("hazard_ratio", "unplanned_discharge"),
    )
    if (measure, method) not in (("hazard_ratio", "crude"), ("hazard_ratio", "aipw"))
]  # fmt: skip


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(("arm", "name"), [(1, "iop"), (0, "residential")])
def test_what_lies_beyond_the_follow_up_of_an_arm_is_not_possible_by_any_method(cohort, arm, name, told):
    found = run_retention(followed_to(cohort, 121, arm, told=told), *FOLLOWED)
    rows = found["estimates"]
    assert set(rows["status"]) == {"not_possible"}
    assert rows["estimate"].isna().all()
    said = f"people of the arm '{name}' can be followed to about day 120 at most, and it speaks of day 180"
    assert set(rows["reason"]) == {said}
    # nor is a curve drawn to a day that no estimate reaches
    assert found["curves"].empty
    near = run_retention(followed_to(cohort, 121, arm, told=told), *(f | {"horizon_days": 120} for f in FOLLOWED))
    assert set(near["estimates"]["status"]) == {"ok"}


def test_an_arm_in_which_everyone_was_seen_to_leave_is_known_beyond_its_follow_up(cohort):
    found = run_retention(followed_to(cohort, 121, cause="completed"), *FOLLOWED)["estimates"]
    assert not found["status"].eq("not_possible").any()
    known = found["outcome"].isin(["unplanned_discharge", "time_in_care"])
    assert set(found.loc[known, "status"]) == {"ok"}


def test_times_to_an_event_and_answers_beyond_the_observation_of_an_arm_are_not_possible(cohort):
    iop = cohort["scores"].set_index("person_id")["arm"].reindex(cohort["first_use"]["person_id"]).to_numpy() == 1
    use = cohort["first_use"]
    late = iop & (use["days"] > 100).to_numpy()
    short = use.assign(days=use["days"].mask(late, 100), event=use["event"] & ~late)
    timed = ask(step="abstinence", outcome="return_to_use", measure="hazard_ratio", horizon_days=180)
    found = run_abstinence({**cohort, "first_use": short}, timed)["estimates"].iloc[0]
    assert (found["status"], pd.isna(found["estimate"])) == ("not_possible", True)
    assert "'iop' can be followed to about day 90" in found["reason"]
    own = cohort["abstinence"]
    unseen = own.assign(abstinent=own["abstinent"].mask(iop), mature=own["mature"] & ~iop)
    asked = [
        ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule=rule, method=method)
        for rule in ("missing_is_using", "observed_only") for method in ("crude", "overlap", "aipw")
    ]  # fmt: skip
    found = run_abstinence({**cohort, "abstinence": unseen}, *asked)["estimates"]
    assert set(found["status"]) == {"not_possible"}
    assert set(found["reason"]) == {"no one in the arm 'iop' is observed to the horizon"}


def test_hazards_of_dose_beyond_the_follow_up_of_a_group_are_not_possible(cohort):
    hazard = {"contrast": "stay_90", "outcome": "return_to_use", "horizon_days": 365, "measure": "hazard_ratio"}
    found = run_dose(cohort, ask(method="naive", **hazard), ask(method="landmark", **hazard))["estimates"]
    assert set(found["status"]) == {"not_possible"}
    assert found["reason"].str.contains("can be followed to about day 210 at most").all()


# ------------------------------------------------------------------------------ what comes after is not adjusted for


def with_use(cohort, *asked, **columns):
    """Answers on dose where screens or reports of use within the window are on record."""
    doses = pd.DataFrame(
        {
            "person_id": cohort["people"]["person_id"], "window_days": 90, "in_care_at_end": True,
            "hours_per_week": np.random.default_rng(3).uniform(2, 12, N), "positive_screens": 0.0,
            "missed_screens": 0.0, "reported_use": np.nan, **columns,
        }
    )  # fmt: skip
    durations = {"stay_90": {"days": 90, "stay": "care", "within_sites": False}}
    hours = {"hours": {"window_days": 90, "contrast": "c", "knots": 3, "compare": {"iop": [4, 9]}}}
    tables = (cohort[n] for n in ("people", "arms", "covariates", "retention"))
    return dose.run(
        *tables, doses, cohort["abstinence"], cohort["first_use"], "k", asked, durations, hours, {"c": CONTRAST}, GATE,
        INFERENCE,
    )  # fmt: skip


SOME = np.arange(N) % 3 == 0
USE = [{"positive_screens": SOME * 0.5}, {"missed_screens": SOME * 0.2}, {"reported_use": np.where(SOME, 0.1, np.nan)}]
STAY = {"contrast": "stay_90", "horizon_days": 180}


@pytest.mark.parametrize("columns", [{}, *USE])
def test_a_risk_of_staying_is_never_adjusted_for_what_comes_after_leaving(cohort, columns):
    asked = [
        ask(outcome="abstinent", method=method, missing_rule=rule, **STAY)
        for method in ("crude", "landmark_adjusted") for rule in ("missing_is_using", "observed_only")
    ]  # fmt: skip
    found = with_use(cohort, *asked, **columns)["estimates"].set_index("method")
    assert set(found.loc["crude", "status"]) == {"ok"}
    adjusted = found.loc["landmark_adjusted"]
    assert set(adjusted["status"]) == {"not_possible"}
    assert adjusted["estimate"].isna().all()
    assert adjusted["reason"].str.contains("adjust for use up to day 90").all()


@pytest.mark.parametrize("columns", USE)
def test_a_hazard_of_staying_is_adjusted_for_baseline_only_and_not_where_use_is_on_record(cohort, columns):
    asked = ask(outcome="return_to_use", method="landmark_adjusted", measure="hazard_ratio", **STAY)
    # whoever returned to use did so whether they had left or not
    cohort = {**cohort, "first_use": cohort["first_use"].assign(days=np.roll(cohort["first_use"]["days"], 7))}
    (row,) = with_use(cohort, asked)["estimates"].to_dict("records")
    assert row["status"] == "ok"
    people = cohort["people"].set_index("person_id")
    use = cohort["first_use"].set_index("person_id").loc[people.index]
    stay = cohort["retention"].query("follows == 'care'").set_index("person_id").loc[people.index]
    there = (use["days"] > 90).to_numpy()
    age = cohort["covariates"].set_index("person_id").loc[people.index, "age"]
    x = np.column_stack([stay["days"] >= 90, age, people["sex"] == "female"]).astype(float)[there]
    days = np.minimum(use["days"], 180)[there].to_numpy(dtype=float)
    event = (use["event"] & (use["days"] <= 180))[there].to_numpy()
    fit = cox(x, days, event, ["stayed", "age", "female"])
    assert np.log(row["estimate"]) == pytest.approx(fit.estimate.value[0], abs=1e-8)
    (row,) = with_use(cohort, asked, **columns)["estimates"].to_dict("records")
    assert (row["status"], pd.isna(row["estimate"])) == ("not_possible", True)
    assert "comes after leaving" in row["reason"]


@pytest.mark.parametrize("columns", USE)
def test_hours_are_not_compared_where_use_of_the_same_days_is_on_record(cohort, columns):
    asked = ask(contrast="hours", outcome="abstinent", horizon_days=180, measure="dose_response", method="spline",
                missing_rule="observed_only")  # fmt: skip
    found = with_use(cohort, asked)
    assert set(found["estimates"].query("group == 'iop'")["status"]) == {"ok"}
    assert len(found["curves"])
    found = with_use(cohort, asked, **columns)
    assert set(found["estimates"]["status"]) == {"not_possible"}
    assert found["estimates"]["reason"].str.contains("the same 90 days whose hours it compares").all()
    assert found["curves"].empty
    assert found["counts"].empty
