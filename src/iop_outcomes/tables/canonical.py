"""The canonical input tables: what every source is read into. All but `stays` and `persons` may be empty.

Time is a whole number of days from the person's own day 0, the first day of the index stay; earlier days are
negative. A day count may stand for an interval in later sources; here it is exact.
"""

from __future__ import annotations

from iop_outcomes.tables.declare import Column, Table

LEVELS = ("detox", "0.5", "1", "2.1", "2.5", "3.1", "3.3", "3.5", "3.7", "4")
DISCHARGE_REASONS = ("completed", "unplanned", "transferred", "died", "other")
YES_NO_UNKNOWN = ("yes", "no", "unknown")

PERSON = Column("text", "pseudonym of the person", identifies=True)
DAY = Column("whole", "day counted from the person's own day 0", "day")

STAYS = Table(
    "stays",
    "One row per person, level of care and unbroken stay.",
    {
        "person_id": PERSON,
        "stay_id": Column("text", "identifier of the record in the source", identifies=True),
        "site_id": Column("text", "program or facility"),
        "level_of_care": Column("text", "ASAM level of care, 3rd edition, in Arabic numerals", allowed=LEVELS),
        "start_day": DAY,
        "end_day": Column("whole", "last day of the stay; missing while the stay is open", "day", nullable=True),
        "discharge_reason": Column(
            "text", "why the stay ended; missing while open", nullable=True, allowed=DISCHARGE_REASONS
        ),
        "planned_days": Column(
            "number", "length planned at admission", "days", nullable=True, absent_means_missing=True, low=0
        ),
        "scheduled_hours_per_week": Column(
            "number",
            "hours of care scheduled",
            "hours a week",
            nullable=True,
            absent_means_missing=True,
            low=0,
            high=168,
        ),
        "program_type": Column(
            "text", "what the program treats", allowed=("substance_use", "mental_health", "eating_disorder")
        ),
    },
    key=("stay_id",),
)


def _text(meaning: str) -> Column:
    return Column("text", meaning, nullable=True, optional=True)


def _number(meaning: str, unit: str = "") -> Column:
    return Column("number", meaning, unit, nullable=True, optional=True)


PERSONS = Table(
    "persons",
    "One row per person: what was known at admission, and until when the person could be observed.",
    {
        "person_id": PERSON,
        "observed_to_day": Column("whole", "last day on which records could exist for the person", "day"),
        "death_day": Column(
            "whole", "day of death, where known", "day", nullable=True, absent_means_missing=True, outcome=True
        ),
        "age": Column("whole", "age at admission", "years", nullable=True, low=0, high=120),
        "sex": Column("text", "sex as recorded", allowed=("female", "male", "unknown")),
        "assigned_arm": _text("arm assigned by randomisation"),
        "trial": _text("trial that the person took part in"),
        "race": _text("race as recorded"),
        "hispanic": _text("Hispanic or Latino: yes, no, unknown"),
        "education": _text("education as recorded"),
        "employment": _text("employment at admission"),
        "marital": _text("marital status at admission"),
        "stable_housing": _text("stable housing at admission: yes, no, unknown"),
        "legal_mandate": _text("treatment required by a court or agency: yes, no, unknown"),
        "primary_drug": _text("drug named first at admission"),
        "injection_use": _text("injection use: never, previous, recent, unknown"),
        "cooccurring_disorder": _text("co-occurring mental disorder: yes, no, unknown"),
        "prior_treatments": _number("earlier treatments for substance use", "treatments"),
        "severity": _number("severity of substance use, standardised", "standard deviations"),
        "depression_score": _number("Beck Depression Inventory at admission", "points"),
    },
    key=("person_id",),
)

SESSIONS = Table(
    "sessions",
    "One row per person and day with attended care.",
    {
        "person_id": PERSON,
        "day": DAY,
        "minutes": Column("number", "attended time", "minutes", low=0, high=1440),
        "level_of_care": Column("text", "level of care that gave the session", allowed=LEVELS),
        "modality": Column("text", "how it was given", allowed=("in_person", "virtual", "unknown")),
    },
)

SCREENS = Table(
    "screens",
    "One row per urine screen that was due, given or not.",
    {
        "person_id": PERSON,
        "day": DAY,
        "substance": Column("text", "substance group tested for"),
        "result": Column(
            "text", "result; 'missing' when due and not given", allowed=("negative", "positive", "missing")
        ),
    },
)

FOLLOWUPS = Table(
    "followups",
    "One row per follow-up interview that was due, held or not.",
    {
        "person_id": PERSON,
        "target_day": Column("whole", "day on which the interview was due", "day"),
        "day": Column("whole", "day on which it was held; missing when it was not", "day", nullable=True),
        "lookback_days": Column("whole", "days before the interview that it asks about", "days", low=1),
        "days_used": Column("number", "days of use within the look-back", "days", nullable=True, low=0),
        "first_use_day": Column(
            "whole",
            "first day of use after day 0, when use was reported",
            "day",
            nullable=True,
            absent_means_missing=True,
        ),
        "no_use_through_day": Column(
            "whole", "last day up to which the answer covers first use", "day", nullable=True, absent_means_missing=True
        ),
    },
)

MEDICATIONS = Table(
    "medications",
    "One row per spell of a medication for a substance use disorder.",
    {
        "person_id": PERSON,
        "medication": Column("text", "name of the medication"),
        "start_day": DAY,
        "end_day": Column("whole", "last day; missing while it goes on", "day", nullable=True),
    },
)

CANONICAL = (STAYS, PERSONS, SESSIONS, SCREENS, FOLLOWUPS, MEDICATIONS)
