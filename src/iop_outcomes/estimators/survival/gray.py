"""Gray's test: whether groups have the same cumulative incidence of one cause.

What happens, in order: times, causes, groups and frequencies are checked and rows without frequency set aside; within
each stratum the incidence of the cause and the survival free of any event are estimated in each group, and pooled, and
the score of each group and its covariance follow from cumulative sums; strata are added up; the statistic is
score' covariance^-1 score, chi-squared with groups - 1 degrees of freedom. Refused: one group, no events of the cause,
groups that are not compared by any event.

With Y_k(u) at risk in group k, S_k and F_k its survival and its incidence of the cause, all just before u, and
R_k = Y_k (1 - F_k) / S_k, the score of group k (Gray 1988, Annals of Statistics 16:1141) is

    sum over u of (1 - F(u-))^rho * (d_k(u) - d(u) R_k(u) / R(u)),   R the sum of R_k, d events of the cause,

and F the pooled incidence with increments d / sum of (Y_k / S_k). The covariance has the corrections for ties of R's
`cmprsk::cuminc`, whose statistics these are. People with a competing event stay in the comparison, so this is the test
that goes with cumulative incidence curves and with Fine-Gray regression; `logrank` of one cause, others censored,
compares cause-specific hazards. There is no weighted version: the score of `fine_gray` is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.rows import codes, rows
from iop_outcomes.estimators.survival.risksets import follow_up


@dataclass(frozen=True)
class GrayTest:
    """groups: K labels. score: (K,), which add to zero without strata; covariance: (K - 1, K - 1) of the first K - 1.
    statistic: chi-squared with `degrees` degrees of freedom, and its p value.
    """

    groups: tuple[str, ...]
    score: Array
    covariance: Array
    statistic: float
    degrees: int
    p_value: float


def gray_test(
    time: ArrayLike,
    cause: ArrayLike,
    which: int,
    group: ArrayLike,
    strata: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    rho: float = 0.0,
) -> GrayTest:
    """Test that the cumulative incidence of cause `which` is the same in all groups.

    time: (n,) from day 0. cause: (n,) whole numbers, 0 censored. group, strata: (n,) any labels. rho: power of
    1 - F in the weight of each event time. Raises EstimationError as the module says.
    """
    exits = follow_up(time, None)[0]
    n = exits.size
    counted = rows(n, None, frequency)
    kept = counted.used
    causes = codes(cause, "cause", n)[kept]
    groups, number = labelled(group, "group", n, kept)
    stratum = labelled(strata, "strata", n, kept)[1]
    if len(groups) < 2:
        raise EstimationError("Gray's test compares at least two groups; there is one. Look at the groups' definition.")
    if which < 1 or not (causes == which).any():
        raise EstimationError(f"No events of cause {which}, so there is nothing to compare. Look at the coding.")
    kind = np.where(causes == which, 1, np.where(causes == 0, 0, 2))
    score, covariance = np.zeros(len(groups)), np.zeros((len(groups) - 1, len(groups) - 1))
    for one in np.unique(stratum):
        here = stratum == one
        counts = _counts(exits[kept][here], kind[here], number[here], counted.frequency[kept][here], len(groups))
        if counts is not None:
            part, variance = _stratum(*counts, rho)
            score, covariance = score + part, covariance + variance
    return _tested(groups, score, covariance)


def _tested(groups: tuple[str, ...], score: Array, covariance: Array) -> GrayTest:
    first = score[:-1]
    if np.linalg.matrix_rank(covariance, hermitian=True) < len(first):
        raise EstimationError(
            "Gray's test has no variance for some group: its people are never at risk together with those of others. "
            "Merge groups or strata, or leave the group out."
        )
    statistic = float(first @ np.linalg.solve(covariance, first))
    p = float(stats.chi2.sf(statistic, len(first)))
    return GrayTest(groups, score, covariance, statistic, len(first), p)


def _counts(time: Array, kind: Whole, group: Whole, people: Array, size: int) -> tuple[Array, Array, Array] | None:
    """(T, K) at risk, with the cause, and with another event at the times of any event; None without any."""
    times = np.unique(time[kind > 0])
    if not times.size:
        return None
    last = np.searchsorted(times, time, side="right")  # at risk at this many of the times

    def cells(at: Whole, which: Array | np.ndarray, length: int) -> Array:
        flat = np.bincount(at[which] * size + group[which], people[which], length * size)
        return np.asarray(flat.reshape(length, size), dtype=float)

    leaving = cells(last, np.ones(len(time), dtype=bool), len(times) + 1)
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1][1:]
    return at_risk, cells(last - 1, kind == 1, len(times)), cells(last - 1, kind == 2, len(times))


def _stratum(at_risk: Array, own: Array, other: Array, rho: float) -> tuple[Array, Array]:
    """(K,) score and (K - 1, K - 1) covariance of one stratum; at_risk, own, other: (T, K) people."""
    there = at_risk > 0
    people = np.where(there, at_risk, 1.0)
    survival = np.asarray(np.cumprod(1 - (own + other) / people, axis=0), dtype=float)
    before = _shifted(survival, 1.0)
    ever = there / np.where(there, before, 1.0)  # 1 / S_k(u-), zero where no one is at risk
    incidence = _shifted(np.cumsum(before * own / people, axis=0), 0.0)
    share = at_risk * ever
    whole = share.sum(axis=1)
    events = own.sum(axis=1)
    pooled = np.cumsum(events / whole)
    pooled_before = _shifted(pooled, 0.0)
    weight = (1 - pooled_before) ** rho
    expected = share * (1 - incidence)
    score = weight @ (own - events[:, None] * expected / expected.sum(axis=1)[:, None])
    # a(u) and c(u) of the covariance, (T, K, K)
    part = share / whole[:, None]
    a = weight[:, None, None] * share[:, :, None] * (np.eye(own.shape[1]) - part[:, None, :])
    c = np.cumsum(a * (events / (whole * (1 - pooled_before)))[:, None, None], axis=0)
    ratio = np.where(survival > 0, (1 - pooled[:, None]) / np.where(survival > 0, survival, 1.0), 0.0)
    spread_own = there * _tied(events[:, None], whole[:, None] * before) * before * (events / whole)[:, None] / people
    spread_other = (survival > 0) * _tied(other, people) * before**2 * other / people**2
    # group k moves score i by b_ik(u), less c_ik(end) times what it moves by the end
    b_own = a - (1 - ratio)[:, None, :] * c - (ratio - 1)[:, None, :] * c[-1]
    b_other = ratio[:, None, :] * (c - c[-1])
    covariance = np.einsum("tik,tjk,tk->ij", b_own, b_own, spread_own)
    covariance += np.einsum("tik,tjk,tk->ij", b_other, b_other, spread_other)
    return score, covariance[:-1, :-1]


def _tied(events: Array, people: Array) -> Array:
    """The factor of the hypergeometric variance, 1 - (events - 1) / (people - 1), where there is more than one."""
    several = events > 1
    return np.where(several, 1 - (events - 1) / np.where(several, people - 1, 1.0), 1.0)


def _shifted(values: Array, start: float) -> Array:
    """The value just before each time."""
    return np.concatenate([np.full((1, *values.shape[1:]), start), values[:-1]])
