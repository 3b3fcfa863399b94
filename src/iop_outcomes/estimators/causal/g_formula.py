"""Means had everyone had a dose: so many hours a week, at a level of care, for so many weeks (parametric g-formula).

What happens, in order: how craving and use of a week depend on what came before is modelled over all weeks of the
people who are asked (`week_models`). Then everyone is followed anew, week by week, with craving and use drawn from
these models, and level and hours as the dose has them; the mean is that of the outcome over the people so drawn (Robins
1986, Mathematical Modelling 7:1393; Taubman et al. 2009, International Journal of Epidemiology 38:1599). What made
people stay, or attend more hours, needs no model: the dose decides it.

The outcome is being free of use in some weeks, where use of weeks out of care is known as well; or what is known of
people afterwards (`after`), such as an interview. Then weeks are modelled up to the last one in care, the outcome by
what stood at the end of that one, and people are followed to the end of the dose.

The same random numbers serve every dose, so that differences between doses have little of them. The estimation of the
models is counted in the standard error: a mean's derivative by their coefficients is the mean of the outcome times the
score of what was drawn (Glynn 1990, Communications of the ACM 33:75), times each person's influence on these. So is the
drawing, by the spread of what was drawn for each person.

Beyond the hours that people attended at a level a mean is what the curve of the model says, and nobody's: `Doses.near`
says how many people had nearly such a dose. Refused: weeks of which nothing is known, and a level at which nobody was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.causal.doses import OUT, Course, Dose, near
from iop_outcomes.estimators.causal.week_models import Columns, Model, Models, ended, past

DRAWS = 25
# people who are followed at once
AT_ONCE = 50_000


@dataclass(frozen=True)
class Doses:
    """What comes of doses. estimate: their means. near: (k,) people who had nearly such hours at its level."""

    estimate: Estimate
    near: Whole


def dose_means(
    course: Course,
    doses: Mapping[str, Dose],
    free: range | None = None,
    asked: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    after: ArrayLike | None = None,
) -> Doses:
    """Means had everyone had each dose, by its name, of being free of use in all of some weeks (`free`, counted from
    0), or of what came afterwards (`after`, (n,) 0 or 1, missing where nobody knows): one of the two.

    asked: (n,) of whose weeks the models are, such as those of one arm; None: of all. The means are over everyone.
    Raises EstimationError as the module says.
    """
    n, weeks = course.used.shape
    who = np.ones(n, dtype=bool) if asked is None else np.asarray(asked, dtype=bool)
    later = None if after is None else _answers(after, n)
    if not doses or (free is None) == (later is None) or (free is not None and not 0 < len(free) <= free.stop <= weeks):
        raise EstimationError(
            f"Name a dose, and weeks from 0 to {weeks - 1} in which people are free of use, or what came afterwards."
        )
    made = Models.of(course, who, later)
    counted = rows(n, None, None)
    value, gradient, through = np.empty(len(doses)), np.zeros((n, len(doses))), np.zeros((n, len(doses)))
    for k, dose in enumerate(doses.values()):
        level = dose.levels(n, weeks)
        unknown = sorted(set(np.unique(level).tolist()) - {OUT, *made.levels})
        if unknown:
            raise EstimationError(f"Nobody who is asked was ever at level {unknown[0]}, so nothing is known of it.")
        if np.ndim(dose.level) < 2:
            level = level[:1]
        drawn = _Drawn.of(made, course, level, dose.hours, free, draws, seed)
        value[k] = drawn.outcome.mean()
        gradient[:, k] = (drawn.outcome - value[k]) / n
        through[:, k] = drawn.through
    found = counted.estimate(tuple(doses), value, gradient, np.repeat(who[:, None], len(doses), axis=1))
    stacked = Estimate(found.names, found.value, found.influence + through, found.frequency, part=found.known_part())
    many = np.asarray([near(course, who, dose) for dose in doses.values()], dtype=np.int64)
    return Doses(stacked, many)


def _answers(after: ArrayLike, n: int) -> Array:
    """(n,) checked."""
    told = np.asarray(after, dtype=float)
    if told.shape != (n,) or not np.isin(told[~np.isnan(told)], (0, 1)).all() or np.isnan(told).all():
        raise EstimationError("What came afterwards is 0 or 1 for each person, missing where nobody knows.")
    return told


@dataclass(frozen=True)
class _Drawn:
    """outcome: (n,) mean of each person over the draws. through: (n,) influence on its mean by way of the models."""

    outcome: Array
    through: Array

    @classmethod
    def of(
        cls, made: Models, course: Course, level: Whole, hours: float, free: range | None, draws: int, seed: int
    ) -> _Drawn:
        """Everyone drawn anew, so many times over. level: (n, T), or (1, T) where it is the same for everyone."""
        n, rng = len(course.used), np.random.default_rng(seed)
        at_once = max(1, AT_ONCE // n)
        outcome, through = np.zeros(n), np.zeros(n)
        for first in range(0, draws, at_once):
            many = min(at_once, draws - first)
            part = _Followed(made, course, level, hours, free, many, rng)
            outcome += part.outcome.sum(axis=0) / draws
            for model, score in part.scores():
                own = model.influence @ score[: len(model.beta)]
                if model.deviation is not None:
                    own = own + model.of_deviation * score[-1]
                through += own * many / draws
        return cls(outcome, through)


class _Followed:
    """People followed anew under a dose. outcome: (draws, n)."""

    def __init__(
        self, made: Models, course: Course, level: Whole, hours: float, free: range | None, draws: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        self.made, self.course, self.level, self.hours = made, course, level, hours
        shape = (draws, len(course.used))
        self.used, self.craving = np.broadcast_to(course.before, shape), np.zeros(shape)
        self.last, self.weeks, self.total = (np.zeros(len(level)) for _ in range(3))
        # of each model what it stood on, what was left of what was drawn, and of craving its square
        self.seen: list[tuple[Model, Columns, Array, Array | None]] = []
        inside = level != OUT
        ends = np.where(inside.any(axis=1), level.shape[1] - inside[:, ::-1].argmax(axis=1), 0)
        stays_free = np.ones(shape, dtype=bool)
        for week in range(ends.max() if free is None else free.stop):
            self._week(week, rng, ends > week if free is None else np.ones(len(level), dtype=bool))
            if free is not None and week in free:
                stays_free &= self.used == 0
        self.by_after = None if made.after is None else self._after(made.after, level, ends)
        if self.by_after is None:
            self.outcome = stays_free.astype(float)

    def _week(self, week: int, rng: np.random.Generator, going: Mask) -> None:
        """Craving, use and hours of a week, of those who are still followed."""
        made, at = self.made, self.level[:, week]
        known = past(made.levels, (self.last, self.weeks, self.total), at)
        now: tuple[Array, ...] = (self.used,)
        if made.craving is not None and made.first is not None:
            model = made.craving if week else made.first
            columns = Columns(known, self.course.start, (self.used, self.craving))
            if not week:
                columns = Columns(np.empty((1, 0)), self.course.start, ())
            shock = rng.standard_normal(self.used.shape)
            spread = model.deviation or 1.0
            self.seen.append((model, columns, going * shock / spread, going * (shock**2 - 1) / spread))
            self.craving = np.where(going, model.at(columns) + spread * shock, self.craving)
            now = (self.used, self.craving)
        columns = Columns(known, self.course.start, now)
        chance = expit(made.use.at(columns))
        used = (rng.random(self.used.shape) < chance).astype(float)
        self.seen.append((made.use, columns, going * (used - chance), None))
        self.used = np.where(going, used, self.used)
        inside = at != OUT
        self.last = np.where(going, np.where(inside, self.hours, 0.0), self.last)
        self.weeks, self.total = self.weeks + inside, self.total + np.where(inside, self.hours, 0.0)

    def _after(self, model: Model, level: Whole, ends: Whole) -> Array:
        """The outcome as expected from what stands at the end, and (p,) the derivative of its mean by the model."""
        at = np.take_along_axis(level, np.maximum(ends - 1, 0)[:, None], axis=1)[:, 0]
        craving = None if self.made.craving is None else self.craving
        so_far = (self.last, self.weeks, self.total)
        columns = ended(self.made.levels, self.course, so_far, at, self.used, craving)
        self.outcome = np.broadcast_to(expit(model.at(columns)), self.used.shape)
        return model.score(columns, self.outcome * (1 - self.outcome)) / self.outcome.size

    def scores(self) -> list[tuple[Model, Array]]:
        """Derivatives of the mean outcome by the coefficients of each model, and its standard deviation last."""
        # a score has mean zero, so that the mean of the outcome may be taken from it first
        away = (self.outcome - self.outcome.mean()) / self.outcome.size
        found = []
        for model, columns, residual, squares in self.seen:
            by = model.score(columns, away * residual)
            found.append((model, by if squares is None else np.array([*by, (away * squares).sum()])))
        if self.by_after is not None and self.made.after is not None:
            found.append((self.made.after, self.by_after))
        return found
