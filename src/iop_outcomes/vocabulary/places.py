"""Where people can be on a day: at a level of care, out of care, or dead; and the words of each.

Every day of a person has one of these, so that shares over them add up to everyone, and days to the day that is asked
about. Days between two stays of one episode are out of care: that a person would come back was not known on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.levels import DETOX, IOP, LEVELS, OUTPATIENT, PARTIAL


@dataclass(frozen=True)
class Place:
    """label: what readers see. levels: of care, of people who are at it. colour: of its area in figures."""

    name: str
    label: str
    colour: str
    levels: tuple[str, ...] = ()


OUT_COMPLETED, OUT_OTHERWISE = "out_completed", "out_otherwise"
_BELOW = LEVELS[LEVELS.index(DETOX) + 1 : LEVELS.index(OUTPATIENT) + 1]
_ABOVE = LEVELS[LEVELS.index(PARTIAL) + 1 :]
# from the most intensive care down
_ROWS = (
    Place("at_residential", "Residential or inpatient care", "#123a68", _ABOVE),
    Place("at_partial", "Partial hospitalization", "#2c619c", (PARTIAL,)),
    Place("at_intensive_outpatient", "Intensive outpatient care", "#5a8fc4", (IOP,)),
    Place("at_outpatient", "Outpatient care", "#a3c4e2", _BELOW),
    Place("at_detoxification", "Detoxification", "#8a94a0", (DETOX,)),
    Place(OUT_COMPLETED, "Out of care, last stay completed", "#86b39a"),
    Place(OUT_OTHERWISE, "Out of care otherwise", "#e29a6c"),
    Place(DIED, "Died", "#5b3a2e"),
)
PLACES = {row.name: row for row in _ROWS}
NAMES = tuple(PLACES)
OF_LEVEL = {level: row.name for row in _ROWS for level in row.levels}
