"""Rows that come into the release, made by hand, and a release of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from parts import endpoint
from results_rows import made as table

from iop_outcomes.protocol import Companions, Disclosure, Inference, Judged
from iop_outcomes.release import run

ARMS = ("iop", "residential")
IN_ORDER = {"c": list(ARMS)}
ENDPOINTS = {
    "unplanned_discharge": endpoint("unplanned_discharge", "left_index", cause="unplanned"),
    "retained": endpoint("retained", "in_care"),
    "retained_or_completed": endpoint("retained_or_completed", "in_care_or_completed"),
    "time_in_care": endpoint("time_in_care", "in_care"),
    "abstinent": endpoint("abstinent", "interview"),
    "first_use": endpoint("first_use", "first_use_between"),
}
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "events", "n_effective"]
Rows = list[dict[str, Any]]


def counts_of(arm: str, cells: dict[str, int], **key: Any) -> Rows:
    named = {
        "analysis": "abstinence", "cohort": "demo", "contrast": "c", "arm": arm, "outcome": "abstinent",
        "horizon_days": 180, **key,
    }  # fmt: skip
    return [{**named, "level": level, "count": n, "status": "ok"} for level, n in cells.items()]


def life(arm: str, cells: list[tuple[int, str, int]], **key: Any) -> Rows:
    named = {"analysis": "leaving", "cohort": "demo", "contrast": "c", "arm": arm, "outcome": "unplanned_discharge"}
    return [{**named, **key, "day": d, "cause": c, "count": n} for d, c, n in cells]


def row(measure: str, of: str, number: float = np.nan, **key: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high", "p_value", "n_effective"), number)
    return {
        "analysis": "abstinence", "cohort": "demo", "contrast": "c", "outcome": "abstinent", "horizon_days": 180,
        "estimand": "ATE", "measure": measure, "of": of, "method": "crude", "missing_rule": "missing_is_using",
        **numbers, "n": None, "events": None, "status": "ok", "reason": "", **key,
    }  # fmt: skip


def four(measure: str = "risk", number: float = np.nan, **key: Any) -> Rows:
    return [row(measure, of, number, **key) for of in (*ARMS, "difference", "ratio")]


def release(
    policy: str = "cms",
    arms: Mapping[str, Any] | None = None,
    endpoints: Mapping[str, Any] | None = None,
    judged: Sequence[Judged] = (),
    **tables: Rows,
) -> dict[str, pd.DataFrame]:
    names = ("counts", "life_tables", "estimates", "curves", "diagnostics")
    frames = {name: table(name, tables.get(name, [])) for name in names}
    known = {"arms": IN_ORDER if arms is None else arms, "endpoints": ENDPOINTS if endpoints is None else endpoints}
    return run(**frames, **settings(policy, **known), judged=judged)


def settings(policy: str = "cms", **changes: Any) -> dict[str, Any]:
    """What `run` needs beside the tables: all that protects people."""
    plain = {"arms": IN_ORDER, "endpoints": ENDPOINTS, "groups": {}, "in_care": {}, "fewest_events": 10}
    more = {"companions": Companions(), "inference": Inference()}
    return {"disclosure": Disclosure(policy=policy), **plain, **more, **changes}


def only(frame: pd.DataFrame, **where: Any) -> Any:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return next(frame.itertuples())


PLENTY = counts_of("iop", {"abstinent": 60, "using": 40, "missing": 25, "not_yet_observed": 30}) + counts_of(
    "residential", {"abstinent": 45, "using": 45, "missing": 15, "not_yet_observed": 0}
)
LEAVING = life("iop", [(10, "unplanned", 30), (40, "completed", 60), (100, "censored", 40)]) + life(
    "residential", [(20, "unplanned", 12), (30, "completed", 70), (100, "censored", 40)]
)


def points(outcome: str, days: list[int], arm: str = "iop", **key: Any) -> Rows:
    named = {"analysis": "leaving", "cohort": "demo", "contrast": "c", "arm": arm, "outcome": outcome}
    numbers = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), 0.5)
    return [
        {
            **named,
            "method": "iptw",
            "axis": "days",
            "x": float(x),
            **numbers,
            "n_risk": 77,
            "n_effective": 50.12345,
            **key,
        }
        for x in days
    ]


def diagnostic(variable: str, value: float = 0.123456, level: str = "all", **key: Any) -> dict[str, Any]:
    return {
        "analysis": "design", "cohort": "demo", "contrast": "c", "method": "unweighted",
        "quantity": "standardised_difference", "variable": variable, "level": level, "value": value, "threshold": 0.1,
        "status": "failed", **key,
    }  # fmt: skip
