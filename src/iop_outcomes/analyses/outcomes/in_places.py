"""Where people are, day by day: shares of an arm in each place, and mean days in each, by many states at once.

Shares and days are Aalen-Johansen's of each arm (`estimators.survival.multistate`), with the weights of a method; the
estimation of the score and the sites count in their errors as for every outcome (`Sample.finish`). What is asked gives
a row of each arm and of their difference for each place that somebody of either arm was in; over the places of an arm
shares add up to 1, and days to the day. Counted beside them, so that release knows on whom a number rests: people by
place on each day; for days, in each place, who was there on some day by then, and who was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import ALLOWED, Answered, Decided
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.survival import courses, multistate
from iop_outcomes.estimators.survival.courses import CENSORED
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.lookup import positions
from iop_outcomes.tables.results import ALL, BY_PLACE_BEFORE_DAY, BY_PLACE_ON_DAY, HELD_BY_TWO
from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT, NOT_YET_OBSERVED
from iop_outcomes.vocabulary.measures import DAYS_IN_PLACE, SHARE_IN_PLACE
from iop_outcomes.vocabulary.places import NAMES

if TYPE_CHECKING:
    import pandas as pd

ESTIMATORS = {SHARE_IN_PLACE: multistate.occupancy, DAYS_IN_PLACE: multistate.days_in_states}
GROUPED = {SHARE_IN_PLACE: BY_PLACE_ON_DAY, DAYS_IN_PLACE: BY_PLACE_BEFORE_DAY}
UNRECORDED = "no days of care are on record in this cohort"
INEXACT = "lengths of stay are known as intervals, not to the day"


@dataclass(frozen=True)
class InPlaces:
    """Stretches of n people in the order of a sample; arrays are (r,), by person and time, as of `courses.Course`.

    exact: every stay ended on a known day. n: how many people there are, of whom some may have no stretch.
    """

    person: Whole
    entered: Array
    left: Array
    place: Whole
    moved_to: Whole
    exact: bool
    n: int

    @cached_property
    def reach(self) -> Array:
        """(n,) the last day of which each person's place is known."""
        found = np.zeros(self.n)
        np.maximum.at(found, self.person, self.left)
        return found

    def on(self, day: float) -> Whole:
        """(n,) number of the place where each person is on a day, CENSORED where it is not known."""
        last = np.full(self.n, -1)
        begun = np.flatnonzero(self.entered <= day)
        last[self.person[begun]] = begun
        at = np.where(self.left[last] > day, self.place[last], self.moved_to[last])
        # whoever did not move on the last known day is still there on it
        at = np.where((self.left[last] == day) & (at == CENSORED), self.place[last], at)
        known = (last >= 0) & (self.reach >= day)
        return np.where(known, at, CENSORED)

    def days(self, day: float) -> Array:
        """(n, places) days that each person is known to have been in each place, before a day."""
        found = np.zeros((self.n, len(NAMES)))
        spent = np.clip(np.minimum(self.left, day) - self.entered, 0, None)
        np.add.at(found, (self.person, self.place), spent)
        return found

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """Why nothing can be said of a day, or ''."""
        if not self.exact:
            return INEXACT
        day = ask.horizon_days
        return two_sides.beyond(sample.arm, self.reach, self.reach < day, sample.names, day)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """What is asked in each arm, named 'arm:place:day', with influence on everyone; finished. Raises
        EstimationError.
        """
        weight = sample.weight(ask.method)
        everyone = rows(self.n, weight, None)
        names: list[str] = []
        values, gradients, parts = [], [], []
        for arm in sample.names:
            there = np.asarray(sample.label == arm)
            found = ESTIMATORS[ask.measure](self._course(there), [ask.horizon_days], weight[there])
            names += [f"{arm}:{name}" for name in found.names]
            values.append(found.value)
            gradients.append(np.zeros((self.n, len(found.names))))
            gradients[-1][there] = found.gradient
            parts.append(np.zeros(gradients[-1].shape, dtype=bool))
            parts[-1][there] = found.parts
        made = everyone.estimate(names, np.concatenate(values), np.hstack(gradients), np.hstack(parts))
        return sample.finish(made, ask.method)

    def _course(self, there: Mask) -> courses.Course:
        """The stretches of some people (n,), numbered anew."""
        own, number = there[self.person], np.cumsum(there) - 1
        given = (self.entered, self.left, self.place, self.moved_to)
        return courses.course(NAMES, number[self.person[own]], *(column[own] for column in given))


def read(places: pd.DataFrame, people: pd.DataFrame) -> InPlaces | None:
    """The stretches of people in their order; None where there are none. places: the table."""
    at = positions(places["person_id"], people["person_id"])
    code = {name: number for number, name in enumerate(NAMES)}
    known = places.assign(at=at, here=places["place"].map(code), there=places["moved_to"].map(code).fillna(CENSORED))
    own = known[at >= 0].sort_values(["at", "entered"], kind="stable")
    if own.empty:
        return None
    entered, left = own["entered"].to_numpy(dtype=float), own["left"].to_numpy(dtype=float)
    place, here, there = (np.asarray(own[name], dtype=np.int64) for name in ("at", "here", "there"))
    return InPlaces(place, entered, left, here, there, bool(own["exact"].all()), len(people))


def answered(
    asked: Sequence[Analysis],
    sample: Sample,
    places: pd.DataFrame,
    design: Mapping[str, Decided],
) -> Iterator[Answered]:
    """Counts, estimates and diagnostics of the rows of a contrast that ask where people are."""
    found = read(places, sample.scores)
    for ask in asked:
        some = Some(GROUPED[ask.measure])
        if found is not None:
            yield Answered(counts=tuple(_counts(ask, sample, found)))
        decided = design[ask.method]
        if decided == ALLOWED:
            why = UNRECORDED if found is None else found.silent(ask, sample)
            decided = Decided("not_possible", why) if why else ALLOWED
        if found is None or decided != ALLOWED:
            yield Answered(tuple(results.without(ask, sample.names, decided.status, decided.reason, some)))
            continue
        try:
            yield _estimates(ask, sample, found)
        except EstimationError as wrong:
            yield Answered(tuple(results.without(ask, sample.names, "gated", str(wrong), some)))


def _estimates(ask: Analysis, sample: Sample, found: InPlaces) -> Answered:
    """Rows of each place that somebody was in. Raises EstimationError."""
    estimate, level = found.means(ask, sample), sample.inference.confidence_level
    more = {"n_effective": sample.effective(ask.method)}
    there = _amounts(ask, found)
    made: list[Row] = []
    for number in np.flatnonzero(there.any(axis=0)):
        name = NAMES[number]
        pair = estimate.take(*(f"{arm}:{name}:{ask.horizon_days}" for arm in sample.names))
        made += results.two_arms(ask, pair, sample.names, level, more, Some(GROUPED[ask.measure], name))
    return Answered(tuple(made), tuple(_held(ask, sample, there)))


def _amounts(ask: Analysis, found: InPlaces) -> Array:
    """(n, places) what each person is known to add to the numbers asked for: days, or 1 of who is there on the day."""
    if ask.measure == DAYS_IN_PLACE:
        return found.days(ask.horizon_days)
    return np.asarray(found.on(ask.horizon_days)[:, None] == np.arange(len(NAMES)), dtype=float)


def _counts(ask: Analysis, sample: Sample, found: InPlaces) -> Iterator[Row]:
    """People by place on the day; for days, by having been in each place on some day before it."""
    if ask.measure == SHARE_IN_PLACE:
        named = np.array([*NAMES, NOT_YET_OBSERVED], dtype=object)  # CENSORED is the last
        some = Some(BY_PLACE_ON_DAY, ALL)
        yield from results.count_rows(ask, sample.label, named[found.on(ask.horizon_days)], some)
        return
    days = found.days(ask.horizon_days)
    for number in np.flatnonzero(days.any(axis=0)):
        levels = np.where(days[:, number] > 0, EVENT, NO_EVENT).astype(object)
        yield from results.count_rows(ask, sample.label, levels, Some(BY_PLACE_BEFORE_DAY, NAMES[number]))


def _held(ask: Analysis, sample: Sample, amounts: Array) -> Iterator[Row]:
    """Rows of the diagnostics, never released: which share of the sum of an arm in a place two people hold."""
    largest = float(ask.horizon_days) if ask.measure == DAYS_IN_PLACE else 1.0
    for arm in sample.names:
        own = np.sort(amounts[sample.label == arm], axis=0)[::-1]
        total = own.sum(axis=0)
        for number in np.flatnonzero(total):
            told = results.diagnostic(ask, HELD_BY_TWO, float(own[:2, number].sum() / total[number]), largest, "info")
            yield {
                **told,
                "arm": arm,
                "variable": ask.measure,
                "group_by": GROUPED[ask.measure],
                "group": NAMES[number],
            }
