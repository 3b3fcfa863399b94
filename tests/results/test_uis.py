"""What the finished uis report must say: immortal time, the landmark and the randomised answer.

McCusker J and others, American Journal of Public Health 1995;85:1426-1429; the data as they ship, 575 people.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def uis(release):
    return release("uis")


@pytest.mark.parametrize(
    ("analysis", "contrast", "method", "hazard_ratio"),
    [
        ("duration", "stay_90", "naive", (0.40, 0.33, 0.49)),
        ("duration", "stay_90", "landmark", (0.82, 0.65, 1.05)),
        ("duration", "long_vs_short", "randomised", (0.78, 0.65, 0.94)),
        ("abstinence", "long_vs_short", "randomised", (0.78, 0.65, 0.94)),
    ],
)
def test_hazard_ratios_of_return_to_use(uis, analysis, contrast, method, hazard_ratio):
    row = uis.estimate(analysis=analysis, contrast=contrast, method=method, measure="hazard_ratio")
    assert row["outcome"] == "return_to_use"
    assert tuple(round(row[c], 2) for c in ("estimate", "conf_low", "conf_high")) == hazard_ratio


@pytest.mark.parametrize(
    ("outcome", "points"), [("unplanned_discharge", -21.6), ("unplanned_within_7", -3.5), ("unplanned_within_14", 2.2)]
)
def test_the_sign_of_leaving_unplanned_hangs_on_the_tolerance_of_plans(uis, outcome, points):
    row = uis.estimate(outcome=outcome, contrast="long_vs_short", method="overlap", of="difference", horizon_days=90)
    assert round(100 * row["estimate"], 1) == points
    assert "Unplanned discharge, more than 14 days before the plan" in uis.report.read_text(encoding="utf-8")


def test_the_naive_interval_excludes_what_randomisation_says_and_the_landmark_does_not(uis):
    randomised = uis.estimate(analysis="duration", method="randomised")["estimate"]
    naive, landmark = (uis.estimate(analysis="duration", method=m) for m in ("naive", "landmark"))
    assert naive["conf_high"] < randomised
    assert landmark["conf_low"] < randomised < landmark["conf_high"]


def test_the_landmark_speaks_of_those_without_return_to_use_on_day_90(uis):
    row = uis.estimate(analysis="duration", method="landmark")
    assert (row["group_by"], row["group"]) == ("event_free_day", "90")
    assert row["n"] < uis.estimate(analysis="duration", method="naive")["n"] == 575


def test_everyone_who_was_read_is_excluded_or_eligible(uis):
    excluded, eligible = uis.flow()
    assert (excluded, eligible) == (0, 575)
    assert sum(uis.cells(analysis="cohort", outcome="rows", group="persons").values()) == 575


def test_the_setting_cannot_be_compared_where_everyone_was_in_residence(uis):
    rows = uis.estimates[uis.estimates["contrast"] == "iop_vs_residential"]
    assert set(rows["status"]) == {"not_possible"}
    assert rows["estimate"].isna().all()
    assert rows["reason"].str.len().min() > 0
