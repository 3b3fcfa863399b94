"""Tables of what happened to the people of the cohort: leaving, events, abstinence, amounts, hours of care.

Private, as all tables about single people. Columns marked `outcome` may not be read by the design stage; others tell
how far somebody could be observed.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.endpoints import CAUSES

RETENTION = Table(
    "retention",
    "One row per unit of analysis and thing that is followed: when and how it was left, from its own start.",
    {
        "person_id": PERSON,
        "follows": Column(
            "text",
            "index: the index level; care: the episode; continuum: the episode, its days counted from the first day of "
            "detoxification; care_gap_<days>: the episode under another gap rule; "
            "index_plan_<days>: the index level under a tolerance of plans; or an endpoint that follows an event",
        ),
        "days": Column("whole", "days until it was left, or last seen in it", "days", low=0, outcome=True),
        "days_latest": Column(
            "whole",
            "latest day on which it may have been left; equal to days when that is exact",
            "days",
            low=0,
            outcome=True,
        ),
        "cause": Column(
            "text",
            "how it was left, or the event; not_at_risk: the event could not happen to the person, whose days are 0",
            allowed=CAUSES,
            outcome=True,
        ),
        "observable_days": Column(
            "whole",
            "days from its start to the end of observation: how long it could have been followed at most",
            "days",
            low=0,
            optional=True,
            outcome=True,
        ),
        "known_days": Column(
            "whole",
            "days from its start to the last on which leaving unplanned could begin and still be known; no more than "
            "observable_days",
            "days",
            low=0,
            optional=True,
            outcome=True,
        ),
    },
    key=("person_id", "follows"),
)

ABSTINENCE = Table(
    "abstinence",
    "One row per eligible person and endpoint.",
    {
        "person_id": PERSON,
        "outcome": Column("text", "name of the endpoint"),
        "horizon_days": Column("whole", "day that the endpoint speaks of", "day", low=0),
        "abstinent": Column("flag", "abstinent; missing when not observed", nullable=True, outcome=True),
        "mature": Column("flag", "the person could have been observed at the horizon, and was asked"),
        "dead": Column(
            "flag",
            "the person had died by then, and was due by then, so that there is no answer, and none is missing",
            outcome=True,
        ),
        "reported": Column(
            "flag",
            "no use in the look-back of the interview, as the person told; missing without an interview",
            nullable=True,
            optional=True,
            outcome=True,
        ),
        "tested": Column(
            "flag",
            "no use in the same days, by tests; missing without a test that tells",
            nullable=True,
            optional=True,
            outcome=True,
        ),
    },
    key=("person_id", "outcome", "horizon_days"),
)

COURSE = Table(
    "course",
    "One row per eligible person and month of follow-up, where weights for loss are asked for: what was recorded by "
    "its first day.",
    {
        "person_id": PERSON,
        "day": Column("whole", "first day of the month", "day", low=0),
        "last_screen_positive": Column(
            "flag", "the last screen given before was positive; missing without one", nullable=True, outcome=True
        ),
        "last_screen_missed": Column("flag", "the last screen that was due before was not given", outcome=True),
        "recent_hours": Column("number", "attended in the 28 days before", "hours", low=0, outcome=True),
    },
    key=("person_id", "day"),
)

HISTORY = Table(
    "history",
    "One row per eligible person, endpoint and day that a reading of missing answers asks about: what was recorded by "
    "then.",
    {
        "person_id": PERSON,
        "outcome": Column("text", "name of the endpoint"),
        "horizon_days": Column("whole", "day that the endpoint speaks of", "day", low=0),
        "last_screen_positive": Column(
            "flag", "the last screen given was positive; missing without one", nullable=True, outcome=True
        ),
        "days_since_screen": Column(
            "whole", "days from that screen to the horizon", "days", nullable=True, low=0, outcome=True
        ),
        "screens_due": Column("whole", "screens due by the horizon", low=0, outcome=True),
        "screens_missed": Column("whole", "of these, not given", low=0, outcome=True),
        "screens_positive": Column("whole", "of these, positive", low=0, outcome=True),
        "in_care_then": Column("flag", "in care on the horizon", outcome=True),
        "days_in_care": Column("whole", "days in care by the horizon", "days", low=0, outcome=True),
        "hours": Column("number", "attended by the horizon", "hours", nullable=True, low=0, outcome=True),
        "recent_hours": Column(
            "number", "attended in the 28 days before it", "hours", nullable=True, low=0, outcome=True
        ),
        "abstinent_before": Column(
            "flag",
            "no use told at the last interview due before the one asked about; missing where none was held",
            nullable=True,
            outcome=True,
        ),
        "abstinent_last": Column(
            "flag",
            "abstinent when last seen, at a screen or that interview; missing without",
            nullable=True,
            outcome=True,
        ),
        "certain": Column(
            "flag",
            "a positive screen tells the answer, whether the interview was held or not, or a death that counts "
            "against the outcome",
            outcome=True,
        ),
    },
    key=("person_id", "outcome", "horizon_days"),
)

FIRST_USE = Table(
    "first_use",
    "One row per eligible person and time-to-event endpoint: return to use, relapse, dropout from screening.",
    {
        "person_id": PERSON,
        "outcome": Column("text", "name of the endpoint"),
        "days": Column(
            "whole", "days from time zero to the event, or to the last day known", "days", low=0, outcome=True
        ),
        "event": Column("flag", "the event was seen", outcome=True),
        "after_days": Column(
            "whole",
            "last day on which the event is known not to have happened, where it lies between two days; else missing",
            "days",
            nullable=True,
            low=0,
            optional=True,
            outcome=True,
        ),
    },
    key=("person_id", "outcome"),
)

AMOUNTS = Table(
    "amounts",
    "One row per eligible person, endpoint that is an amount, and day: how much of it the person had by then, as what "
    "is not known is read.",
    {
        "person_id": PERSON,
        "outcome": Column("text", "name of the endpoint"),
        "horizon_days": Column("whole", "day that the endpoint speaks of", "day", low=0),
        "as_use": Column(
            "number",
            "the amount if there was use where nothing is known",
            nullable=True,
            outcome=True,
        ),
        "known": Column(
            "number", "the amount of what is known alone; missing where nothing is", nullable=True, outcome=True
        ),
        "as_free": Column(
            "number",
            "the amount if there was none where nothing is known",
            nullable=True,
            outcome=True,
        ),
        "largest": Column("number", "the largest amount that there could be", low=0),
        "before": Column(
            "number",
            "of changes, the share of the known days before time zero without use; missing where nothing is known",
            nullable=True,
            low=0,
            high=1,
            outcome=True,
        ),
        "mature": Column("flag", "the person could have been observed at the horizon, and was asked"),
        "dead": Column("flag", "the person had died by then, and observation reached that day", outcome=True),
    },
    key=("person_id", "outcome", "horizon_days"),
)

DOSE = Table(
    "dose",
    "One row per eligible person and window from time zero: attended hours, and what was known of use by its end.",
    {
        "person_id": PERSON,
        "window_days": Column("whole", "length of the window", "days", low=1),
        "in_care_at_end": Column("flag", "still in care on the day after the window", outcome=True),
        "at_risk_at_end": Column("flag", "alive and under observation on the day after the window", outcome=True),
        "hours_per_week": Column("number", "mean attended hours in the window", "hours a week", nullable=True, low=0),
        "tests_per_week": Column("number", "tests scheduled in the window, given or not", "tests a week", low=0),
        "positive_screens": Column(
            "number", "share of screens due in the window that were positive or inconclusive", low=0, high=1
        ),
        "missed_screens": Column("number", "share of screens due in the window that were missed", low=0, high=1),
        "reported_use": Column(
            "number", "share of days with use at the last interview by the window's end", nullable=True, low=0, high=1
        ),
    },
    key=("person_id", "window_days"),
)
