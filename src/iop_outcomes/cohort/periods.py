"""Which care a person reported for a period, in sources without records of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd


# what residential, day_treatment and outpatient must say, in this order; '' asks nothing
CARE = {
    "residential": ("yes", "no", ""),
    "day_treatment": ("no", "yes", ""),
    "residential_and_day": ("yes", "yes", ""),
    "outpatient_only": ("no", "no", "yes"),
    "none": ("no", "no", "no"),
}


def care_of(periods: pd.DataFrame) -> pd.Series:
    """The care of each period, with the index of periods: a key of CARE, or 'unknown'.

    periods: canonical. Outpatient visits beside residential or day care do not count; a period is unknown where an
    answer that decides it is missing.
    """
    import pandas as pd

    care = pd.Series(UNKNOWN, index=periods.index, dtype=object)
    for name, asked in CARE.items():
        fits = pd.Series(True, index=periods.index)
        for column, answer in zip(("residential", "day_treatment", "outpatient"), asked, strict=True):
            if answer:
                fits &= periods[column] == answer
        care[fits] = name
    return care
