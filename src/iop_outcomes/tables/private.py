"""Tables about single people that pass between steps. They never leave `results/<cohort>/private/`.

Columns marked `outcome` may not be read by the design stage.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.tables.readings import READINGS
from iop_outcomes.tables.use_patterns import USE_PATTERNS
from iop_outcomes.vocabulary.endpoints import CAUSES
from iop_outcomes.vocabulary.levels import CLASSES, LEVELS, NO_LEVEL
from iop_outcomes.vocabulary.methods import IPTW, OVERLAP

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

ARRIVALS = Table(
    "arrivals",
    "Rows that the source found for each canonical table, and those among them that it did not pass on.",
    {
        "table": Column("text", "canonical table"),
        "outcome": Column(
            "text", "'read' for all rows found; 'excluded: why' or 'merged: why' for those not passed on"
        ),
        "rows": Column("whole", "rows", low=0),
        "people": Column(
            "whole",
            "people of these rows of whom no row was passed on; missing, or the column absent, where a row is a person",
            "people",
            nullable=True,
            optional=True,
            low=0,
        ),
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
        "people": Column(
            "whole",
            "people of these rows of whom no row was passed on; missing, or the column absent, where a row is a person",
            "people",
            nullable=True,
            optional=True,
            low=0,
        ),
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
        "index_level": Column("text", "level of care of the first stay after detoxification", allowed=LEVELS),
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

PEOPLE = Table(
    "people",
    "One row per unit of analysis: an eligible person, or one of the person's episodes or periods where these count "
    "one by one. Baseline only, in the order of person_id. Covariates as the cohort declares them.",
    {
        "person_id": Column(
            "text",
            "pseudonym, with the unit's number behind a slash where a person counts more than once",
            identifies=True,
        ),
        "record_id": Column("text", "pseudonym of the person in the records", identifies=True),
        "site_id": Column("text", "program of the index stay"),
        "entry_period": Column("text", "calendar quarter or year of entry into the records, or 'unknown'"),
        "index_level": Column("text", "level of care at time zero by the program's label", allowed=(*LEVELS, NO_LEVEL)),
        "level_asam": Column("text", "the same by scheduled hours, ASAM's thresholds", allowed=(NO_LEVEL, *CLASSES)),
        "level_broad": Column(
            "text", "the same by scheduled hours, 6 to 30 taken as intensive", allowed=(NO_LEVEL, *CLASSES)
        ),
        "reported_care": Column("text", "care told of at an interview, or 'none'"),
        "index_start_day": Column("whole", "time zero", "day"),
        "clock_start_day": Column(
            "whole", "first day of the episode, detoxification included: where the clock of the continuum starts", "day"
        ),
        "observed_days": Column("whole", "days from time zero to the end of observation", "days", low=0),
        "planned_days": Column("number", "planned length of the index level", "days", nullable=True),
        "assigned_arm": Column("text", "arm assigned by randomisation, or 'none'"),
        "trial": Column("text", "trial that the person took part in, or 'none'"),
    },
    key=("person_id",),
    open_columns=("text",),
)

ARMS = Table(
    "arms",
    "One row per person and contrast that the person belongs to.",
    {
        "contrast": Column("text", "name of the contrast"),
        "person_id": PERSON,
        "arm": Column("whole", "1 in the first arm of the contrast, 0 in the second, 2 and up alongside", low=0),
        "stratum": Column("text", "group within which all arms must occur: site or trial"),
    },
    key=("contrast", "person_id"),
)

COVARIATES = Table(
    "covariates",
    "One row per eligible person: numbers, missing ones set and flagged as the protocol says, and categories, the "
    "first of which is the reference.",
    {"person_id": PERSON},
    key=("person_id",),
    open_columns=("number", "category"),
)

ATTRITION = Table(
    "attrition",
    "How people were lost on the way from records to cohort.",
    {
        "position": Column("whole", "order of the rule, from 0", low=0),
        "rule": Column("text", "eligibility rule in words"),
        "excluded": Column("whole", "people excluded by the rule", low=0),
        "remaining": Column("whole", "people left after it", low=0),
    },
    key=("position",),
)

RETENTION = Table(
    "retention",
    "One row per unit of analysis and thing that is followed: when and how it was left, from its own start.",
    {
        "person_id": PERSON,
        "follows": Column(
            "text",
            "index: the index level; care: the episode; continuum: the episode, its days counted from the first day of "
            "detoxification; care_gap_<days>: the episode under another gap rule; or an endpoint that follows an event",
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
        "mature": Column("flag", "the person could have been observed at the horizon"),
        "dead": Column(
            "flag", "the person had died by then, so that there is no answer, and none is missing", outcome=True
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
        "told_by_screen": Column(
            "flag", "a positive screen tells the answer, whether the interview was held or not", outcome=True
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
        "mature": Column("flag", "the person could have been observed at the horizon"),
        "dead": Column("flag", "the person had died by then", outcome=True),
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

SCORES = Table(
    "scores",
    "One row per person of a contrast: propensity score, weights asked for, and terms of the score as they are held: "
    "numbers (t_0, t_1, ...), and categories as codes (c_5, ...), 0 for the reference.",
    {
        "person_id": PERSON,
        "arm": Column("whole", "1 or 0, 2 and up alongside", low=0),
        "site_id": Column("text", "program, the unit of clustering"),
        "record_id": Column("text", "the person, where people count more than once", identifies=True),
        "propensity": Column("number", "estimated probability of arm 1", low=0, high=1),
        # beside these, where they are asked for: scores of the other arms of several, 'propensity_0', 'propensity_2',
        # ..., and other weights under their names
        IPTW: Column("number", "stabilised inverse probability of treatment weight", low=0, optional=True),
        OVERLAP: Column("number", "overlap weight", low=0, high=1, optional=True),
    },
    key=("person_id",),
    open_columns=("number", "code"),
)

GATES = Table(
    "gates",
    "One row per contrast and method: whether the design allows an estimate, decided without outcomes.",
    {
        "contrast": Column("text", "name of the contrast"),
        "method": Column("text", "crude, or a method that stands on a score"),
        "status": Column("text", "ok, gated or not_possible", allowed=("ok", "gated", "not_possible")),
        "reason": Column("text", "why it is gated, in words; empty when ok"),
    },
    key=("contrast", "method"),
)

PRIVATE = (
    QUARANTINE, ARRIVALS, INTAKE, EPISODES, EPISODES_BY_GAP, PEOPLE, ARMS, COVARIATES, ATTRITION,
    RETENTION, ABSTINENCE, HISTORY, COURSE, FIRST_USE, AMOUNTS, DOSE, USE_PATTERNS, SCORES, GATES, READINGS,
)  # fmt: skip
