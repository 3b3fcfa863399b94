"""The kinds of endpoints: what each asks, what answers it, and every word that readers see of it.

A row of KINDS, and the function that bears its name in `cohort.events` (COMPETING), `cohort.abstinence` (AT_A_DAY,
TO_AN_EVENT), `cohort.amounts` (AMOUNT) or `cohort.weekly` (WEEK_BY_WEEK), is all that a further kind takes; kinds of
patterns are answered by `cohort.pattern_endpoints`, as their endpoints define. What follows the table is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iop_outcomes.vocabulary import methods, readings
from iop_outcomes.vocabulary.answers import COUNTED_AGAINST, LEFT_OUT
from iop_outcomes.vocabulary.causes import CENSORED, COMPLETED, DIED, LEAVING, NOT_AT_RISK
from iop_outcomes.vocabulary.readings import Reading

# steps of the analysis
RETENTION, ABSTINENCE, DOSE = "retention", "abstinence", "dose"
STEPS = (RETENTION, ABSTINENCE, DOSE)
# what a question compares, as a study names it
CONTRASTS, DURATIONS, INTENSITIES = "contrasts", "durations", "intensities"
# how a kind is answered: the share of whom something is true on a day; days to something that is seen to happen; the
# same where death, or other ways of leaving, come first; the share still in care, and days in it; what each interval of
# a use pattern says; the two days between which something happened; how much of something each person has
AT_A_DAY, TO_AN_EVENT, COMPETING, BEING_THERE = "at_a_day", "to_an_event", "competing", "being_there"
WEEK_BY_WEEK, BETWEEN_TWO_DAYS, AMOUNT = "week_by_week", "between_two_days", "amount"

Measures = dict[str, tuple[str, ...]]

# what amounts are made of, and those of them that are not known, within a sentence
DAYS, TESTS = "days", "tests"
UNKNOWN = {DAYS: "days of which nothing is known", TESTS: "missed tests"}
READ_BY_DEFINITION = (
    "Means of people, each of whom counts once. How missed tests are read is said by the rule, or by the definition of "
    "the endpoint where it says so itself."
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
    library that a row of this kind must fill, and no other may. may_take: those that it may fill. cause: what the table
    retention calls its event, '' where the endpoint names a cause of leaving. curve: label of its curve. panel: the
    same where being in care is drawn. kept: a cause of leaving that counts as still being in care. among_some: not
    everyone is at risk. about_use: its outcome is use or abstinence. grows: what has happened by one day has happened
    by every later one. screened: a missing outcome is a screen that was missed. parts: what an amount is made of.
    changed: it is held against the time before time zero. fixed: its days are counted from time zero, or from leaving,
    and from no other day. told_twice: what people report can be held against tests. value: of endpoints that name a
    definition of `patterns`, what that is of a person. verb: what people did, within a sentence; {label} is the
    endpoint's with an article, {name} without. silent: why nothing can be said where its event is recorded of no one.
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
    value: str = ""
    verb: str = ""
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
        return readings.of_counts(deaths, not_due)


_SHARES: Measures = {"risk": methods.AVERAGES}
_SHARES_FOLLOWED: Measures = {"risk": (*methods.AVERAGES, *methods.WITH_LOSS)}
_RATIOS: Measures = {"hazard_ratio": methods.HAZARDS}
_RATIOS_AMONG_CAUSES: Measures = _RATIOS | {
    "subdistribution_hazard_ratio": (methods.NAIVE, *methods.WEIGHTED),
}
# not doubly robust: who is at risk has left care, or had no overdose yet, and pseudo-observations would take the others
# for a random part
_SHARES_OF_SOME: Measures = {"risk": (methods.CRUDE, *methods.WEIGHTED)}
_ANSWERS = (Asked(ABSTINENCE, CONTRASTS, _SHARES),)
_USE_ON_A_DAY = (
    *_ANSWERS,
    Asked(DOSE, DURATIONS, {"risk": (methods.CRUDE, methods.LANDMARK_ADJUSTED)}),
    Asked(
        DOSE,
        INTENSITIES,
        {"dose_response": (methods.SPLINE,), "testing_response": (methods.STANDARDISED,)},
    ),
)
_WEEKS: Measures = {
    "share_of_weeks": (methods.NAIVE, methods.RANDOMISED, *methods.WEIGHTED),
    "odds_ratio": methods.HAZARDS,
    "risk_ratio": methods.HAZARDS,
}
_TIME_RATIOS: Measures = {"time_ratio": methods.HAZARDS, "log_logistic_time_ratio": methods.HAZARDS}
_OF_PEOPLE = (methods.NAIVE, methods.RANDOMISED, *methods.WEIGHTED)
_MEANS_OF_SHARES = (Asked(ABSTINENCE, CONTRASTS, {"mean_share": (*_OF_PEOPLE, methods.AIPW)}),)
_MEANS_OF_NUMBERS = (Asked(ABSTINENCE, CONTRASTS, {"mean_number": (*_OF_PEOPLE, methods.AIPW)}),)
_CHANGES = (Asked(ABSTINENCE, CONTRASTS, {"mean_change": _OF_PEOPLE, "adjusted_change": _OF_PEOPLE}),)
_TIMES = (
    Asked(ABSTINENCE, CONTRASTS, _RATIOS | _TIME_RATIOS),
    Asked(DOSE, DURATIONS, {"hazard_ratio": (methods.NAIVE, methods.LANDMARK, methods.LANDMARK_ADJUSTED)}),
    Asked(DOSE, CONTRASTS, {"hazard_ratio": (methods.RANDOMISED,)}),
)

_ROWS = (
    Kind(
        "left_index",
        "leaving the index level of care by one cause",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_FOLLOWED | _RATIOS_AMONG_CAUSES),),
        place=2,
    ),
    Kind(
        "in_care",
        "still in care, or days in it",
        BEING_THERE,
        (Asked(RETENTION, CONTRASTS, {"mean_days": methods.AVERAGES} | _SHARES_FOLLOWED),),
        place=1,
        curve="In care",
        panel="Still in care",
        verb="were still in care on day {day}",
    ),
    Kind(
        "in_care_or_completed",
        "still in care, or completed",
        BEING_THERE,
        (Asked(RETENTION, CONTRASTS, _SHARES_FOLLOWED),),
        place=1,
        curve="In care, or completed",
        panel="Still in care, or completed",
        kept=COMPLETED,
        verb="were still in care, or had completed, on day {day}",
    ),
    Kind(
        "engaged",
        "so many days with attended care",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_FOLLOWED | _RATIOS_AMONG_CAUSES),),
        place=3,
        needs=("sessions",),
        takes=("sessions",),
        cause="engaged",
        curve="Engaged in care",
        verb="had engaged in care within {day} days",
        silent="no one in this cohort has so many attended sessions on record",
    ),
    Kind(
        "readmitted",
        "a new episode of care after leaving",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_OF_SOME | _RATIOS_AMONG_CAUSES),),
        place=3,
        cause="readmitted",
        curve="Back in care after leaving",
        among_some=True,
        verb="were back in care within {day} days of leaving it",
        silent="no one in this cohort has a later episode of care on record",
    ),
    Kind(
        "death",
        "death from any cause",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_FOLLOWED | _RATIOS_AMONG_CAUSES),),
        place=4,
        cause=DIED,
        verb="died within {day} days",
        silent="no death is on record in this cohort",
    ),
    Kind(
        "overdose",
        "the first overdose, fatal or not",
        COMPETING,
        (Asked(RETENTION, CONTRASTS, _SHARES_OF_SOME | _RATIOS_AMONG_CAUSES),),
        place=3,
        recorded=("persons", "overdose_day"),
        cause="overdose",
        curve="Had an overdose",
        among_some=True,
        verb="had an overdose on record within {day} days",
        silent="no overdose is on record in this cohort",
    ),
    Kind(
        "interview",
        "no use, as told at a follow-up interview",
        AT_A_DAY,
        _USE_ON_A_DAY,
        place=5,
        needs=("followups",),
        about_use=True,
        told_twice=True,
        verb="were abstinent on day {day}",
    ),
    Kind(
        "screen",
        "a negative urine screen",
        AT_A_DAY,
        _USE_ON_A_DAY,
        place=5,
        needs=("screens",),
        about_use=True,
        screened=True,
        verb="gave {label} on day {day}",
    ),
    Kind(
        "at_discharge",
        "no use in the month before the index level was left",
        AT_A_DAY,
        _USE_ON_A_DAY,
        place=5,
        about_use=True,
        grows=True,
        fixed=True,
        verb="had not used in the month before they left, of those who left within {day} days",
    ),
    Kind(
        "state_at_discharge",
        "a state other than use, recorded when the index level was left",
        AT_A_DAY,
        _ANSWERS,
        place=7,
        recorded=("stays", ""),
        columns=("employment_at_discharge", "arrests_at_discharge"),
        grows=True,
        verb="had, of those who left within {day} days, the outcome \u2018{name}\u2019",
        note="Of people who left the index level by the day, as the program recorded them then; who left "
        "when is itself an outcome of the level of care.",
    ),
    Kind(
        "state_at_interview",
        "a state other than use, as told at a follow-up interview",
        AT_A_DAY,
        _ANSWERS,
        place=7,
        recorded=("followups", ""),
        columns=("employment", "arrests"),
        verb="had, at the interview due on day {day}, the outcome \u2018{name}\u2019",
        note="As people told at the follow-up interview due nearest the day.",
    ),
    Kind(
        "no_return",
        "no use reported up to a day",
        AT_A_DAY,
        _USE_ON_A_DAY,
        place=5,
        needs=("followups",),
        about_use=True,
        grows=True,
        verb="reported no return to use up to day {day}",
    ),
    Kind(
        "weekly_screens",
        "a negative test in each week, or other interval, of the use pattern",
        WEEK_BY_WEEK,
        (Asked(ABSTINENCE, CONTRASTS, _WEEKS),),
        place=6,
        needs=("screens",),
        about_use=True,
        screened=True,
        verb="had a negative test in the weeks up to day {day}",
    ),
    Kind(
        "point_prevalence",
        "no use in so many days up to a day, by interview and screens",
        AT_A_DAY,
        _USE_ON_A_DAY,
        place=5,
        needs=("followups",),
        takes=("window_days",),
        about_use=True,
        told_twice=True,
        verb="had, as far as is known, not used in the days up to day {day}",
    ),
    Kind(
        "continuous_abstinence",
        "no use on any day up to a day, each of them known",
        AT_A_DAY,
        _USE_ON_A_DAY,
        place=5,
        about_use=True,
        grows=True,
        verb="were known to be without use on every day up to day {day}",
    ),
    Kind(
        "first_use_between",
        "the first use, between the last day known to be free of it and the first by which it is known",
        BETWEEN_TWO_DAYS,
        (Asked(ABSTINENCE, CONTRASTS, _TIME_RATIOS),),
        place=6,
        about_use=True,
        grows=True,
    ),
    Kind(
        "first_use",
        "days to the first use reported",
        TO_AN_EVENT,
        _TIMES,
        place=6,
        needs=("followups",),
        about_use=True,
        grows=True,
    ),
    Kind(
        "run_of_screens",
        "days to the first of so many screens in a row",
        TO_AN_EVENT,
        _TIMES,
        place=6,
        needs=("screens",),
        takes=("run",),
        about_use=True,
        grows=True,
    ),
    Kind(
        "pattern_answer",
        "an endpoint of use patterns that is yes or no, of the intervals up to a day",
        AT_A_DAY,
        _ANSWERS,
        place=6,
        needs=("screens",),
        value="logical",
        verb="had, by their tests up to day {day}, the outcome \u2018{name}\u2019",
        note="How missed and mixed tests are read is part of the endpoint.",
    ),
    Kind(
        "pattern_time",
        "days to the event of an endpoint of use patterns",
        TO_AN_EVENT,
        _TIMES,
        place=6,
        needs=("screens",),
        about_use=True,
        grows=True,
        value="survival",
    ),
    Kind(
        "days_abstinent",
        "the share of days without use, of all days up to a day",
        AMOUNT,
        _MEANS_OF_SHARES,
        place=6,
        may_take=("window_days",),
        about_use=True,
        parts=DAYS,
        verb="had \u2018{name}\u2019 up to day {day}",
        note="Percent days abstinent are means of people, each of whom counts once, however many days are known. Days "
        "of use that an interview counts without saying which are spread over its look-back.",
    ),
    Kind(
        "longest_abstinence",
        "the most days in a row without use, of all days up to a day",
        AMOUNT,
        _MEANS_OF_NUMBERS,
        place=6,
        may_take=("window_days",),
        about_use=True,
        parts=DAYS,
        verb="had \u2018{name}\u2019 up to day {day}",
        note="A longest run can be no longer than what is known in a row: where days are not known, it is a least, and "
        "arms that are asked more often have longer ones.",
    ),
    Kind(
        "change_in_use",
        "how the share of days without use has changed, from so many days before time zero to as many before a day",
        AMOUNT,
        _CHANGES,
        place=6,
        needs=("followups",),
        takes=("window_days",),
        about_use=True,
        parts=DAYS,
        changed=True,
        fixed=True,
        verb="had \u2018{name}\u2019 up to day {day}",
        note="People begin care when things are at their worst. Whoever is measured at an extreme is found nearer to "
        "the usual when measured again, with care or without (regression to the mean), so that the change of an arm is "
        "no effect of its care. The difference of the changes is free of it only if both arms began alike; where one "
        "arm began worse, it has more to regain. With the time before held, people who began alike are compared, which "
        "is the number to read; the change as it is stands beside it.",
    ),
    Kind(
        "pattern_share",
        "an endpoint of use patterns that is a share, such as that of negative tests, of the intervals up to a day",
        AMOUNT,
        _MEANS_OF_SHARES,
        place=6,
        needs=("screens",),
        about_use=True,
        screened=True,
        parts=TESTS,
        value="proportion",
        verb="had, by their tests, \u2018{name}\u2019 up to day {day}",
        note=READ_BY_DEFINITION,
    ),
    Kind(
        "pattern_number",
        "an endpoint of use patterns that is a number, such as the longest run of negative tests, up to a day",
        AMOUNT,
        _MEANS_OF_NUMBERS,
        place=6,
        needs=("screens",),
        about_use=True,
        screened=True,
        parts=TESTS,
        value="integer",
        verb="had, by their tests, \u2018{name}\u2019 up to day {day}",
        note=READ_BY_DEFINITION,
    ),
)
KINDS: Mapping[str, Kind] = {row.name: row for row in _ROWS}

# names of kinds, by how they are answered
# still in care, with the cause of leaving that counts as still being there, or ''
STAYING = {k.name: k.kept for k in _ROWS if k.answered == BEING_THERE}
LEFT_INDEX = tuple(k.name for k in _ROWS if k.answered == COMPETING and not k.cause)
# those that follow an event beside leaving care, with its name among the causes of the table retention
EVENTS = {k.name: k.cause for k in _ROWS if k.answered == COMPETING and k.cause}
FOLLOWED = (*LEFT_INDEX, *STAYING, *EVENTS)
ON_A_DAY = tuple(k.name for k in _ROWS if k.answered == AT_A_DAY)
TIMED = tuple(k.name for k in _ROWS if k.answered == TO_AN_EVENT)
BETWEEN = tuple(k.name for k in _ROWS if k.answered == BETWEEN_TWO_DAYS)
WEEKLY = tuple(k.name for k in _ROWS if k.answered == WEEK_BY_WEEK)
AMOUNTS = tuple(k.name for k in _ROWS if k.answered == AMOUNT)
# whose outcome may be missing, and those of them that are about use
MAY_BE_MISSING = (*ON_A_DAY, *WEEKLY, *AMOUNTS)
# about use on a day, and about other states
USE_ON_A_DAY = tuple(name for name in ON_A_DAY if KINDS[name].about_use)
# of which the person's report and tests of the same days are held against each other
TOLD_TWICE = tuple(k.name for k in _ROWS if k.told_twice)
MISSING_MAY_BE_USE = (*USE_ON_A_DAY, *WEEKLY, *AMOUNTS)
STATES = tuple(name for name in ON_A_DAY if not KINDS[name].about_use)
# that are computed from use patterns: yes or no, times to an event, and amounts; and what each is of a person
PATTERN_ANSWERS = tuple(name for name in ON_A_DAY if KINDS[name].of_patterns)
PATTERN_TIMES = tuple(name for name in TIMED if KINDS[name].of_patterns)
PATTERN_AMOUNTS = tuple(name for name in AMOUNTS if KINDS[name].of_patterns)
OF_PATTERNS = (*PATTERN_ANSWERS, *PATTERN_TIMES, *PATTERN_AMOUNTS)
# events that cannot happen to everyone
AMONG_SOME = tuple(k.name for k in _ROWS if k.among_some)
# of which what has happened by one day has happened by every later one
GROWING = tuple(k.name for k in _ROWS if k.grows)
# labels of the curves of being in care, where they have a panel of their own
PANELS = {k.name: k.panel for k in _ROWS if k.panel}
# columns that an endpoint may name, by kind; and numbers of an endpoint that only some kinds have, and need
COLUMNS = {k.name: k.columns for k in _ROWS if k.columns}
TAKES = {column: tuple(k.name for k in _ROWS if column in k.takes) for k in _ROWS for column in k.takes}
MAY_TAKE = {column: tuple(k.name for k in _ROWS if column in k.may_take) for k in _ROWS for column in k.may_take}
# clocks of an endpoint, and kinds whose clock may start with the return to the community
ADMISSION, COMMUNITY = "admission", "community"
CLOCKS = (ADMISSION, COMMUNITY)
CLOCKED = tuple(k.name for k in _ROWS if (k.about_use or k.of_patterns) and not k.fixed)
# kinds that are answered by tests alone
OF_TESTS = tuple(k.name for k in _ROWS if k.needs == ("screens",))
# in the order in which they are spoken of
ORDER = tuple(k.name for k in sorted(_ROWS, key=lambda k: k.place))
# what can be counted among those who are followed: ways of leaving, then events beside it
COUNTED = (*LEAVING, *(cause for cause in EVENTS.values() if cause not in LEAVING))
# every cause of the table retention
CAUSES = (*COUNTED, NOT_AT_RISK, CENSORED)
# causes of events that are no way of leaving, with the labels of their curves and of those of being in care
LABELS = {(k.cause or k.name): k.curve for k in _ROWS if k.curve}


def compared(step: str) -> tuple[str, ...]:
    """What questions of a step compare: contrasts, durations, intensities."""
    return tuple(dict.fromkeys(a.of for k in _ROWS for a in k.asked if a.step == step))


def measures(kind: str, step: str, of: str) -> dict[str, tuple[str, ...]]:
    """The measures of a kind in a step, each with the methods that answer it."""
    found = (a.measures for a in KINDS[kind].asked if (a.step, a.of) == (step, of))
    return {measure: able for each in found for measure, able in each.items()}
