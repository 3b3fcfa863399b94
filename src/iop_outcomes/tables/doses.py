"""The table of doses: care by the week, and what was told of use and craving in it.

Private, as all tables about single people. It is made where a question on strategies asks for it.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.doses import SOURCES, TOLD_OF_USE
from iop_outcomes.vocabulary.levels import LEVELS, NO_LEVEL


def _days(meaning: str) -> Column:
    return Column("whole", meaning, "days", low=0, outcome=True)


def _hours(meaning: str, nullable: bool = True) -> Column:
    return Column("number", meaning, "hours", nullable=nullable, low=0, outcome=True)


DOSES = Table(
    "doses",
    "One row per unit of analysis and week from time zero that begins before the end of observation.",
    {
        "person_id": PERSON,
        "week": Column("whole", "number of the week: 1 is days 0 to 6 from time zero", "week", low=1),
        "level_of_care": Column(
            "text", "highest level of care on any of its days", allowed=(*LEVELS, NO_LEVEL), outcome=True
        ),
        "days_in_care": _days("days of the week in a stay"),
        "days_so_far": _days("the same from time zero to the end of the week"),
        "planned_days_left": Column(
            "whole",
            "days from its last day in care to the planned end of that stay, below 0 after it; missing without a plan",
            "days",
            nullable=True,
            outcome=True,
        ),
        "hours_attended": _hours("attended; 0 of a week in care without a session; missing where none are reported"),
        "hours_scheduled": _hours("scheduled on its days in care; missing where a stay does not say"),
        "hours_so_far": _hours("attended, or scheduled where no sessions are reported, from time zero on", False),
        "source": Column("text", "where its hours come from", allowed=SOURCES, outcome=True),
        "reported": Column(
            "flag",
            "sessions are reported: someone of the person's site who entered in the same period has one",
            outcome=True,
        ),
        "test": Column(
            "text",
            "tests of the week: positive where one is not negative, missing where all that were due were missed; none "
            "where none was due",
            nullable=True,
            allowed=TOLD_OF_USE,
            outcome=True,
        ),
        "craving": Column(
            "number", "mean of what was told at its sessions", "points", nullable=True, low=0, high=100, outcome=True
        ),
    },
    key=("person_id", "week"),
)
