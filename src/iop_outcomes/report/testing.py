"""How often people were tested, by level of care at the start: a part of the section on records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation import recorded
from iop_outcomes.report.document import Block, Line, Table, people
from iop_outcomes.report.parts import Part
from iop_outcomes.tables.results import TESTING
from iop_outcomes.vocabulary.levels import LABELS
from iop_outcomes.vocabulary.testing import ANY, CELLS

if TYPE_CHECKING:
    import pandas as pd

# intervals that are shown: the first ones, and every so many later
FIRST, EVERY = 4, 4
SAID = (
    "A test that nobody asked for cannot be positive. Where arms are tested on different schedules, or while in care "
    "alone, part of a difference in tests is a difference in testing: the table says how many were asked, and came. "
    "Tests in residence are of people who can hardly use there."
)


def tested(counts: pd.DataFrame, unit: str) -> Part | None:
    """People by what became of the test of an interval; None where no tests are on record."""
    substances = sorted(counts.loc[counts["outcome"] == TESTING, "variable"].unique())
    tables = tuple(_table(recorded.of(counts, TESTING, substance), substance, unit) for substance in substances)
    return Part("How often people were tested", (SAID,), (), tables) if tables else None


def _table(own: pd.DataFrame, substance: str, unit: str) -> Table:
    """Levels of care one below the other, a line for each interval that is shown."""
    days = sorted(int(day) for day in own["horizon_days"].unique())
    shown = [day for at, day in enumerate(days, 1) if at <= FIRST or at % EVERY == 0]
    held = [level for level in CELLS if (own["level"] == level).any()]
    blocks = []
    for care, rows in own.groupby("group", sort=True):
        lines = []
        for day in shown:
            at = rows[rows["horizon_days"] == day]
            found = dict(zip(at["level"], at["shown"], strict=True))
            lines.append(Line(f"to day {day}", tuple(people(found, level) for level in held)))
        blocks.append(Block(LABELS.get(str(care), str(care)), tuple(lines)))
    of = "any substance" if substance == ANY else substance
    caption = f"{unit.capitalize()} by what became of the test of an interval, for {of}"
    note = "An interval ends on the day that is named. What is not shown here is in counts.csv."
    return Table(caption, ("Interval", *(CELLS[level] for level in held)), tuple(blocks), note)
