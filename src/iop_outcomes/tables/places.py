"""The table places: at which level of care, or out of it, each person was, stretch by stretch.

Private, as all tables about single people. It is made where a question on where people are asks for it.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.places import NAMES

PLACES = Table(
    "places",
    "One row per unit and stretch of days in one place, from time zero to the last day that is known or asked about.",
    {
        "person_id": PERSON,
        "entered": Column("whole", "first day there, from time zero", "day", low=0, outcome=True),
        "left": Column("whole", "first day elsewhere, or the last that is known", "day", low=1, outcome=True),
        "place": Column("text", "where the person was", allowed=NAMES, outcome=True),
        "moved_to": Column(
            "text",
            "where the person was from the day of leaving on; missing where nothing more is known",
            nullable=True,
            allowed=NAMES,
            outcome=True,
        ),
        "exact": Column("flag", "every stay of the person ended on a known day", outcome=True),
    },
    key=("person_id", "entered"),
)
