"""Balance of the covariates between the arms, before and after weighting, and how much the weights cost.

In order, for no weights and for each kind asked for: standardised differences of every covariate, in all and within
the strata (sites, trials) that hold both arms; ratios of variances and Kolmogorov-Smirnov distances of those that are
numbers; effective sample sizes and largest weights by arm. How far the scores of the two arms overlap comes once.
Standardised differences use the unweighted pooled standard deviation, so that weighting cannot hide an imbalance by
changing the scale (Austin & Stuart 2015, Statistics in Medicine 34:3661).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.design.propensity import Fitted
from iop_outcomes.estimators.causal import balance as estimator
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.tables.bands import SCORE_EDGES
from iop_outcomes.tables.results import WEIGHTED_MEAN

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Row = tuple[str, str, str, float]

# the largest difference of any two arms, where there are further ones alongside
OF_ALL_ARMS = "pairwise_difference"
# quantities with one row for each covariate
BY_COVARIATE = (
    "standardised_difference", "within_site_difference", "largest_within_site_difference", "variance_ratio",
    "distribution_distance", OF_ALL_ARMS, WEIGHTED_MEAN,
)  # fmt: skip
SCORE_BINS = np.asarray(SCORE_EDGES)


def bins(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) which of the bins of SCORE_BINS a score falls into; 1 belongs to the last."""
    return np.clip(np.searchsorted(SCORE_BINS, score, side="right") - 1, 0, len(SCORE_BINS) - 2)


def table(members: pd.DataFrame, covariates: ModelMatrix, fitted: Fitted, weights: Sequence[str]) -> pd.DataFrame:
    """One row per method and quantity. Unweighted rows are always there; weighted ones when there is a score.

    weights: names of the columns of the scores that hold weights. Columns: method, quantity, variable, value.
    """
    import pandas as pd

    arm = members["arm"].to_numpy()
    if len(np.unique(arm)) < 2:
        return pd.DataFrame(columns=["method", "quantity", "variable", "value"])
    methods = {"unweighted": np.ones(len(members))}
    if not fitted.problem:
        methods.update({name: fitted.scores[name].to_numpy() for name in weights})
    rows: list[Row] = []
    spread = estimator.pooled_deviation(covariates, arm)
    strata = pd.factorize(members["stratum"])[0]
    for method, weight in methods.items():
        found = _by_covariate(arm, covariates, weight, strata, spread)
        rows += [(method, quantity, name, value) for quantity, name, value in found if np.isfinite(value)]
        if method != "unweighted":
            means = estimator.weighted_means(covariates, arm, weight)
            rows += [(method, WEIGHTED_MEAN, name, float(v)) for name, v in zip(covariates.names, means, strict=True)]
        for side, value in (("first", 1), ("second", 0)):
            own = weight[arm == value]
            rows.append((method, "effective_sample_size", side, estimator.effective_sample_size(own)))
            rows.append((method, "largest_weight", side, own.max() / own.mean()))
    if not fitted.problem:
        score = fitted.scores["propensity"].to_numpy()
        rows.append(("unweighted", "score_overlap", "all", _overlap(score, arm)))
    return pd.DataFrame(rows, columns=["method", "quantity", "variable", "value"])


def of_all_arms(members: pd.DataFrame, covariates: ModelMatrix, fitted: Fitted, weights: Sequence[str]) -> pd.DataFrame:
    """Rows as of `table`: for each kind of weights and covariate the largest difference of any two of three or more
    arms. None without a score, or with two arms.
    """
    import pandas as pd

    arm = members["arm"].to_numpy()
    rows: list[Row] = []
    if not fitted.problem and arm.max() > 1:
        for method in weights:
            weight = fitted.scores[method].to_numpy()
            found = estimator.largest_pairwise_difference(covariates, arm, weight)
            rows += [
                (method, OF_ALL_ARMS, name, float(v)) for name, v in zip(covariates.names, found, strict=True)
                if np.isfinite(v)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "quantity", "variable", "value"])


def _by_covariate(
    arm: NDArray[np.int64],
    x: ModelMatrix,
    weight: NDArray[np.float64],
    strata: NDArray[np.int64],
    spread: NDArray[np.float64],
) -> list[tuple[str, str, float]]:
    """Quantity, covariate and value; what is not defined is not finite. spread: (p,) the ruler of differences."""
    names = list(x.names)
    found = {"standardised_difference": (names, estimator.standardised_difference(x, arm, weight))}
    if names:
        within = estimator.within_strata(x, arm, strata, weight, spread=spread)
        if len(within.strata) > 1:  # one stratum is the whole
            found["within_site_difference"] = (names, within.average)
            found["largest_within_site_difference"] = (names, within.largest)
    if at := numbers(x):
        shown, values = [names[i] for i in at], x.numeric[:, at]
        found["variance_ratio"] = (shown, estimator.variance_ratio(values, arm, weight))
        found["distribution_distance"] = (shown, estimator.distance(values, arm, weight))
    return [(quantity, n, float(v)) for quantity, (own, vs) in found.items() for n, v in zip(own, vs, strict=True)]


def numbers(covariates: ModelMatrix) -> list[int]:
    """The columns that are numbers, neither categories nor flags of a missing number."""
    return [at for at in range(covariates.numeric.shape[1]) if "=" not in covariates.names[at]]


def _overlap(score: NDArray[np.float64], arm: NDArray[np.int64]) -> float:
    """The share that the arms' distributions over the bins of the score have in common, 0 to 1."""
    shares = [np.bincount(bins(score[arm == a]), minlength=len(SCORE_BINS) - 1) / (arm == a).sum() for a in (1, 0)]
    return float(np.minimum(*shares).sum())
