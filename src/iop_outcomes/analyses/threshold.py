"""Does staying pay more up to a day than beyond it? The curve had everyone of an arm left in one and the same week.

The naive rows are a regression of the outcome on the weeks that people happened to stay, which bends at the threshold:
use makes people leave. The others stand on means under "leave in week k", for each k, of everyone who started in the
arm (`estimators.causal.strategies`), taken together with their covariance; a week has a point where enough people are
known to have left in it, with the outcome and without, and where the weights of these leave enough of them. How long a
stay was planned to be is taken to be as if by chance among people alike at the start, unless the study says otherwise:
given the plan hardly anyone could leave in a week for which none was made. To the points a line is fitted, one that
bends at the threshold, and a smooth curve (`estimators.causal.shapes`); what one more week adds up to the threshold and
beyond it are the slopes of the one that bends. Beside these stand two equal steps of the curve itself, which ask
nothing of its shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer
from iop_outcomes.analyses.clones import OfStrategies
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.person_weeks import LOST, Weeks, week_left
from iop_outcomes.analyses.rows import Row
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.shapes import AFTER, BEFORE, BROKEN, LINE, Shapes, shapes
from iop_outcomes.estimators.causal.strategies import Followed, Strategy, strategy_means
from iop_outcomes.estimators.regression.glm import linear
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Threshold
from iop_outcomes.protocol.thresholds import ADJUSTED
from iop_outcomes.tables.results import BEND_FITS, LINE_FITS, WEEKS_OF_CARE
from iop_outcomes.vocabulary.measures import BEYOND, GAIN, RISE, UP_TO
from iop_outcomes.vocabulary.methods import NAIVE

if TYPE_CHECKING:
    import pandas as pd

SIDES = (UP_TO, BEYOND)
NO_ONE_LEFT = "no one of the arm is known to have left care in the weeks that are asked about"
TOO_FEW_WEEKS = (
    "fewer than two of the weeks before week {at}, or after it, have enough people who left in them: asked for are "
    "{fewest}, weighted ones by their effective number, {events} with the outcome and {events} without"
)


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Threshold,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
    known: Known,
) -> Answered:
    """Counts, estimates, diagnostics and the curve of one row. known: curves of rows before it."""
    started = tables.arm(setting.contrast) == (1 if setting.arm == contrast.first.name else 0)
    people = tables.people[started].assign(arm=1).reset_index(drop=True)
    sample = Sample(people, SIDES, inference)
    outcome = at_a_day.read(tables.abstinence, people, ask, endpoint)
    counts = tuple(results.count_rows(ask, np.full(len(people), setting.arm, dtype=object), outcome.levels))
    key = ask.contrast, ask.outcome, ask.horizon_days, ask.method, ask.missing_rule
    if key not in known:
        known[key] = _over_weeks(ask, tables, setting, started, people, sample, outcome, gate)
    under = known[key]
    found = replace(answer(ask, sample, under, gate), counts=counts)
    if found.status == "ok" and ask.method != NAIVE:
        people = {"n_effective": under.effective}
        found = replace(found, estimates=tuple(row | people for row in found.estimates))
    if found.status != "ok" or ask.measure != RISE:
        return found
    told = () if ask.method == NAIVE else tuple(under.told(ask))
    return replace(found, curves=tuple(under.points(ask)), diagnostics=(*found.diagnostics, *told))


def _over_weeks(
    ask: Analysis,
    tables: Tables,
    setting: Threshold,
    started: Mask,
    people: pd.DataFrame,
    sample: Sample,
    outcome: AtADay,
    gate: Gate,
) -> OverWeeks:
    stay = of(tables.retention, setting.follows, people["person_id"])
    near = setting.plan_tolerance_days if setting.plan == ADJUSTED else None
    weeks = Weeks.of(tables.doses, people, stay, setting.decided, near, tables.baseline(started).dense())
    left = np.where(stay["cause"].isin(LOST).to_numpy(), 0, week_left(stay))
    return OverWeeks(ask, outcome, weeks, week_left(stay), left, setting, gate, sample)


@dataclass(frozen=True)
class OverWeeks(OfStrategies):
    """A state on a day of the n people who started in an arm, by the week in which all had left.

    ask: what it was first asked for; another measure is of the same curve. stayed: (n,) the week in which each left, or
    was last seen. left: (n,) the same of those who are known to have left, else 0.
    """

    no_hazard: ClassVar[str] = "weeks of leaving are compared by shares, not by hazards"

    weeks: Weeks
    stayed: Whole
    left: Whole
    setting: Threshold
    gate: Gate
    sample: Sample

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """The outcome is known of no one, or nobody left."""
        return self.outcome.untold() or ("" if (self.left > 0).any() else NO_ONE_LEFT)

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few with or without the outcome: weeks are no sides, so that the arm counts as a whole."""
        used, state = self.used(ask), self.outcome.answers(self.ask)
        events = int(state[used].sum())
        if min(events, int(used.sum()) - events) < fewest:
            return f"fewer than {fewest} people with, or without, the outcome among those who started in the arm"
        return ""

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """What one more week adds up to the threshold and beyond it, or what equal steps do. Raises EstimationError."""
        if ask.measure == GAIN:
            before, at, after = self.setting.equal_steps
            lacking = [str(week) for week in (before, at, after) if week not in self._at]
            if lacking:
                raise EstimationError(
                    f"fewer than {self.setting.fewest} people, or too few with or without the outcome, are known to "
                    f"have left in week {' and '.join(lacking)}"
                )
            return _rows(self._curve, SIDES, [self._row(at, before), self._row(after, at)])
        if ask.method == NAIVE:
            return _rows(self._regression, SIDES, [[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
        slopes = self._shapes.slopes.take(BEFORE, AFTER)
        return replace(slopes, names=SIDES)

    def points(self, ask: Analysis) -> Iterator[Row]:
        """The curve over the weeks that have a point."""
        curve = self._curve
        errors, reach = curve.standard_error(), curve.critical(self.sample.inference.confidence_level)
        for week, value, error in zip(self._at, curve.value, errors, strict=True):
            yield results.curve_point(
                ask, self.setting.arm, ask.outcome, WEEKS_OF_CARE, float(week), value, error, reach
            )

    def told(self, ask: Analysis) -> Iterator[Row]:
        """How well a line fits the curve, and one that bends: p values."""
        for quantity, shape in ((LINE_FITS, LINE), (BEND_FITS, BROKEN)):
            yield results.diagnostic(ask, quantity, self._shapes.misfit[shape].p_value, np.nan, "info")

    def _row(self, more: int, fewer: int) -> list[float]:
        """What is taken of the points for the later of two weeks less the earlier."""
        return [float((week == more) - int(week == fewer)) for week in self._at]

    @cached_property
    def _candidates(self) -> list[int]:
        """Weeks in which enough people are known to have left, with the outcome and without."""
        used, state = self.used(self.ask), self.outcome.answers(self.ask)
        found = []
        for week in self.setting.weeks:
            own = state[used & (self.left == week)]
            if len(own) >= self.setting.fewest and min(own.sum(), len(own) - own.sum()) >= self.gate.min_events:
                found.append(week)
        self._two_on_either_side(found)
        return found

    @cached_property
    def _followed(self) -> Followed:
        asked = {f"week {week}": Strategy.exactly(week) for week in self._candidates}
        weight = self.used(self.ask).astype(float)
        own = self.weeks
        return strategy_means(
            self.outcome.answers(self.ask), own.person, own.week, own.ways(), asked, weight, self.setting.truncated
        )

    @cached_property
    def _at(self) -> list[int]:
        """The weeks that have a point."""
        if self.ask.method == NAIVE:
            return list(self.setting.weeks)
        found = self._followed
        enough = found.effective >= self.setting.fewest
        even = found.largest * found.people <= self.gate.max_weight
        mean = found.weight.sum(axis=0) / self.used(self.ask).sum()
        even &= np.abs(mean - 1) <= self.gate.max_mean_weight_gap
        kept = [week for week, ok in zip(self._candidates, enough & even, strict=True) if ok]
        self._two_on_either_side(kept)
        return kept

    @property
    def effective(self) -> float:
        """The effective number of people who left in the weeks that have a point."""
        found = dict(zip(self._candidates, self._followed.effective, strict=True))
        return float(sum(found[week] for week in self._at))

    def _two_on_either_side(self, weeks: list[int]) -> None:
        at = self.setting.at
        if min(sum(w < at for w in weeks), sum(w > at for w in weeks)) < 2:
            raise EstimationError(TOO_FEW_WEEKS.format(at=at, fewest=self.setting.fewest, events=self.gate.min_events))

    @cached_property
    def _curve(self) -> Estimate:
        """Means at the weeks that have a point."""
        if self.ask.method == NAIVE:
            x = np.asarray(self._at, dtype=float)
            rows = np.column_stack([np.ones_like(x), x, np.maximum(x - self.setting.at, 0.0)])
            return _rows(self._regression, [f"week {week}" for week in self._at], rows.tolist())
        kept = self._followed.estimate.take(*(f"week {week}" for week in self._at))
        return self.sample.finish(kept, self.ask.method)

    @cached_property
    def _shapes(self) -> Shapes:
        return shapes(self._curve, self._at, self.setting.at)

    @cached_property
    def _regression(self) -> Estimate:
        """(3,) the outcome by the weeks that people stayed, up to the last asked about, bent at the threshold."""
        stayed = np.minimum(self.stayed, self.setting.decided).astype(float)
        x = np.column_stack([stayed, np.maximum(stayed - self.setting.at, 0.0)])
        weight = self.used(self.ask).astype(float)
        return self.sample.finish(linear(x, self.outcome.answers(self.ask), ("weeks", "weeks beyond"), weight), NAIVE)


def _rows(estimate: Estimate, names: tuple[str, ...] | list[str], rows: list[list[float]]) -> Estimate:
    """Sums of an estimate's numbers."""
    table = np.asarray(rows, dtype=float)
    return estimate.transform(tuple(names), lambda v: table @ v, table)


# curves by comparison, outcome, day, method and rule: two measures of one are read off it
Known = dict[tuple[str, str, int, str, str], OverWeeks]
