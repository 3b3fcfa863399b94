"""The target trials written out: for each comparison the trial that its estimates stand in for, part by part.

Parts are those of Hernan and Robins (2016, American Journal of Epidemiology 183:758): who is eligible, when time zero
is, which strategies are compared, how they are assigned, how long people are followed, for which outcomes, what is
contrasted and for whom, and how it is analysed. Each is read from the study; what no trial could do is said as that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, cause, covariate, sentence, within
from iop_outcomes.protocol import (
    Analysis,
    AsRun,
    Contrast,
    Doses,
    Duration,
    Intensity,
    Starting,
    Strategies,
    Threshold,
    comparisons,
)
from iop_outcomes.protocol.starting import in_words
from iop_outcomes.protocol.thresholds import ADJUSTED
from iop_outcomes.report.methods_of_doses import decided
from iop_outcomes.report.sentences.effects import groups
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.methods import METHODS

ELIGIBLE, ZERO, COMPARED, ASSIGNED, FOLLOWED, OUTCOMES, CONTRASTED, PLAN = (
    "Eligibility", "Time zero", "Strategies", "Assignment", "Follow-up", "Outcomes", "Contrast", "Analysis",
)  # fmt: skip
PARTS = (ELIGIBLE, ZERO, COMPARED, ASSIGNED, FOLLOWED, OUTCOMES, CONTRASTED, PLAN)
Trial = dict[str, str]
FIRST_DAY = "The first day at the index level of care."


def trials(study: AsRun) -> list[tuple[str, Trial]]:
    """Title and parts of each comparison that something is asked about, in the order of the study."""
    found = []
    for name, title, own in _own(study):
        rows = [row for row in study.analyses if row.contrast == name]
        if rows:
            parts = {**_shared(study, rows), **own}
            found.append((title, {part: parts[part] for part in PARTS}))
    return found


def _own(study: AsRun) -> Iterator[tuple[str, str, Trial]]:
    """Name, title, and what is particular to each comparison."""
    for name, one in comparisons(study):
        yield name, one.title, _particular(one, study)


def _shared(study: AsRun, rows: Sequence[Analysis]) -> Trial:
    """What follows from the population and the rows of the sheet."""
    labels, known = Labels(study), study.population.model_dump()
    rules = [within(r.label.format(**known)) for r in study.eligibility if r.value.format(**known) != "0"]
    days = sorted({row.horizon_days for row in rows})
    outcomes = dict.fromkeys(within(labels.endpoint(row.outcome)) for row in rows)
    whom: dict[str, dict[str, None]] = {}
    for row in rows:
        whom.setdefault(row.measure, {})[ESTIMANDS[row.estimand].meaning] = None
    contrasted = [f"{MEASURES[measure].meaning} ({'; '.join(who)})" for measure, who in whom.items()]
    methods = dict.fromkeys(within(METHODS[row.method].label) for row in rows)
    return {
        ELIGIBLE: f"Everyone in the records but: {'; '.join(rules)}." if rules else "Everyone in the records.",
        ZERO: FIRST_DAY,
        FOLLOWED: f"From time zero to day {days[-1]}, a death, or the end of observation, whichever is first.",
        OUTCOMES: f"{capital(sentence(list(outcomes)))}, on day {sentence([str(d) for d in days])}.",
        CONTRASTED: f"{capital('; '.join(contrasted))}.",
        PLAN: f"{capital(sentence(list(methods)))}.",
    }


def _held(study: AsRun) -> str:
    """What people must be alike in for their arm to be as if by chance."""
    names = [within(covariate(c)) for c in (*study.adjustment.continuous, *study.adjustment.categorical)]
    return sentence([*names, *(["site"] if study.adjustment.site_effects else [])]) or "nothing"


@singledispatch
def _particular(one: object, study: AsRun) -> Trial:
    """What is particular to each sort of comparison."""
    raise TypeError(f"no trial is written out for {type(one).__name__}")


@_particular.register
def _contrast(one: Contrast, study: AsRun) -> Trial:
    sides = [f"{within(arm.label)} ({', '.join(arm.values)})" for arm in (one.first, one.second, *one.further_arms)]
    by_chance = "By chance, as it was in the trial that the records are from."
    as_if = f"As it came about; taken to be as if by chance among people alike in {_held(study)}. Nobody is blinded."
    return {
        COMPARED: f"Start in {' or in '.join(sides)}, and go on as it comes.",
        ASSIGNED: by_chance if one.randomised else as_if,
    }


@_particular.register
def _duration(one: Duration, study: AsRun) -> Trial:
    where = "at the index level" if one.stay == "index" else "in care"
    return {
        ZERO: f"Day {one.days} for what begins at the landmark, among people who are at risk then. Naive rows begin on "
        "the first day, on which nobody knows who will stay: no trial could.",
        COMPARED: f"Having stayed {where} at least {one.days} days, or having left earlier: what has happened, and "
        "nobody can assign.",
        ASSIGNED: f"As it came about; adjusted rows hold {_held(study)}, and nothing of what came after the start.",
    }


@_particular.register
def _strategies(one: Strategies, study: AsRun) -> Trial:
    labels = Labels(study)
    started = dict(zip(labels.sides(one.contrast), groups(labels, one.contrast), strict=True))[one.arm]
    sides = [f"{within(side.label)}: {decided(side)}" for side in one.sides]
    return {
        COMPARED: f"Of {started}: {'; or '.join(sides)}.",
        ASSIGNED: "At time zero everyone is assigned both, as clones. Week by week, staying and leaving are taken to "
        f"be as if by chance among people alike in {_held(study)}, the level of care, the plan, hours, tests and "
        "craving up to then.",
        CONTRASTED: "The outcome of everyone under either, whatever they did: per protocol. Death and the end of "
        "observation are no departure; others stand for those people.",
    }


@_particular.register
def _threshold(one: Threshold, study: AsRun) -> Trial:
    labels = Labels(study)
    started = dict(zip(labels.sides(one.contrast), groups(labels, one.contrast), strict=True))[one.arm]
    weeks = sentence([str(week) for week in one.weeks])
    plan = "the plan, " if one.plan == ADJUSTED else ""
    return {
        COMPARED: f"Of {started}: to leave in week {weeks}, neither before nor after.",
        ASSIGNED: "At time zero everyone is assigned each week, as clones. Week by week, staying and leaving are taken "
        f"to be as if by chance among people alike in {_held(study)}, the level of care, {plan}hours, tests and "
        "craving up to then" + ("." if plan else "; so is how long a stay was planned to be."),
        CONTRASTED: f"What a further week adds up to week {one.at} and beyond it, had everyone left in one and the "
        "same week, whatever they did: per protocol. Death and the end of observation are no departure; others stand "
        "for those people.",
    }


@_particular.register
def _starting(one: Starting, study: AsRun) -> Trial:
    return {
        ZERO: f"The last day at the levels that are left, of people who leave {in_words(one.leaves)} alive, after "
        f"{one.at_least_days} days or more: {sentence([within(cause(way)) for way in one.left_as])}.",
        COMPARED: f"{one.first.label}; or {within(one.second.label)}.",
        ASSIGNED: "At time zero everyone is assigned both, as clones. Starting is taken to be as if by chance among "
        f"people alike in {_held(study)}, how long they were there, and hours, tests and craving in the weeks before.",
        CONTRASTED: "The outcome of everyone under either, whatever they did: per protocol. Death and the end of "
        "observation are no departure; others stand for those people.",
    }


@_particular.register
def _doses(one: Doses, study: AsRun) -> Trial:
    labels = Labels(study)
    sides = " or ".join(f"\u2018{within(labels.arm(one.contrast, arm))}\u2019" for arm in labels.sides(one.contrast))
    hours, weeks = (sentence([f"{n:g}" for n in values]) for values in (one.hours, one.weeks))
    return {
        COMPARED: f"To attend {hours} hours a week, for {weeks} weeks, at the level {sides}, and to leave care then.",
        ASSIGNED: "At time zero everyone is assigned each. Week by week, hours and leaving are taken to be as if by "
        f"chance among people alike in {_held(study)}, the level of care, hours, weeks, tests and craving up to then.",
        CONTRASTED: "The outcome of everyone under each dose, whatever they did: per protocol; and the setting at the "
        f"same dose, where {one.fewest_near} people of both levels had nearly such a dose.",
    }


@_particular.register
def _intensity(one: Intensity, study: AsRun) -> Trial:
    days = numbers.plain(one.window_days)
    return {
        ZERO: f"Day {days}, among people still in care then.",
        COMPARED: f"More or fewer {one.of} a week in the {days} days before, within each arm: what has happened.",
        ASSIGNED: f"As it came about; held are {_held(study)}, and nothing of what came after the start.",
    }
