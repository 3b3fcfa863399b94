"""Tests for substances: what they can tell, why one is missing, and what may be wrong with a specimen; each said once.

How a reason, a dilute or a tampered specimen is read is a choice of the study (`use` in the config); here stand the
words, and the reading that is taken where a study says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iop_outcomes.vocabulary.answers import MISSING, NOT_YET_OBSERVED
from iop_outcomes.vocabulary.causes import DIED

# of a test that was due; missing: it was not given, or gave no result
NEGATIVE, POSITIVE, INCONCLUSIVE = "negative", "positive", "inconclusive"
RESULTS = (NEGATIVE, POSITIVE, INCONCLUSIVE, MISSING)
# with a result, whatever it is
TAKEN = (NEGATIVE, POSITIVE, INCONCLUSIVE)
# states of an interval in which a test was taken
MIXED = "mixed"
TESTED_STATES = (NEGATIVE, POSITIVE, MIXED)
# a substance or a class of an endpoint that asks about all
ANY = "any"

# what the tests of an interval tell, as `patterns.symbols` names its states; before the first, and after observation,
# there is no interval
STATES = ("not_scheduled", NEGATIVE, POSITIVE, "missed", MIXED, "excused", DIED)

# how what is no plain result may be read: as missed by the person's doing, as a test that tells nothing of use and was
# not missed, as a positive, as the laboratory wrote it
AS_MISSED, AS_EXCUSED, AS_POSITIVE, AS_WRITTEN = "missed", "excused", "positive", "as_written"


@dataclass(frozen=True)
class Reason:
    """Why a test that was due has no result.

    label: what readers see. read: how it is read unless the study says otherwise.
    """

    name: str
    label: str
    read: str


NOT_TOLD = Reason("not_told", "No reason told", AS_MISSED)

_REASONS = (
    Reason("no_show", "Did not come", AS_MISSED),
    Reason("refused", "Refused", AS_MISSED),
    Reason("unable", "Could not give a specimen", AS_MISSED),
    Reason("left", "Had left the program or the study", AS_MISSED),
    Reason("laboratory_error", "Laboratory error", AS_EXCUSED),
    Reason("not_offered", "Not offered by the program", AS_EXCUSED),
    Reason("excused", "Excused: illness, travel, holiday", AS_EXCUSED),
    Reason("in_hospital", "In hospital", AS_EXCUSED),
    Reason("in_jail", "In jail", AS_EXCUSED),
    NOT_TOLD,
)
REASONS: Mapping[str, Reason] = {row.name: row for row in _REASONS}
# those that say that nobody can be blamed: no missed test
EXCUSED_REASONS = tuple(row.name for row in _REASONS if row.read == AS_EXCUSED)


@dataclass(frozen=True)
class Validity:
    """A state of the specimen. label: what readers see. defined: what laboratories call so."""

    name: str
    label: str
    defined: str


VALID = Validity("valid", "Valid", "")
DILUTE = Validity(
    "dilute", "Dilute", "creatinine of 2 mg/dL or more and below 20, specific gravity above 1.0010 and below 1.0030"
)
_VALIDITY = (
    VALID,
    DILUTE,
    Validity("substituted", "Substituted", "creatinine below 2 mg/dL, specific gravity 1.0010 or less, or 1.0200 up"),
    Validity("adulterated", "Adulterated", "holds what is not in urine, or is of a pH below 4 or from 11 up"),
)
VALIDITY: Mapping[str, Validity] = {row.name: row for row in _VALIDITY}
TAMPERED = ("substituted", "adulterated")

# cells of people by what became of the test of an interval; taken or missed, outside of a residence and in one
NO_TEST_DUE = "no_test_due"
TAKEN_IN = {False: "taken", True: "taken_in_residence"}
WITHOUT_RESULT_IN = {False: "missed", True: "missed_in_residence"}
CELLS = {
    TAKEN_IN[False]: "Given, at home",
    TAKEN_IN[True]: "Given, in residence",
    WITHOUT_RESULT_IN[False]: "Missed, at home",
    WITHOUT_RESULT_IN[True]: "Missed, in residence",
    "excused": "Excused, or told too little",
    NO_TEST_DUE: "None due",
    DIED: "Had died",
    NOT_YET_OBSERVED: "Not observed",
}

URINE, HAIR = "urine", "hair"
SPECIMENS = (URINE, "oral_fluid", HAIR, "breath", "blood")
# what is found in these was used in some one of the months before, and what is not may have been used in the last weeks
OF_MONTHS = (HAIR,)

# covariates on how often a person was to be tested, as known at time zero: what readers see of each
TESTS_BEFORE, TESTS_OF_SITE = "tests_before", "tests_of_site"
SCHEDULED_BEFORE = {
    TESTS_BEFORE: "Tests a week before the start",
    TESTS_OF_SITE: "Tests a week by the schedule of the site",
}
