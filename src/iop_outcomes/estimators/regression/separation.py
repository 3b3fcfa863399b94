"""Separation decided: is there a direction in which coefficients grow without limit, and which columns make it?

What happens, in order: columns that separate by themselves are told from the smallest and largest values of each group;
otherwise a linear programme looks for a combination, on the rows that are predicted worst, and rows that its answer
offends are added until it offends none of all rows, or until nothing is left to find; columns that the combination can
do without are taken out of it, one by one. Nothing is refused here: `regression` and `multinomial` ask where their
steps look suspicious.

A model of K alternatives with predictors P_k(x) = x d_k, d_0 = 0, has no finite estimate if and only if some d other
than zero never lowers what was observed, P_z(x) >= P_k(x) for all alternatives k of all rows, z the one observed, and
does not move rows whose outcome lies between the extremes (Albert & Anderson 1984, Biometrika 71:1; for counts Correia,
Guimaraes & Zylkin 2019, arXiv:1903.01633). The programme maximises the sum of the gains P_z - P_k within |d| <= 1
(Konis 2007, Oxford DPhil thesis). Numbers are measured from their median, in units of their median distance from it,
and rows by their largest entry, so that one far value does not hide what the others say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix

INTERCEPT = "intercept"
MOST_NAMED = 5  # columns in a message
ROUNDS = 200
ALL_ROWS = 2_000  # inequalities that one programme may begin with
MOST_TRIED = 12  # columns that are tried without, one by one
NOTHING = 1e-6  # a share of the largest coefficient that is none
FEASIBLE = 1e-10  # what the programme may be off
OFFENDED = 1e-9  # a row of unit size that loses more is offended
GAINED = 1e-7  # a gain below this is none
# A Newton step that moves a predictor by less proves that there is an estimate: see `regression`.
PROVED = 0.5
# share of the largest eigenvalue of a scaled information below which its steps prove nothing
ILL_CONDITIONED = 1e-9


@dataclass(frozen=True)
class Observed:
    """alternative: (n,) the one observed, 0 ... size - 1. between: (n,) rows whose predictor must not move, of two
    alternatives.
    """

    alternative: Whole
    size: int = 2
    between: Mask | None = None

    @classmethod
    def of_outcome(cls, y: Array, lowest: float, highest: float) -> Observed:
        """Of an outcome with extremes, of which one may be infinite."""
        between = (y > lowest) & (y < highest)
        return cls((y == highest).astype(np.int64), 2, between if between.any() else None)


def separating(x: ModelMatrix, observed: Observed, residual: Array) -> tuple[str, ...]:
    """Names of the columns that separate, none where there is a finite estimate.

    x: (n, p) without intercept, no column a combination of others. residual: (n,) how badly each row is predicted.
    Columns that do it alone, all of them, or else as few as do it together. All columns of a categorical
    covariate mean that its reference does.
    """
    alone = _alone(x, observed)
    if not alone.any():
        alone = _reference_alone(x, observed)
    if alone.any():
        return tuple(name for name, guilty in zip(x.names, alone, strict=True) if guilty)
    cone = _Cone(_measured(x).with_intercept(INTERCEPT), observed, np.abs(residual))
    free = np.ones(x.shape[1] + 1, dtype=bool)
    if cone.direction(free) is None:
        return ()
    found = cone.direction(free, sparse=True)
    size = np.abs(found).max(axis=0) if found is not None else free.astype(float)
    size[0] = 0.0
    free[1:] = size[1:] > NOTHING * size.max()
    if free.sum() <= MOST_TRIED:
        for at in np.argsort(size, kind="stable"):
            without = free & (np.arange(len(free)) != at)
            if at > 0 and free[at] and cone.direction(without) is not None:
                free = without
    return tuple(name for name, guilty in zip(x.names, free[1:], strict=True) if guilty)


def listed(names: Sequence[str]) -> tuple[str, str]:
    """The columns for a message, and what it means where they are many."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    reference = " Where all categories of one covariate are named, it is their reference that does so." if more else ""
    return ", ".join(names[:MOST_NAMED]) + more, reference


def ill_conditioned(information: Array) -> bool:
    """Whether a step from this information (q, q) may be noise in some direction."""
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    if not (np.isfinite(information).all() and (size > 0).all()):
        return True
    values = np.linalg.eigvalsh(information / np.outer(size, size))
    return bool(values[0] < ILL_CONDITIONED * values[-1])


def _alone(x: ModelMatrix, observed: Observed) -> Mask:
    """(p,) columns v with a border t such that each alternative lies on one side of it, not all of them at it."""
    kept = np.ones(x.shape[0], dtype=bool) if observed.between is None else ~observed.between
    low, high = np.full((2, observed.size, x.shape[1]), np.inf)
    high = -high
    for k in range(observed.size):
        here = kept & (observed.alternative == k)
        if here.any():
            low[k], high[k] = _range(x, here)
    borders, fits = high, np.ones(x.shape[1], dtype=bool)
    if observed.between is not None:
        least, most = _range(x, observed.between)
        borders, fits = least[None], least == most
    found = np.zeros(x.shape[1], dtype=bool)
    for border in borders:
        below, above = high <= border, low >= border
        apart = (below | above).all(axis=0) & below.any(axis=0) & above.any(axis=0)
        found |= apart & ((low < border) | (high > border)).any(axis=0) & np.isfinite(border)
    return np.asarray(found & fits)


def _reference_alone(x: ModelMatrix, observed: Observed) -> Mask:
    """(p,) columns of the categorical covariates whose reference separates by itself."""
    found = np.zeros(x.shape[1], dtype=bool)
    for codes, span in zip(x.codes, x.spans, strict=True):
        reference = ModelMatrix((codes == 0).astype(float)[:, None], (INTERCEPT,))
        found[span] = _alone(reference, observed)[0]
    return found


def _range(x: ModelMatrix, here: Mask) -> tuple[Array, Array]:
    """(p,) smallest and (p,) largest values among some rows."""
    low, high = np.zeros(x.shape[1]), np.ones(x.shape[1])
    a = x.numeric.shape[1]
    low[:a], high[:a] = x.numeric[here].min(axis=0), x.numeric[here].max(axis=0)
    people = x.crossproduct(here.astype(float))[a:]
    low[a:], high[a:] = people == here.sum(), people > 0
    return low, high


def _measured(x: ModelMatrix) -> ModelMatrix:
    """Numeric columns from their median, in units of the median of distances from it that are above zero."""
    if not x.numeric.shape[1]:
        return x
    away = x.numeric - np.median(x.numeric, axis=0)
    distance = [np.abs(column[column != 0]) for column in away.T]
    unit = np.array([np.median(d) if d.size else 1.0 for d in distance])
    return ModelMatrix(away / unit, x.names, x.codes, x.levels)


@dataclass
class _Cone:
    """The directions in which no row loses. x: (n, q), the intercept first. hard: (n,) rows to begin with, the largest.

    rows: those in the programme, which grow from question to question.
    """

    x: ModelMatrix
    observed: Observed
    hard: Array
    rows: Whole = field(init=False)

    def __post_init__(self) -> None:
        n, most = len(self.hard), ALL_ROWS // (self.observed.size - 1)
        if n <= most:
            self.rows = np.arange(n)
            return
        hardest = np.argpartition(self.hard, n - most // 2)[n - most // 2 :]
        self.rows = np.union1d(hardest, np.linspace(0, n - 1, most // 4).astype(np.int64))

    @cached_property
    def size(self) -> Array:
        """(n,) the largest entry of each row."""
        return np.asarray(np.abs(self.x.numeric).max(axis=1))

    def direction(self, free: Mask, sparse: bool = False) -> Array | None:
        """(K - 1, q) a direction in which some row gains and none loses, zero but in the columns `free` (q,).

        sparse: the one with the smallest sum of coefficients for the gain, the intercept's not counted; there is one.
        """
        for _ in range(ROUNDS):
            gains, still = self._inequalities(self.rows)
            found = self._programme(gains, still, free, sparse)
            if len(gains) and (gains @ found.ravel()).max() > GAINED * np.abs(found).max():
                worst = self._worst(found) / np.abs(found).max()
                offended = np.flatnonzero(worst < -OFFENDED)
                more = offended[np.argsort(worst[offended], kind="stable")[: max(ALL_ROWS // 8, 1)]]
            else:
                found, more = None, self._unseen(np.vstack([gains, still]), free)  # type: ignore[assignment]
            before = len(self.rows)
            self.rows = np.union1d(self.rows, more)
            if len(self.rows) == before:
                return found
        raise EstimationError(
            "Whether the model has a finite estimate could not be decided: its columns lie on scales too far apart. "
            "Take logarithms of skewed numbers, or leave out columns that hardly differ from others."
        )

    def _inequalities(self, rows: Whole) -> tuple[Array, Array]:
        """Gains (m, (K - 1) q) that must not be below zero, and predictors (e, (K - 1) q) that must not move."""
        part = self.x.take(rows).dense() / self.size[rows, None]
        arms, q = self.observed.size, part.shape[1]
        own = self.observed.alternative[rows]
        if self.observed.between is not None:
            between = self.observed.between[rows]
            still, part, own = part[between], part[~between], own[~between]
        else:
            still = np.empty((0, q * (arms - 1)))
        blocks = []
        for k in range(arms):
            here = np.flatnonzero(own != k)
            block = np.zeros((len(here), arms, q))
            block[np.arange(len(here)), own[here]] = part[here]
            block[:, k] -= part[here]
            blocks.append(block[:, 1:].reshape(len(here), (arms - 1) * q))
        return np.unique(np.vstack(blocks), axis=0), np.unique(still, axis=0)

    def _programme(self, gains: Array, still: Array, free: Mask, sparse: bool) -> Array:
        """(K - 1, q) the direction of the largest gain within |d| <= 1, or of the smallest |d| for a gain of one."""
        from scipy.optimize import linprog
        from scipy.sparse import csr_array, hstack, vstack

        columns = np.flatnonzero(np.tile(free, self.observed.size - 1))
        out = np.zeros(len(free) * (self.observed.size - 1))
        if not len(gains):
            return out.reshape(self.observed.size - 1, -1)
        sums, above, level = gains[:, columns].mean(axis=0), csr_array(-gains[:, columns]), csr_array(still[:, columns])
        target, right = -sums, np.zeros(len(still))
        bounds: tuple[float, float | None] = (-1.0, 1.0)
        if sparse:  # d = plus - minus
            counted = (columns % len(free) > 0).astype(float)
            above, level = hstack([above, -above]), vstack([hstack([level, -level]), np.hstack([sums, -sums])[None]])
            target, right, bounds = np.hstack([counted, counted]) + NOTHING, np.append(right, 1.0), (0.0, None)
        options = {"primal_feasibility_tolerance": FEASIBLE, "dual_feasibility_tolerance": FEASIBLE}
        for method in ("highs", "highs-ds", "highs-ipm"):
            solved = linprog(
                target, above, np.zeros(len(gains)), level if len(right) else None, right if len(right) else None,
                bounds, method, options=options,
            )  # fmt: skip
            if solved.x is not None:
                out[columns] = solved.x[: len(columns)] - solved.x[len(columns) :] if sparse else solved.x
                break
        return out.reshape(self.observed.size - 1, -1)

    def _worst(self, found: Array) -> Array:
        """(n,) the smallest gain of each row over its size."""
        predictor = self.x.times(found.T)
        predictor = np.column_stack([np.zeros(len(predictor)), predictor])
        own = np.take_along_axis(predictor, self.observed.alternative[:, None], axis=1)
        worst = (own - predictor).min(axis=1)
        if self.observed.between is not None:
            worst = np.where(self.observed.between, -np.abs(predictor[:, 1]), worst)
        return np.asarray(worst / self.size)

    def _unseen(self, table: Array, free: Mask) -> Whole:
        """Rows that move in directions in which those of the programme, table (m, (K - 1) q), do not move at all."""
        reach = np.flatnonzero(np.tile(free, self.observed.size - 1))
        part = table[:, reach]
        length = np.sqrt((part**2).sum(axis=0))
        singular, directions = np.linalg.svd(part / np.where(length > 0, length, 1.0), full_matrices=True)[1:]
        singular = np.concatenate([singular, np.zeros(len(reach) - len(singular))])
        more = []
        for blind in directions[singular <= 1e-9 * max(singular[0], 1e-300)][:50]:
            whole = np.zeros(len(free) * (self.observed.size - 1))
            whole[reach] = blind / np.where(length > 0, length, 1.0)
            moved = np.abs(self.x.times(whole.reshape(self.observed.size - 1, -1).T)).max(axis=1) / self.size
            seen = np.argsort(-moved, kind="stable")[:20]
            more.append(seen[moved[seen] > OFFENDED])
        return np.concatenate(more) if more else np.empty(0, dtype=np.int64)
