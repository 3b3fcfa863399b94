"""People of a contrast with their design and outcomes, and the steps of analysis called on them: for their tests."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from parts import contrast, endpoint

from iop_outcomes import design
from iop_outcomes.analyses import abstinence, dose, retention
from iop_outcomes.protocol import (
    Adjustment,
    Analysis,
    Doses,
    Duration,
    Gate,
    Imputation,
    Inference,
    Intensity,
    OfDose,
    Starting,
    Strategies,
    Threshold,
)
from iop_outcomes.tables import TABLES, check

GATE = Gate(max_standardised_difference=0.1, min_effective_share=0.3, max_weight=50, min_events=10)
INFERENCE = Inference(confidence_level=0.95, cluster="person", min_clusters=20)
CONTRAST = contrast("iop", "residential")
ADJUSTMENT = Adjustment(continuous=["age"], categorical=["sex"], spline_knots=3)


ENDPOINTS = {
    one.outcome: one
    for one in (
        endpoint("unplanned_discharge", "left_index", cause="unplanned"),
        endpoint("transferred", "left_index", cause="transferred"),
        endpoint("retained", "in_care"),
        endpoint("retained_or_completed", "in_care_or_completed"),
        endpoint("time_in_care", "in_care"),
        endpoint("readmitted", "readmitted"),
        endpoint("abstinent", "interview"),
        endpoint("return_to_use", "first_use"),
    )
}
N = 800


def with_limits(**limits: float) -> Gate:
    """The gate with other limits."""
    return GATE.model_copy(update=limits)


def people_of_a_contrast() -> dict[str, pd.DataFrame]:
    """People, their design, how they left and whether they were abstinent; nobody is censored."""
    rng = np.random.default_rng(11)
    ids = np.array([f"p{i:04d}" for i in range(N)], dtype=object)
    age, female = rng.normal(40, 10, N), rng.random(N) < 0.4
    arm = (rng.random(N) < 1 / (1 + np.exp(-0.06 * (age - 40)))).astype("int64")
    sites = np.array([f"S{i % 4}" for i in range(N)], dtype=object)
    people = (
        TABLES["people"]
        .empty()
        .reindex(range(N))
        .assign(
            person_id=ids, record_id=ids, site_id=sites, index_level=np.where(arm == 1, "2.1", "3.5"),
            index_start_day=0, clock_start_day=0,
            observed_days=365, assigned_arm="none", trial="none", sex=np.where(female, "female", "male"),
        )
    )  # fmt: skip
    people = people.astype({c: "int64" for c in ("index_start_day", "clock_start_day", "observed_days")})
    sex = pd.Categorical(people["sex"], ["male", "female"])
    covariates = pd.DataFrame({"person_id": ids, "age": age, "sex": sex})
    arms = pd.DataFrame({"contrast": "c", "person_id": ids, "arm": arm, "stratum": sites})
    found = design.run(people, covariates, arms, "k", "c", CONTRAST, ADJUSTMENT, GATE)
    days = rng.integers(1, 200, N)
    cause = np.where(rng.random(N) < 0.4 + 0.1 * arm, "unplanned", "completed").astype(object)
    left = pd.concat(
        [
            pd.DataFrame({"person_id": ids, "follows": f, "days": days, "days_latest": days, "cause": cause})
            for f in ("index", "care")
        ],
        ignore_index=True,
    )
    state = rng.choice(["yes", "no", "unknown"], N, p=[0.4, 0.4, 0.2])
    outcome = pd.DataFrame(
        {
            "person_id": ids, "outcome": "abstinent", "horizon_days": 180,
            "abstinent": pd.array([{"yes": True, "no": False}.get(s) for s in state], dtype="boolean"),
            "mature": rng.random(N) < 0.9,
            "dead": False,
        }
    )  # fmt: skip
    use = pd.DataFrame({"person_id": ids, "outcome": "return_to_use", "days": days, "event": rng.random(N) < 0.5})
    return {
        "people": people, "covariates": covariates, "arms": arms, "scores": found["scores"], "gates": found["gates"],
        "retention": left, "abstinence": outcome, "first_use": use,
    }  # fmt: skip


ASK = {
    "cohort": "k", "analysis": "a", "step": "retention", "contrast": "c", "outcome": "unplanned_discharge",
    "horizon_days": 90, "measure": "risk", "estimand": "ATO", "method": "overlap", "missing_rule": "none",
}  # fmt: skip


def ask(**changes: Any) -> Analysis:
    """A row of the sheet."""
    return Analysis.model_validate({**ASK, **changes})


def run_retention(cohort: dict[str, pd.DataFrame], *asked: Analysis, gates=None, gate: Gate = GATE):
    found = retention.run(
        cohort["retention"], cohort["scores"], cohort["gates"] if gates is None else gates, asked, CONTRAST, ENDPOINTS,
        gate, INFERENCE,
    )  # fmt: skip
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def run_abstinence(cohort: dict[str, pd.DataFrame], *asked: Analysis, endpoints=ENDPOINTS):
    given = (cohort[n] for n in ("abstinence", "first_use", "scores", "gates"))
    found = abstinence.run(*given, asked, CONTRAST, endpoints, GATE, INFERENCE)
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def by_measure(found, column: str = "estimate"):
    return found["estimates"].set_index(["measure", "of"])[column]


def run_dose(
    cohort: dict[str, pd.DataFrame], *asked: Analysis, within_sites: bool = True, compare=None, strategies=None,
    thresholds=None, starting=None, grids=None, hours=None, gate: Gate = GATE, inference: Inference = INFERENCE,
    endpoints=ENDPOINTS, **columns: Any,
):  # fmt: skip
    """Answers on dose; columns: of the table dose, where hours, screens or reports of use are on record. strategies: by
    name, as a study writes them; thresholds, starting, grids: of doses, the same. hours: what the intensity says.
    """
    doses = pd.DataFrame(
        {
            "person_id": cohort["people"]["person_id"], "window_days": 90, "in_care_at_end": True,
            "at_risk_at_end": True,
            "hours_per_week": np.nan, "positive_screens": 0.0, "missed_screens": 0.0, "reported_use": np.nan, **columns,
        }
    )  # fmt: skip
    tables = (cohort[n] for n in ("people", "arms", "covariates", "retention"))
    found = dose.run(
        *tables, doses, cohort["abstinence"], cohort["first_use"],
        *(cohort.get(name, TABLES[name].empty()) for name in ("doses", "onward")), asked,
        OfDose(
            durations={"stay_90": Duration(title="", days=90, stay="care", within_sites=within_sites)},
            intensities={"hours": Intensity.model_validate({
                "title": "", "window_days": 90, "contrast": "c", "knots": 3, "compare": compare or {}, **(hours or {}),
            })},
            strategies={name: Strategies.model_validate(s) for name, s in (strategies or {}).items()},
            thresholds={name: Threshold.model_validate(s) for name, s in (thresholds or {}).items()},
            starting={name: Starting.model_validate(s) for name, s in (starting or {}).items()},
            doses={name: Doses.model_validate(s) for name, s in (grids or {}).items()},
        ),
        {"c": CONTRAST}, endpoints, gate, inference,
    )  # fmt: skip
    for name, table in found.items():
        check(TABLES[name], table)
    return found


IMPUTATION = Imputation(imputations=5, passes=2, seed=1)
METHODS = ["overlap", "overlap_imputed"]


def with_gaps(cohort: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The cohort with sex and age unrecorded for some, more often where the outcome is bad."""
    rng = np.random.default_rng(5)
    bad = (cohort["retention"].query("follows == 'index'")["cause"] == "unplanned").to_numpy()
    lost = rng.random((2, N)) < np.where(bad, 0.3, 0.1)
    people = cohort["people"].assign(sex=np.where(lost[0], "unknown", cohort["people"]["sex"]))
    numbers = cohort["covariates"].assign(sex=pd.Categorical(people["sex"], ["male", "female", "unknown"]))
    numbers = numbers.assign(age=numbers["age"].mask(lost[1], numbers["age"].median()))
    numbers["age=missing"] = lost[1].astype(float)
    made = design.run(people, numbers, cohort["arms"], "k", "c", CONTRAST, ADJUSTMENT, GATE, METHODS)
    return {**cohort, "people": people, "covariates": numbers, "scores": made["scores"], "gates": made["gates"]}


def run_imputed(cohort: dict[str, pd.DataFrame], step: ModuleType, *asked: Analysis, gate: Gate = GATE):
    """Estimates by method and measure, and diagnostics."""
    given = {"retention": ("retention",), "abstinence": ("abstinence", "first_use")}[step.__name__.split(".")[-1]]
    found = step.run(
        *(cohort[n] for n in (*given, "scores", "gates")), asked, CONTRAST, ENDPOINTS, gate, INFERENCE,
        cohort["people"], cohort["covariates"], IMPUTATION, ADJUSTMENT,
    )  # fmt: skip
    return found["estimates"].set_index(["method", "measure", "of"]), found["diagnostics"]
