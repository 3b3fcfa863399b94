"""What is known of an outcome on a day, and how one that is missing is read: names and words, each said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iop_outcomes.vocabulary import causes
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.levels import NOT_KNOWN

ABSTINENT, USING = "abstinent", "using"
EVENT, NO_EVENT = "event", "no_event"
# of an amount: there is some, or none; of a change: it is for the better, or not; nothing is known of the time before
SOME_OF_IT, NONE_OF_IT = "some_of_it", "none_of_it"
BETTER, NO_BETTER = "better_than_before", "no_better_than_before"
NOTHING_BEFORE = "nothing_known_before"
# asked and not answered; the day lies beyond observation, or nothing was asked; of people in care only, who have left
MISSING, NOT_YET_OBSERVED, OUT_OF_CARE = "missing", "not_yet_observed", "out_of_care"
# of a week: no test was due, or the one that was could not be given for a reason that tells nothing of use
NOT_ASKED_FOR = "not_asked_for"

# the same where the last observation is carried forward: not answered, and abstinent when last seen before, or not
LAST_ABSTINENT, LAST_USING = "missing_last_abstinent", "missing_last_using"
NOT_ANSWERED = (MISSING, LAST_ABSTINENT, LAST_USING)

# of an answer on a day: the outcome, its opposite, dead by then, not answered, not due; and the same of outcomes other
# than use
LEVELS = (ABSTINENT, USING, DIED, MISSING, NOT_YET_OBSERVED)
WEEK_LEVELS = (ABSTINENT, USING, DIED, MISSING, NOT_ASKED_FOR)
STATE_LEVELS = (EVENT, NO_EVENT, DIED, MISSING, NOT_YET_OBSERVED)
AMOUNT_LEVELS = (SOME_OF_IT, NONE_OF_IT, DIED, MISSING, NOT_YET_OBSERVED)
CHANGE_LEVELS = (BETTER, NO_BETTER, DIED, MISSING, NOT_YET_OBSERVED, NOTHING_BEFORE)
LABELS = {
    ABSTINENT: "Abstinent",
    USING: "Using",
    DIED: causes.LABELS[DIED],
    MISSING: "Missing",
    LAST_ABSTINENT: "Missing, abstinent when last seen",
    LAST_USING: "Missing, using when last seen or never seen",
    NOT_YET_OBSERVED: "Not yet observed, or not asked",
    NOT_ASKED_FOR: "No test due, or excused",
    OUT_OF_CARE: "Out of care by then",
    EVENT: "With the event",
    NO_EVENT: "Without the event",
    SOME_OF_IT: "Some of it",
    NONE_OF_IT: "None of it",
    BETTER: "Better than before",
    NO_BETTER: "No better than before",
    NOTHING_BEFORE: "Nothing known of the time before",
    NOT_KNOWN: "Nothing known after day 0",
}
# people whose outcome is not asked about, under any rule
NOT_ASKED = (NOT_YET_OBSERVED, OUT_OF_CARE, NOT_KNOWN, NOTHING_BEFORE)


# how a missing answer is counted, in the first and in the second arm
AS_ABSTINENT, AS_USING = True, False


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
# whose answer lay beyond the end of their observation, or was not asked for
NOT_DUE: Mapping[str, Otherwise] = {
    row.name: row
    for row in (
        Otherwise(
            "left_out",
            "People whose day lies beyond their observation, or who were due no test by then, are in no denominator.",
        ),
        Otherwise(
            "as_missing",
            "People whose day lies beyond their observation, or who were due no test by then, are read as if their "
            "answer were missing.",
        ),
    )
}


@dataclass(frozen=True)
class MissingRule:
    """A reading of missing outcomes.

    label: what readers see; '' where none can be missing. explained: a sentence for the methods section. read: within a
    sentence, of an answer; screened: of a screen; of_amounts: of the parts of an amount that are {unknown}, '' where
    amounts are not read so. assumes: what must hold for it to be right, after 'right if'. left_out: levels that are not
    in the denominator. counted_as: of a missing answer in the first and in the second arm, whether it counts as
    abstinence; () where it is not counted as either. carried: a missing answer counts as what was last seen. counts:
    its answers follow from counts alone, so that they may be asked for without adjustment. history: it needs what was
    recorded of people before the day. drawn: missing answers are drawn several times, and the estimates pooled.
    shifted: the drawn ones are moved by a delta. of_use: it is a reading of use, and of nothing else.
    """

    name: str
    label: str = ""
    explained: str = ""
    read: str = ""
    screened: str = ""
    of_amounts: str = ""
    assumes: str = ""
    left_out: tuple[str, ...] = NOT_ASKED
    counted_as: tuple[bool, ...] = ()
    carried: bool = False
    counts: bool = True
    history: bool = False
    drawn: bool = False
    shifted: bool = False
    of_use: bool = False


NONE, MISSING_IS_USING, OBSERVED_ONLY = "none", "missing_is_using", "observed_only"
LAST_OBSERVATION, WEIGHTED_BY_OBSERVATION = "last_observation", "weighted_by_observation"
IMPUTED, DELTA_ADJUSTED = "imputed", "delta_adjusted"
WORST_CASE, BEST_CASE = "worst_case", "best_case"

_ROWS = (
    MissingRule("none"),
    MissingRule(
        "missing_is_using",
        "Missing counted as use",
        "Missing counted as use: a missing answer, or a screen due and not given, counts as use.",
        "with a missing answer counted as use",
        "with a missed screen counted as positive",
        of_amounts="with {unknown} counted as use",
        assumes="whoever is not seen uses",
        counted_as=(AS_USING, AS_USING),
        of_use=True,
    ),
    MissingRule(
        "observed_only",
        "Observed only",
        "Observed only: people without an answer are left out, which is right only if who is seen does not "
        "depend on use. Every method then speaks for those who would be seen, the doubly robust one among them: its "
        "estimate is the mean of the outcome of those seen over the share of those seen, each doubly robust. A death "
        "that counts against the outcome is known of everyone who died, and an answer not of everyone who lives, so "
        "that such shares lean towards the dead.",
        "among those whose answer is known",
        "among those who gave a screen",
        of_amounts="with {unknown} left out",
        assumes="who is seen does not depend on use",
        left_out=(MISSING, LAST_ABSTINENT, LAST_USING, *NOT_ASKED),
    ),
    MissingRule(
        "last_observation",
        "Last observation carried forward",
        "Last observation carried forward: a missing answer counts as what the last screen or interview before it "
        "said, and as use where there was none. It takes the course of people to stand still once they are no longer "
        "seen, and its intervals do not know that anything is missing.",
        "with a missing answer counted as the last one before it",
        "with a missed screen counted as the last one before it",
        assumes="nothing changes once people are no longer seen",
        carried=True,
        history=True,
        of_use=True,
    ),
    MissingRule(
        "weighted_by_observation",
        "Weighted by observation",
        "Weighted by observation: people with an answer weigh the inverse of the probability of having one, given "
        "their arm, the covariates of the score and what was recorded of them up to the day (screens, earlier answers, "
        "days in care, hours); that probability counts as estimated. It speaks for everyone who was asked, and is "
        "right if who is seen depends on nothing else (Robins, Rotnitzky and Zhao 1995, JASA 90:106).",
        "with those whose answer is known weighted to stand for everyone asked",
        "with those who gave a screen weighted to stand for everyone due",
        assumes="who is seen depends on what was recorded before, and on nothing else",
        counts=False,
        history=True,
    ),
    MissingRule(
        "imputed",
        "Multiple imputation",
        "Multiple imputation: missing answers are drawn from chained logistic equations in the order of time, given "
        "arm, covariates of the score and what was recorded up to the day, several times; the estimates of the "
        "completed data are pooled (Rubin 1987; Barnard and Rubin 1999, Biometrika 86:948). It speaks for everyone who "
        "was asked, and is right if, of two people with the same record, the one who is seen is like the other.",
        "with missing answers imputed from what was recorded",
        "with missed screens imputed from what was recorded",
        assumes="people who are not seen are like those with the same record who are",
        counts=False,
        history=True,
        drawn=True,
    ),
    MissingRule(
        "delta_adjusted",
        "Imputation moved by delta",
        "Imputation moved by delta: as multiple imputation, with the log odds of the outcome of whoever is not seen "
        "moved by a number, delta, that the protocol names and no record can tell (Little 1993, JASA 88:125; Carpenter "
        "and Kenward 2013, Multiple Imputation and its Application, chapter 10). The tipping points ask the same with "
        "a delta of its own in each arm.",
        "with missing answers imputed and moved by delta",
        "with missed screens imputed and moved by delta",
        assumes="people who are not seen differ by delta from those with the same record who are",
        counts=False,
        history=True,
        drawn=True,
        shifted=True,
    ),
    MissingRule(
        "worst_case",
        "Worst case for the first arm",
        "Worst case for the first arm: a missing answer counts against the first arm and for the second. With the best "
        "case it bounds the difference whatever the missing answers would have been (Manski 1990, American Economic "
        "Review 80:319).",
        "with missing answers counted against the first arm and for the second",
        "with missed screens counted against the first arm and for the second",
        of_amounts="with {unknown} counted against the first arm and for the second",
        assumes="nothing: no answers could make the difference lower",
        counted_as=(AS_USING, AS_ABSTINENT),
    ),
    MissingRule(
        "best_case",
        "Best case for the first arm",
        "Best case for the first arm: a missing answer counts for the first arm and against the second.",
        "with missing answers counted for the first arm and against the second",
        "with missed screens counted for the first arm and against the second",
        of_amounts="with {unknown} counted for the first arm and against the second",
        assumes="nothing: no answers could make the difference higher",
        counted_as=(AS_ABSTINENT, AS_USING),
    ),
)
MISSING_RULES: Mapping[str, MissingRule] = {row.name: row for row in _ROWS}
# rules that stand on what was recorded of people before the day; on draws of the missing answers; and on counts alone
WITH_HISTORY = tuple(r.name for r in _ROWS if r.history)
DRAWN = tuple(r.name for r in _ROWS if r.drawn)
COUNTED = tuple(r.name for r in _ROWS if r.counts)
# rules that amounts can be read by
OF_AMOUNTS = tuple(r.name for r in _ROWS if r.of_amounts)
# together they bound the difference
BOUNDS = (WORST_CASE, BEST_CASE)
