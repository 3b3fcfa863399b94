"""A synthetic cohort with known truth, delivered the way a source delivers records: typed, and messy.

What happens, in order: people are drawn and followed week by week (`population`, `model`), about 6 in 100
more of whom are made ineligible; the year becomes stays in days (`stays`) with the programs' words for their
levels (`labels`) and records (`program_records`, `contacts`); realistic errors are added and the rows shuffled
(`errors_layer`). The same settings give the same bytes. `truth` holds what an analysis should find. Refuses
missing or wrong settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

INELIGIBLE_SHARE = 0.06


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in their loosened form, keyed `stays`, `persons`, ...

    settings: `people` (eligible people drawn), `sites`, `seed`, and `scenario` (base when not given). Raises
    StudyError when one is missing, is not a whole number where it should be, or is too small.
    """
    from numpy.random import SeedSequence, default_rng

    from iop_outcomes.simulate.cohort.errors_layer import add_errors

    people, sites, seed = (_whole(settings, name) for name in ("people", "sites", "seed"))
    model, records, errors, labels = (default_rng(s) for s in SeedSequence(seed).spawn(4))
    tables = clean_tables(people, sites, str(settings.get("scenario", "base")), model, records, labels)
    return add_errors(tables, errors)


def clean_tables(
    people: int,
    sites: int,
    scenario: str,
    model: np.random.Generator,
    records: np.random.Generator,
    labels: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """The same tables before errors are added, rows in the order in which they were made."""
    from iop_outcomes.simulate.cohort import contacts
    from iop_outcomes.simulate.cohort.labels import recorded_levels
    from iop_outcomes.simulate.cohort.model import simulate
    from iop_outcomes.simulate.cohort.program_records import enrol, person_rows, stay_rows
    from iop_outcomes.simulate.cohort.stays import stays_of

    course = simulate(people + round(INELIGIBLE_SHARE * people), sites, model, scenario)
    stays = stays_of(course)
    words = recorded_levels(stays, labels)
    roll = enrol(course, people, records)
    weeks = contacts.care_weeks(stays, words, roll)
    return {
        "stays": stay_rows(stays, words, roll, records),
        "persons": person_rows(course, roll, records),
        "sessions": contacts.session_rows(course, weeks, roll, records),
        "screens": contacts.screen_rows(course, weeks, roll, records),
        "followups": contacts.followup_rows(course, roll, records),
        "medications": contacts.medication_rows(course, roll, records),
    }


def _whole(settings: Mapping[str, object], name: str) -> int:
    value = settings.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise StudyError(
            f"The synthetic source needs `{name}` as a whole number of 0 or more, such as 4000 people, "
            f"40 sites, seed 1; it was given {value!r}. Set it in the cohort's file."
        )
    return value
