"""The canonical input tables: what every source is read into. All but `stays` and `persons` may be empty.

Time is a whole number of days from the person's own day 0, the first day of the index stay; earlier days are
negative. The end of a stay may be an interval: `end_day` is then the earliest day, `end_day_latest` the latest.
"""

from __future__ import annotations

from typing import Literal, get_args

from iop_outcomes.tables.declare import Column, Table

LEVELS = ("detox", "0.5", "1", "2.1", "2.5", "3.1", "3.3", "3.5", "3.7", "4")
# why care was left; a cause that competes with the others, in the order in which they are shown
DischargeReason = Literal["unplanned", "completed", "transferred", "died", "other"]
LEAVING: tuple[str, ...] = get_args(DischargeReason)
YES_NO_UNKNOWN = ("yes", "no", "unknown")
# the latest end of a stay of which only the shortest length is known (ten years)
UNBOUNDED_DAYS = 3650

PERSON = Column("text", "pseudonym of the person", identifies=True)
DAY = Column("whole", "day counted from the person's own day 0", "day")


def _text(meaning: str, allowed: tuple[str, ...] = ()) -> Column:
    return Column("text", meaning, nullable=True, optional=True, allowed=allowed)


def _number(meaning: str, unit: str = "") -> Column:
    return Column("number", meaning, unit, nullable=True, optional=True)


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
        "end_day_latest": Column(
            "whole",
            "latest day on which the stay may have ended, where its end is known only as an interval that begins on "
            "end_day; missing when end_day is exact",
            "day",
            nullable=True,
            optional=True,
        ),
        "discharge_reason": Column("text", "why the stay ended; missing while open", nullable=True, allowed=LEAVING),
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
        "service": _text("service as the source names it"),
        "level_at_discharge": _text("level of care on the last day, where the record tells it apart", LEVELS),
        "use_at_discharge": _text("use in the month before discharge", ("none", "some", "daily", "unknown")),
        "employment_at_discharge": _text("employment at discharge, in the words of employment at admission"),
        "arrests_at_discharge": _text("arrests in the month before discharge, in the words of those before admission"),
    },
    key=("stay_id",),
)


PERSONS = Table(
    "persons",
    "One row per person: what was known at admission, and until when the person could be observed.",
    {
        "person_id": PERSON,
        "observed_to_day": Column("whole", "last day on which records could exist for the person", "day"),
        "death_day": Column(
            "whole", "day of death, where known", "day", nullable=True, absent_means_missing=True, outcome=True
        ),
        "overdose_day": Column(
            "whole",
            "day of the first overdose, fatal or not, on or after day 0, where known",
            "day",
            nullable=True,
            optional=True,
            outcome=True,
        ),
        "age": Column("whole", "age on day 0, in completed years", "years", nullable=True, low=0, high=120),
        "sex": Column("text", "sex as recorded", allowed=("female", "male", "unknown")),
        "entry_period": _text("calendar quarter (2024Q1) or year in which the person came into the records"),
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
        "depression_cesd": _number("Center for Epidemiologic Studies Depression scale at admission", "points"),
        "mental_health_score": _number("SF-36 mental component at admission", "points"),
        "physical_health_score": _number("SF-36 physical component at admission", "points"),
        "age_group": _text("age at admission in bands, where it is not known in years"),
        "arrests": _text("arrests in the month before admission"),
        "diagnosis": _text("diagnosis at admission"),
        "first_use_age": _text("age at first use of the primary drug, in bands"),
        "health_insurance": _text("health insurance"),
        "income_source": _text("main source of income"),
        "living_arrangement": _text("homeless, dependent or independent living"),
        "opioid_medication_planned": _text("medication for opioid use disorder planned: yes, no, unknown"),
        "payer": _text("expected or actual payer"),
        "pregnant": _text("pregnant at admission: yes, no, unknown"),
        "prior_treatment": _text("any earlier treatment for substance use: yes, no, unknown"),
        "recent_treatment": _text(
            "treatment for substance use in the six months before admission, detoxification aside: yes, no, unknown"
        ),
        "referral_source": _text("who referred the person"),
        "region": _text("region of the country"),
        "route_of_use": _text("usual route of use of the primary drug"),
        "self_help": _text("attendance of mutual-help groups in the month before admission"),
        "use_frequency": _text("frequency of use of the primary drug at admission"),
        "veteran": _text("veteran: yes, no, unknown"),
        "waiting_days": _text("days waited for admission, in bands"),
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
        "employment": _text("employment as told at the interview, in the words of employment at admission"),
        "arrests": _text("arrests as told at the interview, in the words of those before admission"),
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

PERIODS = Table(
    "periods",
    "One row per person and period for which a person told what care was received, in sources without records of it.",
    {
        "person_id": PERSON,
        "period": Column("whole", "number of the period within the person, from 1", low=1),
        "from_day": Column("whole", "first day of the period", "day"),
        "to_day": Column("whole", "last day of the period, on which it was told", "day"),
        "residential": Column("text", "nights in residential care", allowed=YES_NO_UNKNOWN),
        "day_treatment": Column("text", "days in day treatment", allowed=YES_NO_UNKNOWN),
        "outpatient": Column("text", "outpatient visits", allowed=YES_NO_UNKNOWN),
        "residential_nights": Column("number", "nights in residential care", "nights", nullable=True, low=0),
        "day_treatment_days": Column("number", "days in day treatment", "days", nullable=True, low=0),
        "outpatient_visits": Column("number", "outpatient visits", "visits", nullable=True, low=0),
    },
    key=("person_id", "period"),
)

CANONICAL = (STAYS, PERSONS, SESSIONS, SCREENS, FOLLOWUPS, MEDICATIONS, PERIODS)
