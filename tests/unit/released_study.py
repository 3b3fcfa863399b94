"""A study and all its released tables, made by hand: for tests of figures, report and release."""

from __future__ import annotations

import math
from typing import Any

import days_between
import doses_rows
import groups_rows
import pandas as pd
import places_rows
import records_counts
import sites_rows
import specifications_rows
import strategies_rows
import thresholds_rows
from parts import endpoint
from results_rows import made

from iop_outcomes.protocol import AsRun, Compared, Origin, Study
from iop_outcomes.tables import TABLES

NARROW, MINUS = "\u202f", "\u2212"
USE = ("use", "iop_vs_res", "abstinent", 180)
ENDPOINTS = (
    ("unplanned_discharge", "left_index", "Unplanned discharge", "unplanned"),
    ("time_in_care", "in_care", "Days in care", ""),
    ("death", "death", "Death from any cause", ""),
    ("abstinent", "interview", "Abstinent", ""),
    ("return_to_use", "first_use", "Return to use", ""),
    ("weekly", "weekly_screens", "Negative weekly screen", ""),
    ("first_use", "first_use_between", "First use", ""),
    places_rows.ENDPOINT,
)
# step, analysis, contrast, outcome, day, measure, estimand, method, missing rule, family
CRUDELY = ("iop_vs_res", "unplanned_discharge", 90, "risk", "as_observed", "crude", "none")
EXHIBIT = ("none", "exhibit")
USING = ("missing_is_using", "secondary")
SHEET = (
    ("retention", "leaving", *CRUDELY, "secondary"),
    ("retention", "leaving", "iop_vs_res", "unplanned_discharge", 90, "risk", "ATO", "overlap", "none", "primary"),
    ("retention", "staying", "iop_vs_res", "time_in_care", 90, "mean_days", "ATO", "overlap", "none", "primary"),
    ("retention", "dying", "iop_vs_res", "death", 180, "risk", "ATO", "overlap", "none", "secondary"),
    ("abstinence", *USE, "risk", "as_observed", "crude", "missing_is_using", "primary"),
    ("abstinence", "use", "iop_vs_res", "abstinent", 180, "risk", "ATO", "overlap", "missing_is_using", "primary"),
    ("abstinence", "use", "iop_vs_res", "abstinent", 180, "risk", "ATO", "overlap", "observed_only", "primary"),
    ("abstinence", "use", "iop_vs_res", "abstinent", 180, "risk", "ATE", "aipw", "observed_only", "primary"),
    ("abstinence", "weeks", "iop_vs_res", "weekly", 14, "odds_ratio", "ATO", "overlap", *USING),
    ("abstinence", "first", "iop_vs_res", "first_use", 90, "time_ratio", "ATO", "overlap", "none", "secondary"),
    ("dose", "stay", "stay_90", "return_to_use", 365, "hazard_ratio", "as_observed", "naive", "none", "exhibit"),
    ("dose", "stay", "stay_90", "return_to_use", 365, "hazard_ratio", "landmark", "landmark", "none", "exhibit"),
    ("dose", "stay", "long_vs_short", "return_to_use", 365, "hazard_ratio", "randomised", "randomised", *EXHIBIT),
    *places_rows.SHEET,
    *strategies_rows.SHEET,
    *thresholds_rows.SHEET,
    *doses_rows.SHEET,
    ("dose", "hours", "hours", "abstinent", 180, "dose_response", "landmark", "spline", "observed_only", "secondary"),
)
COLUMNS = (
    "step", "analysis", "contrast", "outcome", "horizon_days",
    "measure", "estimand", "method", "missing_rule", "family",
)  # fmt: skip


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
            "strategies": {"stays": strategies_rows.STAYS},
            "thresholds": {"bend": thresholds_rows.BEND},
            "doses": {"grid": doses_rows.GRID},
            "specifications": {"choices": specifications_rows.CHOICES},
            "sites": sites_rows.ASKED,
            "modifiers": groups_rows.MODIFIERS,
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
        *estimand(
            ("weeks", "iop_vs_res", "weekly", 14, "ATO", "overlap", "missing_is_using"),
            {"ratio": (1.25, 1.07, 1.45)}, measure="odds_ratio", n=400, events=250,
        ),
        *estimand(
            ("first", "iop_vs_res", "first_use", 90, "ATO", "overlap", "none"), {"ratio": (0.71, 0.55, 0.92)},
            measure="time_ratio", n=400, events=300,
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
            for first, last, ratio in ((None, None, 1.61), (0, 30, 2.12), (31, 180, 0.71))
            for row in estimand(
                ("leaving", "iop_vs_res", "unplanned_discharge", 180, "ATO", "overlap", "none"),
                {"ratio": (ratio, 0.9 * ratio, 1.1 * ratio)}, measure="hazard_ratio", from_day=first, to_day=last,
            )
        ),
        *places_rows.rows(), *thresholds_rows.rows(), *doses_rows.rows(), *sites_rows.rows(), *groups_rows.rows(),
        *strategies_rows.naive(0.44), *strategies_rows.right(0.29),
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
    way = {"analysis": "cohort", "contrast": "all", "arm": "all", "outcome": "attrition"}
    rows: list[dict[str, Any]] = [
        {**way, "level": v, "count": n, "position": at} for at, (v, n) in enumerate(flow, 1)
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
    return typed("counts", rows + weeks() + records_counts.rows())


# by arm, of two weeks: negative, not negative, died, missed, none due; None is withheld
WEEKS = {"iop": ((90, 60, 0, 40, 10), (80, 60, 0, 60, 0)), "res": ((100, 70, 0, 30, 0), (120, None, None, 20, 0))}
WEEK_LEVELS = ("abstinent", "using", "died", "missing", "not_asked_for")


def weeks() -> list[dict[str, Any]]:
    """People of each arm by what a week says of them."""
    return [
        {
            "analysis": "weeks", "contrast": "iop_vs_res", "arm": arm, "outcome": "weekly", "variable": "week",
            "horizon_days": 7 * at, "level": level, "count": n, "status": "ok" if n is not None else "suppressed",
        }
        for arm, of in WEEKS.items()
        for at, week in enumerate(of, 1)
        for level, n in zip(WEEK_LEVELS, week, strict=True)
    ] + [
        {
            "analysis": "weeks", "contrast": "iop_vs_res", "arm": arm, "outcome": "weekly", "variable": "week",
            "horizon_days": 7, "group_by": "last_test", "group": "last_third", "level": level, "count": n,
            "status": "ok" if n is not None else "suppressed",
        }
        for arm, cells in (("iop", (60, 20)), ("res", (60, None)))
        for level, n in zip(WEEK_LEVELS, cells, strict=False)
    ]  # fmt: skip


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
    return typed("curves", [*rows, *days_between.rows(), *thresholds_rows.curves()])


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
    found = [*(base | r for r in rows), *thresholds_rows.fits(), *groups_rows.tests(), records_counts.floor()]
    return typed("diagnostics", found)


def truth() -> pd.DataFrame:
    """Known differences of abstinence: inside the adjusted interval, outside of the unadjusted one."""
    key = {"contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180, "measure": "risk", "of": "difference"}
    rows = [
        {**key, "estimand": e, "truth": t, "monte_carlo_error": 0.001} for e, t in (("ATO", -0.05), ("ATE", -0.048))
    ]
    dose = {"of": "iop", "hours_per_week": 15.0, "weeks_of_care": 13, "monte_carlo_error": 0.001}
    rows.append({**key, **dose, "contrast": "grid", "estimand": "ATE", "truth": 0.56})
    return TABLES["truth"].cast(pd.DataFrame(rows, columns=list(TABLES["truth"].columns)))


def released(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The four released tables."""
    return {
        "counts": counts(), "estimates": estimates(), "curves": curves(), "diagnostics": diagnostics(), **changes
    }  # fmt: skip


def empty() -> dict[str, pd.DataFrame]:
    return {n: TABLES[n].empty() for n in ("counts", "estimates", "curves", "diagnostics")}
