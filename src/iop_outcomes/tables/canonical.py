"""The canonical input tables: what every source is read into. All but `stays` and `persons` may be empty.

Time is a whole number of days from the person's own day 0, the first day of the index stay; earlier days are
negative. The end of a stay may be an interval: `end_day` is then the earliest day, `end_day_latest` the latest.

Every number has a range, and every text the values that it may hold or the texts that stand for a value not known.
What programs write for a number that is not known (-9, 99, 999) counts as missing only where the range leaves it out:
99 is an age, and no number of earlier treatments. Zero, where it is such a code, always does. `clean.cells` says what
happens to such values.
"""

from __future__ import annotations

from typing import Any

from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.causes import LEAVING
from iop_outcomes.vocabulary.levels import LEVELS, UNKNOWN
from iop_outcomes.vocabulary.testing import REASONS, RESULTS, SPECIMENS, VALIDITY

YES_NO_UNKNOWN = ("yes", "no", UNKNOWN)
# the latest end of a stay of which only the shortest length is known (ten years)
UNBOUNDED_DAYS = 3650
# columns of stays that tell how someone was at discharge
STATES_AT_DISCHARGE = ("use_at_discharge", "employment_at_discharge", "arrests_at_discharge")

# columns of persons that say who somebody is, or what came of it: no covariates
NOT_COVARIATES = ("person_id", "observed_to_day", "dropout_known_to_day", "death_day", "assigned_arm", "trial")

# days from day 0 further than this lie in no life
LIFE_DAYS = 43_830
# interviews ask about two years at most, and 777 and 999 are codes there
ASKED_DAYS = 760
# one interview may answer for the whole of a follow-up, as in UIS (1,172 days)
LOOKED_BACK_DAYS = 3_660
# what stands for a number that is not known, in exports of statistics programs and in survey codebooks
NUMBER_CODES = (
    *(-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0, -77.0, -88.0, -99.0, -777.0, -888.0, -999.0, -9999.0),
    *(77.0, 88.0, 96.0, 97.0, 98.0, 99.0, 777.0, 888.0, 996.0, 997.0, 998.0, 999.0),
    *(7777.0, 8888.0, 9996.0, 9997.0, 9998.0, 9999.0, 99_999.0, 999_999.0),
)
# texts that are no name of anything, in any case of their letters; 'none' and 'unknown' are values
NO_NAMES = (
    "", ".", "..", "-", "--", "?", "n/a", "n.a.", "na", "<na>", "#n/a", "nan", "nat", "null", "(null)", "#null!",
    "not available", "-1", "-4", "-5", "-6", "-7", "-8", "-9", "-77", "-88", "-99", "-777", "-888", "-999", "-9999",
)  # fmt: skip
# codes that are no category, but may be the number of a person, a record or a site
CATEGORY_CODES = (*NO_NAMES, "96", "97", "98", "99", "996", "997", "998", "999", "9997", "9998", "9999")

PERSON = Column("text", "pseudonym of the person", missing=NO_NAMES, identifies=True)


def _day(meaning: str, nullable: bool = False, **more: Any) -> Column:
    """A day counted from day 0, within a life of it."""
    limits = {"low": -LIFE_DAYS, "high": LIFE_DAYS} | more
    return Column("whole", meaning, "day", nullable=nullable, missing=NUMBER_CODES, **limits)


DAY = _day("day counted from the person's own day 0")


def _text(meaning: str, allowed: tuple[str, ...] = (), missing: tuple[str, ...] = CATEGORY_CODES) -> Column:
    """What only describes: a value that cannot be is set aside alone."""
    return Column("text", meaning, nullable=True, optional=True, allowed=allowed, missing=missing, alone=True)


def _number(meaning: str, unit: str, low: float, high: float) -> Column:
    """What only describes: a value that cannot be is set aside alone."""
    return Column(
        "number", meaning, unit, nullable=True, optional=True, low=low, high=high, missing=NUMBER_CODES, alone=True
    )


def _told(meaning: str, unit: str) -> Column:
    """A number of days or visits within a period, as a person told it."""
    return Column("number", meaning, unit, nullable=True, low=0, high=ASKED_DAYS, missing=NUMBER_CODES)


STAYS = Table(
    "stays",
    "One row per person, level of care and unbroken stay.",
    {
        "person_id": PERSON,
        "stay_id": Column("text", "identifier of the record in the source", missing=NO_NAMES, identifies=True),
        "site_id": Column("text", "program or facility", missing=NO_NAMES),
        "level_of_care": Column("text", "ASAM level of care, 3rd edition, in Arabic numerals", allowed=LEVELS),
        "start_day": DAY,
        "end_day": _day("last day of the stay; missing while the stay is open", nullable=True),
        "end_day_latest": _day(
            "latest day on which the stay may have ended, where its end is known only as an interval that begins on "
            "end_day; missing when end_day is exact",
            nullable=True,
            optional=True,
        ),
        "discharge_reason": Column("text", "why the stay ended; missing while open", nullable=True, allowed=LEAVING),
        "planned_days": Column(
            "number",
            "length planned at admission",
            "days",
            nullable=True,
            absent_means_missing=True,
            low=0,
            high=900,
            # nobody is admitted for no day: it stands for no plan
            missing=(0.0, *NUMBER_CODES),
            alone=True,
        ),
        # by hours the level of care is told: a record with hours that cannot be may be of another kind of care
        "scheduled_hours_per_week": Column(
            "number",
            "hours of care scheduled",
            "hours a week",
            nullable=True,
            absent_means_missing=True,
            low=0,
            high=168,
            missing=NUMBER_CODES,
        ),
        "program_type": Column(
            "text", "what the program treats", allowed=("substance_use", "mental_health", "eating_disorder")
        ),
        "service": _text("service as the source names it", missing=NO_NAMES),
        "level_at_discharge": _text("level of care on the last day, where the record tells it apart", LEVELS),
        "use_at_discharge": _text("use in the month before discharge", ("none", "some", "daily", UNKNOWN)),
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
        "observed_to_day": _day("last day on which records could exist for the person"),
        "dropout_known_to_day": _day(
            "last day on which leaving unplanned could begin and still be on record, where it is known later than it "
            "happens (after so many appointments missed in a row); missing where it is known at once",
            nullable=True,
            optional=True,
            outcome=True,
        ),
        "death_day": _day(
            "day of death, where known; it may lie after the end of observation",
            low=0,
            nullable=True,
            absent_means_missing=True,
            outcome=True,
        ),
        "overdose_day": _day(
            "day of the first overdose, fatal or not, on or after day 0, where known",
            low=0,
            nullable=True,
            optional=True,
            outcome=True,
        ),
        "age": Column(
            "whole", "age on day 0, in completed years", "years", nullable=True, low=0, high=120, missing=NUMBER_CODES
        ),
        "sex": Column("text", "sex as recorded", allowed=("female", "male", UNKNOWN)),
        "entry_period": _text("calendar quarter (2024Q1) or year in which the person came into the records"),
        "assigned_arm": _text("arm assigned by randomisation", missing=NO_NAMES),
        "trial": _text("trial that the person took part in", missing=NO_NAMES),
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
        "prior_treatments": _number("earlier treatments for substance use", "treatments", 0, 75),
        # some sources give a score in points in its place, and none of them below zero
        "severity": _number("severity of substance use, standardised", "standard deviations", -6, 60),
        "depression_score": _number("Beck Depression Inventory at admission", "points", 0, 63),
        "depression_cesd": _number("Center for Epidemiologic Studies Depression scale at admission", "points", 0, 60),
        "mental_health_score": _number("SF-36 mental component at admission", "points", 0, 90),
        "physical_health_score": _number("SF-36 physical component at admission", "points", 0, 90),
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
        "minutes": Column("number", "attended time", "minutes", low=0, high=1440, missing=NUMBER_CODES),
        "level_of_care": Column("text", "level of care that gave the session", allowed=LEVELS),
        "modality": Column("text", "how it was given", allowed=("in_person", "virtual", UNKNOWN)),
        "craving": _number("craving as told that day, from none (0) to the strongest there is (100)", "points", 0, 100),
    },
)

SCREENS = Table(
    "screens",
    "One row per test for a substance that was due, given or not.",
    {
        "person_id": PERSON,
        "day": DAY,
        "substance": Column("text", "substance, or group of them, tested for", missing=NO_NAMES),
        "result": Column(
            "text",
            "result; 'inconclusive' without a clear one, or where tests of one week disagree; 'missing' when due and "
            "not given, or without a result",
            allowed=RESULTS,
        ),
        "reason": _text("why the result is missing, where that is known", tuple(REASONS)),
        "validity": _text("state of the specimen; missing counts as valid", tuple(VALIDITY)),
        "specimen": _text("what was tested; missing counts as urine", SPECIMENS),
    },
)

FOLLOWUPS = Table(
    "followups",
    "One row per follow-up interview that was due, held or not.",
    {
        "person_id": PERSON,
        "target_day": _day("day on which the interview was due"),
        "day": _day("day on which it was held; missing when it was not", nullable=True),
        "lookback_days": Column(
            "whole",
            "days before the interview that it asks about; may be missing where none was held: no screen then speaks "
            "for the interview",
            "days",
            nullable=True,
            low=1,
            high=LOOKED_BACK_DAYS,
            missing=NUMBER_CODES,
        ),
        "days_used": Column(
            "number",
            "days of use within the look-back",
            "days",
            nullable=True,
            low=0,
            high=LOOKED_BACK_DAYS,
            missing=NUMBER_CODES,
        ),
        "first_use_day": _day(
            "first day of use after day 0, when use was reported", nullable=True, absent_means_missing=True
        ),
        "no_use_through_day": _day(
            "last day up to which the answer covers first use", nullable=True, absent_means_missing=True
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
        "medication": Column("text", "name of the medication", missing=NO_NAMES),
        "start_day": DAY,
        "end_day": _day("last day; missing while it goes on", nullable=True),
    },
)

PERIODS = Table(
    "periods",
    "One row per person and period for which a person told what care was received, in sources without records of it.",
    {
        "person_id": PERSON,
        "period": Column(
            "whole", "number of the period within the person, from 1", low=1, high=LIFE_DAYS, missing=NUMBER_CODES
        ),
        "from_day": _day("first day of the period"),
        "to_day": _day("last day of the period, on which it was told"),
        "residential": Column("text", "nights in residential care", allowed=YES_NO_UNKNOWN),
        "day_treatment": Column("text", "days in day treatment", allowed=YES_NO_UNKNOWN),
        "outpatient": Column("text", "outpatient visits", allowed=YES_NO_UNKNOWN),
        "residential_nights": _told("nights in residential care", "nights"),
        "day_treatment_days": _told("days in day treatment", "days"),
        "outpatient_visits": _told("outpatient visits", "visits"),
    },
    key=("person_id", "period"),
)

CANONICAL = (STAYS, PERSONS, SESSIONS, SCREENS, FOLLOWUPS, MEDICATIONS, PERIODS)
