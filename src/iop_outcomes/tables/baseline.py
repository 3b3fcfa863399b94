"""Tables of the cohort at time zero: who is in it, in which arm, with which covariates and scores. No
outcome.

Private, as all tables about single people.
"""

from __future__ import annotations

from iop_outcomes.tables.canonical import PERSON
from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.vocabulary.levels import CLASSES, LEVELS, NO_LEVEL
from iop_outcomes.vocabulary.methods import IPTW, OVERLAP

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
