"""Sentences of the report, from tiny hand-made released tables."""

from __future__ import annotations

from typing import Any

import doses_rows
import pandas as pd
import pytest
import strategies_rows
import thresholds_rows
from released_study import NARROW, USE, estimand, estimates, gated, plain_study, study, typed

from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import methods, results_of_doses
from iop_outcomes.report import summary as plain
from iop_outcomes.report.sentences import effects


def said(rows: list[dict[str, Any]], whole: AsRun | None = None) -> list[plain.Part]:
    return plain.summary(typed("estimates", rows), whole or study())


def texts(parts: list[plain.Part]) -> str:
    return "\n".join(t for p in parts for t in (p.title, p.lead, *(s.text for s in p.said)))


def risks(key: tuple[Any, ...], gap: tuple[float, float, float], **more: Any) -> list[dict[str, Any]]:
    arm = (0.4, 0.3, 0.5)
    values = {"iop": arm, "res": arm, "difference": gap, "ratio": (1.0, 0.9, 1.1)}
    return estimand(key, values, **more)


def test_leaving_in_plain_words() -> None:
    (part,) = said([r for r in estimates().to_dict("records") if r["analysis"] == "leaving"])
    assert [s.text for s in part.said] == [
        f"Of people like those in whom both settings were used, 41.2{NARROW}% of those starting in intensive "
        f"outpatient care left unplanned within 90 days, against 19.9{NARROW}% of those starting in residential "
        f"care: 21.3 percentage points more (95{NARROW}% CI 15.0 to 27.6 more). This is a primary question."
    ]


def test_days_in_care_in_plain_words() -> None:
    (part,) = said([r for r in estimates().to_dict("records") if r["analysis"] == "staying"])
    assert part.said[0].text.endswith(
        "those starting in intensive outpatient care spent on average 55.2 of the first 90 days in care, against 60.8 "
        f"for those starting in residential care: 5.5 days fewer (95{NARROW}% CI 2.0 to 9.0 fewer). "
        "This is a primary question."
    )


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        ((0.05, 0.01, 0.09), f"5.0 percentage points more (95{NARROW}% CI 1.0 to 9.0 more)."),
        ((-0.05, -0.09, -0.01), f"5.0 percentage points fewer (95{NARROW}% CI 1.0 to 9.0 fewer)."),
        (
            (-0.01, -0.06, 0.04),
            f"1.0 percentage points fewer (95{NARROW}% CI 6.0 fewer to 4.0 more). The interval leaves",
        ),
        ((-0.0004, -0.03, 0.03), f"0.0 percentage points apart (95{NARROW}% CI 3.0 fewer to 3.0 more)."),
        ((0.01, 0.0, 0.04), f"1.0 percentage points more (95{NARROW}% CI 0.0 to 4.0 more)."),
    ],
)
def test_differences_and_intervals_say_their_direction(gap: tuple[float, float, float], expected: str) -> None:
    assert expected in texts(said(risks((*USE, "ATO", "overlap", "missing_is_using"), gap)))


@pytest.mark.parametrize(("error", "told"), [(0.05, ", as far as rounding tells"), (0.005, "")])
def test_no_difference_is_told_only_as_far_as_rounding_leaves_it(error: float, told: str) -> None:
    rows = risks((*USE, "ATO", "overlap", "missing_is_using"), (0.0, 0.0, 0.2), rounding_error=error)
    assert f" percentage points apart{told} (95" in texts(said(rows))


@pytest.mark.parametrize(
    ("using", "observed", "expected"),
    [
        ((-0.05, -0.08, -0.02), (-0.07, -0.1, -0.04), "Both readings point the same way."),
        ((-0.05, -0.08, -0.02), (-0.01, -0.04, 0.02), "One of the two readings settles the direction"),
        ((-0.05, -0.08, -0.02), (0.01, -0.02, 0.04), "One of the two readings settles the direction"),
        ((-0.05, -0.08, -0.02), (0.05, 0.02, 0.08), "The two readings contradict each other"),
        ((-0.002, -0.074, 0.069), (0.01, -0.05, 0.07), "Neither of the two readings settles the direction."),
    ],
)
def test_readings_of_missing_answers_are_compared(using: Any, observed: Any, expected: str) -> None:
    rows = risks((*USE, "ATO", "overlap", "missing_is_using"), using)
    rows += risks((*USE, "ATO", "overlap", "observed_only"), observed)
    found = texts(said(rows))
    assert expected in found
    assert "a missing answer counted as use" in found
    assert "mong those whose answer is known" in found


def test_one_reading_is_not_said_to_agree() -> None:
    found = texts(said(risks((*USE, "ATO", "overlap", "observed_only"), (0.05, 0.01, 0.09))))
    assert "readings" not in found


def test_a_gated_contrast_says_so_once_and_shows_the_crude_numbers_as_such() -> None:
    why = "arm determined by trial: no trial holds both arms"
    rows = gated((*USE, "ATO", "overlap", "missing_is_using"), why) + gated(
        (*USE, "ATE", "iptw", "missing_is_using"), why
    )
    rows += gated(("leaving", "iop_vs_res", "unplanned_discharge", 90, "ATO", "overlap", "none"), why)
    rows += risks((*USE, "as_observed", "crude", "missing_is_using"), (0.05, 0.01, 0.09))
    (part,) = said(rows)
    found = texts([part])
    assert found.count(why) == 1
    assert "does not compare like with like" in found
    assert "As observed, without adjustment" in found
    assert {s.tone for s in part.said} == {"absent", "caution"}


def test_one_gated_question_names_itself_and_its_reason() -> None:
    rows = risks((*USE, "ATO", "overlap", "missing_is_using"), (0.05, 0.01, 0.09))
    rows += gated((*USE, "ATO", "overlap", "observed_only"), "fewer than 10 events in the arm 'iop'")
    found = texts(said(rows))
    assert (
        "Abstinent, day 180, among those whose answer is known (primary): no adjusted comparison is shown (fewer than "
        "10 events in the arm \u2018Intensive outpatient\u2019)."
    ) in found


def test_an_impossible_question_is_told_once() -> None:
    rows = gated((*USE, "ATE", "iptw", "observed_only"), "no one started there", "not_possible")
    rows += gated(("leaving", "iop_vs_res", "unplanned_discharge", 90, "ATE", "iptw", "none"), "no one started there",
                  "not_possible")  # fmt: skip
    (part,) = said(rows)
    assert [s.text for s in part.said] == ["These data cannot answer this question: no one started there."]


def test_longer_stays_naive_fair_and_randomised() -> None:
    parts = {p.name: p for p in plain.summary(estimates(), study())}
    naive, fair, chance = parts["stay_90"].said
    assert naive.tone == "caution"
    assert f"a hazard ratio of return to use of 0.40 (95{NARROW}% CI 0.33 to 0.49)" in naive.text
    assert "not as a finding" in naive.text
    assert f"the hazard ratio is 0.82 (95{NARROW}% CI 0.65 to 1.05)" in fair.text
    assert "An interval that holds 1 leaves the direction open." in fair.text
    assert f"a hazard ratio of 0.78 (95{NARROW}% CI 0.65 to 0.94)" in chance.text
    assert "long_vs_short" not in parts  # said beside the durations, and not twice


def test_longer_stays_by_shares() -> None:
    arms = {"stayed": (0.54, 0.5, 0.6), "left_earlier": (0.24, 0.2, 0.3), "ratio": (2.2, 2, 3)}
    key = ("stay", "stay_90", "abstinent", 180)
    rows = estimand((*key, "as_observed", "crude", "observed_only"), {**arms, "difference": (0.30, 0.27, 0.33)})
    why = "it would adjust for use up to day 90, which for those who left earlier comes after leaving"
    asked = ((*key, "landmark", "landmark_adjusted", "observed_only"), {**arms, "difference": (0.15, 0.12, 0.18)})
    never = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), float("nan"))
    rows += [r | never | {"status": "not_possible", "reason": why} for r in estimand(*asked)]
    (part,) = said(rows)
    assert f"54.0{NARROW}% of those who stayed at least 90 days were abstinent on day 180" in part.said[0].text
    assert part.said[0].tone == "caution"
    assert part.said[1].text == f"No fairer comparison is shown: not possible ({why})."
    assert len(part.said) == 2
    rows = rows[:4] + estimand(*asked)
    (_, landmark) = said(rows)[0].said
    assert landmark.tone == "caution"
    assert landmark.text.startswith(
        "Among those whose answer is known, of people alive and observed on day 90, adjusted for what was known at the "
        f"start, 54.0{NARROW}% of those who had stayed were abstinent on day 180, against 24.0{NARROW}% of those who "
        "had left"
    )
    assert landmark.text.endswith("use above all, is not adjusted for, and remains.")


def stays(right: float | None, naive: float) -> list[plain.Said]:
    """What is said of strategies whose difference is `right`, by the naive comparison `naive`."""
    found, weighted = strategies_rows.naive(naive), strategies_rows.right(right or 0.0)
    if right is None:
        never = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), float("nan"))
        weighted = [r | never | {"status": "gated", "reason": "the weights leave 9% of them"} for r in weighted]
    (part,) = said(found + weighted)
    return list(part.said)


def test_strategies_of_staying_and_the_side_on_which_the_naive_comparison_errs() -> None:
    right, naive = stays(0.29, 0.44)
    assert right.text == (
        "Among those whose answer is known, had those starting in intensive outpatient care all gone by "
        f"\u2018staying at least 13 weeks\u2019, 59.0{NARROW}% would have had the outcome \u2018abstinent\u2019 "
        f"on day 180, against 30.0{NARROW}% by \u2018leaving in week 4\u2019: 29.0 percentage points more "
        f"(95{NARROW}% CI 24.0 to 34.0 more)."
    )
    assert (right.tone, naive.tone) == ("finding", "caution")
    assert (
        f"74.0{NARROW}% of those who did the first had it, and 30.0{NARROW}% of those who did the second" in naive.text
    )
    assert naive.text.endswith(
        "errs by 15.0 percentage points here, in favour of \u2018staying at least 13 weeks\u2019."
    )
    # where the data have it on the other side, so has the sentence
    _, naive = stays(0.29, 0.19)
    assert naive.text.endswith("errs by 10.0 percentage points here, against \u2018staying at least 13 weeks\u2019.")
    assert "no other than the weighted difference" in stays(0.29, 0.29)[1].text


def test_a_gated_strategy_leaves_the_naive_comparison_marked_as_such() -> None:
    naive, gone = stays(None, 0.44)
    assert naive.text.endswith("This is no effect of staying: who stayed differs from who left, week by week.")
    assert gone.text == (
        "Among those whose answer is known, no right comparison is shown: the weights leave 9% of them."
    )
    assert gone.tone == "absent"


def test_a_threshold_says_what_weeks_add_up_to_it_and_beyond_and_what_is_no_effect() -> None:
    (part,) = said(thresholds_rows.rows())
    rises, steps, naive = part.said
    assert rises.text == (
        "Among those whose answer is known, had those starting in intensive outpatient care all left in one and the "
        "same week, each further week up to week 13 would have added +3.0 percentage points to "
        "\u2018abstinent\u2019 on day 180, and each beyond it +1.0: a difference of +2.0 "
        f"(95{NARROW}% CI +1.5 to +2.5)."
    )
    assert "by equal steps of the curve itself, from week 9 to 13 it would have risen by +12.0" in steps.text
    assert "from week 13 to 17 by +5.0: a difference of +7.0" in steps.text
    assert "a further week goes with +4.0 and +2.0 percentage points" in naive.text
    assert naive.text.endswith("That is no effect of staying: use makes people leave.")
    assert [one.tone for one in part.said] == ["finding", "finding", "caution"]
    (part,) = said(thresholds_rows.rows(open_bend=True))
    assert part.said[0].text.endswith("these data do not tell whether staying pays less beyond that week.")


def test_doses_hours_over_the_most_weeks_and_the_setting_that_cannot_be_told_apart() -> None:
    (part,) = said(doses_rows.rows())
    right, naive, setting = part.said
    assert right.text == (
        "Among those whose answer is known, had everyone had 15 hours of care a week for 13 weeks at the level "
        f"\u2018intensive outpatient\u2019, 55.0{NARROW}% would have had the outcome \u2018abstinent\u2019 on day 180, "
        f"against 50.0{NARROW}% at 9 hours: 5.0 percentage points more (95{NARROW}% CI 2.0 fewer to 12.0 more). The "
        "interval leaves the direction open."
    )
    assert f"more hours go with 30.0 percentage points more (95{NARROW}% CI 23.0 to 37.0 more)" in naive.text
    assert naive.text.endswith("errs by 25.0 percentage points here, in favour of more hours.")
    assert "is not identifiable here: nowhere did 20 people of both levels" in setting.text
    assert [one.tone for one in part.said] == ["finding", "caution", "absent"]


def test_doses_the_setting_at_the_same_dose_where_hours_overlap() -> None:
    (part,) = said(doses_rows.rows(setting=0.1))
    assert part.said[-1].tone == "finding"
    assert (
        "at the same 9 hours a week for 13 weeks, the level \u2018intensive outpatient\u2019 has 10.0 percentage "
        f"points more (95{NARROW}% CI 5.0 to 15.0 more) with the outcome than \u2018residential\u2019."
    ) in part.said[-1].text


def test_hours_in_plain_words() -> None:
    parts = {p.name: p for p in plain.summary(estimates(), study())}
    expected = (
        "Of those starting in intensive outpatient care and still in care after 28 days, among those whose answer is "
        f"known, 62.0{NARROW}% were abstinent on day 180 at 10 attended hours a week, against 58.0{NARROW}% at 6: 4.0 "
    )
    assert parts["hours"].said[0].text.startswith(expected)


def test_a_lead_that_sentences_share_is_said_once() -> None:
    parts = {p.name: p for p in plain.summary(estimates(), study())}
    part = parts["iop_vs_res"]
    assert part.lead == "Of people like those in whom both settings were used"
    assert not any(part.lead in s.text for s in part.said)
    assert part.said[0].text.startswith("Those starting in intensive outpatient care spent on average 55.2")


def test_the_primary_day_speaks_and_else_the_one_nearest_to_ninety() -> None:
    rows = pd.DataFrame(
        {"analysis": "use", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": [30, 180]}
    )
    assert plain.key_day(rows, study()) == 180
    assert plain.key_day(rows.assign(analysis="other", horizon_days=[60, 180]), study()) == 60


@pytest.mark.parametrize(
    ("labels", "column", "expected"),
    [
        (("Started inpatient", "Residential care"), "index_level", "those starting in inpatient care"),
        (("Methadone", "IOP"), "assigned_arm", "the methadone arm"),
    ],
)
def test_arms_inside_a_sentence(labels: tuple[str, str], column: str, expected: str) -> None:
    whole = plain_study()
    contrast = whole["contrasts"]["iop_vs_res"]
    contrast["column"], contrast["first"]["label"], contrast["second"]["label"] = column, *labels
    first, second = effects.groups(Labels(AsRun.model_validate(whole)), "iop_vs_res")
    assert first == expected
    assert second == {"index_level": "those starting in residential care", "assigned_arm": "the IOP arm"}[column]


def test_more_tests_against_fewer_with_what_may_explain_it() -> None:
    setting = {"title": "Tests a week", "of": "tests", "cut": 2, "contrast": "iop_vs_res"}
    whole = plain_study()
    row = {**whole["analyses"][-1], "analysis": "tests", "contrast": "tests", "measure": "testing_response"}
    whole["intensities"] = {"tests": setting}
    whole["analyses"] = [r for r in whole["analyses"] if r["contrast"] != "hours"] + [{**row, "method": "standardised"}]
    asked = AsRun.model_validate(whole)
    share, gap = (0.38, 0.3, 0.5), (-0.06, -0.1, -0.02)
    rows = estimand(
        ("tests", "tests", "abstinent", 180, "landmark", "standardised", "observed_only"),
        {"more_tests": share, "fewer_tests": (0.44, 0.4, 0.5), "difference": gap, "ratio": (0.86, 0.7, 0.98)},
        measure="testing_response", group_by="arm_by_tests", group="iop",
    )  # fmt: skip
    text = texts(said(rows, asked))
    assert f"38.0{NARROW}% of" not in text
    assert (
        f"38.0{NARROW}% were abstinent on day 180 where at least 2 tests a week were scheduled, against "
        f"44.0{NARROW}% where fewer were: 6.0 percentage points fewer"
    ) in text
    assert "detection, and not use, may explain all of a difference" in text
    (shown,) = results_of_doses.of_intensity(typed("estimates", rows), asked, "tests")
    assert shown.columns[1:3] == ("2 tests a week or more", "Fewer")
    assert "at least 2 tests scheduled a week against fewer" in str(methods.describe(asked))
