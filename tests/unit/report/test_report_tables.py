"""Tables of the report, from tiny hand-made released tables."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from parts import endpoint
from released_study import (
    MINUS,
    NARROW,
    USE,
    counts,
    diagnostics,
    estimand,
    estimates,
    gated,
    plain_study,
    study,
    truth,
    typed,
)

from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import cohort, design, gaps, known_truth, methods, results, states


def test_table_one_by_hand() -> None:
    found = cohort.table_one(counts(), diagnostics(), study(), "iop_vs_res")
    assert found is not None
    assert found.columns[1:] == (
        "Intensive outpatient (200)", "Residential (200)", "Standardised difference", "After overlap weighting"
    )  # fmt: skip
    numeric, sex = found.blocks
    assert numeric.lines[0] == results.Line("Age, years", ("34.50 (10.00)", "36.25 (10.00)", "0.50", "0.00"))
    assert sex.heading == "Sex"
    assert sex.lines[0].cells == (f"50 (25.0{NARROW}%)", f"80 (40.0{NARROW}%)", f"{MINUS}0.30", "0.00")
    assert sex.lines[1].cells == (f"150 (75.0{NARROW}%)", f"120 (60.0{NARROW}%)", "\u2013", "\u2013")


def test_a_withheld_cell_has_no_number_and_no_percentage_can_give_it_back() -> None:
    table = counts()
    table.loc[(table["arm"] == "iop") & (table["analysis"] == "design"), ["count", "status"]] = [pd.NA, "suppressed"]
    found = cohort.table_one(table, diagnostics(), study(), "iop_vs_res")
    assert found is not None
    assert found.columns[1] == "Intensive outpatient"
    assert [line.cells[0] for line in found.blocks[1].lines] == ["withheld", "withheld"]
    assert cohort.arm_size(table[table["analysis"] == "design"], "iop") is None


def test_rows_without_a_number_say_why_and_rows_with_one_have_their_interval() -> None:
    table, *_ = results.of_contrast(estimates(), typed("diagnostics", []), study(), "iop_vs_res", "abstinence")
    lines = {(b.heading, line.label): line for b in table.blocks for line in b.lines}
    crude = lines["Abstinent, day 180: missing counted as use", "Unadjusted (primary)"]
    assert crude.wrong
    assert crude.cells[:3] == (f"45.0{NARROW}%", f"40.0{NARROW}%", f"+5.0 ({MINUS}2.0 to +12.0)")
    absent = lines["Abstinent, day 180: observed only", "Doubly robust (primary)"]
    assert absent.absent == "Not shown (fewer than 10 events in the arm \u2018Intensive outpatient\u2019)"
    assert not absent.cells


def test_an_unadjusted_row_of_a_randomised_contrast_is_not_called_misleading() -> None:
    rows = estimand(
        ("stay", "long_vs_short", "return_to_use", 365, "randomised", "crude", "none"),
        {"ratio": (0.8, 0.7, 0.9)},
        measure="hazard_ratio",
    )
    (table,) = results.of_contrast(typed("estimates", rows), typed("diagnostics", []), study(), "long_vs_short", "dose")
    assert not table.blocks[0].lines[0].wrong


def test_gaps_are_grouped_by_reason() -> None:
    rows = gated((*USE, "ATE", "iptw", "observed_only"), "too thin") + gated(
        (*USE, "ATO", "overlap", "observed_only"), "too thin"
    )
    rows += gated((*USE, "ATE", "aipw", "missing_is_using"), "fewer than 11 people in a cell", "suppressed")
    first, second = gaps.gaps(typed("estimates", rows), study())
    assert (first.status, first.reason) == ("Stopped by the gate", "Too thin")
    assert first.what == (
        "Starting in day care against a ward. Abstinent, day 180: observed only (inverse probability weighting, "
        "overlap weighting)",
    )
    assert second.status == "Withheld to protect people"


def test_a_gap_of_a_ratio_says_of_which_and_of_which_days() -> None:
    """The share by the same day may well be shown."""
    rows = estimand(
        ("leaving", "iop_vs_res", "unplanned_discharge", 180, "ATO", "overlap", "none"),
        {"ratio": (math.nan, math.nan, math.nan)},
        measure="hazard_ratio", status="gated", reason="too thin",
    )  # fmt: skip
    some = typed("estimates", rows).assign(from_day=61, to_day=180)
    (whole,), (part,) = (gaps.gaps(found, study()) for found in (typed("estimates", rows), some))
    assert "day 180, hazard ratio (" in whole.what[0]
    assert "day 180, hazard ratio, day 61 to 180 (" in part.what[0]


def test_the_truth_is_inside_or_not() -> None:
    (table,) = known_truth.beside(estimates(), study(), truth())
    lines = {(b.heading[-3:], line.label): line for b in table.blocks for line in b.lines}
    assert lines["use", "Overlap weighting (primary)"].cells[1:] == (f"{MINUS}5.0", "yes")
    wrong = lines["use", "Unadjusted (primary), wrong on purpose"]
    assert wrong.wrong
    assert wrong.cells[1:] == (f"{MINUS}4.8", "no")
    assert lines["nly", "Overlap weighting (primary)"].cells[2] == "no"  # -3.3 to +5.1 misses -5.0
    assert known_truth.hits([table]) == (
        "Adjusted: the truth lies inside 1 of 2 intervals. Unadjusted: the truth lies inside 0 of 1 intervals."
    )


def test_a_truth_as_near_to_a_rounded_limit_as_rounding_may_have_moved_it_is_neither_inside_nor_outside() -> None:
    rows = estimates()
    own = (rows["method"] == "overlap") & (rows["of"] == "difference")
    near = rows.assign(conf_low=rows["conf_low"].mask(own, -0.048), rounding_error=0.0025)
    (table,) = known_truth.beside(near, study(), truth())
    line = next(line for b in table.blocks for line in b.lines if line.label == "Overlap weighting (primary)")
    assert line.cells[2] == known_truth.OPEN
    assert "(of 2 it is open, as their limits are rounded)" in known_truth.hits([table])


def test_the_design_by_method() -> None:
    table = design.achieved(diagnostics(), study(), "iop_vs_res")
    assert table is not None
    assert [line.cells for line in table.blocks[0].lines] == [
        ("0.50", "200", "200", "1.0", "not judged"),
        ("0.00", "150", "150", "2.5", "yes"),
    ]
    failed = diagnostics()
    failed.loc[(failed["method"] == "overlap") & (failed["variable"] == "age"), ["value", "status"]] = [-0.2, "failed"]
    worse = design.achieved(failed, study(), "iop_vs_res")
    assert worse is not None
    assert worse.blocks[0].lines[1].cells == ("0.20", "150", "150", "2.5", "no")
    assert design.one_arm_strata(diagnostics(), study(), "iop_vs_res").startswith("One site holds one arm only")
    assert design.one_arm_strata(diagnostics(), study(), "long_vs_short") == ""


def test_limits_and_imputation_are_told_where_they_are_asked_for() -> None:
    before = {p.heading: p.text for p in methods.describe(study())}
    assert "Further limits" not in before["Gates"]
    whole = study(gate={"max_variance_ratio": 2.0, "max_detectable_difference": 0.1}, imputation={"imputations": 20})
    imputed = whole.analyses[0].model_copy(update={"method": "overlap_imputed"})
    whole = whole.model_copy(update={"analyses": [*whole.analyses, imputed]})
    after = {p.heading: p.text for p in methods.describe(whole)}
    assert "vary more than 2 times as much" in after["Gates"]
    assert f"a difference of 10 percentage points must be detectable with 80{NARROW}% power" in after["Gates"]
    assert "20 data sets are completed, each in 5 rounds" in after["Estimators"]


def more_of_the_design(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {"analysis": "design", "contrast": "iop_vs_res", "method": "unweighted", "status": "info"}
    return pd.concat([diagnostics(), typed("diagnostics", [base | r for r in rows])], ignore_index=True)


def test_the_design_shows_more_than_means_where_it_is_known() -> None:
    rows = [
        {"method": m, "quantity": q, "variable": v, "value": x}
        for m, factor in (("unweighted", 1.0), ("overlap", 0.1))
        for q, v, x in (
            ("within_site_difference", "age", -0.4 * factor),
            ("variance_ratio", "age", 0.8),
            ("variance_ratio", "severity", 1.25),
            ("distribution_distance", "age", 0.2 * factor),
        )
    ]
    table = design.achieved(more_of_the_design(*rows), study(), "iop_vs_res")
    assert table is not None
    assert table.columns[2:5] == (
        "Largest difference within sites", "Ratios of variances", "Largest distance of distributions"
    )  # fmt: skip
    assert [line.cells[1:4] for line in table.blocks[0].lines] == [
        ("0.40", "0.80 to 1.25", "0.20"),
        ("0.04", "0.80 to 1.25", "0.02"),
    ]


def test_categories_with_next_to_nobody_in_an_arm_are_named() -> None:
    share = {"quantity": "share_in_first_arm", "threshold": 10.0}
    rows = [
        {**share, "variable": "sex", "level": "unknown", "value": 0.0, "status": "failed"},
        {**share, "variable": "sex", "level": "male", "value": 0.5, "status": "ok"},
        {**share, "variable": "stratum", "level": "S02", "value": 1.0, "status": "failed"},
    ]
    said = design.few_in_an_arm(more_of_the_design(*rows), study(), "iop_vs_res")
    assert said.startswith("Fewer than 10 people in one of the arms")
    assert said.endswith("Sex: unknown.")
    assert design.few_in_an_arm(diagnostics(), study(), "iop_vs_res") == ""


def test_the_difference_that_a_primary_question_can_show() -> None:
    assert design.detectable(diagnostics(), study()) is None
    row = next(r for r in study().analyses if r.family == "primary" and r.measure == "risk")
    found = {
        "analysis": row.analysis, "contrast": row.contrast, "method": row.method, "value": 0.0634,
        "quantity": "detectable_difference",
        **{k: getattr(row, k) for k in ("outcome", "horizon_days", "missing_rule")},
    }  # fmt: skip
    table = design.detectable(more_of_the_design(found), study())
    assert table is not None
    (block,) = table.blocks
    assert [line.cells[1] for line in block.lines] == ["6.3"]


def test_people_behind_abstinence_keep_their_secrets() -> None:
    (table,) = states.tables(counts(), study(), "iop_vs_res", "abstinence")
    assert {line.label: line.cells for line in table.blocks[0].lines} == {
        "Abstinent": ("66", "0"),
        "Using": ("withheld", "90"),
        "Missing": ("24", "0"),
    }


def test_readings_stand_in_the_order_of_the_vocabulary_and_captions_are_words() -> None:
    rows = [
        estimand((*USE, "ATO", "overlap", rule), {"iop": (0.4, 0.3, 0.5), "res": (0.4, 0.3, 0.5),
                 "difference": (0.0, -0.1, 0.1), "ratio": (1.0, 0.9, 1.1)})
        for rule in ("best_case", "imputed", "missing_is_using", "observed_only")
    ]  # fmt: skip
    table, *_ = results.of_contrast(
        typed("estimates", [r for one in rows for r in one]), typed("diagnostics", []), study(), "iop_vs_res",
        "abstinence",
    )  # fmt: skip
    assert [b.heading.split(": ")[1] for b in table.blocks] == [
        "missing counted as use", "observed only", "multiple imputation", "best case for the first arm"
    ]  # fmt: skip
    captions = {t.caption for t in results.of_contrast(estimates(), diagnostics(), study(), "iop_vs_res", "abstinence")}
    assert {"odds ratios", "ratios of times"} <= {caption.split(": ")[-1] for caption in captions}


def test_what_the_weeks_of_people_say_is_no_state_of_theirs() -> None:
    """The states behind a question of weeks are those with such a week and without; the last week is another count."""
    weekly = [
        {"analysis": "weeks", "contrast": "iop_vs_res", "arm": arm, "outcome": "weekly", "horizon_days": 14,
         "level": level, "count": n}
        for arm in ("iop", "res")
        for level, n in (("event", 120), ("no_event", 80))
    ]  # fmt: skip
    own = pd.concat([counts(), typed("counts", weekly)], ignore_index=True)
    (table,) = states.tables(own, study(), "iop_vs_res", "abstinence")
    (block,) = [b for b in table.blocks if b.heading == "Negative weekly screen, day 14"]
    assert [(line.label, line.cells) for line in block.lines] == [
        ("In some week", ("120", "120")), ("In no week", ("80", "80"))
    ]  # fmt: skip


def test_an_endpoint_that_says_how_missed_tests_are_read_is_not_called_observed_only() -> None:
    whole = plain_study()
    share = "statistic = share | counts = negative"
    for kind, pattern, itself in (
        ("pattern_answer", "Ab_ctnNinetyFour_2023", True),
        ("pattern_share", "Rd_fiellin_2006", True),
        ("pattern_share", f"{share} | missed = left_out", True),
        ("pattern_share", share, False),
    ):
        of_patterns = endpoint("abstinent", kind, label="Abstinent", pattern=pattern)
        whole["endpoints"] = {**whole["endpoints"], "abstinent": of_patterns}
        labels = Labels(AsRun.model_validate(whole))
        said = labels.question("abstinent", 105, "observed_only")
        assert said == "Abstinent, day 105" + ("" if itself else ": observed only")
        assert labels.question("abstinent", 105, "missing_is_using").endswith(": missing counted as use")
    assert Labels(study()).question("abstinent", 105, "observed_only") == "Abstinent, day 105: observed only"
