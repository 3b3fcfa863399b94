"""Answers on a day, each kind of endpoint a function of its own: who is abstinent, or in a state, by a horizon.

With each kind stands who must have answered by then, and who had died. Days are counted from where the endpoint's clock
starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from iop_outcomes.cohort import interviews, known_days
from iop_outcomes.cohort.kinds import Functions
from iop_outcomes.cohort.units import reaches
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.causes import CENSORED, DIED
from iop_outcomes.vocabulary.endpoints import ON_A_DAY
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
OnADay = Callable[["pd.DataFrame", Tables, Endpoint, int], "pd.Series"]

ANSWERS: Functions[OnADay] = Functions(ON_A_DAY)
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


def _observed(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The horizon lies within observation."""
    return reaches(people, horizon)


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


@on_a_day(due=interviews.due, dead=_died)
def interview(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """No use in the look-back of the interview due nearest the horizon, within the tolerance.

    A positive screen within the look-back is use, whether the interview that was due was held or not; of one that was
    not due, it is nothing, as no screen could have told the opposite.
    """
    import pandas as pd

    chosen = interviews.nearest(tables["followups"], endpoint, horizon)
    reported = (chosen["days_used"] == 0).astype("boolean").mask(chosen["days_used"].isna())
    seen = interviews.told_by_screen(people, tables, endpoint, horizon)
    return reported.mask(pd.Series(reported.index.isin(seen), index=reported.index), False)


@on_a_day(due=interviews.due, dead=_died)
def state_at_interview(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """A state that counts was told of at the interview due nearest the horizon, within the tolerance."""
    import pandas as pd

    chosen = interviews.nearest(tables["followups"], endpoint, horizon)
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
    due = interviews.of_substance(_near(tables["screens"], endpoint, horizon), endpoint)
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


@on_a_day(due=interviews.answer_due, dead=_died, stands=(False,))
def no_return(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """No use up to the horizon; missing where the answers do not reach it."""
    days, event = interviews.first_use(people, tables, endpoint)
    used = event & (days <= horizon)
    known = used | (days >= horizon)
    return (~used).astype("boolean").mask(~known)


# what interviews and screens say together
on_a_day(due=_observed, dead=_died, stands=(False,))(known_days.continuous_abstinence)
on_a_day(due=interviews.due, dead=_died)(known_days.point_prevalence)
