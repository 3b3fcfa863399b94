"""What tests tell of use, as a pattern of each unit of analysis: a state per interval, and how often tests were taken.

In order: records are counted from where the clock starts; each test is read (`tests`); tests of a class of substances
become one a day, those that were due by a regular schedule and are not on record are added, and tests are thinned to a
common schedule where a view of them asks for it (`schedule`); all become states of intervals (`intervals`), with the
days of each interval that were spent in a controlled environment (`residence`). Without tests there is no pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use.asked import USUAL_GAP_DAYS
from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import NOT_DUE, STATES
from iop_outcomes.protocol import AskedTests, Use
from iop_outcomes.steps.store import Wanted

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.cohort.use.intervals import Tested

CODES = {name: state.code for name, state in STATES.items()}


def run(
    people: pd.DataFrame,
    persons: pd.DataFrame,
    stays: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    medications: pd.DataFrame,
    use: Use,
    views: Sequence[AskedTests],
    gap_days: int = USUAL_GAP_DAYS,
) -> dict[str, pd.DataFrame]:
    """The table use_patterns. views: of the tests, one after the other; each has a pattern for every unit, from where
    its clock starts. gap_days: as stays are linked to episodes.
    """
    import pandas as pd

    from iop_outcomes.cohort import clocks
    from iop_outcomes.cohort.use import intervals, residence, schedule, self_report, tests
    from iop_outcomes.tables import TABLES

    empty = TABLES["use_patterns"].empty()
    if screens.empty and use.schedule.kind == "recorded":
        return {"use_patterns": empty}
    parts = [empty]
    for clock in sorted({view.clock for view in views}):
        everyone = people.assign(death_day=_death_day(people, persons))
        own = clocks.counted(clock, everyone, stays, use, gap_days)
        read = tests.read(from_zero(screens, own), from_zero(medications, own), use)
        told = None if use.self_report == "ignored" else self_report.told(from_zero(followups, own), use)
        inside = residence.spells(own, stays, use.controlled)
        in_care_to = _last_day_in_care(own, stays, gap_days)
        for view in (v for v in views if v.clock == clock):
            by_day = tests.by_day(read, view.substance, use.conflicts)
            due = schedule.missed(own, by_day, use, in_care_to)
            by_day = pd.concat([by_day, due], ignore_index=True) if len(due) else by_day
            by_day = schedule.thinned(by_day, view.one_in_days, use.begins)
            parts.append(_rows(view, intervals.built(own, by_day, use, told), inside))
    return {"use_patterns": pd.concat(parts[1:] or parts, ignore_index=True)}


def reads() -> dict[str, Wanted]:
    """Of people, persons and stays what tells days, sites and levels."""
    return {
        "people": Wanted(("person_id", "record_id", "site_id", "index_start_day", "observed_days")),
        "persons": Wanted(("person_id", "death_day")),
        "stays": Wanted(("person_id", "level_of_care", "start_day", "end_day")),
    }


def _death_day(people: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    day = people["record_id"].map(persons.set_index("person_id")["death_day"]).astype("Int64")
    return day - people["index_start_day"].astype("Int64")


def _last_day_in_care(people: pd.DataFrame, stays: pd.DataFrame, gap_days: int) -> pd.Series:
    """The last day of the episode of care that holds time zero, at whatever level; -1 for who is in none then."""
    from iop_outcomes.cohort.use import residence

    care = residence.spells(people, stays, sorted(set(stays["level_of_care"])), gap_days)
    holds = care[(care["start"] <= 0) & (care["end"] >= 0)]
    return people["person_id"].map(holds.set_index("person_id")["end"]).fillna(-1).astype("int64")


def _rows(view: AskedTests, tested: Tested, inside: pd.DataFrame) -> pd.DataFrame:
    """Rows of use_patterns of one view."""
    import pandas as pd

    from iop_outcomes.cohort.use import residence

    patterns = tested.patterns
    k = patterns.codes.shape[1]
    position = {person: at for at, person in enumerate(patterns.people)}
    days = residence.days_within(inside, position, patterns.begins, patterns.interval_days, patterns.first, k)
    row, column = np.nonzero(patterns.codes != NOT_DUE.code)
    names = np.empty(len(CODES), dtype=object)
    names[list(CODES.values())] = list(CODES)
    return pd.DataFrame(
        {
            "person_id": patterns.people[row],
            **view.model_dump(),
            "interval": patterns.numbers[column],
            "state": names[patterns.codes[row, column]],
            "tests_due": tested.due[row, column],
            "tests_taken": tested.taken[row, column],
            "residential_days": days[row, column],
        }
    )


def matrix(table: pd.DataFrame, people: Sequence[object], view: AskedTests, use: Use) -> Patterns:
    """The patterns of one view as a matrix of people, in the order that is given; who has no row has no interval.

    table: use_patterns. use: the part of the study by which the table was made. Raises StudyError for a substance that
    the table does not hold.
    """
    import pandas as pd

    held = (table["substance"] == view.substance) & (table["clock"] == view.clock)
    own = table[held & (table["one_in_days"] == view.one_in_days)]
    if not (table["substance"] == view.substance).any() and len(table):
        names = ", ".join(sorted(table["substance"].unique()))
        raise StudyError(f"No use pattern was made of the substance '{view.substance}'. There are: {names}.")
    ids = np.empty(len(people), dtype=object)
    ids[:] = list(people)
    row = pd.Index(ids).get_indexer(pd.Index(own["person_id"]))
    numbers = own["interval"].to_numpy("int64")
    first = int(numbers.min()) if len(numbers) else 1
    k = int(numbers.max()) - first + 1 if len(numbers) else 0
    codes = np.full((len(ids), k), NOT_DUE.code, dtype=np.uint8)
    inside = row >= 0
    state = own["state"].map(CODES).to_numpy("uint8")
    codes[row[inside], numbers[inside] - first] = state[inside]
    lengths = np.where((codes != NOT_DUE.code).any(axis=1), (codes != NOT_DUE.code).sum(axis=1), 0)
    return Patterns(ids, codes, use.interval_days, first, lengths.astype(np.int64), use.begins)
