"""Why care was left, and what else ends the follow-up of a person: names and words, each said once.

Causes compete with each other. Events beside leaving have causes of their own, told with their kind of endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A way of leaving care.

    label: of its curve, and in tables. end: how a stay ended, in figures of stays. ended: the same of a share of people
    at a level, within a sentence. left: what a share of people did by a day, within a sentence.
    """

    name: str
    label: str
    end: str
    ended: str
    left: str


UNPLANNED, COMPLETED, TRANSFERRED, DIED, OTHER = "unplanned", "completed", "transferred", "died", "other"

# in the order in which they are shown
_ROWS = (
    Cause("unplanned", "Left unplanned", "Left unplanned", "left unplanned", "left unplanned within {day} days"),
    Cause("completed", "Completed", "Completed", "completed care there", "completed within {day} days"),
    Cause(
        "transferred",
        "Transferred",
        "Transferred",
        "were transferred out of the records",
        "were transferred within {day} days",
    ),
    Cause("died", "Died", "Died", "died", "died within {day} days"),
    Cause(
        "other",
        "Left for another reason",
        "Left otherwise",
        "left for another reason",
        "left for another reason within {day} days",
    ),
)
CAUSES = {row.name: row for row in _ROWS}
LEAVING = tuple(CAUSES)
# how stays ended, in the order of figures of stays: as planned first
ENDS = (COMPLETED, TRANSFERRED, UNPLANNED, OTHER, DIED)

# who has not left: the curve of people who are still in care, and the end of a stay that is still open
IN_CARE = "in_care"
# the same of a share of people, within a sentence
ENDED = {name: CAUSES[name].ended for name in ENDS} | {IN_CARE: "were still there when observation ended"}
# not seen to leave: observation ended first
CENSORED = "censored"
# not seen to leave, on the last day of a released life table
STILL_AT_RISK = "still_at_risk"
# the event could not happen to the person: told on day 0, and by nothing else
NOT_AT_RISK = "not_at_risk"
# the curve of people without an event that is no way of leaving
EVENT_FREE = "event_free"
LABELS = {row.name: row.label for row in _ROWS} | {
    CENSORED: "Still there when observation ended",
    STILL_AT_RISK: "Still there",
    EVENT_FREE: "Without the event",
}
