"""The table of use patterns: what the tests of an interval tell, and how often people were tested.

Private, as all tables about single people.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.endpoints import CLOCKS
from iop_outcomes.vocabulary.testing import STATES

USE_PATTERNS = Table(
    "use_patterns",
    "One row per unit of analysis, view of its tests and interval of its use pattern, in the order of people.",
    {
        "person_id": PERSON,
        "substance": Column("text", "class of substances, a substance, or any"),
        "clock": Column("text", "where days are counted from", allowed=CLOCKS),
        "one_in_days": Column("whole", "tests are thinned to one in so many days; 0: all count", "days", low=0),
        "interval": Column("whole", "number of the interval: 1 is the first from time zero, 0 the one before it"),
        "state": Column("text", "what its tests tell", allowed=STATES, outcome=True),
        "tests_due": Column("whole", "days on which a test was due, given or not", "days", low=0, outcome=True),
        "tests_taken": Column("whole", "days with a test that told something", "days", low=0, outcome=True),
        "residential_days": Column("whole", "days in a controlled environment", "days", low=0, outcome=True),
    },
    key=("person_id", "substance", "clock", "one_in_days", "interval"),
)
