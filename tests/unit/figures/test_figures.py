"""Figures from tiny hand-made released tables: bytes, words inside, and what happens without data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from drawings import described, drawn
from missing_readings import with_readings
from released_study import MINUS, NARROW, counts, curves, empty, gated, plain_study, released, truth, typed, words

from iop_outcomes import figures
from iop_outcomes.figures import atrisk, lines
from iop_outcomes.presentation import labels
from iop_outcomes.protocol import AsRun
from iop_outcomes.provenance import outbound
from iop_outcomes.release.pools import called
from iop_outcomes.steps import code
from iop_outcomes.study.figures import FIGURES


def run(name: str, **given: Any) -> dict[str, bytes]:
    """The files of one figure by their kinds."""
    made = figures.run(names=[name], **given)
    return {key.removeprefix(f"{name}_"): content for key, content in made.items()}


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("name", figures.TITLES)
def test_files_have_the_same_bytes_twice(name: str) -> None:
    tables = with_readings() if name in ("missing", "tipping") else released()
    first = run(**tables, name=name, study=words(), truth=truth())
    again = run(**tables, name=name, study=words(), truth=truth())
    assert first == again
    assert first["png"].startswith(b"\x89PNG")
    assert b"<text" in first["svg"]  # words, not outlines
    assert b"<dc:date>" not in first["svg"]
    assert b"cannot be drawn" not in first["svg"]
    assert first["csv"].count(b"\n") > 1
    assert_may_leave(first["csv"], name)


# what others have found is there without any data
@pytest.mark.parametrize("name", [n for n in figures.TITLES if n != "known"])
def test_without_data_a_note_is_drawn(name: str) -> None:
    made = run(**empty(), name=name, study=words())
    title, alt = described(made["svg"])
    assert title == figures.TITLES[name]
    assert "cannot be drawn: " in alt
    assert made["png"].startswith(b"\x89PNG")
    assert_may_leave(made["csv"], name)


def assert_may_leave(data: bytes, name: str) -> None:
    assert outbound._wrong_table(data.decode("utf-8"), Path("figures") / f"{name}.csv") == ""


@pytest.mark.parametrize("name", ["leaving", "abstinence", "overlap"])
def test_a_note_gives_the_reason_of_the_estimates(name: str) -> None:
    rows = gated(("leaving", "iop_vs_res", "unplanned_discharge", 90, "ATO", "overlap", "none"), "no one in arm 'iop'")
    rows += gated(("use", "iop_vs_res", "abstinent", 180, "ATO", "overlap", "none"), "no one in arm 'iop'")
    figure = drawn(name, {**empty(), "estimates": typed("estimates", rows)})
    assert "no one in arm \u2018Intensive outpatient\u2019" in figure.alt


def test_every_figure_of_a_study_can_be_drawn() -> None:
    assert list(figures.TITLES) == list(FIGURES)
    with pytest.raises(Exception, match="no figure 'pie'"):
        run(**empty(), name="pie", study=words())


def test_figures_drawn_side_by_side_are_those_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["flow", "balance", "leaving"]
    alone = figures.run(**released(), names=names, study=words())
    assert list(alone) == [f"{name}_{kind}" for name in names for kind in ("svg", "png", "csv")]
    monkeypatch.setenv("IOP_OUTCOMES_THREADS", "2")
    assert figures.run(**released(), names=names, study=words()) == alone


@pytest.mark.parametrize("threads", ["1", "2"])
def test_what_goes_wrong_in_a_figure_is_said_with_its_place(monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    def fail(tables: object, study: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("iop_outcomes.figures.balance.draw", fail)
    monkeypatch.setenv("IOP_OUTCOMES_THREADS", threads)
    with pytest.raises(ZeroDivisionError) as wrong:
        figures.run(**released(), names=["flow", "balance"], study=words())
    assert wrong.traceback[-1].name == "fail"


def test_one_figure_does_not_depend_on_the_code_of_another() -> None:
    own = {f"{p.parent.name}/{p.name}" for p in code.closure("figures.flow")}
    assert {"figures/flow.py", "figures/style.py", "presentation/labels.py", "presentation/numbers.py"} <= own
    # of the design there is a module of that name, too
    assert not {f"figures/{name}.py" for name in figures.TITLES if name != "flow"} & own
    assert "figures/forest.py" not in own


def test_words_in_an_svg_are_escaped_and_come_back() -> None:
    whole = plain_study()
    whole["contrasts"]["iop_vs_res"]["first"]["label"] = r"A & B <c> \1 \g<0>"
    made = run(**released(), name="flow", study=words(AsRun.model_validate(whole)))
    assert r"A & B <c> \1 \g<0> 200" in described(made["svg"])[1]


# -------------------------------------------------------------------------------------------------------------- words

ALT = {
    "flow": ("438 people in the records", "400 people are eligible", "Intensive outpatient 200", "Residential 200"),
    "balance": ("0.50 before weighting", "0.00 after overlap weighting", "limit of 0.1"),
    "overlap": ("(120) at scores of 0.40 to 0.45", "(140) at scores of 0.40 to 0.45", "1 bins hold too few"),
    "leaving": (f"Intensive outpatient 40.0{NARROW}%", f"Residential 30.0{NARROW}%", "day 90, weighted"),
    "events": (f"Died by day 90, weighted: Intensive outpatient 2.0{NARROW}%", f"Residential 3.0{NARROW}%"),
    "staying": (f"Still in care, on day 90, weighted: Intensive outpatient 45.0{NARROW}%, Residential 55.0{NARROW}%",),
    "places": (
        "Intensive outpatient, overlap weighting Starting in day care against a ward: out of care otherwise "
        f"48.0{NARROW}%, intensive outpatient care 30.0{NARROW}%, out of care, last stay completed "
        f"20.0{NARROW}% on day 90",
        f"out of care, last stay completed 50.0{NARROW}%",
    ),
    "hazards": ("unplanned discharge: all days 1.61, day 0 to 30 2.12, day 31 to 180 0.71",),
    "abstinence": (f"{MINUS}5.4 ({MINUS}8.2 to {MINUS}2.5)", f"+0.9 ({MINUS}3.3 to +5.1)"),
    "weekly": (
        f"Intensive outpatient: Negative weekly screen, in the week to day 14: 40.0{NARROW}% negative, 30.0{NARROW}% "
        f"missed, 30.0{NARROW}% not negative",
        f"Residential: Negative weekly screen, in the week to day 14: 60.0{NARROW}% negative, 10.0{NARROW}% missed",
    ),
    "patterns": (
        f"Intensive outpatient: Negative weekly screen, of those tested to the last third: 75.0{NARROW}% negative",
    ),
    # one height where the least and the greatest agree
    "free_of_use": (
        "First use: overlap weighting. Starting in day care against a ward",
        f"Intensive outpatient: 20{NARROW}% on day 90, 10{NARROW}% by the model",
        f"Residential: 30{NARROW}% to 40{NARROW}% on day 90, 30{NARROW}% by the model",
    ),
    # of readings that nobody asked for; those that are drawn have tests of their own
    "missing": ("no reading was asked for beside the two plain ones",),
    "tipping": ("nothing was estimated that it could show",),
    "duration": ("0.40 (0.33 to 0.49)", "0.82 (0.65 to 1.05)", "0.78 (0.65 to 0.94)"),
    "strategies": (
        "naive: those who did so +44.0 (+39.0 to +49.0) and clone, censor, weight +29.0 (+24.0 to +34.0)",
        "Staying 13 weeks or leaving in week 4, Abstinent, day 180: observed only",
    ),
    "thresholds": (
        f"Abstinent, day 180: observed only, clone, censor, weight: 25.0{NARROW}% at week 5 and 41.0{NARROW}% at week "
        "21",
        f"naive: regression on the weeks that people stayed: 15.0{NARROW}% at week 5",
    ),
    "doses": (
        f"Abstinent, day 180: observed only, intensive outpatient, parametric g-formula: 50.0{NARROW}% at 9 hours for "
        f"13 weeks and "
        f"55.0{NARROW}% at 15 hours for 13 weeks",
        "residential, parametric g-formula: no dose has a number",
    ),
    "intensity": (f"50.0{NARROW}% at 5.0 hours a week", f"60.0{NARROW}% at 30.0"),
    "completeness": (
        f"stable housing 75.0{NARROW}%",
        f"any urine screen about 98{NARROW}%",
        "Not in these records: any session",
    ),
    "maturity": (f"day 30 100.0{NARROW}%", f"day 90 75.0{NARROW}%"),
    "agreement": (f"82.6{NARROW}% in the same class, kappa 0.58", "kappa says nothing"),
    "hours": (f"scheduled mostly 9 to under 20 (75.0{NARROW}%)", f"delivered mostly 9 to under 20 (50.0{NARROW}%)"),
    "for_whom": (
        f"Abstinent. Sex: female {MINUS}10.0, male {MINUS}2.0; Severity: lowest third +2.0, highest third {MINUS}8.0",
    ),
    "specifications": (
        f"2 combinations of choices with a number, from {MINUS}5.4 to +0.9 percentage points",
        f"50.0{NARROW}% of the intervals hold both directions",
    ),
    "unmeasured": (
        "Unplanned discharge, day 90, overlap weighting: ratio 2.07 (1.60 to 2.70), E-value 3.56 to explain the "
        "estimate away, 2.58 to bring its limit there",
        "its interval holds no difference already",
    ),
    "sites": ("Unplanned discharge, day 90: differences of 5 sites about a mean of +20.0 percentage points",),
    "known": (
        f"Schneider and others 1996, completed: {MINUS}48.4 ({MINUS}64.7 to {MINUS}28.4) points",
        "Witbrodt and others 2007, abstinent, month 6: no rates seen",
        f"{MINUS}5.4 ({MINUS}8.2 to {MINUS}2.5) points",
    ),
    "transitions": ("from residential 3.5: 80 intensive outpatient, 60 completed, 40 left unplanned, 20 outpatient",),
}


@pytest.mark.parametrize("name", figures.TITLES)
def test_alternative_text_holds_the_main_numbers(name: str) -> None:
    alt = drawn(name, released()).alt
    for expected in ALT[name]:
        assert expected in alt
    assert "nan" not in alt.lower()


def test_hidden_counts_are_words_and_totals_with_them_are_left_out() -> None:
    table = counts()
    hidden = (table["position"] == 1).fillna(False).astype(bool)
    table.loc[hidden, ["count", "status"]] = [pd.NA, "suppressed"]
    figure = drawn("flow", released(counts=table))
    assert figure.alt.startswith("Flow diagram. 400 people are eligible.")
    svg = run(**released(counts=table), name="flow", study=words())["svg"].decode()
    assert "(number withheld)" in svg
    assert not any("38" in written for written in re.findall(r"<text[^>]*>([^<]*)<", svg))


def test_an_estimate_that_does_not_exist_keeps_its_row() -> None:
    figure = drawn("abstinence", released())
    aipw = figure.data[figure.data["method"] == "aipw"]
    assert list(aipw["status"]) == ["gated"]
    svg = run(**released(), name="abstinence", study=words())["svg"].decode()
    assert "Doubly robust" in svg
    assert "not shown" in svg


def test_strategies_stand_naive_before_right_with_the_truth_of_those_who_started() -> None:
    known = truth().iloc[:1].assign(contrast="stays", estimand="started", truth=0.3)
    data = drawn("strategies", {**released(), "truth": known}).data
    assert list(data["method"]) == ["crude", "clone_censor_weight"]
    assert data["first"].tolist() == pytest.approx([0.74, 0.59])
    assert data["second"].tolist() == pytest.approx([0.3, 0.3])
    assert set(data["truth"]) == {0.3}


def test_the_truth_of_everyone_stands_beside_the_unadjusted_row() -> None:
    found = drawn("abstinence", {**released(), "truth": truth()}).data.set_index(["method", "missing_rule"])["truth"]
    assert found["crude", "missing_is_using"] == -0.048
    assert found["overlap", "missing_is_using"] == -0.05
    assert drawn("abstinence", released()).data["truth"].isna().all()


# -------------------------------------------------------------------------------------------------------------- lines


def test_overlap_weights_speak_and_ways_that_next_to_no_one_left_have_no_panel() -> None:
    data = drawn("leaving", released()).data
    assert set(data["method"]) == {"crude", "overlap"}
    assert set(data["outcome"]) == {"unplanned"}
    starts = data[data["x"] == 0]
    assert len(starts) == 4
    assert (starts["estimate"] == 0).all()


def test_a_contrast_with_one_arm_is_not_drawn() -> None:
    one = curves()
    one = one[one["arm"] == "iop"]
    assert drawn("staying", released(curves=one)).data.empty


def test_curves_end_on_the_last_day_asked_for() -> None:
    found = lines.points(
        curves()[lambda d: d["outcome"] == "in_care"], labels.Labels(words()), 1.0, {"iop_vs_res": 60.0}
    )
    crude = found[(found["side"] == 0) & (found["method"] == "crude")]
    assert list(zip(crude["x"], crude["estimate"], strict=True)) == [(0.0, 1.0), (30.0, 0.7)]


def test_numbers_at_risk_stand_below_the_curves() -> None:
    shown = drawn("leaving", released()).data
    pair = ("iop_vs_res", "unplanned")
    texts = atrisk.rows(
        shown, {pair: [0.0, 30.0, 60.0, 90.0]}, {pair: 45.0}, {("iop_vs_res", "overlap", "iop"): 150.0}, shared=True
    )
    lines_of = texts.assign(x=texts["x"].fillna(-1)).pivot(index="line", columns="x", values="label")
    # a number stands below the point that it is of, and nowhere else
    assert lines_of.columns.tolist() == [-1.0, 0.0, 30.0, 90.0]
    assert lines_of.loc[0].fillna("").tolist() == ["1 n", "", "170", "110"]
    assert lines_of.loc[1].tolist() == ["1 eff.", "150", "120", "60"]
    assert lines_of.loc[3].fillna("").tolist()[:2] == ["2 eff.", ""]  # the design's number of this arm was not given
    hidden = shown.assign(n_risk=shown["n_risk"].mask((shown["side"] == 0) & (shown["n_risk"] == 170)))
    texts_of = atrisk.rows(hidden, {pair: [0.0, 30.0, 60.0, 90.0]}, {pair: 45.0}, {}, shared=True)
    assert texts_of.query("line == 0 and x.notna()")["label"].tolist() == ["110"]
    placed, below = atrisk.placed(texts, {pair: (90.0, 0.4)}, (2.0, 1.5))
    assert (placed["y"] < 0).all()
    assert placed["y"].min() > -0.4 * below / 1.5
    assert "people of arms 1 and 2 at risk" in run(**released(), name="leaving", study=words())["svg"].decode()


def test_arms_that_end_on_different_days_are_told_with_their_days() -> None:
    table = curves()
    apart = table[(table["outcome"] == "unplanned") & ((table["arm"] == "iop") == (table["x"] > 30))]
    end = lines.at_end(lines.points(apart, labels.Labels(words()), 0.0, {}))["iop_vs_res", "unplanned"]
    assert end.days == (90.0, 30.0)
    assert end.begin("by day") == "weighted"
    assert end.said(["A", "B"], "by day") == f"A 40.0{NARROW}% (by day 90), B 15.0{NARROW}% (by day 30)"


def test_ways_of_leaving_that_are_counted_together_are_drawn_under_their_names() -> None:
    table = curves()
    name = called(["unplanned", "died", "transferred"])
    pooled = table.assign(outcome=table["outcome"].replace({"unplanned": name}))
    figure = drawn("leaving", released(curves=pooled))
    assert set(figure.data["outcome"]) == {name}
    assert "died or transferred or left unplanned by day 90" in figure.alt.lower()
    more = called([called(["unplanned", "died"]), "completed"])
    assert labels.cause(more) == "Completed or died or left unplanned"


def test_a_curve_that_two_analyses_have_is_drawn_once() -> None:
    table = curves()
    again = table[table["outcome"] == "unplanned"].assign(analysis="again")
    both = pd.concat([table, again[again["x"] < 90].assign(estimate=0.01)])
    found = lines.points(both[both["outcome"] == "unplanned"], labels.Labels(words()), 0.0, {})
    assert found.equals(lines.points(table[table["outcome"] == "unplanned"], labels.Labels(words()), 0.0, {}))


def test_a_number_at_risk_is_that_of_the_nearest_point() -> None:
    points = pd.DataFrame({"x": [0.0, 7.0, 28.0, 35.0, 91.0], "n": [200.0, 190.0, 150.0, 140.0, float("nan")]})
    assert atrisk.nearest(points, "n", [0.0, 30.0, 60.0, 90.0], 10.0) == [(0.0, 200.0), (28.0, 150.0)]
    assert atrisk.nearest(points, "n", [0.0], 200.0) == [(0.0, 200.0)]
    assert atrisk.nearest(points, "n", [0.0, 60.0, 120.0, 180.0], 30.0) == [(0.0, 200.0), (35.0, 140.0)]
    assert [x for x, _ in atrisk.nearest(points, "n", [0.0, 30.0, 60.0, 90.0], 7.0)] == [0.0, 7.0, 28.0, 35.0]
    few = pd.DataFrame({"x": [0.0, 30.0, 180.0], "n": [200.0, 150.0, 20.0]})
    assert [x for x, _ in atrisk.nearest(few, "n", [0.0, 60.0, 120.0, 180.0], 30.0)] == [0.0, 30.0, 180.0]
    assert "(n)" in atrisk.said(pd.DataFrame({"rounding_error": [0.0, float("nan")]}))
    assert "(n, rounded)" in atrisk.said(pd.DataFrame({"rounding_error": [0.0, 0.01]}))


def test_a_curve_that_ends_early_says_so() -> None:
    whole = drawn("staying", released())
    assert "before day" not in whole.alt
    short = curves()
    short = short[(short["outcome"] != "in_care") | (short["arm"] == "res") | (short["x"] <= 30)]
    figure = drawn("staying", released(curves=short))
    assert "Two curves end before day 90 (on day 30)" in figure.alt
    assert "Still in care, on day 30, weighted: Intensive outpatient 75.0" in figure.alt  # the last that both reach
    assert "before day 90" in run(**released(curves=short), name="staying", study=words())["svg"].decode()
    assert lines.ended(figure.data[figure.data["arm"] == "iop"]).startswith("All curves end")


def test_curves_are_drawn_straight_between_their_points() -> None:
    figure = drawn("leaving", released())
    own = figure.data[(figure.data["side"] == 0) & figure.data["weighted"]]
    assert list(zip(own["x"], own["estimate"].round(9), strict=True)) == [(0.0, 0.0), (30.0, 0.25), (90.0, 0.4)]
    drawn_points = figure.plot.data
    assert len(drawn_points) == len(figure.data)  # no corner is added between two points


def test_days_have_marks_in_months() -> None:
    assert lines.days((0, 34)) == [0, 7, 14, 21, 28]
    assert lines.days((0, 180)) == [0, 30, 60, 90, 120, 150, 180]
    assert lines.days((-9, 365)) == [0, 60, 120, 180, 240, 300, 360]


def test_bars_of_weeks_hold_everyone_and_say_what_is_not_told() -> None:
    shown = drawn("weekly", released()).data
    assert shown.groupby(["arm", "day"])["share"].sum().tolist() == pytest.approx([1.0] * 4)
    told = shown.set_index(["arm", "day", "level"])
    assert told.at[("iop", 7, "missing"), "share"] == pytest.approx(0.2)
    assert told.at[("iop", 7, "not_asked_for"), "share"] == pytest.approx(0.05)
    assert told.at[("res", 14, "not_told"), "share"] == pytest.approx(60 / 200)
    few = counts()
    own = (few["variable"] == "week") & few["level"].isin(["died", "missing"]) & (few["arm"] == "iop")
    few.loc[own, ["count", "status", "count_low", "count_high"]] = [pd.NA, "suppressed", pd.NA, pd.NA]
    both = drawn("weekly", released(counts=few)).data.set_index(["arm", "day", "level"])
    assert both.at[("iop", 7, "missed_or_died"), "share"] == pytest.approx(40 / 200)
    # missed weeks lie between the two that a reading of them joins
    bands = shown[(shown["arm"] == "iop") & (shown["day"] == 14)]
    assert bands["level"].tolist() == ["abstinent", "missing", "using"]
    assert bands["low"].tolist() == pytest.approx([0.0, 0.4, 0.7])


def test_without_a_number_of_people_nothing_is_drawn_of_an_arm() -> None:
    table = counts()
    hidden = ((table["variable"] == "week") & (table["level"] == "using")) | (table["outcome"] == "people")
    table.loc[hidden, ["count", "status", "count_low", "count_high"]] = [pd.NA, "suppressed", pd.NA, pd.NA]
    assert "no week is told of" in drawn("weekly", released(counts=table)).alt


def test_tiles_of_patterns_hold_shares_of_groups_and_withheld_ones_are_grey() -> None:
    shown = drawn("patterns", released()).data.set_index(["arm", "group", "day"])
    assert shown.at[("iop", "last_third", 7), "share"] == pytest.approx(60 / 80)
    assert shown.at[("res", "last_third", 7), "told"] == "withheld"
    assert set(shown["told"]) == {"exact", "withheld"}
