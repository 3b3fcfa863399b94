"""How an outcome is read from cells: which levels or causes are the event, and who is left out of the
denominator.

Counts and life tables hold people in cells; an estimate asks for a share of some of them. The tables here say
which, so that crude estimates, and the people and events beside every other estimate, follow from released
cells alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from iop_outcomes.protocol import EVENTS
from iop_outcomes.tables.canonical import LEAVING

if TYPE_CHECKING:
    import pandas as pd

# people whose outcome is not asked about, under any rule
NOT_ASKED = ("not_yet_observed", "out_of_care", "not_known")

# levels left out of the denominator under a rule for missing outcomes
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "none": NOT_ASKED,
    "missing_is_using": NOT_ASKED,
    "observed_only": ("missing", *NOT_ASKED),
}


@dataclass(frozen=True)
class Reading:
    """How one outcome is read.

    kind: 'cause', the event is leaving by one of `events`; 'staying', the event is not having left at all; of
    counts, always 'cause'. events: levels of a group of counts, or causes of a life table. others: levels
    that are not the event; a group with any further level is refused. staying: name of the curve of those who
    have not left. lost: for 'staying', the causes that end it; () is any, censoring aside.
    """

    kind: Literal["cause", "staying"]
    events: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    staying: str = "in_care"
    lost: tuple[str, ...] = ()


# outcomes that are no way of leaving and no staying: a state at a horizon, or an event by it
OTHERWISE = "*"
STATE = Reading(
    "cause",
    ("abstinent", "event"),
    ("using", "missing", *NOT_ASKED, "no_event", "censored", "still_at_risk"),
    LEFT_OUT,
    staying="event_free",
)

# kinds of endpoints of which what has happened by one day has happened by every later one
GROWING = ("first_use", "run_of_screens", "no_return", "at_discharge", "state_at_discharge")


def readings(endpoints: Mapping[str, Mapping[str, str]]) -> dict[str, Reading]:
    """How the outcomes of a study are read, from the kind and the cause of its endpoints (rows of the library)."""
    found = {OTHERWISE: STATE}
    for outcome, endpoint in endpoints.items():
        if endpoint["kind"] == "in_care":
            found[outcome] = Reading("staying")
        elif endpoint["kind"] == "in_care_or_completed":
            lost = tuple(c for c in LEAVING if c != "completed")
            found[outcome] = Reading("staying", staying="in_care_or_completed", lost=lost)
        elif endpoint["kind"] in EVENTS:
            others = tuple(c for c in ("died",) if c != endpoint["cause"])
            event = (endpoint["cause"],)
            found[outcome] = Reading("cause", event, (*others, "censored", "still_at_risk"), staying="event_free")
        elif endpoint["kind"] == "left_index":
            others = tuple(c for c in LEAVING if c != endpoint["cause"])
            found[outcome] = Reading("cause", (endpoint["cause"],), (*others, "censored", "still_at_risk"))
    return found


def cumulative(endpoints: Mapping[str, Mapping[str, str]], counts: pd.DataFrame) -> set[str]:
    """Outcomes whose people are those of an earlier day and more: by the kind of the endpoint, or by their levels."""
    grown = {outcome for outcome, endpoint in endpoints.items() if endpoint["kind"] in GROWING}
    by_level = counts.groupby("outcome")["level"].agg(set)
    return grown | {str(o) for o, levels in by_level.items() if levels <= {"event", "no_event", "not_known"}}


def reading(outcome: str, levels: Mapping[str, Reading]) -> Reading:
    """How an outcome is read; outcomes that are not named are states."""
    return levels.get(outcome, levels[OTHERWISE])
