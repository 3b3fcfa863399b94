"""The cohort and its records described: what became of rows and people on the way in, and what the records hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.analyses import describe, records
from iop_outcomes.protocol import Use
from iop_outcomes.steps.store import Wanted

if TYPE_CHECKING:
    import pandas as pd


def run(
    attrition: pd.DataFrame,
    intake: pd.DataFrame,
    readings: pd.DataFrame,
    people: pd.DataFrame,
    persons: pd.DataFrame,
    stays: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    episodes: pd.DataFrame,
    episodes_by_gap: pd.DataFrame,
    use_patterns: pd.DataFrame,
    use: Use,
    cohort: str,
    fewest: int,
    horizons: Sequence[int],
    covariates: Sequence[str],
    smallest_group: int,
    by_service: bool,
    twenty_hours: str,
) -> dict[str, pd.DataFrame]:
    """The table counts: the rows of `describe`, then those of `records`, which say what the settings are."""
    import pandas as pd

    told = [
        describe.run(attrition, intake, cohort, readings, fewest),
        records.run(
            people, persons, stays, sessions, screens, followups, episodes, episodes_by_gap,
            use_patterns, use, cohort, horizons, covariates, smallest_group, by_service, twenty_hours,
        ),
    ]  # fmt: skip
    return {"counts": pd.concat([tables["counts"] for tables in told], ignore_index=True)}


def reads(covariates: Sequence[str]) -> dict[str, Wanted]:
    """Of people what the records say, not the covariates; of persons those."""
    from iop_outcomes.tables import TABLES

    answers = ("sex", "primary_drug", *covariates)
    known = ("person_id", "age", "death_day", "observed_to_day", *answers)
    return {
        "people": Wanted(tuple(TABLES["people"].columns)),
        "persons": Wanted(known, counted=answers),
        "episodes_by_gap": Wanted(("person_id", "gap_days")),
    }
