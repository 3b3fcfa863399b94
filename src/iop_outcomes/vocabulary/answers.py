"""What is known of an outcome on a day, and how one that is missing is read: names and words, each said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iop_outcomes.vocabulary import causes
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.levels import NOT_KNOWN

ABSTINENT, USING = "abstinent", "using"
EVENT, NO_EVENT = "event", "no_event"
# asked and not answered; the day lies beyond observation; of people in care only, who have left by then
MISSING, NOT_YET_OBSERVED, OUT_OF_CARE = "missing", "not_yet_observed", "out_of_care"
# of a week: no test was due, or the one that was could not be given for a reason that tells nothing of use
NOT_ASKED_FOR = "not_asked_for"

# of an answer on a day: the outcome, its opposite, dead by then, not answered, not due; and the same of outcomes other
# than use
LEVELS = (ABSTINENT, USING, DIED, MISSING, NOT_YET_OBSERVED)
WEEK_LEVELS = (ABSTINENT, USING, DIED, MISSING, NOT_ASKED_FOR)
STATE_LEVELS = (EVENT, NO_EVENT, DIED, MISSING, NOT_YET_OBSERVED)
LABELS = {
    ABSTINENT: "Abstinent",
    USING: "Using",
    DIED: causes.LABELS[DIED],
    MISSING: "Missing",
    NOT_YET_OBSERVED: "Not yet observed",
    NOT_ASKED_FOR: "No test due, or excused",
    OUT_OF_CARE: "Out of care by then",
    EVENT: "With the event",
    NO_EVENT: "Without the event",
    NOT_KNOWN: "Nothing known after day 0",
}
# people whose outcome is not asked about, under any rule
NOT_ASKED = (NOT_YET_OBSERVED, OUT_OF_CARE, NOT_KNOWN)


@dataclass(frozen=True)
class Otherwise:
    """A reading of people who have no outcome on a day, for a reason that is told apart from a missing answer.

    explained: a sentence for the methods section.
    """

    name: str
    explained: str


COUNTED_AGAINST, LEFT_OUT, AS_MISSING = "counted_against", "left_out", "as_missing"
# who had died by the day
DEATHS: Mapping[str, Otherwise] = {
    row.name: row
    for row in (
        Otherwise(
            "counted_against",
            "A death by the day counts as not having the outcome, so that a share is of people alive and with it; "
            "deaths are told apart from missing answers.",
        ),
        Otherwise(
            "left_out",
            "People who had died by the day are told apart and in no denominator: a share is of those alive then, who "
            "may differ between the arms because of care.",
        ),
        Otherwise(
            "as_missing", "People who had died by the day are told apart, and read as if their answer were missing."
        ),
    )
}
# whose answer lay beyond the end of their observation
NOT_DUE: Mapping[str, Otherwise] = {
    row.name: row
    for row in (
        Otherwise("left_out", "People whose day lies beyond their observation are in no denominator."),
        Otherwise(
            "as_missing", "People whose day lies beyond their observation are read as if their answer were missing."
        ),
    )
}


@dataclass(frozen=True)
class MissingRule:
    """A reading of missing outcomes.

    label: what readers see; '' where none can be missing. explained: a sentence for the methods section. read: within a
    sentence, of an answer; screened: of a screen. left_out: levels that are not in the denominator.
    """

    name: str
    label: str = ""
    explained: str = ""
    read: str = ""
    screened: str = ""
    left_out: tuple[str, ...] = NOT_ASKED


NONE, MISSING_IS_USING, OBSERVED_ONLY = "none", "missing_is_using", "observed_only"

_ROWS = (
    MissingRule("none"),
    MissingRule(
        "missing_is_using",
        "Missing counted as use",
        "Missing counted as use: a missing answer, or a screen due and not given, counts as use.",
        "with a missing answer counted as use",
        "with a missed screen counted as positive",
    ),
    MissingRule(
        "observed_only",
        "Observed only",
        "Observed only: people without an answer are left out, which is right only if who is seen does not "
        "depend on use.",
        "among those whose answer is known",
        "among those who gave a screen",
        (MISSING, *NOT_ASKED),
    ),
)
MISSING_RULES: Mapping[str, MissingRule] = {row.name: row for row in _ROWS}
