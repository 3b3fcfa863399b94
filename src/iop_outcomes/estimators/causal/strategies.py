"""Means had everyone followed a strategy of how long to stay: clone, censor, weight.

What happens, in order: everyone starts under every strategy as a clone of their own, and is censored when what they did
no longer agrees with it (Cain et al. 2010, International Journal of Biostatistics 6:2; Hernan 2018, BMJ 360:k182). The
chance of leaving in a week is modelled for each way of leaving by itself, among those who were there at the week's end
and had not left by a way before it in the list: completing follows a plan, dropping out does not, and one model for
both is wrong for each. A clone that is never censored weighs the inverse of the chance of having done what its strategy
asks, as far as the strategy decided it; a strategy's mean is the weighted mean of the outcomes of its clones. As clones
of a person share what the person did, no person-week is copied: a strategy is a product over the weeks of a person.

A strategy decides what happens at the end of a week: `stay` (nobody leaves), or `leave` (all that are left go). In
weeks that it does not decide people go on as they do. So "stay at least 13 weeks" decides to stay in weeks 1 to 12;
"leave by the end of week 4" decides to leave in week 4, and lets those go who leave before; "leave in week 4" decides
to stay in weeks 1 to 3 as well; with some weeks of grace it decides to leave that much later.

Who dies, or is lost, has not left by a strategy: such an end (`Way.lost`) censors a clone in every week up to the last
that the strategy decides, and the others stand for it by the chance of not having ended so.

The estimation of the models is counted in the standard error: a mean's derivative by their coefficients, times each
person's influence on these, over all of the person's weeks (M-estimation; Stefanski & Boos 2002, American Statistician
56:29). Coefficients are held by a weak prior, so that a kind of person-week that never ends in leaving is no obstacle.
A weight that was cut off (`truncated`) no longer moves with the models. Refused: a strategy that nobody followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import codes, column, columns, indicator, rows
from iop_outcomes.estimators.causal.chances import Scaled, fit_chance, standardised


@dataclass(frozen=True)
class Strategy:
    """What a strategy decides, in weeks from 1. stay: nobody leaves at the end of these weeks. leave: all who are still
    there leave at the end of this one; None where people may stay as long as they do.
    """

    stay: range = range(1, 1)
    leave: int | None = None

    @classmethod
    def at_least(cls, weeks: int) -> Strategy:
        """Stay so many weeks or longer."""
        return cls(range(1, weeks))

    @classmethod
    def exactly(cls, weeks: int, grace: int = 0) -> Strategy:
        """Leave at the end of that week, neither before nor after; or in one of so many weeks after it."""
        return cls(range(1, weeks), weeks + grace)

    @classmethod
    def at_most(cls, weeks: int) -> Strategy:
        """Leave by the end of that week: whoever leaves before leaves when they do."""
        return cls(leave=weeks)

    @property
    def decided(self) -> int:
        """The last week that it decides, 0 where it decides none."""
        return max([*self.stay, self.leave or 0], default=0)


@dataclass(frozen=True)
class Way:
    """A way of leaving. left: (m,) person-weeks that ended so. x: (m, p) what its chance depends on. possible: (m,)
    person-weeks that may end so; None: all. lost: it is no leaving, but the end of what is known of the person; such
    ways come before all others.
    """

    left: ArrayLike
    x: ArrayLike
    possible: ArrayLike | None = None
    lost: bool = False


@dataclass(frozen=True)
class Followed:
    """What comes of strategies. estimate: their means. weight: (n, k) of each person under each strategy, 0 of those
    whose clone was censored. truncated: (k,) weights that were cut off.
    """

    estimate: Estimate
    weight: Array
    truncated: Whole

    @property
    def people(self) -> Whole:
        """(k,) people whose clone was never censored."""
        return (self.weight > 0).sum(axis=0)

    @property
    def effective(self) -> Array:
        """(k,) effective numbers of them: squared sum of weights by the sum of squares (Kish 1965)."""
        squares = (self.weight**2).sum(axis=0)
        return np.asarray(self.weight.sum(axis=0) ** 2 / squares)

    @property
    def largest(self) -> Array:
        """(k,) largest weight, as a share of the sum."""
        return np.asarray(self.weight.max(axis=0) / self.weight.sum(axis=0))


def strategy_means(
    y: ArrayLike,
    person: ArrayLike,
    week: ArrayLike,
    ways: Sequence[Way],
    strategies: Mapping[str, Strategy],
    weight: ArrayLike | None = None,
    most: float | None = None,
) -> Followed:
    """Means of y (n,) under each strategy, by its name.

    person: (m,) the row of y to which a person-week belongs, 0 to n - 1; week: (m,) from 1, each week in which the
    person was there and might have left. weight: (n,) of people, in the means alone. most: quantile (0 to 1) of the
    weights of a strategy's clones beyond which they are cut off. Raises EstimationError as the module says.
    """
    outcome = column(y, "y")
    counted = rows(outcome.size, weight, None)
    at = _checked(person, week, outcome.size)
    if not ways or not strategies:
        raise EstimationError("Strategies of staying need at least one way of leaving, and at least one strategy.")
    leaving = _Leaving.of(at, ways, outcome.size)
    value, gradient = np.empty(len(strategies)), np.zeros((outcome.size, len(strategies)))
    weights, cut = np.zeros_like(gradient), np.zeros(len(strategies), dtype=np.int64)
    through = np.zeros_like(gradient)
    for k, (name, strategy) in enumerate(strategies.items()):
        followed, log_weight, moves = leaving.under(strategy)
        there = followed & counted.used
        if not there.any():
            raise EstimationError(f"Nobody followed the strategy '{name}', so it has no mean. Leave it out.")
        own = np.where(there, np.exp(log_weight), 0.0)
        limit = np.inf if most is None else float(np.quantile(own[there], most))
        free = own <= limit
        own = np.minimum(own, limit)
        cut[k], weights[:, k] = int((~free & there).sum()), counted.weight * own
        total = weights[:, k].sum()
        value[k] = weights[:, k] @ outcome / total
        gradient[:, k] = own * (outcome - value[k]) / total
        # what a change of a person's log weight does to the mean
        through[:, k] = leaving.through(counted.weight * gradient[:, k] * free, moves)
    found = counted.estimate(tuple(strategies), value, gradient, weights > 0)
    stacked = Estimate(found.names, found.value, found.influence + through, found.frequency, part=found.known_part())
    return Followed(stacked, weights, cut)


@dataclass(frozen=True)
class _Weeks:
    """person, week: (m,) of each person-week."""

    person: Whole
    week: Whole


def _checked(person: ArrayLike, week: ArrayLike, n: int) -> _Weeks:
    size = np.size(person)
    who, when = codes(person, "person", size), codes(week, "week", size)
    if not size:
        raise EstimationError("There are no person-weeks in which anyone could have left.")
    if who.min() < 0 or who.max() >= n:
        raise EstimationError(f"The person of a person-week must be a row of y: 0 to {n - 1}.")
    if when.min() < 1:
        raise EstimationError("Weeks are counted from 1.")
    key = who * (int(when.max()) + 1) + when
    # weeks mostly stand in their order
    if not (np.diff(key) > 0).all() and np.unique(key).size != key.size:
        raise EstimationError("A person has the same week twice. Give each person-week once.")
    return _Weeks(who, when)


@dataclass(frozen=True)
class _Model:
    """The chance of one way of leaving. chance: (m,), 0 where it was not possible. x: columns in the units of the fit.
    influence: (n, p) of each person on the coefficients.
    """

    chance: Array
    x: Scaled
    influence: Array


@dataclass(frozen=True)
class _Leaving:
    """at: person-weeks. n: people. left: (m,) that ended in leaving; lost: (m,) of which no more is known. models: by
    way, in their order; of these so many, the first, of being lost.
    """

    at: _Weeks
    n: int
    left: Mask
    lost: Mask
    models: tuple[_Model, ...]
    of_loss: int

    @classmethod
    def of(cls, at: _Weeks, ways: Sequence[Way], n: int) -> _Leaving:
        """The models of every way of leaving."""
        m = at.week.size
        left, lost, models = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool), []
        of_loss = sum(way.lost for way in ways)
        if any(way.lost for way in ways[of_loss:]):
            raise EstimationError("Ways that are no leaving (`lost`) must come before all others.")
        for number, way in enumerate(ways, start=1):
            gone = indicator(way.left, f"left by way {number}", m)
            possible = np.ones(m, dtype=bool) if way.possible is None else indicator(way.possible, "possible", m)
            if (gone & left).any() or (gone & ~possible).any():
                raise EstimationError(
                    f"Some person-weeks ended by way {number} of leaving and by one before it in the list, or where it "
                    "was not possible. Each week ends in one way at most."
                )
            models.append(_model(at, way.x, gone, possible, possible & ~left, n))
            left |= gone
            lost |= gone & way.lost
        return cls(at, n, left & ~lost, lost, tuple(models), of_loss)

    @cached_property
    def staying(self) -> Array:
        """(m,) log of the chance of not leaving by any way, of those who are not lost."""
        return self._without(self.models[self.of_loss :])

    @cached_property
    def known(self) -> Array:
        """(m,) log of the chance of not being lost."""
        return self._without(self.models[: self.of_loss])

    @cached_property
    def ends(self) -> tuple[Whole, Mask]:
        """(n,) last week of each person, and whether it ended in leaving or in being lost."""
        last = np.zeros(self.n, dtype=np.int64)
        np.maximum.at(last, self.at.person, self.at.week)
        return last, np.bincount(self.at.person, self.left | self.lost, self.n) > 0

    def _without(self, models: Sequence[_Model]) -> Array:
        return np.asarray(sum((np.log1p(-model.chance) for model in models), np.zeros(self.left.size)))

    def under(self, strategy: Strategy) -> tuple[Mask, Array, tuple[Array, ...]]:
        """(n,) who did what the strategy asks; (n,) the log of their weight; and (m, w) its derivatives by the linear
        predictor of each way, by person-week.
        """
        stay = (self.at.week >= strategy.stay.start) & (self.at.week < strategy.stay.stop)
        leave = np.zeros_like(stay) if strategy.leave is None else self.at.week == strategy.leave
        known = self.at.week <= strategy.decided
        against = (stay & self.left) | (leave & ~self.left) | (known & self.lost)
        if strategy.leave is not None:
            against |= self.at.week > strategy.leave
        followed: Mask = np.bincount(self.at.person, against, self.n) == 0
        self._seen_through(strategy, followed)
        kept = followed[self.at.person]
        # of -log of staying by a predictor: the chance; of -log of leaving: less the chance times the odds of staying
        part = np.where(known & kept, -self.known, 0.0) + np.where(stay & kept, -self.staying, 0.0)
        sign, chosen = (stay & kept).astype(float), leave & kept
        going = np.log(-np.expm1(self.staying[chosen]))
        part[chosen] -= going
        sign[chosen] -= np.exp(self.staying[chosen] - going)
        log_weight = np.asarray(np.bincount(self.at.person, part, self.n), dtype=float)
        # of -log of not being lost: the chance of it
        signs = [known & kept] * self.of_loss + [sign] * (len(self.models) - self.of_loss)
        return followed, log_weight, tuple(s * model.chance for s, model in zip(signs, self.models, strict=True))

    def _seen_through(self, strategy: Strategy, followed: Mask) -> None:
        """Refuses people whose weeks end, without their having left, before the last that the strategy decides."""
        decided = strategy.decided
        last, left = self.ends
        short = int((followed & ~left & (last < decided)).sum())
        if short:
            raise EstimationError(
                f"The weeks of {short} people end before week {decided} without their having left: nobody knows "
                "whether they followed the strategy. Give the end of their observation as a way that is lost, so that "
                "others weigh for them, or ask about fewer weeks."
            )

    def through(self, gradient: Array, moves: tuple[Array, ...]) -> Array:
        """(n,) influence by way of the models. gradient: (n,) of a mean by the log weights."""
        found = np.zeros_like(gradient)
        for model, slope in zip(self.models, moves, strict=True):
            found += model.influence @ model.x.sums(slope * gradient[self.at.person])
        return found


def _model(at: _Weeks, given: ArrayLike, gone: Mask, possible: Mask, there: Mask, n: int) -> _Model:
    """Logistic regression of leaving by one way among those who were there; (m,) possible: whose chance is not 0."""
    table = np.asarray(given, dtype=float).reshape(gone.size, -1)
    table = columns(table, [f"column {j + 1}" for j in range(table.shape[1])], gone.size)
    x = standardised((table,), there)
    fitted = fit_chance(x.take(there), gone[there], at.person[there], n)
    chance = np.zeros(gone.size)
    chance[there] = fitted.chance
    # also of those who left by a way before it: what they did has the chance of either
    other = possible & ~there
    chance[other] = expit(x.take(other) @ fitted.beta)
    return _Model(chance, x, fitted.influence)
