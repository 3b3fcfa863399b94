"""Endpoints from interviews, urine screens and records of discharge, as tables.

Endpoints are rows of the endpoint library; a row's kind picks the function. Binary endpoints say abstinent, not
abstinent, dead, or not known; how "not known" is read is a choice of the analysis, never of this step. Who is observed
to a horizon, and yet has no answer as the interview that would give it was due after the end of observation, has missed
nothing: it is not due, as is a horizon beyond observation, for the living and the dead alike. Who had died by the
horizon, and was due, has missed nothing either: that is told as a death, whatever was answered shortly before; of what
was known before they died (use up to the horizon, a state at discharge) the answer stands. Days are counted from time
zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort import amounts, clocks, interviews, known_days
from iop_outcomes.cohort.kinds import Functions
from iop_outcomes.cohort.on_a_day import ANSWERS, DEAD, DUE
from iop_outcomes.cohort.retention import of
from iop_outcomes.cohort.runs import run_of_screens
from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use import asked
from iop_outcomes.cohort.use.asked import USUAL, USUAL_GAP_DAYS
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.tables.canonical import STATES_AT_DISCHARGE
from iop_outcomes.vocabulary.endpoints import BETWEEN, TIMED, TOLD_TWICE

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
OnADay = Callable[["pd.DataFrame", Tables, Endpoint, int], "pd.Series"]
Between = Callable[["pd.DataFrame", Tables, Endpoint], "pd.DataFrame"]
Time = Callable[["pd.DataFrame", Tables, Endpoint], tuple["pd.Series", "pd.Series"]]

TIMES: Functions[Time] = Functions(TIMED)
BETWEEN_DAYS: Functions[Between] = Functions(BETWEEN)


def run(
    people: pd.DataFrame,
    followups: pd.DataFrame,
    screens: pd.DataFrame,
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    retention: pd.DataFrame,
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
    medications: pd.DataFrame | None = None,
    stays: pd.DataFrame | None = None,
    use: Use = USUAL,
    gap_days: int = USUAL_GAP_DAYS,
) -> dict[str, pd.DataFrame]:
    """The tables abstinence (binary endpoints at their horizons), first_use (times to an event) and amounts.

    medications: what is prescribed, for tests to be read by `use`. stays: needed where a clock starts with the return
    to the community; gap_days: as they are linked to episodes.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    everyone = people.assign(death_day=death_days(people, persons))
    leaving = _leaving(everyone, retention, episodes)
    counted = {e.clock: clocks.with_start(e.clock, everyone, stays, use, gap_days) for e in endpoints}
    seen = {
        clock: (from_zero(followups, own), asked.read(own, screens, medications, use))
        for clock, (_, own) in counted.items()
    }
    binary, timed, held = ([TABLES[name].empty()] for name in ("abstinence", "first_use", "amounts"))
    for endpoint in endpoints:
        people = counted[endpoint.clock][0]
        interviews, tests = seen[endpoint.clock]
        tables = {"followups": interviews, "leaving": leaving, **asked.of(tests, endpoint.tests, use)._asdict()}
        if endpoint.kind in TIMES:
            days, event = TIMES[endpoint.kind](people, tables, endpoint)
            timed.append(_timed_rows(people, endpoint, days, event))
            continue
        if endpoint.kind in BETWEEN_DAYS:
            timed.append(_between_rows(people, endpoint, BETWEEN_DAYS[endpoint.kind](people, tables, endpoint)))
            continue
        for horizon in horizons[endpoint.outcome] if endpoint.kind in ANSWERS else ():
            binary.append(_binary_rows(people, tables, endpoint, horizon))
        for horizon in horizons[endpoint.outcome] if endpoint.kind in amounts.HELD else ():
            held.append(amounts.rows(people, tables, endpoint, horizon))
    found = {"abstinence": binary, "first_use": timed, "amounts": held}
    return {name: pd.concat(rows[1:] or rows, ignore_index=True) for name, rows in found.items()}


def _leaving(people: pd.DataFrame, retention: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """When each unit left its index level, and the states recorded then; missing where they are not."""
    own = episodes.rename(columns={"person_id": "record_id"})[["record_id", "index_start_day", *STATES_AT_DISCHARGE]]
    states = people.merge(own, on=["record_id", "index_start_day"], how="left")
    left = of(retention, "index", people["person_id"])
    return left.assign(**{state: states[state].to_numpy() for state in STATES_AT_DISCHARGE})


def death_days(people: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    """Days from time zero to the death of each unit's person; missing of the living."""
    days = persons.set_index("person_id")["death_day"]
    return people["record_id"].map(days).astype("Int64") - people["index_start_day"]


def _binary_rows(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    import pandas as pd

    answers, due = (by_kind[endpoint.kind](people, tables, endpoint, horizon) for by_kind in (ANSWERS, DUE))
    answer = people["person_id"].map(answers).astype("boolean")
    dead, stands = DEAD[endpoint.kind]
    died = dead(people, tables, endpoint, horizon) & ~answer.isin(stands).astype(bool)
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "outcome": endpoint.outcome,
            "horizon_days": horizon,
            "abstinent": answer.mask(died),
            "mature": due.astype(bool),
            "dead": died & due,
            **_by_source(people, tables, endpoint, horizon),
        }
    )


def _by_source(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> dict[str, object]:
    """What people report, and what tests say; missing of kinds that rest on one of them."""
    import pandas as pd

    if endpoint.kind not in TOLD_TWICE:
        nothing = pd.Series(pd.NA, index=people.index, dtype="boolean")
        return {"reported": nothing, "tested": nothing}
    both = known_days.by_source(people, tables, endpoint, horizon).set_axis(people.index)
    return {str(name): both[name] for name in both}


def _timed_rows(people: pd.DataFrame, endpoint: Endpoint, days: pd.Series, event: pd.Series) -> pd.DataFrame:
    import pandas as pd

    known = people["person_id"].map(days).fillna(0)
    # an event before time zero says nothing of the time after it
    before = known < 0
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "outcome": endpoint.outcome,
            "days": known.mask(before, 0).astype("int64"),
            "event": people["person_id"].map(event).astype("boolean").fillna(False).astype(bool) & ~before,
            "after_days": pd.array([None] * len(people), dtype="Int64"),
        }
    )


def _between_rows(people: pd.DataFrame, endpoint: Endpoint, known: pd.DataFrame) -> pd.DataFrame:
    own = known.loc[people["person_id"]].reset_index()
    # an event before time zero says nothing of the time after it
    own = own.assign(outcome=endpoint.outcome, event=own["event"] & (own["days"] >= 0))
    days = own[["days", "after_days"]].clip(lower=0)
    return own.assign(days=days["days"], after_days=days["after_days"].astype("Int64"))[
        ["person_id", "outcome", "days", "event", "after_days"]
    ]


TIMES.answers(interviews.first_use)
TIMES.answers(run_of_screens)
BETWEEN_DAYS.answers(known_days.first_use_between)
