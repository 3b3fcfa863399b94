"""From records to stepping down: who left residential care and went on, read from the simulated records, recovers the
truths that the demo shows, of those who completed it; who left in any way, compared as they did, is off.

The outcome is the simulated one, so that nothing hangs on who was interviewed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.analyses import starting
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.cohort import doses, onward
from iop_outcomes.protocol import Analysis, Endpoint, Gate, Inference, Starting
from iop_outcomes.simulate.cohort import contacts
from iop_outcomes.simulate.cohort.labels import recorded_levels
from iop_outcomes.simulate.cohort.model import simulate
from iop_outcomes.simulate.cohort.program_records import enrol, person_rows, stay_rows
from iop_outcomes.simulate.cohort.stays import stays_of
from iop_outcomes.tables import TABLES

pytestmark = pytest.mark.truth

PEOPLE, SEED = 24_000, 17
BEDS = ["3.1", "3.3", "3.5", "3.7"]
DAYS = {"step_down_7": 7, "step_down_14": 14}
STEPS = {
    name: Starting(title="", leaves=BEDS, starts=["1", "2.1"], left_as=["completed"], within_days=days)
    for name, days in DAYS.items()
}
ANYHOW = Starting(title="", leaves=BEDS, starts=["1", "2.1"], left_as=["completed", "transferred", "unplanned"])
SIDES = ["started", "not_started", "difference"]
ABSTINENT = Endpoint(outcome="abstinent", kind="interview", label="Abstinence", definition="none")


@pytest.fixture(scope="module")
def truth(project: Path) -> pd.DataFrame:
    rows = pd.read_csv(project / "data/reference/truth_demo.csv")
    return rows[rows["contrast"].isin(list(STEPS))].pivot(index="contrast", columns="of", values="truth")[SIDES]


@pytest.fixture(scope="module")
def recorded() -> Tables:
    """Those placed in residential care, with their weeks, how they went on, and their abstinence in weeks 22 to 25."""
    rng = np.random.default_rng(SEED)
    course = simulate(PEOPLE, 40, np.random.default_rng(SEED + 1))
    stays, roll = stays_of(course), enrol(course, PEOPLE, rng)
    words = recorded_levels(stays, np.random.default_rng(SEED + 2))
    weeks = contacts.care_weeks(stays, words, roll)
    rows = {
        "persons": person_rows(course, roll, rng), "stays": stay_rows(stays, words, roll, rng),
        "sessions": contacts.session_rows(course, weeks, roll, rng),
        "screens": contacts.screen_rows(course, weeks, roll, rng),
    }  # fmt: skip
    placed = course.arm == 0
    people = pd.DataFrame({
        "person_id": roll.person_id, "record_id": roll.person_id, "site_id": roll.site_id, "entry_period": "2024",
        "index_start_day": 0, "clock_start_day": 0, "observed_days": roll.observed_to,
    })[placed].sort_values("person_id").reset_index(drop=True)  # fmt: skip
    ids = people["person_id"]
    b = course.baseline
    known = {"severity": b.severity, "home": b.unstable_housing, "mandated": b.mandated, "dual": b.cooccurring}
    covariates = pd.DataFrame({"person_id": roll.person_id, **{n: v.astype(float) for n, v in known.items()}})
    free = pd.Series(~course.used[:, 22:26].any(axis=1), index=roll.person_id)
    answers = pd.DataFrame({
        "person_id": ids, "outcome": "abstinent", "horizon_days": 180,
        "abstinent": free[ids].astype("boolean").to_numpy(), "mature": True, "dead": False,
    })  # fmt: skip
    asked = {**STEPS, "anyhow": ANYHOW}
    nothing = {n: TABLES[n].empty() for n in ("arms", "retention", "dose", "first_use")}
    return Tables(
        people=people, covariates=covariates[covariates["person_id"].isin(ids)], abstinence=answers,
        doses=doses.run(people, **rows, weeks=14)["doses"],
        onward=onward.run(people, rows["persons"], rows["stays"], asked)["onward"], **nothing,
    )  # fmt: skip


def found(recorded: Tables, name: str) -> pd.DataFrame:
    ask = Analysis(
        step="dose", analysis="a", cohort="k", contrast=name, outcome="abstinent", horizon_days=180, measure="risk",
        estimand="started", method="clone_censor_weight", missing_rule="observed_only", family="secondary",
    )  # fmt: skip
    inference = Inference(cluster="site", min_clusters=20)
    setting = {**STEPS, "anyhow": ANYHOW}[name]
    got = starting.answered(ask, recorded, setting, ABSTINENT, Gate(), inference)
    return pd.DataFrame(got.estimates).set_index("of")


@pytest.mark.parametrize("name", list(STEPS))
def test_records_recover_the_truth(recorded, truth, name):
    rows = found(recorded, name).loc[SIDES]
    assert set(rows["status"]) == {"ok"}
    away = (rows["estimate"] - truth.loc[name]).abs()
    assert (away < 3 * rows["std_error"]).all(), (rows["estimate"], truth.loc[name], rows["std_error"])
    assert (rows["std_error"] < 0.02).all()


def test_all_who_left_compared_as_they_did_are_off(recorded, truth):
    """The wrong way: who left unplanned, and so had no step to take, stands among those who did not take it."""
    own = recorded.onward[recorded.onward["asked"] == "anyhow"]
    arm = starting.who_started(own, 14)
    free = recorded.abstinence.set_index("person_id")["abstinent"][own["person_id"]].to_numpy(dtype=float)
    wrong = free[arm == 1].mean() - free[arm == 0].mean()
    assert wrong > truth.loc["step_down_14", "difference"] + 0.05


def test_weighting_does_not_mend_a_question_that_asks_about_them(recorded, truth):
    """Nobody who left unplanned goes on, so that none can stand for them."""
    rows = found(recorded, "anyhow").loc[SIDES]
    off = (rows["estimate"] - truth.loc["step_down_14"]).abs() / rows["std_error"]
    assert off["not_started"] > 2.5
