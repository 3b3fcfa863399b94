"""Hours a week for so many weeks at a level of care: what would have come of everyone, had all had such a dose.

Shares of everyone in a contrast, at the level of its first arm and at that of its second, and their difference: the
setting at the same hours and weeks, controlled for the dose. Within a level, what more hours do over the same weeks.
The naive rows are a regression on the hours and weeks that people happened to have: use makes people come less, and
leave. The others follow everyone anew under the dose (`estimators.causal.g_formula`), or weigh people by how likely
what they did was (`weighted_weeks`). An outcome that was not observed is read by the rule of the question.

A dose has a number at a level where enough people of that level stayed as long, at nearly such hours, weighted ones by
their effective number; elsewhere a model would speak for nobody, and the answer is that it is not identifiable. Beside
the estimates stands how many people of each level attended how many hours a week, on the mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered
from iop_outcomes.analyses.courses import FIRST_LEVEL, SECOND_LEVEL, course
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.records.cells import banded
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.analyses.uneven import diagnosed, uneven
from iop_outcomes.analyses.weighted_weeks import WeightedWeeks
from iop_outcomes.errors import EstimationError, NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.causal.doses import OUT, Course, Dose, effective_near, mean_hours, near
from iop_outcomes.estimators.causal.g_formula import dose_means
from iop_outcomes.estimators.causal.marginal_structural import Weights
from iop_outcomes.protocol import Analysis, Contrast, Doses, Endpoint, Gate, Inference
from iop_outcomes.tables import bands
from iop_outcomes.tables.results import BY_ARM, HOURS_AT_LEVEL
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import MARGINAL_STRUCTURAL, NAIVE

if TYPE_CHECKING:
    import pandas as pd

# weeks of people, by contrast and how many
Recorded = dict[tuple[str, int], WeightedWeeks]

# how often each person is followed anew
DRAWS = 3
# where the naive lines over weeks bend
NAIVE_BENDS = (4.0, 13.0)
NO_HOURS = "no hours of care are on record week by week in this cohort"
SPEAKS_FOR_NOBODY = (
    "not identifiable: fewer than {fewest} people of the arm '{arm}' stayed so long at nearly such hours a week"
)
BY_WEIGHTS = ", counted by their weights"


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Doses,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
    recorded: Recorded,
) -> Answered:
    """Counts, estimates and diagnostics of one row. recorded: what rows before it have read and weighed."""
    arm = tables.arm(setting.contrast)
    compared = np.isin(arm, (0, 1))
    people = tables.people[compared].assign(arm=arm[compared].astype(int)).reset_index(drop=True)
    sample = Sample(people, (contrast.first.name, contrast.second.name), inference)
    outcome = at_a_day.read(tables.abstinence, people, ask, endpoint)
    counts = results.count_rows(ask, sample.label, outcome.levels)

    def without(status: str, reason: str) -> Answered:
        grid = _grid(setting)
        rows = [row for some in grid for row in results.without(ask, sample.names, status, reason, some)]
        rows += [results.row(ask, DIFFERENCE, c.some) | {"status": status, "reason": reason} for c in _more(setting)]
        return Answered(tuple(rows), counts=tuple(counts))

    if silent := outcome.silent(ask, sample):
        return without("not_possible", silent)
    try:
        weeks = _weeks(tables, setting.contrast, contrast, people, compared, ask.horizon_days, recorded)
    except EstimationError as wrong:
        return without("not_possible", str(wrong))
    if not weeks.course.hours.any():
        return without("not_possible", NO_HOURS)
    counts += _overlap(ask, sample, weeks.course)
    if few := outcome.few(ask, sample, gate.min_events):
        return without("gated", few)
    found = _AtDoses(ask, sample, outcome, weeks, setting, gate)
    told: tuple[Row, ...] = ()
    try:
        told = tuple(found.of_weights())
        estimates = tuple(found.rows())
    except NotPossible as wrong:
        return without("not_possible", str(wrong))
    except EstimationError as wrong:
        return replace(without("gated", str(wrong)), diagnostics=told)
    return Answered(estimates, counts=tuple(counts), diagnostics=told)


def _weeks(
    tables: Tables, name: str, contrast: Contrast, people: pd.DataFrame, compared: Mask, days: int, recorded: Recorded
) -> WeightedWeeks:
    """The weeks of people up to a day, read once for all readings. Raises EstimationError."""
    key = name, days // DAYS_PER_WEEK
    if key not in recorded:
        baseline = tables.baseline(compared)
        own = course(tables.doses, people, contrast, key[1], baseline.dense())
        recorded[key] = WeightedWeeks.of(own, tables.doses, people, baseline.names)
    return recorded[key]


def _grid(setting: Doses) -> list[Some]:
    """The doses, by weeks and hours."""
    return [Some(hours_per_week=h, weeks_of_care=w) for w, h in product(setting.weeks, setting.hours)]


class _MoreHours(NamedTuple):
    """More against fewer hours of one arm over the same weeks: where its row stands, and both doses."""

    arm: str
    some: Some
    more: Some
    fewer: Some


def _more(setting: Doses) -> list[_MoreHours]:
    """The comparisons of hours, by weeks and arm."""
    return [
        _MoreHours(
            arm,
            Some(BY_ARM, arm, weeks_of_care=weeks),
            *(Some(hours_per_week=h, weeks_of_care=weeks) for h in (more, fewer)),
        )
        for weeks, (arm, (fewer, more)) in product(setting.weeks, setting.compare.items())
    ]


def _overlap(ask: Analysis, sample: Sample, own: Course) -> Iterator[Row]:
    """People of each arm by their mean hours in the weeks at its level."""
    import pandas as pd

    mean = np.where(sample.arm == 1, mean_hours(own, FIRST_LEVEL), mean_hours(own, SECOND_LEVEL))
    band = banded(pd.Series(np.nan_to_num(mean)), bands.MEAN_HOURS).to_numpy(dtype=object)
    keys = {"analysis": ask.analysis, "cohort": ask.cohort, "contrast": ask.contrast, "outcome": HOURS_AT_LEVEL}
    for name in sample.names:
        for place, level in enumerate(bands.MEAN_HOURS):
            people = int(((sample.label == name) & (band == level)).sum())
            yield results.cell(keys, level, people, arm=name, position=place)


@dataclass(frozen=True)
class _AtDoses:
    """An outcome of n people under the doses of a grid."""

    ask: Analysis
    sample: Sample
    outcome: AtADay
    weeks: WeightedWeeks
    setting: Doses
    gate: Gate

    @property
    def course(self) -> Course:
        """What was recorded."""
        return self.weeks.course

    def rows(self) -> Iterator[Row]:
        """Each dose: both levels, their difference and ratio; of a dose that speaks for nobody why. Raises
        EstimationError.
        """
        level, names = self.sample.inference.confidence_level, self.sample.names
        for some in _grid(self.setting):
            there = [arm for arm in names if (arm, some) in self._identified]
            if len(there) == len(names):
                both = self._estimate.take(*(self._identified[arm, some] for arm in names))
                yield from results.two_arms(self.ask, both, names, level, some=some)
                continue
            why = self._thin(next(arm for arm in names if arm not in there))
            for row in results.without(self.ask, names, "gated", why, some):
                of = str(row["of"])
                if of in there:
                    own = self._estimate.take(self._identified[of, some])
                    yield results.from_estimate(self.ask, of, own, level, tested=False, some=some)
                else:
                    yield row | ({"reason": self._thin(of)} if of in names else {})
        for one in _more(self.setting):
            yield self._of_more_hours(one, level)

    def _of_more_hours(self, one: _MoreHours, level: float) -> Row:
        """What more hours add within an arm, where both doses have a number."""
        both = [self._identified.get((one.arm, some)) for some in (one.more, one.fewer)]
        if both[0] is None or both[1] is None:
            told = {"status": "gated", "reason": self._thin(one.arm)}
            return results.row(self.ask, DIFFERENCE, one.some) | told
        gap = difference(self._estimate, both[0], both[1])
        return results.from_estimate(self.ask, DIFFERENCE, gap, level, some=one.some)

    def _thin(self, arm: str) -> str:
        counted = BY_WEIGHTS if self.ask.method == MARGINAL_STRUCTURAL else ""
        return SPEAKS_FOR_NOBODY.format(fewest=self.setting.fewest_near, arm=arm) + counted

    @cached_property
    def _doses(self) -> dict[tuple[str, Some], Dose]:
        """By arm and place in the grid."""
        levels = dict(zip(self.sample.names, (FIRST_LEVEL, SECOND_LEVEL), strict=True))
        return {
            (arm, some): Dose.of(level, int(some.weeks_of_care or 0), float(some.hours_per_week or 0))
            for arm, level in levels.items()
            for some in _grid(self.setting)
        }

    @cached_property
    def _identified(self) -> dict[tuple[str, Some], str]:
        """The doses that enough people were near, and the name of the mean of each."""
        enough = [key for key, dose in self._doses.items() if self._near(dose) >= self.setting.fewest_near]
        return {key: f"dose {place}" for place, key in enumerate(enough)}

    def _near(self, dose: Dose) -> float:
        """People who were near a dose: by their effective number, where a model of them so weighted speaks."""
        everyone = np.ones(len(self.sample.arm), dtype=bool)
        if self.ask.method == MARGINAL_STRUCTURAL:
            return effective_near(self.course, everyone, dose, self._weights.weight)
        return near(self.course, everyone, dose)

    @cached_property
    def _estimate(self) -> Estimate:
        """Means under the doses that have one."""
        if self.ask.method == NAIVE:
            return self.sample.finish(self._naive(), NAIVE)
        if self.ask.method == MARGINAL_STRUCTURAL:
            return self.sample.finish(self._weighted(), MARGINAL_STRUCTURAL)
        return self.sample.finish(self._followed(), self.ask.method)

    @property
    def _answers(self) -> Array:
        """(n,) the state, missing of whom is not in the denominator."""
        return np.where(self.outcome.used(self.ask), self.outcome.answers(self.ask), np.nan)

    def _followed(self) -> Estimate:
        asked = {name: self._doses[key] for key, name in self._identified.items()}
        key = f"{self.ask.cohort} {self.ask.contrast} {self.ask.outcome} {self.ask.horizon_days}"
        return dose_means(self.course, asked, draws=DRAWS, seed=zlib.crc32(key.encode()), after=self._answers).estimate

    @cached_property
    def _weights(self) -> Weights:
        return self.weeks.weights.brought_in(self.setting.truncated)

    def _weighted(self) -> Estimate:
        """By a marginal structural model. Raises EstimationError where the weights are uneven, or off their mean."""
        if wrong := uneven(self.weeks.weights, self._weights, self.gate, "weights of weekly histories"):
            raise EstimationError(wrong)
        asked = {name: self._doses[key] for key, name in self._identified.items()}
        return self.weeks.means(asked, self._answers, self._weights).estimate

    def of_weights(self) -> Iterator[Row]:
        """Diagnostics of weights before they are brought in and of what is left, to two decimals, as of no one."""
        if self.ask.method != MARGINAL_STRUCTURAL:
            return
        yield from diagnosed(self.ask, self.weeks.weights, self._weights, self.gate)

    def _naive(self) -> Estimate:
        """A logistic regression within each arm on the mean hours and the weeks of care that people had."""
        inside = self.course.level != OUT
        weeks = inside.sum(axis=1)
        hours = self.course.hours.sum(axis=1) / np.maximum(weeks, 1)
        first = self.sample.arm == 1
        answers = self._answers
        keys = list(self._identified)

        def columns(arm: Array | bool, hours: Array | float, weeks: Whole | float) -> Array:
            own = [hours, weeks, *(np.maximum(np.asarray(weeks) - at, 0.0) for at in NAIVE_BENDS)]
            shape = (len(first),)
            own = [np.broadcast_to(np.asarray(one, dtype=float), shape) for one in own]
            side = np.broadcast_to(np.asarray(arm, dtype=float), shape)
            return np.column_stack([side, *own, *(side * one for one in own)])

        def at(place: float) -> Array:
            arm, some = keys[int(place)]
            dose = float(some.hours_per_week or 0), float(some.weeks_of_care or 0)
            return columns(arm == self.sample.names[0], *dose)[:, varied]

        table = columns(first, hours, weeks)
        varied = np.ptp(table[~np.isnan(answers)], axis=0) > 0
        table = table[:, varied]
        names = tuple(f"column {j + 1}" for j in range(table.shape[1]))
        model = effects.fit_outcome("logistic", table, answers, names, observed=~np.isnan(answers))
        found = effects.standardised_curve(model, at, np.arange(len(keys)))
        return Estimate(
            tuple(self._identified.values()), found.value, found.influence, found.frequency, part=found.known_part()
        )
