"""What happened to the people of the cohort, in the order in which one thing is told from another.

Leaving care and the events after it, abstinence (which a stay that goes on can say), and hours of care in the first
weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort import abstinence, dose, retention
from iop_outcomes.protocol import Endpoint
from iop_outcomes.steps.store import ALL, NOTHING, Wanted
from iop_outcomes.tables.canonical import STATES_AT_DISCHARGE

if TYPE_CHECKING:
    import pandas as pd


def run(
    people: pd.DataFrame,
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    episodes_by_gap: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    events: Sequence[Endpoint],
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
    windows: Sequence[int],
    follows: Sequence[str],
) -> dict[str, pd.DataFrame]:
    """The tables retention, abstinence, first_use and dose.

    events: endpoints of a kind in EVENTS; endpoints: all others, with their horizons in days; windows: days from time
    zero in which hours of care are counted. follows: what is followed beside events.
    """
    kept = retention.run(people, episodes, episodes_by_gap, sessions, persons, events, follows)["retention"]
    return {
        "retention": kept,
        **abstinence.run(people, followups, screens, persons, episodes, kept, endpoints, horizons),
        **dose.run(people, kept, sessions, screens, followups, windows),
    }


def reads(follows: Sequence[str]) -> dict[str, Wanted]:
    """Of people, persons and episodes what tells days and ends; episodes under other gap rules where they are asked."""
    days = ("person_id", "record_id", "index_start_day", "clock_start_day", "observed_days")
    under_gaps = set(follows) - set(retention.AS_LINKED)
    return {
        "people": Wanted(days),
        "persons": Wanted(("person_id", "death_day", "overdose_day")),
        "episodes": Wanted(
            ("person_id", "episode", "index_start_day", "episode_start_day", *retention.ENDS, *STATES_AT_DISCHARGE)
        ),
        "episodes_by_gap": ALL if under_gaps else NOTHING,
    }
