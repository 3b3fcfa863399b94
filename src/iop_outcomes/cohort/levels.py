"""The level of care by hours a week, under three definitions, and how far two of them agree.

`asam`: the ASAM Criteria, 3rd edition, by age; 6 to under 9 hours are 'indeterminate' for adults. `broad`: 6 to 30
hours, both counted, are intensive outpatient care at any age. `label`: the program's own word. The bands are data
(data/reference/hour_classifiers.csv); whether exactly 20 hours a week are partial hospitalization is a choice of the
study, as its sources disagree.

Hours do not define a setting with a bed: detoxification, early intervention and the levels from 3.1 up keep their
label under every definition. An ambulatory stay whose hours are missing, or under `asam` whose person's age is, is
'not_known'.

Refuses an unknown definition and an unknown choice for exactly 20 hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.tables import reference
from iop_outcomes.vocabulary.levels import AMBULATORY, NOT_KNOWN, RULES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FILE = "hour_classifiers.csv"
LABEL = "label"
CLASSIFIERS = tuple(sorted(RULES))
INTENSIVE, PARTIAL = "intensive_outpatient", "partial_hospitalization"
TWENTY_HOURS = (PARTIAL, INTENSIVE)


def classify(name: str, level: pd.Series, hours: pd.Series, age: pd.Series, twenty_hours: str = PARTIAL) -> pd.Series:
    """The class of each stay under the definition `name`, with the index of level: a level of care, or see CLASSES.

    level: the program's word. hours: a week. age: in years; both may be missing. The three have one order.
    twenty_hours: what exactly 20 hours a week are under `asam`. Raises StudyError for an unknown word.
    """
    import pandas as pd

    _check("definition of a level of care by hours", name, CLASSIFIERS)
    _check("choice for exactly 20 hours a week (`twenty_hours`)", twenty_hours, TWENTY_HOURS)
    if name == LABEL:
        return level.astype(object)
    h, years = hours.to_numpy("float64", na_value=float("nan")), age.to_numpy("float64", na_value=float("nan"))
    by_hours = pd.Series(NOT_KNOWN, index=level.index, dtype=object)
    for band in (row for row in reference.rows(FILE) if row["classifier"] == name):
        by_hours[_within(band, h, years, twenty_hours)] = band["level_of_care"]
    return level.astype(object).where(~level.isin(AMBULATORY), by_hours)


def _check(what: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise StudyError(f"The {what} '{word}' is not known. Known: {', '.join(known)}.")


def _within(
    band: dict[str, str], hours: NDArray[np.float64], age: NDArray[np.float64], twenty_hours: str
) -> NDArray[np.bool_]:
    """True for the stays in a band: its lowest hour belongs to it unless the band below takes that in."""
    low, high = float(band["hours_from"]), float(band["hours_to"] or "inf")
    above = hours > low if _taken_below(band, twenty_hours) else hours >= low
    below = hours <= high if _takes_its_end(band["to_included"], twenty_hours) else hours < high
    inside = above & below
    if band["age_from"]:
        inside &= age >= float(band["age_from"])
    if band["age_below"]:
        inside &= age < float(band["age_below"])
    return inside


def _taken_below(band: dict[str, str], twenty_hours: str) -> bool:
    """Whether the band that ends where this one begins takes that hour in."""
    same = ("classifier", "age_from", "age_below")
    return any(
        row["hours_to"] == band["hours_from"] and _takes_its_end(row["to_included"], twenty_hours)
        for row in reference.rows(FILE)
        if all(row[key] == band[key] for key in same)
    )


def _takes_its_end(included: str, twenty_hours: str) -> bool:
    return included == "yes" or (included == "twenty_hours" and twenty_hours == INTENSIVE)
