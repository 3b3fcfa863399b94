"""What happened to the people of the cohort, in the order in which one thing is told from another.

Leaving care and the events after it, abstinence (which a stay that goes on can say), and hours of care in the first
weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort import abstinence, course, dose, history, pattern_endpoints, retention, weekly
from iop_outcomes.cohort.use.asked import USUAL_GAP_DAYS
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.steps.store import ALL, NOTHING, Wanted
from iop_outcomes.tables.canonical import STATES_AT_DISCHARGE

if TYPE_CHECKING:
    import pandas as pd


OF_EPISODES = (
    "person_id", "episode", "index_start_day", "episode_start_day", *retention.ENDS, *STATES_AT_DISCHARGE,
)  # fmt: skip


def run(
    people: pd.DataFrame,
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    episodes_by_gap: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    medications: pd.DataFrame,
    stays: pd.DataFrame,
    use_patterns: pd.DataFrame,
    use: Use,
    events: Sequence[Endpoint],
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
    windows: Sequence[int],
    follows: Sequence[str],
    remembered: Mapping[str, Sequence[int]],
    lost_by: int = 0,
    gap_days: int = USUAL_GAP_DAYS,
) -> dict[str, pd.DataFrame]:
    """The tables retention, abstinence, history, course, first_use, amounts and dose.

    events: endpoints of a kind in EVENTS; endpoints: all others, with their horizons in days; windows: days from time
    zero in which hours of care are counted. follows: what is followed beside events. remembered: days by outcome for
    which it is asked what was recorded before. lost_by: the last day for which weights for loss are asked, 0 for none.
    use: by which the table use_patterns was made, and tests are read. gap_days: as stays are linked to episodes.
    """
    kept = retention.run(people, episodes, episodes_by_gap, sessions, persons, events, follows, stays)["retention"]
    answered = abstinence.run(
        people, followups, screens, persons, episodes, kept, endpoints, horizons, medications, stays, use, gap_days
    )
    weeks = weekly.run(people, use_patterns, use, endpoints, horizons)
    answered["abstinence"] = _together(answered["abstinence"], weeks)
    dated = people.assign(death_day=abstinence.death_days(people, persons))
    for name, rows in pattern_endpoints.run(dated, use_patterns, use, endpoints, horizons, stays, gap_days).items():
        answered[name] = _together(answered[name], rows)
    return {
        "retention": kept,
        **answered,
        **history.run(
            dated, followups, screens, sessions, kept, endpoints, remembered, medications, stays, use, gap_days
        ),
        **course.run(dated, screens, sessions, lost_by, medications, use),
        **dose.run(dated, kept, sessions, screens, followups, windows, medications, use),
    }


def _together(*tables: pd.DataFrame) -> pd.DataFrame:
    """Rows of one declared table, one after the other."""
    import pandas as pd

    return pd.concat([table for table in tables if len(table)] or [tables[0]], ignore_index=True)


def reads(follows: Sequence[str]) -> dict[str, Wanted]:
    """Of people, persons and episodes what tells days and ends; episodes under other gap rules where they are asked."""
    days = ("person_id", "record_id", "index_start_day", "clock_start_day", "observed_days")
    under_gaps = any(name.startswith(retention.UNDER_GAP) for name in follows)
    plans = any(name.startswith(retention.BY_PLAN) for name in follows)
    return {
        "people": Wanted(days),
        "persons": Wanted(("person_id", "death_day", "overdose_day", "dropout_known_to_day")),
        "episodes": Wanted((*OF_EPISODES, "planned_days") if plans else OF_EPISODES),
        "episodes_by_gap": ALL if under_gaps else NOTHING,
        "stays": Wanted(("person_id", "level_of_care", "start_day", "end_day")),
    }
