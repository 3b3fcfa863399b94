"""What the finished report of the default cohort must say: simulated people, whose true effects are known.

The truths are committed in data/reference/truth_demo.csv; tests/truth holds them to the simulator.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import binomtest

from iop_outcomes.simulate import cohort

pytestmark = pytest.mark.workflow

CONTRAST = "iop_vs_residential"
ARMS = ("iop", "residential")
ADJUSTED = ("iptw", "overlap", "aipw")
PLAIN = ("none", "missing_is_using", "observed_only")
HEADERS = {
    "estimates": "analysis,cohort,contrast,outcome,horizon_days,estimand,measure,of,method,missing_rule,group_by,"
    "group,from_day,to_day,delta_first,delta_second,hours_per_week,weeks_of_care,estimate,std_error,conf_low,conf_high,p_value,n,events,"
    "n_effective,status,reason,rounding_error",
    "counts": "analysis,cohort,contrast,arm,outcome,variable,horizon_days,group_by,group,level,detail,position,count,"
    "status,rounded_to,count_low,count_high",
    "curves": "analysis,cohort,contrast,arm,outcome,horizon_days,method,missing_rule,axis,x,estimate,std_error,"
    "conf_low,conf_high,n_risk,n_effective,rounding_error",
    "diagnostics": "analysis,cohort,contrast,arm,outcome,horizon_days,method,missing_rule,quantity,variable,level,"
    "group_by,group,value,threshold,status",
    "dictionary": "table,column,meaning,kind,unit,values,nullable,key,minimum_cell",
}


@pytest.fixture(scope="module")
def demo(release):
    return release("demo")


@pytest.fixture(scope="module")
def study(demo):
    return yaml.safe_load((demo.folder / "study.yaml").read_text())


def test_specification_curves_are_of_every_combination_and_of_the_truths_side(demo):
    """Abstinence by 6 methods, 3 readings, 3 classifiers and 2 definitions; staying by 6 methods and 6 rules."""
    shown = pd.read_csv(demo.folder / "figures/specifications.csv")
    assert shown.groupby("panel").size().to_dict() == {"abstinence": 108, "staying": 36}
    for panel, own in shown.groupby("panel"):
        assert own["estimate"].is_monotonic_increasing
        assert ((own["estimate"] < 0) == (panel == "abstinence")).all()
    left = demo.everything[~demo.everything.index.isin(demo.estimates.index)]
    left = left[left["group_by"] == "all"]
    assert (left["status"] == "ok").all()
    assert len(left) == 4 * sum(row["family"] == "specification" for row in demo.asked)


def test_sites_agree_with_the_truth_within_them_and_not_between_them(demo, project):
    """What a site is like moves both where its people go and what becomes of them: the simulation says so."""
    own = demo.everything[demo.everything["group_by"] == "over_sites"]
    assert (own["status"] == "ok").all()
    truth = pd.read_csv(project / "data/reference/truth_demo.csv")
    truth = truth[(truth["estimand"] == "ATE") & (truth["of"] == "difference") & (truth["measure"] == "risk")]
    known = truth[truth["contrast"] == CONTRAST].set_index(["outcome", "horizon_days"])["truth"]
    for (outcome, day), rows in own.groupby(["outcome", "horizon_days"]):
        within = rows[rows["group"] == "within"]
        assert ((within["estimate"] - known[outcome, day]).abs() < 3 * within["std_error"]).all()
        between = rows[rows["group"] == "between less within"]
        assert (between["p_value"] < 0.05).all()
    sites = demo.everything[demo.everything["group_by"] == "of_site"]
    assert set(sites["status"]) == {"ok", "suppressed"}
    assert sites[["n", "events", "n_effective"]].isna().all(axis=None)


def test_severity_left_out_turns_the_sign_of_abstinence(demo):
    own = demo.everything[demo.everything["group_by"] == "without_covariate"]
    turned = own[(own["group"] == "severity") & (own["outcome"] == "abstinent")]
    assert (turned["conf_low"] > 1).all()
    assert (own.loc[(own["group"] == "legal_mandate") & (own["outcome"] == "abstinent"), "conf_high"] < 1).all()


@pytest.fixture(scope="module")
def differences(demo, project) -> pd.DataFrame:
    """Differences between the arms with their truth, and how many standard errors lie between.

    A crude difference stands beside the truth of everyone, which it is taken for. Further readings of missing answers
    are held to truth in tests/truth.
    """
    found = demo.estimates[(demo.estimates["contrast"] == CONTRAST) & (demo.estimates["of"] == "difference")]
    found = found[found["missing_rule"].isin(PLAIN) & (found["group_by"] == "all")]
    found = found.assign(speaks_for=found["estimand"].replace("as_observed", "ATE"))
    truth = pd.read_csv(project / "data/reference/truth_demo.csv").rename(columns={"estimand": "speaks_for"})
    truth = truth[truth["hours_per_week"].isna()].drop(columns=["hours_per_week", "weeks_of_care", "group"])
    keys = ["contrast", "outcome", "horizon_days", "speaks_for", "measure", "of"]
    found = found.merge(truth, on=keys, validate="many_to_one")
    return found.assign(errors_off=(found["estimate"] - found["truth"]) / found["std_error"])


# --------------------------------------------------------------------------------------------------------------- truth


def test_every_adjusted_difference_is_near_its_truth(differences):
    adjusted = differences[differences["method"].isin(ADJUSTED)]
    assert len(adjusted) == 60
    assert set(adjusted["outcome"]) == {
        "unplanned_discharge", "completed", "retained", "retained_or_completed", "time_in_care", "death", "abstinent",
    }  # fmt: skip
    assert (adjusted["status"] == "ok").all()
    assert adjusted["errors_off"].abs().max() < 3


def beside_a_strategy(rows: pd.DataFrame) -> pd.Series:
    """Staying in care on day 30: who left by week 4 is told of as well, and few left on the two days between."""
    return rows["outcome"].isin(["retained", "retained_or_completed"]) & (rows["horizon_days"] == 30)


def test_every_crude_difference_is_far_from_the_truth(differences):
    crude = differences[differences["method"] == "crude"]
    assert len(crude) == 20
    withheld = beside_a_strategy(crude)
    assert withheld.sum() == 2
    crude = crude[~withheld]
    assert (crude["status"] == "ok").all()
    # counts are rounded to five or ten of some 2,000 people an arm: that changes no risk by a point
    assert (crude.loc[crude["measure"] == "risk", "rounding_error"] < 0.01).all()
    # few die, and death does not depend on the arm
    rare = crude["outcome"] == "death"
    assert crude.loc[~rare, "errors_off"].abs().min() > 3
    assert crude.loc[~rare, "errors_off"].abs().median() > 5


@pytest.mark.parametrize("method", [*ADJUSTED, "crude"])
def test_what_completion_counts_for_turns_the_sign_of_retention(differences, method):
    rows = differences[(differences["horizon_days"] == 90) & (differences["method"] == method)].set_index("outcome")
    assert rows.loc["retained", ["conf_low", "truth"]].min() > 0
    assert rows.loc["retained_or_completed", ["conf_high", "truth"]].max() < 0


def test_every_main_question_of_retention_stands_by_four_methods(demo):
    methods = demo.estimates[demo.estimates["contrast"] == CONTRAST].groupby(["outcome", "horizon_days", "measure"])
    for outcome in ("unplanned_discharge", "completed", "retained", "retained_or_completed", "time_in_care", "death"):
        measure = "mean_days" if outcome == "time_in_care" else "risk"
        days = {d for o, d, m in methods.groups if o == outcome and m == measure}
        assert days
        for day in days:
            found = set(methods.get_group((outcome, day, measure))["method"])
            assert found - {"iptw_loss"} == {"crude", "iptw", "overlap", "aipw"}


def test_the_doubly_robust_estimate_of_retention_is_near_the_weighted_one(differences):
    of = differences[differences["outcome"].isin(["unplanned_discharge", "retained", "time_in_care"])]
    both = of.pivot_table(index=["outcome", "horizon_days"], columns="method", values=["estimate", "std_error"])
    gap = (both["estimate", "aipw"] - both["estimate", "iptw"]).abs()
    assert (gap < 0.5 * both["std_error", "iptw"]).all()
    assert (both["std_error", "aipw"] < 1.02 * both["std_error", "iptw"]).all()


def test_confounding_turns_the_sign_of_abstinence(differences):
    abstinent = differences[differences["outcome"] == "abstinent"]
    assert (abstinent["truth"] < 0).all()
    assert (abstinent.loc[abstinent["method"] == "crude", "conf_low"] > 0).all()
    assert (abstinent.loc[abstinent["method"].isin(ADJUSTED), "conf_high"] < 0).all()


def test_unplanned_discharge_is_faster_in_intensive_outpatient_care_at_first_and_slower_later(demo):
    """The simulation adds 0.6 to the log odds of leaving IOP unplanned in the first four weeks, and takes 0.5 later."""
    rows = demo.estimates[(demo.estimates["measure"] == "hazard_ratio") & (demo.estimates["contrast"] == CONTRAST)]
    assert set(rows["method"]) == {"iptw", "overlap"}
    left = rows[rows["outcome"] == "unplanned_discharge"]
    left = left.assign(period=left["to_day"].fillna(0).astype(int)).set_index("period")
    assert (left.loc[[0, 30], "conf_low"] > 1).all()
    assert (left.loc[60, "conf_high"].to_numpy() < left.loc[30, "conf_low"].to_numpy()).all()
    whole = rows[rows["to_day"].isna()]
    # one may finish later and yet be transferred as fast: every way of leaving has its own hazard
    assert (whole.loc[whole["outcome"] == "completed", "conf_high"] < 1).all()
    transferred = whole[whole["outcome"] == "transferred"]
    assert ((transferred["conf_low"] < 1) & (transferred["conf_high"] > 1)).all()


def test_one_hazard_ratio_is_refuted_where_hazards_cross(demo):
    told = (found := demo.table("diagnostics"))[found["quantity"] == "one_hazard_ratio_p_value"]
    own = told[(told["outcome"] == "unplanned_discharge") & (told["horizon_days"] == 180)]
    assert len(own)
    assert (own["value"] < 0.001).all()


# -------------------------------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("name", list(HEADERS))
def test_tables_have_the_promised_columns(demo, name):
    assert (demo.folder / f"{name}.csv").read_text().splitlines()[0] == HEADERS[name]


def test_the_seed_is_the_published_one(study):
    assert study["source"]["seed"] == 20260101
    assert study["disclosure"]["policy"] == "cms"


def test_every_row_of_the_sheet_is_answered(demo, study):
    keys = ["analysis", "contrast", "outcome", "horizon_days", "estimand", "method", "missing_rule"]
    asked = {tuple(row[k] for k in keys) for row in study["analyses"] if row["family"] != "specification"}
    assert set(demo.estimates[keys].itertuples(index=False, name=None)) == asked
    periods = demo.estimates[demo.estimates["from_day"].notna()]
    late = periods[periods["status"] == "gated"]
    assert len(late) < len(periods)
    # as strict as the policy: a lower limit would tell ten from fewer
    assert (
        late["reason"].str.fullmatch("fewer than 11 events or people without one in the arm '(iop|residential)'").all()
    )
    crude = demo.estimates["method"] == "crude"
    withheld = beside_a_strategy(demo.estimates)
    assert set(demo.estimates.loc[crude & ~withheld, "status"]) == {"ok"}
    assert set(demo.estimates.loc[crude & withheld, "status"]) == {"ok", "suppressed"}
    others = demo.estimates[~demo.estimates.index.isin(periods.index) & ~crude]
    assert not (others["status"] == "not_possible").any()
    gated = others[~others["status"].isin(["ok", "not_possible"])]
    # who leaves by week 4 and is left then weighs for everyone who was there
    uneven = gated["contrast"] == "stay_13_or_leave_by_4"
    assert gated.loc[uneven, "reason"].str.contains("as effective sample").all()
    assert set(gated.loc[uneven, "method"]) == {"clone_censor_weight"}
    gated = gated[~uneven]
    # hours of the two settings hardly overlap
    apart = gated["contrast"] == "hours_by_weeks"
    assert gated.loc[apart, "reason"].str.startswith("not identifiable").all()
    gated = gated[~apart]
    # places that few are in are told of no one
    few = gated["contrast"] == "hours_in_categories"
    assert gated.loc[few, "reason"].str.startswith("fewer than 50 people of the arm, in care").all()
    gated = gated[~few]
    places = gated["outcome"] == "place_of_care"
    assert set(gated.loc[places, "status"]) == {"suppressed"}
    gated = gated[~places]
    # everyone in residential care engages, which leaves nothing to weigh
    assert set(gated["outcome"]) == {"engaged"}
    assert set(gated["method"]) == set(ADJUSTED)
    assert gated["reason"].str.startswith("fewer than 11 events or people without one").all()


def test_staying_is_not_adjusted_for_use_after_leaving(demo):
    text = demo.report.read_text(encoding="utf-8")
    assert "use came after leaving, and may follow from it" in text
    assert "Adjusted for what was known at the start and for use up to day" not in text


def test_everyone_who_was_read_is_excluded_or_eligible(demo, study):
    excluded, eligible = demo.flow()
    read = cohort.read({**study["source"], "privacy": study["privacy"]})["persons"]
    assert eligible > 3900
    assert excluded + eligible == read["person_id"].nunique()


def test_the_eligible_are_in_the_arms_but_for_day_programs_with_a_room(demo):
    """These are 6 in 100 of residential care, with 20 hours a week and more."""
    iop, residential = (demo.cells(analysis="design", arm=arm, outcome="people")["with_counterpart"] for arm in ARMS)
    by_hours = pd.read_parquet(demo.folder.parent / "private" / "people.parquet")["level_asam"].value_counts()
    assert by_hours["2.1"] == iop
    day = by_hours["2.5"]
    assert binomtest(int(day), int(day + residential), 0.06).pvalue > 1e-4
    assert iop + residential + day == demo.flow()[1]


def test_no_cell_of_one_to_ten_people_is_shown(demo):
    shown = [demo.counts["count"], demo.estimates["n"], demo.estimates["events"], demo.curves["n_risk"]]
    for people in shown:
        assert not people.dropna().between(1, 10).any()
    assert (demo.counts["status"] == "suppressed").any()


@pytest.mark.parametrize("arm", ARMS)
def test_those_who_left_and_those_who_stayed_are_the_arm(demo, arm):
    """As far as rounding lets one see: the arm's people are no fewer and no more than the cells can hold."""
    people = demo.cells(analysis="design", arm=arm, outcome="people")["with_counterpart"]
    asked = {"unplanned_discharge": (30, 60, 90, 180), "time_in_care": (90, 180), "retained_or_completed": (30, 90)}
    for outcome, horizons in asked.items():
        for day in horizons:
            cells = demo.rows("counts", contrast=CONTRAST, arm=arm, outcome=outcome, horizon_days=day)
            # questions of staying tell no ways of leaving apart but completion
            ways = {"unplanned", "died"} if outcome == "unplanned_discharge" else {"died or unplanned"}
            assert {"completed", "still_at_risk", *ways} <= set(cells["level"])
            if beside_a_strategy(cells).any() and arm == "iop":
                assert (cells["status"] == "suppressed").any()
                continue
            assert cells["status"].isin(["ok", "rounded", "between"]).all()
            assert cells["count_low"].sum() <= people <= cells["count_high"].sum()
            assert cells["count_high"].sum() - cells["count_low"].sum() < 50
            # one alone would be what is missing to the people
            assert (cells["status"] != "ok").sum() != 1


@pytest.mark.parametrize("arm", ARMS)
def test_people_still_at_risk_are_those_who_are_there(demo, arm):
    """No one who has left is counted as there: of everyone's people, as the episodes have them."""
    private = demo.folder.parent / "private"
    left = pd.read_parquet(private / "retention.parquet").set_index("person_id")
    arms = pd.read_parquet(private / "arms.parquet").query(f"contrast == '{CONTRAST}'").set_index("person_id")["arm"]
    members = arms.index[arms == (1 if arm == "iop" else 0)]
    follows = {"retained": "care", "unplanned_discharge": "index", "completed": "index", "transferred": "index"}
    shown = demo.rows("counts", level="still_at_risk", arm=arm)
    shown = shown[shown["outcome"].isin(list(follows))]
    assert len(shown)
    known = shown[shown["status"].isin(["ok", "rounded"])]
    assert shown.index.difference(known.index).isin(shown.index[beside_a_strategy(shown)]).all()
    for row in known.itertuples():
        own = left[left["follows"] == follows[row.outcome]].loc[members]
        there = int((own["days_latest"] + (follows[row.outcome] == "care") > row.horizon_days).sum())
        assert row.count_low <= there <= row.count_high
        assert row.count_high - row.count_low < row.rounded_to
        assert abs(row.count - there) < row.rounded_to


def test_a_death_is_an_exit_of_its_own_and_not_the_end_of_observation(demo):
    """Few die in care, of whom a range is told; those who died at all are counted and have a curve."""
    died = demo.counts[demo.counts["level"] == "died"]
    assert (died["count"].isna() == died["status"].isin(["between", "suppressed"])).all()
    counted = died[(died["count"] > 0) & (died["outcome"] == "death")]
    assert set(counted["arm"]) == set(ARMS)
    for row in counted.itertuples():
        curve = demo.rows("curves", arm=row.arm, outcome="died", analysis=row.analysis, method="crude")
        last = curve[curve["x"] == row.horizon_days].iloc[0]
        people = demo.cells(analysis="design", arm=row.arm, outcome="people")["with_counterpart"]
        assert abs(last["estimate"] - row.count / people) <= last["rounding_error"] + 1e-9
        assert last["estimate"] == curve["estimate"].max()


# -------------------------------------------------------------------------------------------------------------- curves


def crude_curves(demo, analysis: str, arm: str) -> pd.DataFrame:
    """Heights of the crude curves of an arm: a row for each day of staying, a column for each cause and for staying.

    Each cause has days of its own, all of them days of staying, and is straight between them.
    """
    own = demo.rows("curves", analysis=analysis, arm=arm, method="crude", axis="days")
    days = own.loc[own["outcome"] == "in_care", "x"]
    assert set(own["x"]) == set(days)
    lines = {name: np.interp(days, line["x"], line["estimate"]) for name, line in own.groupby("outcome")}
    return pd.DataFrame(lines, index=days.to_numpy())


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("analysis", ["leaving_early", "staying"])
def test_causes_and_staying_add_up_to_one(demo, analysis, arm):
    curves = crude_curves(demo, analysis, arm)
    unplanned = "unplanned" if analysis == "leaving_early" else "died or unplanned"
    assert {unplanned, "completed", "in_care"} <= set(curves)
    assert len(curves) > 10
    np.testing.assert_allclose(curves.sum(axis=1), 1, atol=1e-8)
    assert (curves.drop(columns="in_care").diff().iloc[1:] >= 0).all(axis=None)


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("analysis", ["leaving_early", "staying"])
def test_one_minus_kaplan_meier_would_not_add_up(demo, analysis, arm):
    """The wrong way: each cause alone, other exits taken for censoring; from the hazards that the curves imply."""
    curves = crude_curves(demo, analysis, arm)
    staying, causes = curves["in_care"], curves.drop(columns="in_care")
    # once no one is there, no one leaves
    hazard = causes.diff().div(staying.shift(1), axis=0).fillna(0)
    wrong = 1 - (1 - hazard).cumprod()
    assert (wrong.iloc[-1] > causes.iloc[-1] + 0.01).all()
    assert causes.iloc[-1].sum() + staying.iloc[-1] == pytest.approx(1)
    assert wrong.iloc[-1].sum() + staying.iloc[-1] > 1.3


@pytest.mark.parametrize("arm", ARMS)
def test_the_crude_curve_and_the_crude_risk_agree(demo, arm):
    """Each may be as far from the truth as it says; and the truth only rises from one point of a curve to the next."""
    curve = demo.rows("curves", analysis="leaving_early", arm=arm, outcome="unplanned", method="crude")
    for day in (30, 60, 90, 180):
        asked = {"contrast": CONTRAST, "outcome": "unplanned_discharge", "horizon_days": day}
        risk = demo.estimate(**asked, method="crude", measure="risk", of=arm)
        before, after = curve[curve["x"] <= day].iloc[-1], curve[curve["x"] >= day].iloc[0]
        low, high = (risk["estimate"] + sign * (risk["rounding_error"] + 1e-9) for sign in (-1, 1))
        assert before["estimate"] - before["rounding_error"] <= high
        assert low <= after["estimate"] + after["rounding_error"]
        assert after["estimate"] - before["estimate"] < 0.03
        counted = demo.cells(**asked, arm=arm)["unplanned"]
        assert (risk["events"], round(risk["estimate"] * risk["n"])) == (counted, counted)
