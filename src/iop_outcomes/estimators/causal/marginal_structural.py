"""Marginal structural models of a history of weekly categories, such as hours of care a week.

What happens, in order (Robins, Hernan & Brumback 2000, Epidemiology 11:550; Hernan & Robins 2020, Causal Inference:
What If, chapter 21): the category of a week is a chain of choices, to go beyond the lowest, of these beyond the next,
and so on (`chain`; continuation ratios, Fienberg 1980, The Analysis of Cross-Classified Categorical Data, section 6.6),
each with a pooled logistic regression over weeks of its own: once on the stable columns (baseline, week, category
before), and once on what changed before the choice as well (use, craving). The product over the weeks of a person of
the first chance by the second is the stabilised weight. The outcome is then regressed, so weighted, on a summary of the
history and on the baseline, and a regime's mean is the average of predictions over everyone, with its summary.

Whatever is among the stable columns must be a part of the history, or of the baseline that the outcome is regressed on:
what is adjusted for by neither confounds.

The estimation of weights is counted: the derivative of a mean by the coefficients of a choice, times each person's
influence on these, over all of the person's weeks (Stefanski & Boos 2002, American Statistician 56:29). A weight that
was brought in to a quantile no longer moves. Refused: what `glm` refuses of the outcome, and weeks of nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, codes, columns, indicator, observed_outcome, rows
from iop_outcomes.estimators.causal.chances import Scaled, fit_chance, standardised
from iop_outcomes.estimators.causal.weights import Quantiles, truncate
from iop_outcomes.estimators.regression.families import FAMILIES
from iop_outcomes.estimators.regression.glm import solve, with_intercept

# quantiles to which weights are brought in, from none to the most (Cole & Hernan 2008, table 2)
TRUNCATIONS: tuple[Quantiles, ...] = ((0.0, 1.0), (0.01, 0.99), (0.05, 0.95), (0.1, 0.9), (0.25, 0.75))


@dataclass(frozen=True)
class Choice:
    """taken: (m,) weeks in which it went one way. open: (m,) weeks in which it stood."""

    taken: ArrayLike
    open: ArrayLike

    @property
    def fewest(self) -> int:
        """Weeks that went the rarer way."""
        taken = np.asarray(self.taken)[np.asarray(self.open, dtype=bool)].astype(bool)
        return int(min(taken.sum(), (~taken).sum()))


def chain(category: ArrayLike, open: ArrayLike | None = None) -> list[Choice]:
    """Of each category but the highest, whether a week goes beyond it, among those that are not below.

    category: (m,) codes from 0, in their order. open: (m,) weeks in which any was possible; None: all.
    """
    code = codes(category, "category", np.size(category))
    stood = np.ones(code.size, dtype=bool) if open is None else indicator(open, "open", code.size)
    seen = np.unique(code[stood])
    return [Choice(code > one, stood & (code >= one)) for one in seen[:-1]]


@dataclass(frozen=True)
class Weights:
    """Stabilised weights. weight: (n,). moves: of each model (n, p) derivatives of the log weights by its coefficients,
    and (n, p) each person's influence on these. people: (n,) who has weeks with a choice.
    """

    weight: Array
    moves: tuple[tuple[Array, Array], ...]
    people: Mask

    @property
    def mean(self) -> float:
        """Of those with a choice: near 1 where the models hold."""
        return float(self.weight[self.people].mean())

    @property
    def largest(self) -> float:
        """The largest one."""
        return float(self.weight[self.people].max())

    @property
    def effective(self) -> float:
        """Effective number of those with a choice: squared sum of weights by the sum of squares (Kish 1965)."""
        own = self.weight[self.people]
        return float(own.sum() ** 2 / (own**2).sum())

    @property
    def effective_share(self) -> float:
        """Of those with a choice."""
        return self.effective / float(self.people.sum())

    def brought_in(self, quantiles: Quantiles) -> Weights:
        """The same, brought in to two of the quantiles of those with a choice; what was, moves no more."""
        own, free = truncate(self.weight[self.people], *quantiles)
        weight, kept = self.weight.copy(), np.ones(len(self.weight))
        weight[self.people], kept[self.people] = own, free
        return replace(self, weight=weight, moves=tuple((by * kept[:, None], i) for by, i in self.moves))

    def through(self, gradient: Array) -> Array:
        """(n, k) influence by way of the models. gradient: (n, k) of what is estimated by the log weights."""
        found = np.zeros_like(gradient)
        for by, influence in self.moves:
            found += influence @ (by.T @ gradient)
        return found


def stabilised_weights(
    choices: Sequence[Choice], person: ArrayLike, stable: ArrayLike, changing: ArrayLike, people: int
) -> Weights:
    """Weights of people for the choices of their weeks.

    person: (m,) of each week, 0 to people - 1. stable: (m, p) in both models of a choice. changing: (m, q) in the one
    below alone. Raises EstimationError for weeks of nobody, and without a choice that went both ways.
    """
    who = codes(person, "person", np.size(person))
    m = who.size
    if not m or who.max() >= people:
        raise EstimationError(f"The person of a week must be a row of the outcome: 0 to {people - 1}.")
    above, below = (np.asarray(t, dtype=float).reshape(m, -1) for t in (stable, changing))
    for table, name in ((above, "stable column"), (below, "changing column")):
        columns(table, [f"{name} {j + 1}" for j in range(table.shape[1])], m)
    told = [(indicator(c.taken, "taken", m), indicator(c.open, "open", m)) for c in choices]
    told = [(taken, there) for taken, there in told if 0 < taken[there].sum() < there.sum()]
    if not told:
        raise EstimationError("there is nothing to weight: in every week everyone did the same")
    asked = np.logical_or.reduce([there for _, there in told])
    scaled = standardised((above, below), asked)
    log, moves = np.zeros(people), []
    for taken, there in told:
        for by, move in _of_choice(scaled, above.shape[1] + 1, taken, there, who, people):
            log += by
            moves.append(move)
    return Weights(np.exp(log), tuple(moves), np.bincount(who, asked, people) > 0)


def _of_choice(
    scaled: Scaled, stable: int, taken: Mask, there: Mask, person: Whole, people: int
) -> Iterator[tuple[Array, tuple[Array, Array]]]:
    """What the two models of a choice do to the log weight of people, and how it moves.

    stable: so many of the columns are in both.
    """
    x, went, who = scaled.take(there), taken[there], person[there]
    start = None
    for width, sign in ((stable, 1.0), (scaled.width, -1.0)):
        model = fit_chance(x[:, :width], went, who, people, start)
        start = np.concatenate([model.beta, np.zeros(scaled.width - width)])
        log = np.bincount(who, np.log(model.of_what_happened(went)), people)
        yield np.asarray(sign * log, dtype=float), (sign * model.score, model.influence)


@dataclass(frozen=True)
class Structural:
    """estimate: means under regimes, the estimation of weights counted. known: the same had the weights been known.
    coefficient: of the weighted regression, counted likewise. weights: as they were used.
    """

    estimate: Estimate
    known: Estimate
    coefficient: Estimate
    weights: Weights


@dataclass(frozen=True)
class MarginalStructuralModel:
    """An outcome of n people, and what it is regressed on.

    family: linear, logistic or poisson. y: (n,), may be missing where `observed` (n,) is false. history: (n, r) summary
    of what each person's weeks were. baseline: (n, q). weight: (n,) of people. names: r and q labels.
    """

    family: str
    y: ArrayLike
    history: ArrayLike
    baseline: ArrayLike | None = None
    observed: ArrayLike | None = None
    weight: ArrayLike | None = None
    names: Sequence[str] = ()

    @cached_property
    def _table(self) -> Array:
        parts = [np.asarray(self.history, dtype=float)]
        if self.baseline is not None:
            parts.append(np.asarray(self.baseline, dtype=float))
        n = np.size(self.y)
        return np.hstack([part.reshape(n, -1) for part in parts])

    @cached_property
    def _counted(self) -> tuple[Array, Mask, Rows]:
        y, seen = observed_outcome(self.y, self.observed, np.size(self.y))
        return y, seen, rows(y.size, self.weight, None)

    def means(self, regimes: Mapping[str, ArrayLike], weights: Weights) -> Structural:
        """Means of everyone under regimes, each the summary (r,) of a history, or (n, r) of each person's own.

        Raises EstimationError as `glm.solve` does, and for a summary of another width.
        """
        y, seen, counted = self._counted
        n, table = len(y), self._table
        own = counted.weight * np.where(seen, weights.weight, 0.0)
        fitted = solve(self.family, table, y, self.names, own)
        by_weight = fitted.gradient()
        known = own[:, None] * by_weight
        # every row of the gradient is by the total weight of a person, so by the log weight it is times the weight
        through = weights.through(known)
        part = counted.used & seen
        coefficient = Estimate(fitted.names, fitted.coefficient, known + through, counted.frequency, part=part)
        share = counted.weight / counted.weight.sum()
        value, own_part, slope = np.empty(len(regimes)), np.zeros((n, len(regimes))), []
        for k, (name, summary) in enumerate(regimes.items()):
            at = with_intercept(self._under(name, summary))
            family = FAMILIES[self.family]
            mean = family.mean(at @ fitted.coefficient)
            value[k] = share @ mean
            own_part[:, k] = share * (mean - value[k])
            slope.append((share * family.variance(mean)) @ at)
        by = np.array(slope).T
        # without a baseline every prediction is the same for all, and those not seen are averaged over to no end
        there = part if self.baseline is None else counted.used
        apart = Estimate(tuple(regimes), value, own_part + known @ by, counted.frequency, part=there)
        return Structural(replace(apart, influence=apart.influence + through @ by), apart, coefficient, weights)

    def _under(self, name: str, summary: ArrayLike) -> Array:
        """(n, r + q) everyone's columns with the history of a regime."""
        wide = np.asarray(self.history, dtype=float).reshape(np.size(self.y), -1).shape[1]
        given = np.atleast_2d(np.asarray(summary, dtype=float))
        if given.shape[1] != wide or len(given) not in (1, len(self._table)):
            raise EstimationError(f"The regime '{name}' has {given.shape[1]} columns, and the history {wide}.")
        table = self._table.copy()
        table[:, :wide] = given
        return table

    def truncations(
        self, regimes: Mapping[str, ArrayLike], weights: Weights, quantiles: Sequence[Quantiles] = TRUNCATIONS
    ) -> dict[Quantiles, Structural]:
        """The means with weights as they are, and brought in to quantiles: what hangs on the largest of them."""
        return {pair: self.means(regimes, weights.brought_in(pair)) for pair in quantiles}


def weeks_in_categories(category: ArrayLike, categories: int) -> Array:
    """(n, categories - 1) how many weeks each person had in each category but the lowest. category: (n, T) codes."""
    code: Whole = np.asarray(category, dtype=np.int64)
    return np.column_stack([(code == one).sum(axis=1) for one in range(1, categories)]).astype(float)
