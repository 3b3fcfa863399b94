"""What a kind of endpoint says of itself: how it is answered, by what it can be asked, and every word of it.

Rows are in `kinds_of_care`, `kinds_of_use` and `kinds_of_amounts`; what is made of them all is in `endpoints`.
"""

from __future__ import annotations

from dataclasses import dataclass

from iop_outcomes.vocabulary import readings
from iop_outcomes.vocabulary.answers import COUNTED_AGAINST, LEFT_OUT
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.readings import Reading

DAYS_PER_WEEK = 7
# steps of the analysis
RETENTION, ABSTINENCE, DOSE = "retention", "abstinence", "dose"
STEPS = (RETENTION, ABSTINENCE, DOSE)
# what a question compares, as a study names it
CONTRASTS, DURATIONS, INTENSITIES, STRATEGIES = "contrasts", "durations", "intensities", "strategies"
DOSES, THRESHOLDS, STARTING = "doses", "thresholds", "starting"
# in the order in which a reader is told of them
ROOMS = (CONTRASTS, DURATIONS, STRATEGIES, THRESHOLDS, STARTING, DOSES, INTENSITIES)
# how a kind is answered: the share of whom something is true on a day; days to something that is seen to happen; the
# same where death, or other ways of leaving, come first; the share still in care, and days in it; what each interval of
# a use pattern says; the two days between which something happened; how much of something each person has; in which of
# several places each person is; the share of whom something is true so many days after leaving
AT_A_DAY, TO_AN_EVENT, COMPETING, BEING_THERE = "at_a_day", "to_an_event", "competing", "being_there"
WEEK_BY_WEEK, BETWEEN_TWO_DAYS, AMOUNT = "week_by_week", "between_two_days", "amount"
PLACE_BY_PLACE, SINCE_LEAVING = "place_by_place", "since_leaving"

Measures = dict[str, tuple[str, ...]]

# what amounts are made of, and those of them that are not known, within a sentence
DAYS, TESTS = "days", "tests"
UNKNOWN = {DAYS: "days of which nothing is known", TESTS: "missed tests"}
READ_BY_DEFINITION = (
    "Means of people, each of whom counts once. How missed tests are read is said by the rule, or by the definition of "
    "the endpoint where it says so itself."
)
TOLD_BY_A_SCREEN = (
    "A positive screen tells of use where the interview was missed, and no screen tells of abstinence: among those "
    "whose answer is known there are too many who used, the more the more interviews were missed. Weighting by "
    "observation and imputation know of whom a screen told."
)
TOLD_BY_ONE_DAY = (
    "Use on one day is enough for an answer, and abstinence needs every day to be known: among those whose answer is "
    "known there are too many who used, and neither weights nor imputed answers mend that. Times to first use do, "
    "which take whoever is no longer seen for censored."
)


@dataclass(frozen=True)
class Asked:
    """One way to ask for a kind. step: of the analysis. of: what is compared. measures: each with its methods."""

    step: str
    of: str
    measures: Measures


@dataclass(frozen=True)
class Kind:
    """One kind of endpoint.

    meaning: what it asks. answered: how. asked: by what. place: its group among those that are spoken of, first to
    last; within one, as below. needs: canonical tables without a row of which it cannot be computed. recorded: the
    table, and its column, that few sources hold; of columns, the endpoint names one. takes: columns of the endpoint
    library that a row of this kind must fill, and no other may. may_take: those that it may fill. must_fill: those that
    it must fill, and others may. results: of tests,
    one or several of which an endpoint may name under `counts`. cause: what the table retention calls its event, ''
    where the endpoint names a cause of leaving. curve: label of its curve. panel: the same where being in care is
    drawn. kept: a cause of leaving that counts as still being in care. among_some: not everyone is at risk. about_use:
    its outcome is use or abstinence. grows: what has happened by one day has happened by every later one. screened: a
    missing outcome is a screen that was missed. parts: what an amount is made of. changed: it is held against the time
    before time zero. fixed: its days are counted from time zero, or from leaving, and from no other day. told_twice:
    what people report can be held against tests. told_by_screen: a positive screen tells of use where the interview was
    missed, and none the contrary. value: of endpoints that name a definition of `patterns`, what that is of a person.
    verb: what people did, within a sentence; {label} is the endpoint's with an article, {name} without. of_leavers:
    asked of people who left, by the day or before it begins to count. nearest: told at what was due nearest the
    day, so many days before or after it. silent: why nothing can be said where its event is recorded of no one.
    note: what is to be known of its numbers.
    """

    name: str
    meaning: str
    answered: str
    asked: tuple[Asked, ...]
    place: int
    needs: tuple[str, ...] = ()
    recorded: tuple[str, str] | None = None
    columns: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    may_take: tuple[str, ...] = ()
    must_fill: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    cause: str = ""
    curve: str = ""
    panel: str = ""
    kept: str = ""
    among_some: bool = False
    about_use: bool = False
    grows: bool = False
    screened: bool = False
    parts: str = ""
    changed: bool = False
    fixed: bool = False
    told_twice: bool = False
    told_by_screen: bool = False
    value: str = ""
    verb: str = ""
    of_leavers: bool = False
    nearest: bool = False
    silent: str = ""
    note: str = ""

    @property
    def of_patterns(self) -> bool:
        """Its endpoints are definitions of `patterns`."""
        return bool(self.value)

    def reading(self, cause: str, deaths: str = COUNTED_AGAINST, not_due: str = LEFT_OUT) -> Reading:
        """How its outcome is read from cells. cause: the one that the endpoint counts. deaths, not_due: of an answer on
        a day, how people are read who had died by then, and those whose answer was not due.
        """
        if self.answered == BEING_THERE:
            return readings.being_there(self.name, self.kept)
        if self.answered == COMPETING:
            return readings.happening(cause, DIED) if self.cause else readings.leaving(cause)
        if self.answered == PLACE_BY_PLACE:
            return readings.OF_PLACES
        return readings.of_counts(deaths, not_due)
