"""What the finished report of the default cohort must say of how long to stay: simulated people with a known truth."""

from __future__ import annotations

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def demo(release):
    return release("demo")


def test_staying_is_worth_what_the_simulation_says_and_the_naive_comparison_says_more(demo, project):
    """Of everyone staying at least 13 weeks against everyone leaving in week 4 the interval holds the truth; that of
    those who did so lies above it. From the landmark, adjusted for the start, differences are smaller than naive ones.
    """
    truth = pd.read_csv(project / "data/reference/truth_demo.csv")
    truth = truth[(truth["estimand"] == "started") & (truth["of"] == "difference")].set_index("contrast")["truth"]
    own = demo.estimates[(demo.estimates["analysis"] == "strategies") & (demo.estimates["of"] == "difference")]
    for contrast in ("stay_13_or_leave_4", "stay_13_or_leave_by_4"):
        known = truth[contrast]
        rows = own[own["contrast"] == contrast].set_index("method")
        assert (rows.loc["crude", "conf_low"] > known).all()
        weighted = rows.loc["clone_censor_weight"].dropna(subset=["estimate"])
        assert ((weighted["conf_low"] < known) & (known < weighted["conf_high"])).all()
        assert len(weighted) == (2 if contrast == "stay_13_or_leave_4" else 0)
    gaps = demo.estimates[demo.estimates["of"] == "difference"]
    landmark, naive = (gaps[gaps["method"] == method] for method in ("landmark_adjusted", "crude"))
    assert set(landmark["contrast"]) == {"stay_14", "stay_30", "stay_60", "stay_90"}
    both = landmark.merge(naive, on=["contrast", "outcome", "horizon_days", "missing_rule"])
    assert (both["estimate_x"] < both["estimate_y"]).all()
    assert (both["n_x"] == both["n_y"]).all()


def test_hours_are_nearer_their_truth_than_the_naive_ones_and_the_setting_cannot_be_told_from_them(demo, project):
    truth = pd.read_csv(project / "data/reference/truth_demo.csv").query("contrast == 'hours_by_weeks'")
    known = truth.set_index(["weeks_of_care", "hours_per_week"])["truth"]
    own = demo.estimates[demo.estimates["contrast"] == "hours_by_weeks"]
    gaps = own[(own["of"] == "difference") & (own["group"] == "all")]
    assert (gaps["status"] == "gated").all()
    assert gaps["reason"].str.startswith("not identifiable: fewer than 50 people").all()
    more = own[(own["group"] == "iop") & (own["missing_rule"] == "observed_only")].dropna(subset=["estimate"])
    more = more.set_index(["method", "weeks_of_care"])
    for method, weeks in more.index:
        row, right = more.loc[(method, weeks)], known[weeks, 15.0] - known[weeks, 6.0]
        inside = row["conf_low"] - row["rounding_error"] <= right <= row["conf_high"] + row["rounding_error"]
        assert inside == (method != "naive"), (method, weeks)
    told = own[(own["of"] == "iop") & (own["missing_rule"] == "observed_only") & own["estimate"].notna()]
    assert set(told["hours_per_week"]) == {6, 9, 12, 15}
    found = told.pivot_table(index=["weeks_of_care", "hours_per_week"], columns="method", values="estimate")
    error = told[told["method"] == "g_formula"].set_index(["weeks_of_care", "hours_per_week"])["std_error"]
    assert ((found["g_formula"] - known).abs() - 3 * error < 0).all()
    gains = found.groupby("weeks_of_care").last() - found.groupby("weeks_of_care").first()
    right = known.groupby("weeks_of_care").last() - known.groupby("weeks_of_care").first()
    assert ((gains["g_formula"] - right).abs() < (gains["naive"] - right).abs()).all()
    assert (gains["naive"] > right + 0.1).all()
    # weights of what people did rest on other models, and are not far from them, where these leave people enough
    weighted = told[told["method"] == "marginal_structural"].set_index(["weeks_of_care", "hours_per_week"])
    error, both = weighted["std_error"], found.loc[weighted.index]
    assert set(weighted.index.get_level_values("hours_per_week")) >= {9, 12}
    assert ((both["marginal_structural"] - both["g_formula"]).abs() < 3 * error).all()
    assert ((both["marginal_structural"] - known[weighted.index]).abs() < 3.5 * error).all()
    thin = own[(own["method"] == "marginal_structural") & (own["of"] == "iop") & own["estimate"].isna()]
    assert thin["reason"].str.endswith("counted by their weights").all()
    assert (13, 6) in set(zip(thin["weeks_of_care"], thin["hours_per_week"], strict=True))


def test_hours_of_the_first_weeks_are_nearer_their_truth_when_weighted(demo, project):
    truth = pd.read_csv(project / "data/reference/truth_demo.csv").query("contrast == 'hours_per_week'")
    known = truth[truth["of"] == "difference"].set_index("hours_per_week")["truth"]
    own = demo.estimates[(demo.estimates["contrast"] == "hours_per_week") & (demo.estimates["of"] == "difference")]
    assert set(own["status"]) == {"ok"}
    for (arm, rule), rows in own.groupby(["group", "missing_rule"]):
        right = known[{"iop": 11.0, "residential": 30.0}[arm]]
        found = rows.set_index("method")
        weighted, naive = found.loc["generalised_propensity"], found.loc["naive"]
        assert weighted["conf_low"] - weighted["rounding_error"] <= right <= weighted["conf_high"] + 0.01, (arm, rule)
        if arm == "iop":
            assert abs(weighted["estimate"] - right) < abs(naive["estimate"] - right) - 0.05
            assert naive["conf_low"] > right + 0.02
        # as hours of one schedule differ by little, and by least in residential care
        assert weighted["std_error"] > 2 * naive["std_error"]
    drawn = demo.curves[demo.curves["axis"] == "hours_per_week"]
    assert set(drawn["method"]) == {"naive", "generalised_propensity"}
    text = demo.report.read_text(encoding="utf-8")
    assert "Weights for hours, brought in" in text
    assert "in favour of more hours" in text


def test_categories_of_hours_hold_their_truth_when_weighted_and_the_naive_ones_of_the_program_do_not(demo, project):
    truth = pd.read_csv(project / "data/reference/truth_demo.csv").query("contrast == 'hours_in_categories'")
    keys = ["group", "of", "hours_per_week"]
    own = demo.estimates[(demo.estimates["contrast"] == "hours_in_categories") & demo.estimates["estimate"].notna()]
    both = own[(own["of"] == "difference")].merge(truth[[*keys, "truth"]], on=keys, validate="many_to_one")
    slack = 2 * both["rounding_error"] + 1e-9
    holds = (both["conf_low"] - slack <= both["truth"]) & (both["truth"] <= both["conf_high"] + slack)
    assert len(both) == 12
    assert holds[both["method"] == "generalised_propensity"].all()
    program = both[(both["method"] == "naive") & (both["group"] == "iop") & (both["hours_per_week"] == 9)]
    assert (program["estimate"] > program["truth"] + 0.04).all()
    text = demo.report.read_text(encoding="utf-8")
    assert "9 to under 20 against 6 to under 9: Weighted by the chance of such hours" in text


def test_what_a_further_week_adds_holds_its_truth(demo, project):
    truth = pd.read_csv(project / "data/reference/truth_demo.csv").query("measure == 'rise_per_week'")
    known = truth.set_index("of")["truth"]
    own = demo.estimates[(demo.estimates["measure"] == "rise_per_week") & demo.estimates["estimate"].notna()]
    weighted = own[own["method"] == "clone_censor_weight"]
    assert len(weighted) == 6
    gap = (weighted["estimate"] - weighted["of"].map(known)).abs()
    assert (gap < 3 * weighted["std_error"] + weighted["rounding_error"]).all()


def test_stepping_down_is_worth_what_the_simulation_says_to_those_who_complete_residential_care(demo, project):
    """Going on is drawn for everyone alike, so that the naive comparison of those who complete is right as well."""
    truth = pd.read_csv(project / "data/reference/truth_demo.csv")
    truth = truth[truth["contrast"] == "step_down_14"].set_index(["contrast", "of"])["truth"]
    own = demo.estimates[demo.estimates["contrast"] == "step_down_14"]
    assert len(own) == 16
    assert (own["status"] == "ok").all()
    own = own[(own["missing_rule"] == "observed_only") & (own["of"] != "ratio")]
    known = pd.Series(truth.loc[list(zip(own["contrast"], own["of"], strict=True))].to_numpy(), index=own.index)
    assert ((own["estimate"] - known).abs() < 3 * own["std_error"] + own["rounding_error"]).all()
    assert (own.loc[own["of"] == "difference", "conf_low"] > 0).all()
    told = demo.table("diagnostics")
    weights = told[(told["contrast"] == "step_down_14") & (told["quantity"] == "mean_weight")]
    assert len(weights) == 4
    assert weights["value"].between(0.9, 1.1).all()
