"""Small cohorts of invented people, all that is counted of them, and releases of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from parts import endpoint
from release_rows import four, row, settings
from results_rows import made as table

from iop_outcomes.analyses.rows import Some, count_rows
from iop_outcomes.protocol import Analysis, InCare
from iop_outcomes.release import run
from iop_outcomes.tables.results import BY_ARM

ARMS = ("iop", "residential")
LEVELS = ("abstinent", "using", "missing", "not_yet_observed")
WAYS = ("unplanned", "completed", "transferred", "died", "other")
HORIZONS = (30, 60, 90, 180)
ENDPOINTS = {
    "abstinent": endpoint("abstinent", "interview"),
    "retained": endpoint("retained", "in_care"),
    "retained_or_completed": endpoint("retained_or_completed", "in_care_or_completed"),
    "unplanned_discharge": endpoint("unplanned_discharge", "left_index", cause="unplanned"),
    "completed": endpoint("completed", "left_index", cause="completed"),
}
IN_CARE = {"stay_90": InCare(day=90), "hours": InCare(day=28, of="c")}


def people(seed: int, size: int, open_ended: bool) -> pd.DataFrame:
    """Invented people: arm, days and cause of leaving care and the index level, state on day 180, hours apart."""
    rng = np.random.default_rng(seed)
    arm = rng.choice(ARMS, size)
    care = np.where(arm == "iop", rng.geometric(1 / 70, size), rng.geometric(1 / 40, size)).astype(int)
    cause = rng.choice(WAYS, size, p=(0.4, 0.5, 0.06, 0.02, 0.02)).astype(object)
    # some step down and stay in care
    stepped = rng.random(size) < 0.05
    index = np.where(stepped, np.maximum(care - rng.integers(1, 40, size), 1), care)
    index_cause = np.where(stepped, "completed", cause)
    if open_ended:
        end = rng.integers(60, 400, size)
        cause, care = np.where(care > end, "censored", cause), np.minimum(care, end)
        index_cause, index = np.where(index > end, "censored", index_cause), np.minimum(index, end)
    level = rng.choice(LEVELS, size, p=(0.4, 0.35, 0.15, 0.1))
    return pd.DataFrame(
        {"arm": arm, "care": care, "cause": cause, "index": index, "index_cause": index_cause, "level": level}
    )


def life_table(known: pd.DataFrame, outcome: str, analysis: str, days: str, cause: str) -> list[dict[str, Any]]:
    cells = known.groupby(["arm", days, cause]).size()
    key = {"analysis": analysis, "cohort": "k", "contrast": "c", "outcome": outcome}
    return [{**key, "arm": a, "day": int(d), "cause": c, "count": int(n)} for (a, d, c), n in cells.items()]


QUESTIONS = (
    ("retained", "staying", "care", "cause"), ("retained_or_completed", "staying_too", "care", "cause"),
    ("unplanned_discharge", "leaving", "index", "index_cause"), ("completed", "leaving", "index", "index_cause"),
)  # fmt: skip


def asked() -> Iterator[dict[str, Any]]:
    for outcome, analysis, *_ in QUESTIONS:
        for day in HORIZONS:
            yield from four(analysis=analysis, outcome=outcome, horizon_days=day, missing_rule="none", cohort="k")
    for rule in ("missing_is_using", "observed_only"):
        yield from four(analysis="abstinence", missing_rule=rule, cohort="k")
        for of in ("stayed", "left_earlier", "difference", "ratio"):
            yield row("risk", of, analysis="duration", contrast="stay_90", missing_rule=rule, cohort="k")


@cache
def released(
    seed: int, size: int, open_ended: bool, policy: str = "cms"
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    known = people(seed, size, open_ended)
    ask = Analysis.model_validate(
        {
            "cohort": "k", "analysis": "abstinence", "step": "abstinence", "contrast": "c", "outcome": "abstinent",
            "horizon_days": 180, "measure": "risk", "estimand": "as_observed", "method": "crude",
        }
    )  # fmt: skip
    of_stays, of_hours = (
        ask.model_copy(update={"analysis": analysis, "contrast": contrast})
        for analysis, contrast in (("duration", "stay_90"), ("intensity", "hours"))
    )
    told = (known["care"] >= 90) | (known["cause"] != "censored")
    stayed = np.where(known["care"] >= 90, "stayed", "left_earlier")
    counts = count_rows(ask, known["arm"].to_numpy(), known["level"].to_numpy())
    counts += count_rows(of_stays, stayed[told], known["level"][told].to_numpy())
    in_care = np.where(known["care"] >= 28, known["level"], "out_of_care")
    for arm in ARMS:
        own = (known["arm"] == arm).to_numpy()
        counts += count_rows(of_hours, known["arm"][own].to_numpy(), in_care[own], Some(BY_ARM, arm))
    lives = [
        r for outcome, *rest in QUESTIONS for r in life_table(known.assign(care=known["care"] + 1), outcome, *rest)
    ]
    frames = {
        "counts": table("counts", counts), "life_tables": table("life_tables", lives),
        "estimates": table("estimates", list(asked())), "curves": table("curves", []),
        "diagnostics": table("diagnostics", []),
    }  # fmt: skip
    arms = {"c": ARMS, "stay_90": ("stayed", "left_earlier")}
    found = run(**frames, **settings(policy, arms=arms, endpoints=ENDPOINTS, in_care=IN_CARE))
    return known, found
