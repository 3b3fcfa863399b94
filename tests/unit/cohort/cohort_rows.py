"""Tables of a cohort from a few cells, and the cohort of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import parts

from iop_outcomes.cohort import population
from iop_outcomes.protocol import Adjustment, Contrast, Eligibility, Population
from iop_outcomes.study import sheets
from iop_outcomes.tables import TABLES, check

POPULATION = Population(minimum_age=18, washout_days=60, minimum_observed_days=0)
SHEET = Path(__file__).parents[3] / "config" / "eligibility.tsv"
RULES = [r for r in sheets.read(Eligibility, SHEET) if r.cohort == "*"]
ADJUSTMENT = Adjustment(continuous=["severity"], categorical=["sex"])
CONTRAST = parts.contrast("iop", "residential")


def table(name: str, rows: list[dict], **defaults) -> pd.DataFrame:
    """A declared table from a few cells; what is not given is missing or the default."""
    given = {n for r in rows for n in r} | set(defaults)
    columns = {n: c for n, c in TABLES[name].columns.items() if not c.optional or n in given}
    frame = pd.DataFrame([{n: r.get(n, defaults.get(n)) for n in columns} for r in rows], columns=list(columns))
    return check(TABLES[name], frame.astype({n: c.dtype for n, c in columns.items()}))


def persons(rows: list[dict]) -> pd.DataFrame:
    return table("persons", rows, observed_to_day=365, age=30, sex="female", severity=0.0)


def episodes(rows: list[dict]) -> pd.DataFrame:
    return table(
        "episodes", rows, episode=1, site_id="S1", index_level="2.1", index_start_day=0,
        episode_start_day=0, program_type="substance_use", after_detox=False,
    )  # fmt: skip


def people(*names: str, **columns) -> pd.DataFrame:
    rows = [{"person_id": n, "record_id": n} for n in names]
    defaults = {
        "site_id": "S1", "index_level": "2.1", "level_asam": "2.1", "level_broad": "2.1", "reported_care": "none",
        "entry_period": "unknown", "index_start_day": 0, "clock_start_day": 0, "observed_days": 365,
    }  # fmt: skip
    return table("people", rows, **{**defaults, "assigned_arm": "none", "trial": "none", **columns})


NO_QUARANTINE, NO_PERIODS, NO_INTAKE = (TABLES[n].empty() for n in ("quarantine", "periods", "intake"))


def blind(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=[c for c, d in TABLES["episodes"].columns.items() if d.outcome])


def admitted(
    who, care, quarantine=NO_QUARANTINE, contrast: Contrast | None = CONTRAST, periods=NO_PERIODS,
    intake=NO_INTAKE, adjustment=ADJUSTMENT, rules=RULES, **changes,
):  # fmt: skip
    contrasts = {"c": contrast} if contrast else {}
    given = (
        who,
        blind(care),
        periods,
        quarantine,
        intake,
        POPULATION.model_copy(update=changes),
        rules,
        adjustment,
        contrasts,
    )
    found = population.run(*given, "partial_hospitalization")
    for name, frame in found.items():
        check(TABLES[name], frame)
    return found


LIVING = TABLES["persons"].empty()
EMPTY = {n: TABLES[n].empty() for n in ("followups", "screens", "sessions")}


def followups(rows: list[dict]) -> pd.DataFrame:
    return table("followups", rows, target_day=182, lookback_days=28)


def screens(rows: list[dict]) -> pd.DataFrame:
    return table("screens", rows, substance="any")
