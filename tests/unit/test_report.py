"""The report from tiny hand-made released tables: its sentences, its numbers and its page."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import math
import re
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import pytest
from parts import endpoint
from test_figures import (
    counts,
    diagnostics,
    empty,
    estimand,
    estimates,
    gated,
    plain_study,
    released,
    study,
    truth,
    typed,
    words,
)

from iop_outcomes import figures, report
from iop_outcomes.errors import StudyError
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import about, cohort, design, document, known_truth, methods, page, results, sections
from iop_outcomes.report import summary as plain
from iop_outcomes.report.sentences import effects

NARROW, MINUS = "\u202f", "\u2212"
USE = ("use", "iop_vs_res", "abstinent", 180)
BANNED = "no significant difference"


def said(rows: list[dict[str, Any]], whole: AsRun | None = None) -> list[plain.Part]:
    return plain.summary(typed("estimates", rows), whole or study())


def texts(parts: list[plain.Part]) -> str:
    return "\n".join(t for p in parts for t in (p.title, p.lead, *(s.text for s in p.said)))


def risks(key: tuple[Any, ...], gap: tuple[float, float, float], **more: Any) -> list[dict[str, Any]]:
    arm = (0.4, 0.3, 0.5)
    values = {"iop": arm, "res": arm, "difference": gap, "ratio": (1.0, 0.9, 1.1)}
    return estimand(key, values, **more)


# ---------------------------------------------------------------------------------------------------------- sentences


def test_leaving_in_plain_words() -> None:
    (part,) = said([r for r in estimates().to_dict("records") if r["analysis"] == "leaving"])
    assert [s.text for s in part.said] == [
        f"Of people like those in whom both settings were used, 41.2{NARROW}% of those starting in intensive "
        f"outpatient care left unplanned within 90 days, against 19.9{NARROW}% of those starting in residential "
        f"care: 21.3 percentage points more (95{NARROW}% CI 15.0 to 27.6 more)."
    ]


def test_days_in_care_in_plain_words() -> None:
    (part,) = said([r for r in estimates().to_dict("records") if r["analysis"] == "staying"])
    assert part.said[0].text.endswith(
        "those starting in intensive outpatient care spent on average 55.2 of the first 90 days in care, against 60.8 "
        f"for those starting in residential care: 5.5 days fewer (95{NARROW}% CI 2.0 to 9.0 fewer)."
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
        ((0.01, 0.0, 0.04), f"1.0 percentage points more (95{NARROW}% CI 0.0 to 4.0 more)."),
    ],
)
def test_differences_and_intervals_say_their_direction(gap: tuple[float, float, float], expected: str) -> None:
    assert expected in texts(said(risks((*USE, "ATO", "overlap", "missing_is_using"), gap)))


@pytest.mark.parametrize(
    ("using", "observed", "expected"),
    [
        ((-0.05, -0.08, -0.02), (-0.07, -0.1, -0.04), "Both readings point the same way."),
        ((-0.05, -0.08, -0.02), (-0.01, -0.04, 0.02), "though not every interval settles the direction"),
        ((-0.05, -0.08, -0.02), (0.01, -0.02, 0.04), "do not agree in direction"),
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
        "Abstinent, day 180, among those whose answer is known: no adjusted comparison is shown (fewer than 10 events "
        "in the arm \u2018Intensive outpatient\u2019)."
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


# ------------------------------------------------------------------------------------------------------ every number


def shown_numbers(text: str) -> set[str]:
    """Numbers of a text as they are written, without signs; thousands together."""
    return {n.replace(NARROW, "") for n in re.findall(rf"\d+(?:{NARROW}\d{{3}})*(?:\.\d+)?", text)}


def known_numbers(table: pd.DataFrame, whole: AsRun) -> set[str]:
    """Every number that the estimates or the study can put into a sentence, in every form."""
    values = [v for c in ("estimate", "conf_low", "conf_high") for v in table[c].dropna()]
    forms = (numbers.percent, numbers.points, numbers.ratio, numbers.days, lambda v: effects.share_points(abs(v)))
    found = {n for v in values for form in forms for n in shown_numbers(form(v))}
    found |= {str(int(d)) for d in table["horizon_days"].dropna()}
    found |= {n for r in table["reason"] for n in shown_numbers(r)}
    found |= {numbers.plain(100 * whole.inference.confidence_level)}
    for part in (*whole.contrasts.values(), *whole.durations.values(), *whole.intensities.values()):
        found |= shown_numbers(part.title)
    found |= {n for endpoint in whole.endpoints.values() for n in shown_numbers(endpoint.label)}
    found |= {str(d.days) for d in whole.durations.values()}
    for intensity in whole.intensities.values():
        found |= {str(intensity.window_days)} | {numbers.plain(h) for pair in intensity.compare.values() for h in pair}
    return found | {"1"}  # "an interval that holds 1"


def summary_text(page_html: str) -> str:
    return visible(page_html.split('id="summary"')[1].split("</section>")[0])


def test_every_number_of_the_summary_is_in_the_estimates(rendered: str) -> None:
    strange = shown_numbers(summary_text(rendered)) - known_numbers(estimates(), study())
    assert not strange
    assert len(shown_numbers(summary_text(rendered))) > 25


def test_the_check_on_numbers_finds_a_typed_one(rendered: str) -> None:
    other = estimates()
    other.loc[(other["measure"] == "risk") & (other["of"] == "difference"), "conf_low"] -= 0.0173
    assert shown_numbers(summary_text(rendered)) - known_numbers(other, study())


# ------------------------------------------------------------------------------------------------------------- tables


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
    (table,) = results.of_contrast(estimates(), typed("diagnostics", []), study(), "iop_vs_res", "abstinence")
    lines = {(b.heading, line.label): line for b in table.blocks for line in b.lines}
    crude = lines["Abstinent, day 180: missing counted as use", "Unadjusted"]
    assert crude.wrong
    assert crude.cells[:3] == (f"45.0{NARROW}%", f"40.0{NARROW}%", f"+5.0 ({MINUS}2.0 to +12.0)")
    absent = lines["Abstinent, day 180: observed only", "Doubly robust"]
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
    first, second = results.gaps(typed("estimates", rows), study())
    assert (first.status, first.reason) == ("Stopped by the gate", "Too thin")
    assert first.what == (
        "Starting in day care against a ward. Abstinent, day 180: observed only (inverse probability weighting, "
        "overlap weighting)",
    )
    assert second.status == "Withheld to protect people"


def test_the_truth_is_inside_or_not() -> None:
    (table,) = known_truth.beside(estimates(), study(), truth())
    lines = {(b.heading[-3:], line.label): line for b in table.blocks for line in b.lines}
    assert lines["use", "Overlap weighting"].cells[1:] == (f"{MINUS}5.0", "yes")
    wrong = lines["use", "Unadjusted, wrong on purpose"]
    assert wrong.wrong
    assert wrong.cells[1:] == (f"{MINUS}4.8", "no")
    assert lines["nly", "Overlap weighting"].cells[2] == "no"  # -3.3 to +5.1 misses -5.0
    assert known_truth.hits([table]) == (
        "Adjusted: the truth lies inside 1 of 2 intervals. Unadjusted: the truth lies inside 0 of 1 intervals."
    )


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
    whole = study()
    before = {p.heading: p.text for p in methods.describe(whole)}
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
    (table,) = results.of_levels(counts(), study(), "iop_vs_res", "abstinence")
    assert {line.label: line.cells for line in table.blocks[0].lines} == {
        "Abstinent": ("66", "0"),
        "Using": ("withheld", "90"),
        "Missing": ("24", "0"),
    }


# ------------------------------------------------------------------------------------------------------------ methods


def paragraph(whole: AsRun, heading: str) -> methods.Paragraph:
    return next(p for p in methods.describe(whole) if p.heading == heading)


def test_methods_follow_the_study() -> None:
    whole = study(
        population={"minimum_age": 21, "washout_days": 0},
        care={"gap_days": 33},
        gate={"max_standardised_difference": 0.07, "min_effective_share": 0.44, "max_weight": 12, "min_events": 17},
        inference={"cluster": "person", "confidence_level": 0.9},
        disclosure={"policy": "opensafely", "minimum_count": 12},
    )
    assert paragraph(whole, "People").text.endswith("Excluded, in this order: under 21 years.")
    assert (
        "no more than 33 days apart, counted from the last day of one to the first day of the next, belong to one "
        "episode: at most 32 days without care lie between them."
    ) in paragraph(whole, "Time zero and episodes").text
    gates = paragraph(whole, "Gates").text
    assert all(n in gates for n in ("0.07", f"44{NARROW}%", "12 times", "at least 17 people"))
    uncertainty = paragraph(whole, "Uncertainty").text
    assert f"90{NARROW}%" in uncertainty
    assert "People are taken as independent." in uncertainty
    disclosure = paragraph(whole, "Disclosure").text
    assert "fewer than 12 people" in disclosure
    assert "multiples of 5" in disclosure


def test_that_people_at_risk_are_rounded_is_said_where_an_event_is_asked_about() -> None:
    said = "a first overdose are rounded to multiples of 5"
    whole = study(disclosure={"policy": "cms"})
    assert said not in paragraph(whole, "Disclosure").text
    again = {
        "endpoints": {**whole.endpoints, "readmitted": endpoint("readmitted", "readmitted", label="Return to care")},
        "analyses": [*whole.analyses, whole.analyses[0].model_copy(update={"outcome": "readmitted"})],
    }
    assert said in paragraph(whole.model_copy(update=again), "Disclosure").text
    assert said not in paragraph(study(disclosure={"policy": "none"}).model_copy(update=again), "Disclosure").text


def test_only_methods_that_were_asked_for_are_described() -> None:
    whole = study()
    terms = {term for term, _ in paragraph(whole, "Estimators").points}
    assert "Overlap weighting" in terms
    assert "Inverse probability weighting" not in terms
    robust = whole.model_copy(update={"analyses": [r for r in whole.analyses if r.method == "aipw"]})
    assert [t for t, _ in paragraph(robust, "Estimators").points] == ["Doubly robust"]


# --------------------------------------------------------------------------------------------------------------- page


class Page(html.parser.HTMLParser):
    """Tags in order with their attributes, text outside of style, and whether tags close as they opened."""

    VOID = ("meta", "link", "img", "br", "hr", "input")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag]


def visible(source: str) -> str:
    """Text and alternative texts, as a reader or a screen reader gets them."""
    reader = Loose(source)
    return " ".join([*reader.text, *(str(a.get("alt", "")) for a in reader.of("img"))])


class Loose(Page):
    """A part of a page, whose first and last tags need not match."""

    def __init__(self, source: str) -> None:
        html.parser.HTMLParser.__init__(self)
        self.tags, self.text, self.open = [], [], []
        self.feed(source)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("figures")
    for name in figures.TITLES:
        made = figures.run(**released(), name=name, study=words(), truth=truth())
        (folder / f"{name}.svg").write_bytes(made["svg"])
    return [str(p) for p in sorted(folder.glob("*.svg"))]


@pytest.fixture(scope="module")
def rendered(pictures: list[str]) -> str:
    return report.run(**released(), figures=pictures, study=study(), protocol="", truth=truth())["report"]


def test_the_page_is_well_made(rendered: str) -> None:
    found = Page(rendered)
    assert found.of("html") == [{"lang": "en"}]
    assert len(found.of("h1")) == 1
    headings = [int(t[1]) for t, _ in found.tags if re.fullmatch(r"h[1-6]", t)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
    assert all(a.get("scope") in ("col", "row", "rowgroup") for a in found.of("th"))
    assert len(found.of("caption")) == len(found.of("table")) > 8
    assert len(found.of("img")) == len(figures.TITLES)
    assert all(a["alt"] for a in found.of("img"))
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for a in found.of("a")} <= set(ids)


def test_the_page_asks_for_nothing(rendered: str) -> None:
    found = Page(rendered)
    sources = [
        str(a[k]) for _, a in found.tags for k in ("src", "href", "srcset", "action", "poster", "data") if k in a
    ]
    assert sources
    assert all(s.startswith(("data:", "#")) for s in sources)
    assert not found.of("script")
    assert "url(" not in rendered
    assert "@import" not in rendered
    assert {"rel": "icon", "href": "data:,"} in found.of("link")


FORBIDDEN = (
    BANNED, "missing_is_using", "observed_only", "landmark_adjusted", "as_observed", "iop_vs_res",
    "unplanned_discharge",
    "dose_response", "hazard_ratio", "stay_90", "left_earlier", "event_free", "one_arm_strata",
    "site_id", "group_by",
)  # fmt: skip


def test_no_code_and_no_missing_value_reaches_the_reader(rendered: str) -> None:
    text = visible(rendered)
    for name in FORBIDDEN:
        assert name not in text
    assert not re.search(r"\b(nan|none|null|inf|<na>)\b", text.replace("none of", ""), flags=re.IGNORECASE)
    assert "{{" not in text
    assert "-0" not in text


def test_missing_numbers_become_words_or_dashes(pictures: list[str]) -> None:
    """Every number taken away, in tables that say they have them."""
    table = estimates()
    table[["estimate", "std_error", "conf_low", "conf_high", "n_effective"]] = math.nan
    table["n"] = pd.array([pd.NA] * len(table), dtype="Int64")
    made = diagnostics().assign(value=math.nan)
    page_html = report.run(**released(estimates=table, diagnostics=made), figures=pictures, study=study(), protocol="")[
        "report"
    ]
    assert not re.search(r"\bnan\b", visible(page_html), flags=re.IGNORECASE)
    assert "not available" in visible(page_html)


def test_a_page_without_any_result_can_be_read(pictures: list[str]) -> None:
    found = Page(report.run(**empty(), figures=pictures[:1], study=study(), protocol="")["report"])
    assert "In plain words" in found.text
    assert not found.of("nav") or all(str(a["href"]).startswith("#") for a in found.of("a"))


def test_words_of_a_study_cannot_become_tags(pictures: list[str]) -> None:
    whole = plain_study(title="<script>alert(1)</script> & <b>bold</b>")
    whole["contrasts"]["iop_vs_res"]["first"]["label"] = "<img src=x>"
    found = Page(report.run(**released(), figures=pictures, study=AsRun.model_validate(whole), protocol="")["report"])
    assert not found.of("script")
    assert not found.of("b")
    assert len(found.of("img")) == len(pictures)


def test_the_same_tables_give_the_same_page(pictures: list[str], rendered: str) -> None:
    assert report.run(**released(), figures=pictures, study=study(), protocol="", truth=truth())["report"] == rendered


def test_the_page_names_no_place_of_a_machine(rendered: str, pictures: list[str]) -> None:
    text = visible(rendered)
    assert str(Path(pictures[0]).parent) not in rendered
    assert "manifest.json" in text
    assert "seed 20260101" in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text)


def test_a_template_without_its_content_is_an_error() -> None:
    section = document.Section("limits", "Limits", (document.Terms((("a term", None),)), None))  # type: ignore[arg-type]
    with pytest.raises(jinja2.UndefinedError):
        page.render(document.Document("t", "q", "", (section,)))


def test_a_section_with_nothing_to_say_is_left_out() -> None:
    whole = sections.document(sources())
    assert {s.id for s in whole.sections} - {s.id for s in whole.told} == {"truth", "otherwise", "states"}
    assert {s.id for s in sections.document(sources(truth())).told} >= {"truth"}
    assert [s.id for s in whole.sections] == [name for name, *_ in sections.SECTIONS]


def sources(known: pd.DataFrame | None = None) -> sections.Sources:
    tables = {"counts": counts(), "estimates": estimates(), "diagnostics": diagnostics()}
    return sections.Sources(tables, study(), known)


def test_no_number_is_typed_in_the_templates() -> None:
    for path in page.TEMPLATES.glob("*.j2"):
        text = re.sub(r"\{[{%].*?[%}]\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        assert not re.search(r"\d", text), path.name


def test_a_file_that_is_no_figure_of_ours_is_refused(tmp_path: Path) -> None:
    for content in ("<svg xmlns='http://www.w3.org/2000/svg'/>", "no svg"):
        path = tmp_path / "x.svg"
        path.write_text(content)
        with pytest.raises(StudyError, match="Delete it and run again"):
            report.picture(path)
    with pytest.raises(StudyError, match="not a readable SVG"):
        report.picture(tmp_path / "absent.svg")


def test_what_is_known_is_complete() -> None:
    rows = about.known()
    assert len(rows) >= 8
    assert all(set(r) == {"source", "design", "finding"} and all(r.values()) for r in rows)


def test_tables_are_plain_data() -> None:
    told = {s.id: s.items for s in sections.document(sources(truth())).told}
    assert all(dataclasses.is_dataclass(item) for items in told.values() for item in items)
    assert [i.text for i in told["truth"] if isinstance(i, document.Paragraph)][1].startswith("Adjusted: ")
