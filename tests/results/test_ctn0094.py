"""What the finished report of the three trials must say. Hser 2014 (CTN-0027), Weiss 2011 (CTN-0030), Lee 2018
(CTN-0051), harmonised in the R package public.ctn0094data.
"""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.workflow

SETTING = "inpatient_vs_outpatient"


@pytest.fixture(scope="module")
def ctn0094(release, shared):
    return release("ctn0094", f"data={shared / 'data' / 'ctn0094'}")


def points(row) -> tuple[float, ...]:
    """A difference and its interval in percentage points."""
    return tuple(round(100 * row[c], 1) for c in ("estimate", "conf_low", "conf_high"))


def test_everyone_who_was_read_is_eligible(ctn0094):
    assert ctn0094.flow() == (0, 2492)
    assert sum(ctn0094.cells(analysis="cohort", outcome="rows", group="persons").values()) == 2492


def test_how_many_started_inpatient_and_outpatient(ctn0094):
    people = {arm: ctn0094.cells(contrast=SETTING, arm=arm, outcome="people") for arm in ("inpatient", "outpatient")}
    assert people == {"inpatient": {"without_counterpart": 570}, "outpatient": {"without_counterpart": 1922}}


def test_the_setting_is_shown_crude_and_stopped_adjusted(ctn0094):
    rows = ctn0094.estimates[ctn0094.estimates["contrast"] == SETTING]
    crude = rows["method"].isin(["crude", "naive"])
    assert set(rows.loc[~crude, "method"]) == {"iptw", "overlap"}
    assert set(rows.loc[crude, "status"]) == {"ok"}
    assert rows.loc[crude, "estimate"].notna().all()
    assert set(rows.loc[~crude, "status"]) == {"gated"}
    assert rows.loc[~crude, "reason"].str.startswith("arm determined by trial").all()
    assert rows.loc[~crude, ["estimate", "std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)


def test_relapse_from_week_3_in_ctn_0051(ctn0094):
    row = ctn0094.estimate(contrast="naltrexone_vs_buprenorphine", outcome="relapse_from_week_3")
    assert (row["method"], row["measure"], row["n"]) == ("randomised", "hazard_ratio", 570)
    assert tuple(round(row[c], 2) for c in ("estimate", "conf_low", "conf_high")) == (1.41, 1.14, 1.73)


@pytest.mark.parametrize(
    ("missing_rule", "people", "difference"),
    [("missing_is_using", 1269, (12.5, 7.1, 17.8)), ("observed_only", 724, (-0.2, -7.4, 6.9))],
)
def test_what_a_missed_screen_is_taken_for_decides_ctn_0027(ctn0094, missing_rule, people, difference):
    row = ctn0094.estimate(
        contrast="methadone_vs_buprenorphine", outcome="negative_screen", method="overlap",
        measure="risk", of="difference", missing_rule=missing_rule,
    )  # fmt: skip
    assert row["n"] == people
    assert points(row) == difference


@pytest.mark.parametrize(
    ("missing_rule", "log_ratio", "error"), [("missing_is_using", 0.221, 0.076), ("observed_only", -0.287, 0.086)]
)
def test_what_a_missed_screen_is_taken_for_turns_the_weekly_odds_ratio_of_ctn_0027(
    ctn0094, missing_rule, log_ratio, error
):
    """Weeks 1 to 12 as first randomised: logistic in the arm and the week, people as clusters, mixed not negative."""
    row = ctn0094.estimate(
        contrast="methadone_vs_buprenorphine", outcome="weekly_negative", measure="odds_ratio",
        missing_rule=missing_rule,
    )  # fmt: skip
    assert (row["method"], row["n"]) == ("randomised", 1269)
    assert math.log(row["estimate"]) == pytest.approx(log_ratio, abs=1e-3)
    assert row["std_error"] == pytest.approx(error, abs=1e-3)


def test_shares_of_tests_of_each_person_turn_as_weeks_do(ctn0094):
    """Twelve weeks are due of everyone: with missed ones as use the mean of people's shares is the share of weeks."""
    contrasts = [c for c in ctn0094.estimates["contrast"].unique() if "_vs_" in c and not c.startswith("inpatient")]
    assert len(contrasts) == 3
    for contrast in contrasts:
        key = {"contrast": contrast, "method": "randomised", "of": "difference", "missing_rule": "missing_is_using"}
        weeks = ctn0094.estimate(measure="share_of_weeks", **key)
        people = ctn0094.estimate(measure="mean_share", **key)
        assert people["estimate"] == pytest.approx(weeks["estimate"], abs=1e-12)
        assert people["std_error"] == pytest.approx(weeks["std_error"], abs=1e-12)
        run = ctn0094.estimate(measure="mean_number", **key)
        assert (run["estimate"] > 0) == (people["estimate"] > 0)
    key = {"contrast": "methadone_vs_buprenorphine", "measure": "mean_share", "of": "difference"}
    seen = ctn0094.estimate(missing_rule="observed_only", **key)
    assert seen["conf_high"] < 0 < ctn0094.estimate(missing_rule="missing_is_using", **key)["conf_low"]


def test_weeks_that_were_missed_are_told_beside_those_that_were_not(ctn0094):
    week = {"contrast": "methadone_vs_buprenorphine", "outcome": "weekly_negative", "variable": "week"}
    week["group_by"] = "all"
    found = {arm: ctn0094.cells(**week, arm=arm, horizon_days=83) for arm in ("methadone", "buprenorphine")}
    assert {arm: cells["missing"] for arm, cells in found.items()} == {"methadone": 163, "buprenorphine": 382}
    assert {arm: cells["abstinent"] for arm, cells in found.items()} == {"methadone": 220, "buprenorphine": 214}
    assert all(sum(cells.values()) == people for cells, people in zip(found.values(), (529, 740), strict=True))
