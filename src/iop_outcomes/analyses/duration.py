"""Duration of care: staying at least so many days against leaving earlier, and a planned duration as randomised.

Whoever stayed 90 days has survived 90 days without the event: comparing stayers with leavers from day 0 hands the
stayers that time for free. The naive row shows the size of the mistake; the landmark rows count from the day on which
the comparison can first be made, among people without the event by then. Where the planned duration was randomised,
the randomised row answers its own question: what happens when a longer stay is planned.

Shares from the landmark are of people who are alive and observed on that day, with their stay up to it; those who died
or were lost before count on neither side.

What is adjusted for comes before what it is adjusted for: what was known at the start. Use up to the landmark comes
after leaving for whoever left early, and may follow from it. So it is left out; what it has done to staying remains in
shares, which strategies of staying take out (`staying`), and no hazard ratio is adjusted where such use is on record.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import ALLOWED, Answered, Decided, answer
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import Outcome, at_a_day, to_an_event
from iop_outcomes.analyses.rows import EVERYONE, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.estimators.base.arrays import Mask
from iop_outcomes.protocol import Analysis, Contrast, Duration, Endpoint, Gate, Inference
from iop_outcomes.tables.results import BY_EVENT_FREE_DAY
from iop_outcomes.vocabulary.arms import LEFT, STAYED
from iop_outcomes.vocabulary.causes import CENSORED
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import CRUDE, LANDMARK, LANDMARK_ADJUSTED, NAIVE

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Words

SIDES = (STAYED, LEFT)
NOBODY_THERE = "no one is observed, alive, on day {day}, from which it would count"
AFTER_LEAVING = "it would adjust for use up to day {day}, which for those who left earlier comes after leaving"


def answered(
    ask: Analysis, tables: Tables, duration: Duration, endpoint: Endpoint, gate: Gate, inference: Inference
) -> Answered:
    """Staying at least so many days: everyone (naive), or from the landmark among people without the event by then."""
    stay = of(tables.retention, duration.stay, tables.people["person_id"])
    stayed = (stay["days"] >= duration.days).to_numpy()
    # whoever was last seen in care before that day may have stayed or not
    told = stayed | (stay["cause"] != CENSORED).to_numpy()
    people = tables.people.assign(arm=stayed.astype("int64"))
    if ask.measure == RISK:
        return _shares(ask, tables, people, told, duration.days, endpoint, gate, inference)
    used, some, beside, design = told, EVERYONE, None, ALLOWED
    if ask.method != NAIVE:
        used = told & (to_an_event.read(tables.first_use, people, ask.outcome).days > duration.days)
        some = Some(BY_EVENT_FREE_DAY, str(duration.days))
    if ask.method == LANDMARK_ADJUSTED:
        beside = tables.baseline(used)
        too_late = Decided("not_possible", AFTER_LEAVING.format(day=duration.days))
        design = too_late if tables.use_within(duration.days, used) else ALLOWED
    within = (NAIVE, LANDMARK, LANDMARK_ADJUSTED) if duration.within_sites else ()
    sample = Sample(people[used].reset_index(drop=True), SIDES, inference, within, beside, called=STAYED)
    return _hazards(ask, sample, tables, gate, design, some)


def _shares(
    ask: Analysis,
    tables: Tables,
    people: pd.DataFrame,
    told: Mask,
    day: int,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
) -> Answered:
    """Shares of everyone who is told of (n,), or of those at risk on the landmark.

    Counted is everyone all the same, as those at risk are all but a few, whose deaths two counts would tell.
    """
    everyone = Sample(people[told].reset_index(drop=True), SIDES, inference)
    outcome = at_a_day.read(tables.abstinence, everyone.everyone, ask, endpoint)
    counted = _counted(ask, everyone, outcome, outcome.levels, gate, ALLOWED)
    if ask.method == CRUDE:
        return counted
    used = told & tables.window(day)["at_risk_at_end"].to_numpy()
    if not used.any():
        rows = results.without(ask, SIDES, "not_possible", NOBODY_THERE.format(day=day))
        return Answered(tuple(rows), counts=counted.counts)
    sample = Sample(people[used].reset_index(drop=True), SIDES, inference, beside=tables.baseline(used), called=STAYED)
    outcome = at_a_day.read(tables.abstinence, sample.everyone, ask, endpoint)
    found = answer(ask, sample, outcome, gate)
    # without weights, their effective number would tell those at risk
    estimates = tuple(row | {"n_effective": np.nan} for row in found.estimates)
    return replace(found, counts=counted.counts, estimates=estimates)


def randomised(ask: Analysis, tables: Tables, contrast: Contrast, gate: Gate, inference: Inference) -> Answered:
    """The contrast as randomised, over everyone in it."""
    arm = tables.arm(ask.contrast)
    there = ~np.isnan(arm)
    people = tables.people[there].assign(arm=arm[there].astype("int64")).reset_index(drop=True)
    return _hazards(ask, Sample.of(people, contrast, inference), tables, gate)


def _hazards(
    ask: Analysis, sample: Sample, tables: Tables, gate: Gate, design: Decided = ALLOWED, some: Some = EVERYONE
) -> Answered:
    outcome = to_an_event.read(tables.first_use, sample.everyone, ask.outcome)
    return _counted(ask, sample, outcome, outcome.levels(ask), gate, design, some)


def _counted(
    ask: Analysis,
    sample: Sample,
    outcome: Outcome,
    levels: Words,
    gate: Gate,
    design: Decided,
    some: Some = EVERYONE,
) -> Answered:
    """The answer, with the people of each side by level where there may be one."""
    found = answer(ask, sample, outcome, gate, design, some=some)
    counts = results.count_rows(ask, sample.label, levels, some) if design == ALLOWED else []
    return replace(found, counts=tuple(counts))
