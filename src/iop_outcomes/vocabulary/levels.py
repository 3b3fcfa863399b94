"""Levels of care, by the ASAM Criteria's 3rd edition, and what stands in place of a level, or of a value, not known.

What each level is, its hours and its codes in other systems, is data: data/reference/levels_of_care.csv, held to the
same names by a test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """A level of care: its number, or a word, and what readers see; the number stands beside where two are alike."""

    name: str
    label: str


# what readers cannot be told: of a value in the records, and of a class, an answer or a band that we make
UNKNOWN, NOT_KNOWN = "unknown", "not_known"

DETOX, OUTPATIENT, IOP, PARTIAL = "detox", "1", "2.1", "2.5"
LOW_INTENSITY, FOR_A_POPULATION, RESIDENTIAL, INTENSIVE_INPATIENT = "3.1", "3.3", "3.5", "3.7"
# in place of a level: of people without a stay, and of hours between two levels
NO_LEVEL, INDETERMINATE = "none", "indeterminate"

# from the least to the most intensive; detoxification is a state of its own
_ROWS = (
    Level("detox", "Detoxification"),
    Level("0.5", "Early intervention"),
    Level("1", "Outpatient"),
    Level("2.1", "Intensive outpatient"),
    Level("2.5", "Partial hospitalization"),
    Level("3.1", "Residential 3.1"),
    Level("3.3", "Residential 3.3"),
    Level("3.5", "Residential 3.5"),
    Level("3.7", "Residential 3.7"),
    Level("4", "Inpatient"),
)
LEVELS = tuple(row.name for row in _ROWS)
# what detoxification at the beginning of an episode is: care before the index level, or the index level itself
BEFORE_INDEX, AS_INDEX = "before_index", "as_index"
# those that hours tell apart
AMBULATORY = (OUTPATIENT, IOP, PARTIAL)
# care by day and night, where people can hardly use: detoxification too, of which most is in a bed
CONTROLLED = (DETOX, "3.1", "3.3", "3.5", "3.7", "4")
# the rules by which a level is read, and the column of people that each makes: the label, and two classifiers by hours
RULES = {"label": "index_level", "asam": "level_asam", "broad": "level_broad"}
# what a classifier by hours can say
CLASSES = (*LEVELS, INDETERMINATE, NOT_KNOWN)
LABELS = {row.name: row.label for row in _ROWS} | {INDETERMINATE: "Indeterminate", NOT_KNOWN: "Not known"}
