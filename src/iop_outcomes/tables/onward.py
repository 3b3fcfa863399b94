"""The table onward: who left some levels of care, and when they started care at others.

Private, as all tables about single people. It is made where a question on starting further care asks for it.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table

ONWARD = Table(
    "onward",
    "One row per question on starting further care and unit that left as the question asks, alive and observed.",
    {
        "person_id": PERSON,
        "asked": Column("text", "name of the question, under `starting` of the study"),
        "left_day": Column("whole", "last day there, from time zero", "days", outcome=True),
        "days_there": Column("whole", "days there, first and last day counted", "days", low=1, outcome=True),
        "started_after": Column(
            "whole",
            "days from leaving to the first day of care at a level that is started; missing where none was",
            "days",
            nullable=True,
            low=1,
            outcome=True,
        ),
        "known_after": Column(
            "whole", "days after leaving on which the person lived and was observed", "days", low=0, outcome=True
        ),
        "returned_after": Column(
            "whole",
            "days from leaving to the first day back at a level that counts as a return; missing where none was",
            "days",
            nullable=True,
            low=1,
            outcome=True,
        ),
        "observed_after": Column(
            "whole",
            "days from leaving to the end of observation; missing where records end with the death",
            "days",
            nullable=True,
            low=0,
            outcome=True,
        ),
    },
    key=("person_id", "asked"),
)
