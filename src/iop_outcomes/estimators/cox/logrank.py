"""The log-rank test and its family: whether groups have the same hazard, plain, stratified, weighted or clustered.

What happens, in order: times, events, groups, weights and strata are checked and rows without weight set aside; at
every event time the events of each group are compared with those expected if all groups had the same hazard; the
differences are multiplied by a weight function of that time and added up over times and strata; the chi-squared
statistic follows with the hypergeometric variance (`logrank`) or, for weighted or clustered people, with the robust
variance of the score (`weighted_logrank`). Refused: one group, no events, groups never at risk together.

With Y_k, Y people at risk in group k and in all, d_k, d events, and K a weight function of EVENT_WEIGHTS, the score is

    U_k = sum over u of K(u) (d_k(u) - d(u) Y_k(u) / Y(u)),

with hypergeometric covariance sum of K^2 d (Y - d) / (Y - 1) (diag(Y_k / Y) - Y_k Y_l / Y^2). K = 1 is the log-rank
test (Mantel 1966, Cancer Chemotherapy Reports 50:163), Y that of Gehan and Breslow (Breslow 1970, Biometrika 57:579),
the square root of Y that of Tarone & Ware (1977, Biometrika 64:156), S(u-)^rho (1 - S(u-))^gamma those of Fleming &
Harrington (1991, Counting Processes and Survival Analysis). Two tests go by the name of Peto & Peto. 'peto-peto' here
is rho = 1, gamma = 0: Kaplan and Meier's survival just before the event, as in R's `survdiff(rho = 1)`. The other (PETO
in SAS's LIFETEST, 'peto' in lifelines) takes survival at the event itself, estimated by the product of 1 - d / (Y + 1);
they differ in small samples and where many events are tied. In the weighted test all sums carry weights and person i
adds (Lin & Wei 1989, JASA 84:1074)

    W_i (K (x_i - E)(u) at its event  -  sum of K (x_i - E)(u) dL(u) while at risk),   E_k = Y_k / Y, dL = d / Y,

K taken as known, as its error multiplies differences that are zero under the hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.rows import Rows, indicator, rows
from iop_outcomes.estimators.cox.likelihood import PartialLikelihood, tie_terms
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.survival.risksets import RiskSets, compared, follow_up, risk_sets

# K(u) from the number at risk, the survival just before u, rho and gamma.
EVENT_WEIGHTS: dict[str, Callable[[Array, Array, float, float], Array]] = {
    "log-rank": lambda at_risk, survival, rho, gamma: np.ones_like(at_risk),
    "gehan-breslow": lambda at_risk, survival, rho, gamma: at_risk,
    "tarone-ware": lambda at_risk, survival, rho, gamma: np.sqrt(at_risk),
    "peto-peto": lambda at_risk, survival, rho, gamma: survival,
    "fleming-harrington": lambda at_risk, survival, rho, gamma: survival**rho * (1 - survival) ** gamma,
}

# Whether the variance of a sum over people is taken around zero, or around their mean with n / (n - 1).
VARIANCES = {"robust": False, "design": True}


@dataclass(frozen=True)
class LogRankTest:
    """groups: K labels. observed, expected: (K,) events, multiplied by the weight function. score: (K,), observed less
    expected; covariance: (K, K), singular. statistic: chi-squared with `degrees` degrees of freedom; its p value.
    """

    groups: tuple[str, ...]
    observed: Array
    expected: Array
    score: Array
    covariance: Array
    statistic: float
    degrees: int
    p_value: float

    def z(self, group: str) -> float:
        """The score of one group over its standard error; above zero where it has more events than expected."""
        at = self.groups.index(group)
        return float(self.score[at] / np.sqrt(self.covariance[at, at]))


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    weighting: str = "log-rank",
    rho: float = 0.0,
    gamma: float = 0.0,
    strata: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> LogRankTest:
    """Test that the hazard is the same in all groups, stratum by stratum.

    time, entry: (n,) at risk where entry < u <= time. event: (n,) zeros and ones. group, strata: (n,) any labels.
    weighting: one of EVENT_WEIGHTS; rho and gamma are those of 'fleming-harrington'. Raises EstimationError as the
    module says.
    """
    people = _people(time, event, group, None, frequency, entry, strata)
    sets, total = people.sets, people.total
    factor = people.weight_function(weighting, rho, gamma)
    at_risk = sets.at_risk_times(people.groups_of_rows, total)
    gone = people.groups_of_rows.take(sets.dead).grouped(sets.position, total[sets.dead], len(sets.times))
    n, d = sets.at_risk(total), sets.among_dead(total[sets.dead])
    share = at_risk / n[:, None]
    observed, expected = factor @ gone, (factor * d) @ share
    several = n > 1
    spread = np.where(several, factor**2 * d * (n - d) / np.where(several, n - 1, 1.0), 0.0)
    covariance = np.diag(spread @ share) - share.T @ (share * spread[:, None])
    return _tested(people.groups, observed, expected, covariance)


def weighted_logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    weight: ArrayLike | None = None,
    weighting: str = "log-rank",
    rho: float = 0.0,
    gamma: float = 0.0,
    strata: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    ties: str = "breslow",
    variance: str = "robust",
) -> LogRankTest:
    """The test for people with propensity, censoring or sampling weights, or in clusters; see `logrank`.

    weight: (n,) of each person. clusters: (n,) labels of people who are not independent, for example sites. ties:
    'breslow', or 'efron' for means and hazards averaged over the terms of Efron's likelihood. variance: one of
    VARIANCES; 'robust' gives the score test of R's coxph, 'design' with 'efron' R's svylogrank.
    Estimated weights are taken as known, which for propensity scores is usually conservative.
    """
    if variance not in VARIANCES:
        raise EstimationError(f"'variance' must be one of {', '.join(VARIANCES)}, not '{variance}'.")
    people = _people(time, event, group, weight, frequency, entry, strata)
    sets, dead, total = people.sets, people.sets.dead, people.total
    factor = people.weight_function(weighting, rho, gamma)
    model = PartialLikelihood(
        people.groups_of_rows, total, sets, tie_terms(sets, people.rows.frequency[people.kept][dead], ties)
    )
    sums = model.at(np.zeros(len(people.groups))).sums
    mean = model.expected(sums) / model.ties.people[:, None]
    hazard = factor * sums.scaled * model.ties.sum(1 / sums.remaining)
    own = -sets.while_at_risk(hazard)
    own[dead] += factor[sets.position]
    residual = sets.while_at_risk(hazard[:, None] * mean)
    residual[dead] -= (factor[:, None] * mean)[sets.position]
    residual[np.arange(len(own)), people.number] += own
    observed = people.groups_of_rows.take(dead).crossproduct(total[dead] * factor[sets.position])
    weighed = people.rows.weight[people.kept, None] * residual
    score = people.rows.frequency[people.kept] @ weighed
    covariance = people.covariance(weighed, clusters, centred=VARIANCES[variance])
    return _tested(people.groups, observed, observed - score, covariance)


@dataclass(frozen=True)
class _People:
    """The rows with weight. number: (m,) group of each. groups_of_rows: (m, K) as a matrix of codes. compared: (m,)
    those ever at risk with others, in a stratum with several groups.
    """

    rows: Rows
    kept: Whole
    groups: tuple[str, ...]
    number: Whole
    groups_of_rows: ModelMatrix
    total: Array
    sets: RiskSets
    compared: Mask

    def weight_function(self, weighting: str, rho: float, gamma: float) -> Array:
        """(T,) K(u)."""
        if weighting not in EVENT_WEIGHTS:
            raise EstimationError(f"'weighting' must be one of {', '.join(EVENT_WEIGHTS)}, not '{weighting}'.")
        at_risk = self.sets.at_risk(self.total)
        hazard = self.sets.among_dead(self.total[self.sets.dead]) / at_risk
        before = np.ones(len(hazard))
        for start, stop in zip(self.sets.starts, [*self.sets.starts[1:], len(hazard)], strict=True):
            before[start + 1 : stop] = np.cumprod(1 - hazard[start : stop - 1])
        # weights that add to all of those at risk can exceed them by a rounding error
        return EVENT_WEIGHTS[weighting](at_risk, np.clip(before, 0.0, 1.0), rho, gamma)

    def covariance(self, weighed: Array, clusters: ArrayLike | None, centred: bool) -> Array:
        """(K, K) of the sum over people of weighed (m, K), or over clusters of them."""
        counts = self.rows.frequency[self.kept]
        if clusters is not None:
            number = labelled(clusters, "clusters", len(self.rows.weight), self.kept)[1]
            # clusters whose people are never compared with anyone are none
            cluster = np.unique(number[self.compared], return_inverse=True)[1]
            if cluster.max(initial=0) < 1:
                raise EstimationError(
                    "A cluster-robust variance needs at least two clusters with people who are compared; there is one."
                )
            own = weighed[self.compared] * counts[self.compared, None]
            weighed = np.stack([np.bincount(cluster, v) for v in own.T], axis=1)
            counts = np.ones(len(weighed))
        n = counts.sum()
        factor = 1.0
        if centred:
            weighed, factor = weighed - counts @ weighed / n, n / (n - 1)
        return np.asarray(factor * (weighed * counts[:, None]).T @ weighed)


def _people(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    weight: ArrayLike | None,
    frequency: ArrayLike | None,
    entry: ArrayLike | None,
    strata: ArrayLike | None,
) -> _People:
    exits, enters = follow_up(time, entry)
    n = exits.size
    counted = rows(n, weight, frequency)
    kept = np.flatnonzero(counted.used)
    died = indicator(event, "event", n)[kept]
    groups, number = labelled(group, "group", n, kept)
    stratum = labelled(strata, "strata", n, kept)[1]
    if len(groups) < 2:
        raise EstimationError(
            "A log-rank test compares at least two groups; there is one. Look at the groups' definition."
        )
    if not died.any():
        raise EstimationError("No events, so there is nothing to compare. Look at the outcome's coding.")
    # code 0 would be a reference without a column
    matrix = ModelMatrix(np.empty((len(kept), 0)), groups, (number + 1,), (len(groups),))
    sets = risk_sets(exits[kept], died, None if enters is None else enters[kept], stratum)
    there = compared(sets, matrix, counted.frequency[kept], stratum)
    return _People(counted, kept, groups, number, matrix, counted.total[kept], sets, there)


def _tested(groups: tuple[str, ...], observed: Array, expected: Array, covariance: Array) -> LogRankTest:
    """The statistic over groups that are ever compared with others; one that never is has no variance."""
    score, variance = observed - expected, np.diag(covariance)
    compared = np.flatnonzero(variance > 1e-12 * variance.max(initial=0.0))
    if len(compared) < 2:
        raise EstimationError(
            "No group is at risk together with another at any event time, so there is nothing to compare. Look at the "
            "strata and at the groups' times."
        )
    some = compared[:-1]
    part = covariance[np.ix_(some, some)]
    if np.linalg.matrix_rank(part, hermitian=True) < len(some):
        raise EstimationError(
            "The covariance of the log-rank scores is singular: some groups are only compared among themselves, or "
            "there are fewer clusters than groups. Merge groups or strata, or compare them pair by pair."
        )
    statistic = float(score[some] @ np.linalg.solve(part, score[some]))
    p = float(stats.chi2.sf(statistic, len(some)))
    return LogRankTest(groups, observed, expected, score, covariance, statistic, len(some), p)
