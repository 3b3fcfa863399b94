"""Tables of the records as they came in: what became of each, and the episodes that stays were linked to.

Private, as all tables about single people. Columns marked `outcome` may not be read by the design stage.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.levels import LEVELS

QUARANTINE = Table(
    "quarantine",
    "One row per record that broke a rule and was set aside, or was kept without the first of its cells that did.",
    {
        "table": Column("text", "canonical table that the record was in"),
        "rule": Column("text", "name of the rule that it broke"),
        "row": Column("whole", "position of the record in its table, from 0", identifies=True),
        "person_id": Column("text", "pseudonym of the person", nullable=True, identifies=True),
        "cell": Column(
            "text", "column whose value was set aside; missing where it was the record", nullable=True, optional=True
        ),
    },
)

WITHOUT_A_ROW = Column(
    "whole",
    "people of these rows of whom no row was passed on; missing, or the column absent, where a row is a person",
    "people",
    nullable=True,
    optional=True,
    low=0,
)

ARRIVALS = Table(
    "arrivals",
    "Rows that the source found for each canonical table, and those among them that it did not pass on.",
    {
        "table": Column("text", "canonical table"),
        "outcome": Column(
            "text", "'read' for all rows found; 'excluded: why' or 'merged: why' for those not passed on"
        ),
        "rows": Column("whole", "rows", low=0),
        "people": WITHOUT_A_ROW,
    },
    key=("table", "outcome"),
)


def fate(became: str) -> tuple[str, str]:
    """What became of rows, and why: the parts of an outcome of arrivals and intake; '' without a reason."""
    what, _, why = became.partition(": ")
    return what, why


INTAKE = Table(
    "intake",
    "What became of the rows that came in, per table: kept, merged, quarantined, excluded; the four add up.",
    {
        "table": Column("text", "canonical table"),
        "outcome": Column(
            "text",
            "kept, merged, quarantined or excluded, with the rule's name after a colon; kept under a rule is a row "
            "without a cell that broke it, or of which the rule tells something",
        ),
        "rows": Column("whole", "rows", low=0),
        "people": WITHOUT_A_ROW,
    },
    key=("table", "outcome"),
)

EPISODES = Table(
    "episodes",
    "One row per episode of care: stays of one person no more days apart, from the last day of one to the first day of "
    "the next, than the gap rule.",
    {
        "person_id": PERSON,
        "episode": Column("whole", "number of the episode within the person, from 1", low=1),
        "site_id": Column("text", "program of the first treatment stay"),
        "index_level": Column(
            "text", "level of care of the first stay; after detoxification, unless that counts", allowed=LEVELS
        ),
        "index_start_day": Column("whole", "first day at the index level: time zero", "day"),
        "index_end_day": Column("whole", "last day at the index level", "day", nullable=True, outcome=True),
        "index_end_latest": Column(
            "whole",
            "latest day on which the index level may have ended; missing when index_end_day is exact",
            "day",
            nullable=True,
            outcome=True,
        ),
        "index_reason": Column("text", "how the index level was left; missing while open", nullable=True, outcome=True),
        "use_at_discharge": Column(
            "text", "use in the month before the index level was left, where recorded", nullable=True, outcome=True
        ),
        "employment_at_discharge": Column(
            "text", "employment when the index level was left, where known", nullable=True, outcome=True
        ),
        "arrests_at_discharge": Column(
            "text", "arrests in the month before the index level was left, where known", nullable=True, outcome=True
        ),
        "episode_start_day": Column("whole", "first day of the episode, detoxification included", "day"),
        "episode_end_day": Column("whole", "last day of the episode", "day", nullable=True, outcome=True),
        "episode_end_latest": Column(
            "whole",
            "latest day on which the episode may have ended; missing when episode_end_day is exact",
            "day",
            nullable=True,
            outcome=True,
        ),
        "episode_reason": Column("text", "how the episode ended; missing while open", nullable=True, outcome=True),
        "planned_days": Column("number", "planned length of the index level", "days", nullable=True),
        "scheduled_hours_per_week": Column("number", "hours scheduled at the index level", nullable=True),
        "program_type": Column("text", "what the program treats"),
        "after_detox": Column("flag", "a detoxification stay came just before"),
        "days_since_previous": Column(
            "whole",
            "days from the end of the person's previous episode; missing for the first",
            "days",
            nullable=True,
        ),
    },
    key=("person_id", "episode"),
)

EPISODES_BY_GAP = Table(
    "episodes_by_gap",
    "One row per episode of care under each gap rule of the protocol: how far the linking depends on the rule.",
    {
        "person_id": PERSON,
        "gap_days": Column(
            "whole", "gap rule: most days from the last day of a stay to the first of the next", "days", low=0
        ),
        "episode": Column("whole", "number of the episode within the person, from 1", low=1),
        "episode_start_day": Column("whole", "first day of the episode, detoxification included", "day"),
        "index_start_day": Column("whole", "first day at the index level", "day"),
        "episode_end_day": Column("whole", "last day of the episode", "day", nullable=True, outcome=True),
        "episode_end_latest": Column(
            "whole", "latest day on which it may have ended", "day", nullable=True, outcome=True
        ),
        "episode_reason": Column("text", "how the episode ended; missing while open", nullable=True, outcome=True),
    },
    key=("person_id", "gap_days", "episode"),
)
