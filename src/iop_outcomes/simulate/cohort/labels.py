"""What programs call their levels of care: the word in the records, beside the level at which people were.

Which word a stay is given depends on its planned hours and weeks and on chance, and on nothing else of the person; the
course of care and use, and so every truth, is that of the level itself. By rows of WORDS, the first that takes a stay:

- some residential care, whatever its hours and length, is recorded as a day program with a room beside it: half of that
  as partial hospitalization, which its hours say as well, and half as intensive outpatient care, which they do not;
- other residential care is recorded at a level of its own kind (3.1, 3.3, 3.7) where its hours and length are those of
  one;
- intensive outpatient programs of 15 hours and more call themselves partial hospitalization half of the time: their
  hours say otherwise.

So by ASAM's hours the arms are the levels, less the day programs with a room; no one in them bears the word of the
level that may follow, which would make one stay of two. By their labels, or where 30 hours still are intensive
outpatient care, some of these programs are taken for it.

All else bears its level's own name. Nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.simulate.cohort.model import IOP, RESIDENCE
from iop_outcomes.simulate.cohort.population import Flags
from iop_outcomes.simulate.cohort.stays import Stays
from iop_outcomes.vocabulary import levels

LEVEL_CODES = np.array(["", levels.OUTPATIENT, levels.IOP, levels.RESIDENTIAL], dtype=object)


@dataclass(frozen=True)
class Word:
    """A share of the stays at a level, of so many planned weeks and hours a week (both ends counted), bears a word."""

    level: int
    word: str
    share: float
    weeks: tuple[int, int] = (0, 52)
    hours: tuple[float, float] = (0.0, 168.0)

    def fits(self, stays: Stays) -> Flags:
        """(stays,) those that may bear it."""
        weeks, hours = stays.planned_weeks, stays.planned_hours
        within = (weeks >= self.weeks[0]) & (weeks <= self.weeks[1])
        return (stays.level == self.level) & within & (hours >= self.hours[0]) & (hours <= self.hours[1])


WORDS = (
    # at any hours and length, so that those who are left in residential care are like everyone there
    Word(RESIDENCE, levels.PARTIAL, 0.03),
    Word(RESIDENCE, levels.IOP, 0.03),
    Word(RESIDENCE, levels.INTENSIVE_INPATIENT, 0.5, weeks=(0, 4), hours=(27.0, 168.0)),
    Word(RESIDENCE, levels.LOW_INTENSITY, 0.5, weeks=(8, 52), hours=(0.0, 27.0)),
    Word(RESIDENCE, levels.FOR_A_POPULATION, 0.15, weeks=(6, 52)),
    # and this by hours, so that who is left under the label is not like everyone in the program
    Word(IOP, levels.PARTIAL, 0.5, hours=(15.0, 19.9)),
)


def recorded_levels(stays: Stays, rng: np.random.Generator) -> NDArray[np.object_]:
    """(stays,) the word for the level of each stay."""
    words = LEVEL_CODES[stays.level].copy()
    free = np.ones(len(words), dtype=bool)
    for row in WORDS:
        taken = free & row.fits(stays) & (rng.random(len(words)) < row.share)
        words[taken] = row.word
        free &= ~taken
    return words
