"""Figures from tiny hand-made released tables: bytes, words inside, and what happens without data."""

from __future__ import annotations

import importlib
import math
import re
from typing import Any

import pandas as pd
import pytest
import records_counts
from parts import endpoint
from results_rows import made

from iop_outcomes import figures
from iop_outcomes.figures import atrisk, lines, style
from iop_outcomes.presentation import labels, numbers, select
from iop_outcomes.protocol import AsRun, Compared, Origin, Study
from iop_outcomes.steps import code
from iop_outcomes.study.loading import FIGURES
from iop_outcomes.tables import TABLES

NARROW, MINUS = "\u202f", "\u2212"

ENDPOINTS = (
    ("unplanned_discharge", "left_index", "Unplanned discharge", "unplanned"),
    ("time_in_care", "in_care", "Days in care", ""),
    ("death", "death", "Death from any cause", ""),
    ("abstinent", "interview", "Abstinent", ""),
    ("return_to_use", "first_use", "Return to use", ""),
)
# step, analysis, contrast, outcome, day, measure, estimand, method, missing rule, family
SHEET = (
    (
        "retention",
        "leaving",
        "iop_vs_res",
        "unplanned_discharge",
        90,
        "risk",
        "as_observed",
        "crude",
        "none",
        "secondary",
    ),
    ("retention", "leaving", "iop_vs_res", "unplanned_discharge", 90, "risk", "ATO", "overlap", "none", "primary"),
    ("retention", "staying", "iop_vs_res", "time_in_care", 90, "mean_days", "ATO", "overlap", "none", "primary"),
    ("retention", "dying", "iop_vs_res", "death", 180, "risk", "ATO", "overlap", "none", "secondary"),
    (
        "abstinence",
        "use",
        "iop_vs_res",
        "abstinent",
        180,
        "risk",
        "as_observed",
        "crude",
        "missing_is_using",
        "primary",
    ),
    ("abstinence", "use", "iop_vs_res", "abstinent", 180, "risk", "ATO", "overlap", "missing_is_using", "primary"),
    ("abstinence", "use", "iop_vs_res", "abstinent", 180, "risk", "ATO", "overlap", "observed_only", "primary"),
    ("abstinence", "use", "iop_vs_res", "abstinent", 180, "risk", "ATE", "aipw", "observed_only", "primary"),
    ("dose", "stay", "stay_90", "return_to_use", 365, "hazard_ratio", "as_observed", "naive", "none", "exhibit"),
    ("dose", "stay", "stay_90", "return_to_use", 365, "hazard_ratio", "landmark", "landmark", "none", "exhibit"),
    (
        "dose",
        "stay",
        "long_vs_short",
        "return_to_use",
        365,
        "hazard_ratio",
        "randomised",
        "randomised",
        "none",
        "exhibit",
    ),
    ("dose", "hours", "hours", "abstinent", 180, "dose_response", "landmark", "spline", "observed_only", "secondary"),
)
COLUMNS = (
    "step", "analysis", "contrast", "outcome", "horizon_days",
    "measure", "estimand", "method", "missing_rule", "family",
)  # fmt: skip


def run(name: str, **given: Any) -> dict[str, bytes]:
    """The files of one figure by their kinds."""
    made = figures.run(names=[name], **given)
    return {key.removeprefix(f"{name}_"): content for key, content in made.items()}


def study(**changes: Any) -> AsRun:
    """The whole study, as a report gets it."""
    return AsRun.model_validate(plain_study(**changes))


def plain_study(**changes: Any) -> dict[str, Any]:
    """The same as plain data, for tests that change a part of it."""
    given = Study.model_validate(
        {
            "cohort": "hand",
            "title": "A study made by hand",
            "source": {"kind": "synthetic", "note": "Nobody is real."},
            "adjustment": {"continuous": ["age"], "categorical": ["sex"]},
            "contrasts": {
                "iop_vs_res": {
                    "title": "Starting in day care against a ward",
                    "column": "index_level",
                    "first": {"name": "iop", "label": "Intensive outpatient", "values": ["2.1"]},
                    "second": {"name": "res", "label": "Residential", "values": ["3.5"]},
                },
                "long_vs_short": {
                    "title": "A long against a short plan",
                    "column": "assigned_arm",
                    "first": {"name": "long", "label": "Long plan", "values": ["l"]},
                    "second": {"name": "short", "label": "Short plan", "values": ["s"]},
                    "randomised": True,
                },
            },
            "durations": {"stay_90": {"title": "Staying 90 days against leaving", "days": 90}},
            "intensities": {"hours": {"title": "Hours a week", "contrast": "iop_vs_res", "compare": {"iop": (6, 10)}}},
            **changes,
        }
    )
    endpoints = {
        o: endpoint(o, k, label=words, cause=c, definition=f"{words}, as defined.") for o, k, words, c in ENDPOINTS
    }
    rows = [{"cohort": "hand", **dict(zip(COLUMNS, row, strict=True))} for row in SHEET]
    age = {"column": "age", "keep": "at_least", "value": "{minimum_age}", "label": "Under {minimum_age} years"}
    more = {"analyses": rows, "endpoints": endpoints, "eligibility": [{"cohort": "*", "rule": "age", **age}]}
    made = given.model_dump(mode="json")
    made["source"] = {n: made["source"][n] for n in Origin.model_fields}
    return {**{n: made[n] for n in AsRun.model_fields if n in made}, **more}


def words(whole: AsRun | None = None) -> Compared:
    """The part of a study that figures get."""
    whole = whole or study()
    return Compared(**{n: getattr(whole, n) for n in Compared.model_fields})


def typed(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A declared table, checked; what a row leaves out is missing or plain."""
    plain = {"cohort": "hand", **({"status": "ok"} if name != "curves" else {})}
    return made(name, rows, **plain)


def estimand(
    key: tuple[Any, ...], values: dict[str, tuple[float, float, float]], measure: str = "risk", **more: Any
) -> list[dict[str, Any]]:
    """Rows of one estimand: analysis, contrast, outcome, day, estimand, method, rule; of: estimate, low, high."""
    names = ("analysis", "contrast", "outcome", "horizon_days", "estimand", "method", "missing_rule")
    return [
        {
            **dict(zip(names, key, strict=True)),
            "measure": measure,
            "of": of,
            "estimate": e,
            "conf_low": low,
            "conf_high": high,
            **more,
        }
        for of, (e, low, high) in values.items()
    ]


def gated(key: tuple[Any, ...], reason: str, status: str = "gated") -> list[dict[str, Any]]:
    """Rows of an estimand without numbers."""
    nothing = (math.nan, math.nan, math.nan)
    names = ("iop", "res", "difference", "ratio")
    return estimand(key, dict.fromkeys(names, nothing), status=status, reason=reason)


def estimates() -> pd.DataFrame:
    """Estimates of every question of the sheet."""
    use = ("use", "iop_vs_res", "abstinent", 180)
    rows = [
        *estimand(
            ("leaving", "iop_vs_res", "unplanned_discharge", 90, "as_observed", "crude", "none"),
            {
                "iop": (0.351, 0.30, 0.40), "res": (0.252, 0.20, 0.30),
                "difference": (0.099, 0.03, 0.17), "ratio": (1.39, 1.1, 1.7),
            }, n=400, events=120,
        ),
        *estimand(
            ("leaving", "iop_vs_res", "unplanned_discharge", 90, "ATO", "overlap", "none"),
            {
                "iop": (0.412, 0.35, 0.47), "res": (0.199, 0.15, 0.25),
                "difference": (0.213, 0.1499, 0.2761), "ratio": (2.07, 1.6, 2.7),
            }, n=400, events=120, n_effective=312.4,
        ),
        *estimand(
            ("staying", "iop_vs_res", "time_in_care", 90, "ATO", "overlap", "none"),
            {
                "iop": (55.25, 50, 60), "res": (60.75, 56, 65),
                "difference": (-5.5, -9.0, -2.0), "ratio": (0.91, 0.8, 0.97),
            }, measure="mean_days", n=400,
        ),
        *estimand(
            ("dying", "iop_vs_res", "death", 180, "ATO", "overlap", "none"),
            {
                "iop": (0.02, 0.01, 0.03), "res": (0.03, 0.02, 0.04),
                "difference": (-0.01, -0.02, 0.01), "ratio": (0.67, 0.4, 1.2),
            }, n=400, events=10,
        ),
        *estimand(
            (*use, "as_observed", "crude", "missing_is_using"),
            {
                "iop": (0.45, 0.4, 0.5), "res": (0.40, 0.35, 0.45),
                "difference": (0.05, -0.02, 0.12), "ratio": (1.1, 0.9, 1.3),
            },
        ),
        *estimand(
            (*use, "ATO", "overlap", "missing_is_using"),
            {
                "iop": (0.330, 0.3, 0.4), "res": (0.384, 0.3, 0.4),
                "difference": (-0.054, -0.0821, -0.0249), "ratio": (0.86, 0.8, 0.9),
            },
        ),
        *estimand(
            (*use, "ATO", "overlap", "observed_only"),
            {
                "iop": (0.520, 0.3, 0.4), "res": (0.511, 0.3, 0.4),
                "difference": (0.009, -0.0333, 0.0512), "ratio": (1.02, 0.8, 1.1),
            },
        ),
        *gated((*use, "ATE", "aipw", "observed_only"), "fewer than 10 events in the arm 'iop'"),
        *estimand(
            ("stay", "stay_90", "return_to_use", 365, "as_observed", "naive", "none"),
            {"ratio": (0.402, 0.33, 0.489)}, measure="hazard_ratio",
        ),
        *estimand(
            ("stay", "stay_90", "return_to_use", 365, "landmark", "landmark", "none"),
            {"ratio": (0.824, 0.647, 1.05)}, measure="hazard_ratio", group_by="event_free_day", group="90",
        ),
        *estimand(
            ("stay", "long_vs_short", "return_to_use", 365, "randomised", "randomised", "none"),
            {"ratio": (0.783, 0.652, 0.94)}, measure="hazard_ratio",
        ),
        *(
            row
            for first, last, ratio in ((None, None, 1.61), (1, 30, 2.12), (31, 180, 0.71))
            for row in estimand(
                ("leaving", "iop_vs_res", "unplanned_discharge", 180, "ATO", "overlap", "none"),
                {"ratio": (ratio, 0.9 * ratio, 1.1 * ratio)}, measure="hazard_ratio", from_day=first, to_day=last,
            )
        ),
        *estimand(
            ("hours", "hours", "abstinent", 180, "landmark", "spline", "observed_only"),
            {
                "more_hours": (0.62, 0.5, 0.7), "fewer_hours": (0.58, 0.5, 0.6),
                "difference": (0.04, -0.04, 0.12), "ratio": (1.07, 0.9, 1.2),
            }, measure="dose_response", group_by="arm", group="iop",
        ),
    ]  # fmt: skip
    return typed("estimates", rows)


def counts() -> pd.DataFrame:
    """Counts of the flow, of the start, of scores and of the states behind abstinence."""
    flow = [("Under 18 years, or age unknown", 38), ("Not observable", 0), ("Eligible", 400)]
    rows = [
        {
            "analysis": "cohort",
            "contrast": "all",
            "arm": "all",
            "outcome": "attrition",
            "level": v,
            "count": n,
            "position": at,
        }
        for at, (v, n) in enumerate(flow, 1)
    ] + [
        {
            "analysis": "cohort",
            "contrast": "all",
            "arm": "all",
            "outcome": "rows",
            "group_by": "table",
            "group": "stays",
            "level": v,
            "detail": why,
            "count": n,
        }
        for v, why, n in (("kept", "", 1234), ("quarantined", "ends before it starts", 12))
    ]
    design = {
        ("iop", "people", "with_counterpart"): 180, ("iop", "people", "without_counterpart"): 20,
        ("res", "people", "with_counterpart"): 200,
        ("iop", "sex", "female"): 50, ("iop", "sex", "male"): 150,
        ("res", "sex", "female"): 80, ("res", "sex", "male"): 120,
        ("iop", "propensity", "0.40-0.45"): 120, ("iop", "propensity", "0.45-0.50"): None,
        ("res", "propensity", "0.40-0.45"): 140, ("res", "propensity", "0.45-0.50"): 60,
    }  # fmt: skip
    for (arm, outcome, level), n in design.items():
        status = "ok" if n is not None else "suppressed"
        key = {"analysis": "design", "contrast": "iop_vs_res", "arm": arm, "level": level}
        what = {"outcome": "covariate", "variable": "sex"} if outcome == "sex" else {"outcome": outcome}
        rows.append({**key, **what, "count": n, "status": status})
    for arm, level, n in (
        ("iop", "abstinent", 66),
        ("iop", "missing", 24),
        ("iop", "using", None),
        ("res", "using", 90),
    ):
        key = {"analysis": "use", "contrast": "iop_vs_res", "arm": arm, "outcome": "abstinent", "horizon_days": 180}
        rows.append({**key, "level": level, "count": n, "status": "ok" if n is not None else "suppressed"})
    return typed("counts", rows + records_counts.rows())


def curves() -> pd.DataFrame:
    """Crude and weighted curves of leaving and staying, and abstinence by hours."""
    rows = []
    heights = {
        ("leaving", "unplanned"): {"iop": (0.2, 0.35), "res": (0.1, 0.25)},
        ("leaving", "died"): {"iop": (0.001, 0.002), "res": (0.0, 0.001)},
        ("staying", "in_care"): {"iop": (0.7, 0.4), "res": (0.8, 0.5)},
        ("dying", "died"): {"iop": (0.01, 0.02), "res": (0.02, 0.03)},
    }
    for (analysis, outcome), by_arm in heights.items():
        for arm, ys in by_arm.items():
            for method, shift in (("crude", 0.0), ("overlap", 0.05), ("iptw", 0.30)):
                for x, y in zip((30, 90), ys, strict=True):
                    key = {"analysis": analysis, "contrast": "iop_vs_res", "arm": arm, "outcome": outcome}
                    h = y + shift if outcome != "died" else y
                    rows.append(
                        {**key, "method": method, "axis": "days", "x": x, "estimate": h, "conf_low": h - 0.02,
                         "conf_high": h + 0.02, "n_risk": 200 - x,
                         "n_effective": math.nan if method == "crude" else 150.4 - x}
                    )  # fmt: skip
    for arm, xs in (("iop", (5, 12)), ("res", (20, 30))):
        for x, y in zip(xs, (0.5, 0.6), strict=True):
            key = {"analysis": "hours", "contrast": "hours", "arm": arm, "outcome": "abstinent"}
            key |= {"horizon_days": 180, "missing_rule": "observed_only"}
            rows.append(
                {**key, "method": "spline", "axis": "hours_per_week", "x": x, "estimate": y, "conf_low": y - 0.1,
                 "conf_high": y + 0.1}
            )  # fmt: skip
    return typed("curves", rows)


def diagnostics() -> pd.DataFrame:
    """Balance before and after, sizes, weights, means and one stratum with one arm."""
    rows = []
    for method, gaps, size, weight in (
        ("unweighted", (0.50, -0.30), 200, 1.0),
        ("overlap", (0.004, 0.0), 150, 2.5),
    ):
        limit = {} if method == "unweighted" else {"threshold": 0.1}
        info = "info" if method == "unweighted" else "ok"
        for (variable, level), value in zip((("age", "all"), ("sex", "female")), gaps, strict=True):
            row = {"method": method, "quantity": "standardised_difference", "variable": variable, "level": level}
            row["value"] = value
            rows.append({**row, "status": info, **limit})
        for arm in ("iop", "res"):
            rows.append({"method": method, "quantity": "effective_sample_size", "arm": arm, "value": size})
            rows.append({"method": method, "quantity": "largest_weight", "arm": arm, "value": weight})
    for arm, mean in (("iop", 34.5), ("res", 36.25)):
        rows.append({"quantity": "mean", "arm": arm, "variable": "age", "value": mean})
        rows.append({"quantity": "standard_deviation", "arm": arm, "variable": "age", "value": 10.0})
    rows.append({"quantity": "one_arm_strata", "variable": "site_id", "value": 1})
    base = {"analysis": "design", "contrast": "iop_vs_res", "method": "unweighted", "status": "info"}
    return typed("diagnostics", [*(base | r for r in rows), records_counts.floor()])


def truth() -> pd.DataFrame:
    """Known differences of abstinence: inside the adjusted interval, outside of the unadjusted one."""
    key = {"contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180, "measure": "risk", "of": "difference"}
    rows = [
        {**key, "estimand": e, "truth": t, "monte_carlo_error": 0.001} for e, t in (("ATO", -0.05), ("ATE", -0.048))
    ]
    return pd.DataFrame(rows)[list(TABLES["truth"].columns)]


def released(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The four released tables."""
    return {
        "counts": counts(), "estimates": estimates(), "curves": curves(), "diagnostics": diagnostics(), **changes
    }  # fmt: skip


def empty() -> dict[str, pd.DataFrame]:
    return {n: TABLES[n].empty() for n in ("counts", "estimates", "curves", "diagnostics")}


def drawn(name: str, tables: dict[str, pd.DataFrame], whole: AsRun | None = None) -> style.Figure:
    module = importlib.import_module(f"iop_outcomes.figures.{name}")
    return module.draw(style.Tables(**tables), words(whole))


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("name", figures.TITLES)
def test_files_have_the_same_bytes_twice(name: str) -> None:
    first = run(**released(), name=name, study=words(), truth=truth())
    again = run(**released(), name=name, study=words(), truth=truth())
    assert first == again
    assert first["png"].startswith(b"\x89PNG")
    assert b"<text" in first["svg"]  # words, not outlines
    assert b"<dc:date>" not in first["svg"]
    assert b"cannot be drawn" not in first["svg"]
    assert first["csv"].count(b"\n") > 1


@pytest.mark.parametrize("name", figures.TITLES)
def test_without_data_a_note_is_drawn(name: str) -> None:
    made = run(**empty(), name=name, study=words())
    title, alt = style.description(made["svg"])
    assert title == figures.TITLES[name]
    assert "cannot be drawn: " in alt
    assert made["png"].startswith(b"\x89PNG")


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
    own = {p.name for p in code.closure("figures.flow")}
    assert {"flow.py", "style.py", "labels.py", "numbers.py"} <= own
    assert not {"leaving.py", "balance.py", "forest.py"} & own


def test_words_in_an_svg_are_escaped_and_come_back() -> None:
    whole = plain_study()
    whole["contrasts"]["iop_vs_res"]["first"]["label"] = r"A & B <c> \1 \g<0>"
    made = run(**released(), name="flow", study=words(AsRun.model_validate(whole)))
    assert r"A & B <c> \1 \g<0> 200" in style.description(made["svg"])[1]


# -------------------------------------------------------------------------------------------------------------- words

ALT = {
    "flow": ("438 people in the records", "400 people are eligible", "Intensive outpatient 200", "Residential 200"),
    "balance": ("0.50 before weighting", "0.00 after overlap weighting", "limit of 0.1"),
    "overlap": ("(120) at scores of 0.40 to 0.45", "(140) at scores of 0.40 to 0.45", "1 bins hold too few"),
    "leaving": (f"Intensive outpatient 40.0{NARROW}%", f"Residential 30.0{NARROW}%", "day 90, weighted"),
    "events": (f"Died by day 90, weighted: Intensive outpatient 2.0{NARROW}%", f"Residential 3.0{NARROW}%"),
    "staying": (f"45.0{NARROW}% of Intensive outpatient", f"55.0{NARROW}% of Residential"),
    "hazards": ("unplanned discharge: all days 1.61, day 1 to 30 2.12, day 31 to 180 0.71",),
    "abstinence": (f"{MINUS}5.4 ({MINUS}8.2 to {MINUS}2.5)", f"+0.9 ({MINUS}3.3 to +5.1)"),
    "duration": ("0.40 (0.33 to 0.49)", "0.82 (0.65 to 1.05)", "0.78 (0.65 to 0.94)"),
    "intensity": (f"50.0{NARROW}% at 5.0 hours a week", f"60.0{NARROW}% at 30.0"),
    "completeness": (
        f"stable housing 75.0{NARROW}%",
        f"any urine screen about 97.5{NARROW}%",
        "Not in these records: any session",
    ),
    "maturity": (f"day 30 100.0{NARROW}%", f"day 90 75.0{NARROW}%"),
    "agreement": (f"82.6{NARROW}% in the same class, kappa 0.58", "kappa says nothing"),
    "hours": (f"scheduled mostly 9 to under 20 (75.0{NARROW}%)", f"delivered mostly 9 to under 20 (50.0{NARROW}%)"),
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
    assert "(too few to show)" in svg
    assert not any("38" in written for written in re.findall(r"<text[^>]*>([^<]*)<", svg))


def test_an_estimate_that_does_not_exist_keeps_its_row() -> None:
    figure = drawn("abstinence", released())
    aipw = figure.data[figure.data["method"] == "aipw"]
    assert list(aipw["status"]) == ["gated"]
    svg = run(**released(), name="abstinence", study=words())["svg"].decode()
    assert "Doubly robust" in svg
    assert "not shown" in svg


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
    assert list(zip(crude["x"], crude["estimate"], strict=True)) == [(0.0, 1.0), (30.0, 0.7), (60.0, 0.7)]


def test_numbers_at_risk_stand_below_the_curves() -> None:
    shown = drawn("leaving", released()).data
    pair = ("iop_vs_res", "unplanned")
    texts = atrisk.rows(shown, {pair: [0.0, 30.0, 60.0, 90.0]}, {("iop_vs_res", "overlap", "iop"): 150.0}, shared=True)
    lines_of = texts.assign(x=texts["x"].fillna(-1)).pivot(index="line", columns="x", values="label")
    # people at the next day on which anyone is counted, effective numbers no more than a week away
    assert lines_of.loc[0].tolist() == ["1 n", "170", "170", "110", "110"]
    assert lines_of.loc[1].tolist()[:3] == ["1 eff.", "150", "120"]
    assert lines_of.loc[1].isna().tolist() == [False, False, False, True, False]
    assert lines_of.loc[3].tolist()[0] == "2 eff."
    assert pd.isna(lines_of.loc[3, 0.0])  # the design's number of this arm was not given
    # where the number at the next day is withheld, the day has none: a later one would be too small
    hidden = shown.assign(n_risk=shown["n_risk"].mask((shown["side"] == 0) & (shown["n_risk"] == 170)))
    texts_of = atrisk.rows(hidden, {pair: [0.0, 30.0, 60.0, 90.0]}, {}, shared=True)
    assert texts_of.query("line == 0 and x.notna()")["label"].tolist() == ["110", "110"]
    placed, below = atrisk.placed(texts, {pair: (90.0, 0.4)}, (2.0, 1.5))
    assert (placed["y"] < 0).all()
    assert placed["y"].min() > -0.4 * below / 1.5
    assert "people of arms 1 and 2 at risk" in run(**released(), name="leaving", study=words())["svg"].decode()


def test_days_have_marks_in_months() -> None:
    assert lines.days((0, 34)) == [0, 7, 14, 21, 28]
    assert lines.days((0, 180)) == [0, 30, 60, 90, 120, 150, 180]
    assert lines.days((-9, 365)) == [0, 60, 120, 180, 240, 300, 360]


# ------------------------------------------------------------------------------------------------- numbers and labels


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (numbers.percent, 0.4123, f"41.2{NARROW}%"),
        (numbers.percent, math.nan, "\u2013"),
        (numbers.points, 0.0494, "+4.9"),
        (numbers.points, -0.0494, f"{MINUS}4.9"),
        (numbers.points, -0.0004, "0.0"),
        (numbers.points, 0.0004, "0.0"),
        (numbers.ratio, 0.4, "0.40"),
        (numbers.ratio, None, "\u2013"),
        (numbers.signed_days, -12.04, f"{MINUS}12.0"),
        (numbers.count, 3962, f"3{NARROW}962"),
        (numbers.count, pd.NA, "\u2013"),
        (numbers.count, 999.6, f"1{NARROW}000"),
        (numbers.decimals, -0.001, "0.00"),
        (numbers.decimals, math.inf, "\u2013"),
    ],
)
def test_numbers_as_readers_see_them(form: Any, value: Any, expected: str) -> None:
    assert form(value) == expected


def test_an_interval_needs_both_limits() -> None:
    assert numbers.interval(-0.05, 0.02, numbers.points) == f"{MINUS}5.0 to +2.0"
    assert numbers.interval(math.nan, 0.02, numbers.points) == "\u2013"


def test_reasons_hold_labels_in_place_of_names() -> None:
    said = labels.Labels(words())
    assert said.reason("iop_vs_res", "fewer than 10 events in the arm 'iop'") == (
        "fewer than 10 events in the arm \u2018Intensive outpatient\u2019"
    )
    assert said.reason("stay_90", "no events in the arm 'stayed'") == (
        "no events in the arm \u2018Stayed at least 90 days\u2019"
    )
    assert said.reason("iop_vs_res", "The coefficient of stable_housing=unknown has no end.") == (
        "The coefficient of \u2018Stable housing: unknown\u2019 has no end"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Residential", "residential"),
        ("IOP with groups", "IOP with groups"),
        ("Beck Depression Inventory", "Beck Depression Inventory"),
        ("Extended-release naltrexone", "extended-release naltrexone"),
    ],
)
def test_labels_inside_a_sentence(text: str, expected: str) -> None:
    assert labels.within(text) == expected


def test_an_arm_of_a_duration_has_a_label() -> None:
    assert labels.Labels(words()).arms("stay_90") == ("Stayed at least 90 days", "Left before day 90")


def test_the_adjusted_method_is_preferred() -> None:
    rows = pd.DataFrame({"method": ["crude", "iptw", "overlap"], "value": [1, 2, 3]}, index=[7, 8, 9])
    assert select.best(rows)["value"].tolist() == [3]
    assert select.best(rows.iloc[:1])["value"].tolist() == [1]
