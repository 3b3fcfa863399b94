"""Endpoints from interviews, urine screens and records of discharge, each kind a function of its own.

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

from iop_outcomes.cohort import amounts, clocks, known_days
from iop_outcomes.cohort.kinds import Functions
from iop_outcomes.cohort.retention import of
from iop_outcomes.cohort.runs import run_of_screens
from iop_outcomes.cohort.units import from_zero, reaches
from iop_outcomes.cohort.use import asked
from iop_outcomes.cohort.use.asked import USUAL
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.tables.canonical import STATES_AT_DISCHARGE
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.causes import CENSORED, DIED
from iop_outcomes.vocabulary.endpoints import BETWEEN, ON_A_DAY, TIMED, TOLD_TWICE
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
OnADay = Callable[["pd.DataFrame", Tables, Endpoint, int], "pd.Series"]
Between = Callable[["pd.DataFrame", Tables, Endpoint], "pd.DataFrame"]
Time = Callable[["pd.DataFrame", Tables, Endpoint], tuple["pd.Series", "pd.Series"]]

ANSWERS: Functions[OnADay] = Functions(ON_A_DAY)
TIMES: Functions[Time] = Functions(TIMED)
BETWEEN_DAYS: Functions[Between] = Functions(BETWEEN)
# by kind, who must have answered by a horizon: the answer of anyone else is not missing, but not due
DUE: dict[str, OnADay] = {}
# by kind, who had died by a horizon, and which of the answers known of them stand: of the rest none is missing
DEAD: dict[str, tuple[OnADay, tuple[bool, ...]]] = {}


def on_a_day(due: OnADay, dead: OnADay, stands: tuple[bool, ...] = ()) -> Callable[[OnADay], OnADay]:
    """The function answers the kind of its name. due, dead: (n,) who must have answered by the horizon, and who had
    died by then. stands: answers that a death after them does not undo.
    """

    def taken(function: OnADay) -> OnADay:
        DUE[function.__name__], DEAD[function.__name__] = due, (dead, stands)
        return ANSWERS.answers(function)

    return taken


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
) -> dict[str, pd.DataFrame]:
    """The tables abstinence (binary endpoints at their horizons), first_use (times to an event) and amounts.

    medications: what is prescribed, for tests to be read by `use`. stays: needed where a clock starts with the return
    to the community.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    everyone = people.assign(death_day=death_days(people, persons))
    leaving = _leaving(everyone, retention, episodes)
    counted = {e.clock: clocks.with_start(e.clock, everyone, stays, use) for e in endpoints}
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


def _of_substance(screens: pd.DataFrame, endpoint: Endpoint) -> pd.DataFrame:
    """The screens that an endpoint asks about; the substance 'any' asks about all."""
    wanted = endpoint.substance
    return screens if wanted == "any" else screens[screens["substance"] == wanted]


def _nearest_interview(followups: pd.DataFrame, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """By person, the interview due nearest the horizon; anchor: the day on which it was held, or due."""
    rows = followups.assign(
        anchor=followups["day"].fillna(followups["target_day"]), distance=(followups["target_day"] - horizon).abs()
    )
    near = rows[rows["distance"] <= endpoint.tolerance_days]
    return near.sort_values(["person_id", "distance", "anchor"]).drop_duplicates("person_id").set_index("person_id")


def _observed(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The horizon lies within observation."""
    return reaches(people, horizon)


def _interview_due(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The interview nearest the horizon was due by the end of observation; where none is listed, the horizon was."""
    due = people["person_id"].map(_nearest_interview(tables["followups"], endpoint, horizon)["target_day"])
    return reaches(people, due.astype("Int64").fillna(horizon))


def _answer_due(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """An interview that would cover the days to the horizon was due by the end of observation; where none is listed,
    the horizon was.
    """
    rows = tables["followups"]
    first = rows[rows["target_day"] >= horizon].groupby("person_id")["target_day"].min()
    due = people["person_id"].map(first).astype("Int64").fillna(horizon)
    return reaches(people, due)


def _listed(counts: str) -> list[str]:
    return [one.strip() for one in counts.split(",")]


def _left_by(leaving: pd.DataFrame, horizon: int) -> pd.DataFrame:
    return leaving[(leaving["cause"] != CENSORED) & (leaving["days_latest"] <= horizon)]


def _left(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The index level was left by the horizon."""
    return people["person_id"].isin(_left_by(tables["leaving"], horizon)["person_id"])


def _died(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """Dead on the horizon or before."""
    return (people["death_day"] <= horizon).fillna(False).astype(bool)


def _left_by_dying(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The index level was left by death by the horizon."""
    left = _left_by(tables["leaving"], horizon)
    return people["person_id"].isin(left.loc[left["cause"] == DIED, "person_id"])


@on_a_day(due=_interview_due, dead=_died)
def interview(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """No use in the look-back of the interview due nearest the horizon, within the tolerance.

    A positive screen within the look-back is use, whether the interview that was due was held or not; of one that was
    not due, it is nothing, as no screen could have told the opposite.
    """
    import pandas as pd

    chosen = _nearest_interview(tables["followups"], endpoint, horizon)
    reported = (chosen["days_used"] == 0).astype("boolean").mask(chosen["days_used"].isna())
    seen = told_by_screen(people, tables, endpoint, horizon)
    return reported.mask(pd.Series(reported.index.isin(seen), index=reported.index), False)


def told_by_screen(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> set[object]:
    """Who used by a positive screen in the look-back of the interview due nearest the horizon, as `interview` counts
    them.
    """
    chosen = _nearest_interview(tables["followups"], endpoint, horizon)
    screens = tables["screens"]
    positive = _of_substance(screens[screens["result"] == "positive"], endpoint)
    joined = positive.merge(chosen[["anchor", "lookback_days"]].reset_index(), on="person_id")
    within = (joined["day"] < joined["anchor"]) & (joined["day"] >= joined["anchor"] - joined["lookback_days"])
    due = people.loc[_interview_due(people, tables, endpoint, horizon), "person_id"]
    within &= joined["person_id"].isin(due) | joined["person_id"].isin(chosen.index[chosen["day"].notna()])
    return set(joined.loc[within.fillna(False).astype(bool), "person_id"])


@on_a_day(due=_interview_due, dead=_died)
def state_at_interview(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """A state that counts was told of at the interview due nearest the horizon, within the tolerance."""
    import pandas as pd

    chosen = _nearest_interview(tables["followups"], endpoint, horizon)
    if endpoint.column not in chosen:
        return pd.Series(dtype="boolean")
    told = chosen[endpoint.column]
    return told.isin(_listed(endpoint.counts)).astype("boolean").mask(told.isna() | (told == UNKNOWN))


def _screen_due(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The horizon lies within observation, and not all tests of its days are excused of who lives to see it."""
    near = {name: _near(tables[name], endpoint, horizon)["person_id"] for name in ("screens", "excused")}
    only_excused = people["person_id"].isin(near["excused"]) & ~people["person_id"].isin(near["screens"])
    return _observed(people, tables, endpoint, horizon) & (~only_excused | _died(people, tables, endpoint, horizon))


def _near(screens: pd.DataFrame, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    return screens[(screens["day"] <= horizon) & (screens["day"] > horizon - endpoint.tolerance_days)]


@on_a_day(due=_screen_due, dead=_died)
def screen(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The last screen due in the tolerance up to the horizon is negative; missing when it was not given."""
    due = _of_substance(_near(tables["screens"], endpoint, horizon), endpoint)
    last = due.sort_values(["person_id", "day"]).drop_duplicates("person_id", keep="last").set_index("person_id")
    return (last["result"] == "negative").astype("boolean").mask(last["result"] == MISSING)


@on_a_day(due=_left, dead=_left_by_dying, stands=(True, False))
def at_discharge(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """No use in the month before the index level was left, among those who left it by the horizon.

    A month in a bed is not a month at liberty: abstinence there says less than at home.
    """
    return _state_at_discharge(tables["leaving"], "use_at_discharge", ["none"], horizon)


@on_a_day(due=_left, dead=_left_by_dying, stands=(True, False))
def state_at_discharge(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """A state that counts was recorded when the index level was left, among those who left it by the horizon."""
    return _state_at_discharge(tables["leaving"], endpoint.column, _listed(endpoint.counts), horizon)


def _state_at_discharge(leaving: pd.DataFrame, column: str, counts: list[str], horizon: int) -> pd.Series:
    left = _left_by(leaving, horizon).set_index("person_id")[column]
    return left.isin(counts).astype("boolean").mask(left.isna() | (left == UNKNOWN))


@on_a_day(due=_answer_due, dead=_died, stands=(False,))
def no_return(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """No use up to the horizon; missing where the answers do not reach it."""
    days, event = first_use(people, tables, endpoint)
    used = event & (days <= horizon)
    known = used | (days >= horizon)
    return (~used).astype("boolean").mask(~known)


@TIMES.answers
def first_use(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Day of the first reported use from where the clock starts, or the last day that the answers cover.

    Of who used before that, nothing is known of the time after it.
    """
    rows = tables["followups"].groupby("person_id")
    first, through = rows["first_use_day"].min(), rows["no_use_through_day"].max()
    first = first.where((first >= 0).fillna(False).astype(bool))
    event = first.notna()
    return first.where(event, through).fillna(0).astype("int64"), event


TIMES.answers(run_of_screens)
# what interviews and screens say together
on_a_day(due=_observed, dead=_died, stands=(False,))(known_days.continuous_abstinence)
on_a_day(due=_interview_due, dead=_died)(known_days.point_prevalence)
BETWEEN_DAYS.answers(known_days.first_use_between)
