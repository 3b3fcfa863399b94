"""The target trials written out: for each comparison the trial that its estimates stand in for, part by part.

Each part is read from the study's own definition, and beside it stands what its authors say (`trials` of the study).
What no trial could do is said as that. Parts: `vocabulary.trials`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

from iop_outcomes.presentation.labels import Labels, capital, cause, covariate, groups, missing_rule, sentence, within
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
    said,
)
from iop_outcomes.protocol.starting import in_words
from iop_outcomes.protocol.thresholds import ADJUSTED
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.methods import METHODS
from iop_outcomes.vocabulary.trials import (
    ASSIGNED,
    COMPARED,
    CONTRASTED,
    ELIGIBLE,
    FOLLOWED,
    OUTCOMES,
    PARTS,
    PLAN,
    ZERO,
)

if TYPE_CHECKING:
    import pandas as pd

Trial = dict[str, str]
EPISODE, PERIOD = "episode", "period"
# by what is analysed: who is eligible, and when time zero is
UNITS = {
    "first_episode": ("Everyone in the records", "The first day at the index level of care of the first episode."),
    EPISODE: ("Every episode of everyone in the records", "The first day at the index level of care of the episode."),
    PERIOD: ("Every period of {days} days that somebody told of", "{days} days before the interview that told of it."),
}
ASSIGNED_ARM, REPORTED_CARE = "assigned_arm", "reported_care"
# by the column that tells the arm, what its arms are and what stands between them; others are levels of care
ARMS = {
    ASSIGNED_ARM: ("Be assigned to {arms}, and go on as it comes.", " or to "),
    REPORTED_CARE: ("Have had {arms} within the period: what people tell at its end, and nobody can assign.", " or "),
}
STARTED = ("Start in {arms}, and go on as it comes.", " or in ")
TOLD = " It was told at the end of the period, and outcomes fall within it too."
BY_CHANCE = "By chance, as it was in the trial that the records are from."
AS_IF = "As it came about; taken to be as if by chance among people alike in {held}. Nobody is blinded."
PER_PROTOCOL = "whatever they did: per protocol. Death and the end of observation are no departure; others stand for "


@dataclass(frozen=True)
class Written:
    """The trial of one comparison. derived: what the definition says of each part; added: what the authors say."""

    name: str
    title: str
    derived: Trial
    added: Trial

    def text(self, part: str) -> str:
        """All that is said of a part; '' where nothing is."""
        return " ".join(words for words in (self.derived[part], self.added[part]) if words)


def trials(study: AsRun) -> list[Written]:
    """The trial of each comparison that something is asked about, in the order of the study."""
    found = []
    for name, one in comparisons(study):
        rows = [row for row in study.analyses if row.contrast == name]
        if rows:
            shared = _shared(study, rows)
            parts = {**shared, **_particular(one, study, shared)}
            added = {part: said(study.trials, name, part) for part in PARTS}
            if parts[ASSIGNED] == BY_CHANCE and name not in study.trials:
                added[ASSIGNED] = ""  # what is said of all is said of those that chance has not made
            found.append(Written(name, one.title, {part: parts[part] for part in PARTS}, added))
    return found


def table(study: AsRun) -> pd.DataFrame:
    """The table target_trials: one row per comparison and part."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["target_trials"]
    rows = [
        (study.cohort, one.name, one.title, part, one.derived[part], one.added[part])
        for one in trials(study)
        for part in PARTS
    ]
    return declared.cast(pd.DataFrame(rows, columns=list(declared.columns)))


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
    missing = dict.fromkeys(within(read) for row in rows if (read := missing_rule(row.missing_rule)))
    everyone, zero = (words.format(days=study.population.period_days) for words in UNITS[study.population.unit])
    return {
        ELIGIBLE: f"{everyone} but: {'; '.join(rules)}." if rules else f"{everyone}.",
        ZERO: zero,
        FOLLOWED: f"From time zero to day {days[-1]}, a death, or the end of observation, whichever is first.",
        OUTCOMES: f"{capital('; '.join(outcomes))}: on day {sentence([str(d) for d in days])}.",
        CONTRASTED: f"{capital('; '.join(contrasted))}.",
        PLAN: f"{capital(sentence(list(methods)))}."
        + (f" Where an answer is missing: {sentence(list(missing))}." if missing else ""),
    }


def _held(study: AsRun) -> str:
    """What people must be alike in for their arm to be as if by chance."""
    names = [within(covariate(c)) for c in (*study.adjustment.continuous, *study.adjustment.categorical)]
    return sentence([*names, *(["site"] if study.adjustment.site_effects else [])]) or "nothing"


@singledispatch
def _particular(one: object, study: AsRun, shared: Trial) -> Trial:
    """What is particular to each sort of comparison. shared: what it shares with others."""
    raise TypeError(f"no trial is written out for {type(one).__name__}")


@_particular.register
def _contrast(one: Contrast, study: AsRun, shared: Trial) -> Trial:
    sides = [f"{within(arm.label)} ({', '.join(arm.values)})" for arm in (one.first, one.second, *one.further_arms)]
    words, between = ARMS.get(one.column, STARTED)
    of_trial = {ELIGIBLE: f"Of {one.trial}: {within(shared[ELIGIBLE])}"} if one.trial else {}
    as_if = AS_IF.format(held=_held(study)) + (TOLD if one.column == REPORTED_CARE else "")
    return {
        **of_trial,
        COMPARED: words.format(arms=between.join(sides)),
        ASSIGNED: BY_CHANCE if one.randomised else as_if,
    }


@_particular.register
def _duration(one: Duration, study: AsRun, _: Trial) -> Trial:
    where = "at the index level" if one.stay == "index" else "in care"
    return {
        ZERO: f"Day {one.days} for what begins at the landmark, among people who are at risk then. Naive rows begin on "
        "the first day, on which nobody knows who will stay: no trial could.",
        COMPARED: f"Having stayed {where} at least {one.days} days, or having left earlier: what has happened, and "
        "nobody can assign.",
        ASSIGNED: f"As it came about; adjusted rows hold {_held(study)}, and nothing of what came after the start.",
    }


def _started(one: Strategies | Threshold, study: AsRun) -> str:
    """Who started in the arm of a comparison by weeks."""
    labels = Labels(study)
    return dict(zip(labels.sides(one.contrast), groups(labels, one.contrast), strict=True))[one.arm]


@_particular.register
def _strategies(one: Strategies, study: AsRun, shared: Trial) -> Trial:
    sides = [f"{within(side.label)}: {side.in_words}" for side in one.sides]
    return {
        ELIGIBLE: f"{shared[ELIGIBLE]} Of these, {_started(one, study)}.",
        COMPARED: f"{capital('; or '.join(sides))}.",
        ASSIGNED: "At time zero everyone is assigned both, as clones. Week by week, staying and leaving are taken to "
        f"be as if by chance among people alike in {_held(study)}, the level of care, the plan, hours, tests and "
        "craving up to then.",
        CONTRASTED: f"The outcome of everyone under either, {PER_PROTOCOL}those people.",
    }


@_particular.register
def _threshold(one: Threshold, study: AsRun, shared: Trial) -> Trial:
    weeks = sentence([str(week) for week in one.weeks])
    plan = "the plan, " if one.plan == ADJUSTED else ""
    return {
        ELIGIBLE: f"{shared[ELIGIBLE]} Of these, {_started(one, study)}.",
        COMPARED: f"To leave in week {weeks}, neither before nor after.",
        ASSIGNED: "At time zero everyone is assigned each week, as clones. Week by week, staying and leaving are taken "
        f"to be as if by chance among people alike in {_held(study)}, the level of care, {plan}hours, tests and "
        "craving up to then" + ("." if plan else "; so is how long a stay was planned to be."),
        CONTRASTED: f"What a further week adds up to week {one.at} and beyond it, had everyone left in one and the "
        f"same week, {PER_PROTOCOL}those people.",
    }


@_particular.register
def _starting(one: Starting, study: AsRun, shared: Trial) -> Trial:
    ways = sentence([within(cause(way)) for way in one.left_as])
    return {
        ELIGIBLE: f"{shared[ELIGIBLE]} Of these, people who leave {in_words(one.leaves)} alive, after "
        f"{one.at_least_days} days or more, by: {ways}.",
        ZERO: "The last day at the levels that are left.",
        COMPARED: f"{one.first.label}; or {within(one.second.label)}.",
        ASSIGNED: "At time zero everyone is assigned both, as clones. Starting is taken to be as if by chance among "
        f"people alike in {_held(study)}, how long they were there, and hours, tests and craving in the weeks before.",
        CONTRASTED: f"The outcome of everyone under either, {PER_PROTOCOL}those people.",
    }


@_particular.register
def _doses(one: Doses, study: AsRun, shared: Trial) -> Trial:
    labels = Labels(study)
    sides = " or ".join(f"\u2018{within(labels.arm(one.contrast, arm))}\u2019" for arm in labels.sides(one.contrast))
    hours, weeks = (sentence([f"{n:g}" for n in values]) for values in (one.hours, one.weeks))
    return {
        ELIGIBLE: f"{shared[ELIGIBLE]} Of these, people who start at the level {sides}.",
        COMPARED: f"To attend {hours} hours a week, for {weeks} weeks, at the level {sides}, and to leave care then.",
        ASSIGNED: "At time zero everyone is assigned each. Week by week, hours and leaving are taken to be as if by "
        f"chance among people alike in {_held(study)}, the level of care, hours, weeks, tests and craving up to then.",
        CONTRASTED: "The outcome of everyone under each dose, whatever they did: per protocol; and the setting at the "
        f"same dose, where {one.fewest_near} people of both levels had nearly such a dose.",
    }


@_particular.register
def _intensity(one: Intensity, study: AsRun, shared: Trial) -> Trial:
    days, more = one.window_days, "Categories of" if one.categories else "More or fewer"
    return {
        ELIGIBLE: f"{shared[ELIGIBLE]} Of these, people still in care on day {days}.",
        ZERO: f"Day {days}.",
        COMPARED: f"{more} {one.of} a week in the {days} days before, within each arm: what has happened.",
        ASSIGNED: f"As it came about; held are {_held(study)}, and in the outcome nothing of what came after the "
        "start. Where people are weighted for their hours, weights hold tests and craving of each week up to then.",
    }
