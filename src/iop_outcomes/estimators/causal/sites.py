"""An effect site by site, and within sites against between them.

What happens: `by_site` takes, within each site, the difference of the weighted means of both arms, with the robust
variance that stretches a residual by its own share of the weight (HC2; MacKinnon & White 1985, Journal of Econometrics
29:305), which without weights is Welch's. `within_and_between` splits the arm of a person into the site's share of the
first arm and what the person differs from it by: a linear regression on both tells what the arm does within sites, and
by how much sites of the first arm alone would differ from sites of the second (Neuhaus & Kalbfleisch 1998, Biometrics
54:638; Begg & Parides 2003, Statistics in Medicine 22:2591). Where nothing of a site moves both where people go and
what becomes of them, the two agree but for chance; their difference is that of a site's mix at a fixed arm.

People of a site are taken together in the regression; with few sites by bias-reduced linearisation (`few_clusters`),
as long as their people are few enough for it. Refused: fewer than three sites, no site with both arms,
sites that all have the same mix, and what `regression` refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Labels, Whole
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.rows import column, indicator, rows
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.few_clusters import ENOUGH, cr2
from iop_outcomes.estimators.regression.glm import fit

ONE_SITE = "all people are of one site, so that nothing is within sites or between them"
FEW_SITES = "between fewer than three sites nothing tells how far sites lie apart by chance"
NO_BOTH = "no site has people of both arms, so that there is no effect within a site"
SAME_MIX = "all sites have the same share of people in the first arm, so that there is no effect between sites"
WITHIN, BETWEEN, APART = "within", "between", "between less within"
ARM, MIX = "arm", "share of the site"
# of so many people the residuals of a site are stretched together, which takes the square of its people in memory
MOST_TOGETHER = 10_000
FEWEST_TO_VARY, FEWEST_SITES = 2, 3
FLAT = 1e-9


class BySite(NamedTuple):
    """names: of J sites. people: (J, 2) people with weight in the first and in the second arm. value, error: (J,) the
    difference and its standard error, missing where an arm has fewer than two people.
    """

    names: tuple[str, ...]
    people: Whole
    value: Array
    error: Array


def by_site(
    y: ArrayLike, arm: ArrayLike, site: Labels, weight: ArrayLike | None = None, person: Labels | None = None
) -> BySite:
    """Weighted mean of y (n,) in arm 1 less that in arm 0, site by site.

    arm: (n,) zeros and ones. site: (n,) labels. person: (n,) labels of who counts more than once; None: nobody does.
    Weights count as known. Raises EstimationError.
    """
    first = indicator(arm, "arm")
    outcome, w = column(y, "y", first.size), rows(first.size, weight, None).weight
    there = w > 0
    names, at = labelled(site, "site", first.size, there)
    cell, w, outcome = 2 * at + ~first[there], w[there], outcome[there]
    size = 2 * len(names)
    people, total = np.bincount(cell, minlength=size), np.bincount(cell, w, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, w * outcome, size) / total
        own = w / total[cell]
        score = own * (outcome - mean[cell]) / np.sqrt(1 - own)
    if person is not None:
        who = labelled(person, "person", first.size, there)[1]
        cell, score = _together(cell, who, score)
    variance = np.bincount(cell, score**2, size)
    mean[people < FEWEST_TO_VARY] = np.nan
    means, variances = mean.reshape(-1, 2), variance.reshape(-1, 2)
    value = means[:, 0] - means[:, 1]
    error = np.where(np.isnan(value), np.nan, np.sqrt(variances.sum(axis=1)))
    return BySite(names, people.reshape(-1, 2), value, error)


def _together(cell: Whole, who: Whole, score: Array) -> tuple[Whole, Array]:
    """Scores summed over the rows of a person in one arm of a site."""
    pairs, at = np.unique(np.column_stack([cell, who]), axis=0, return_inverse=True)
    return pairs[:, 0], np.bincount(at.ravel(), score).astype(float)


@dataclass(frozen=True)
class Split:
    """names: WITHIN, BETWEEN, APART. value, error, degrees: (3,), of freedom of each. p_value: (3,) against zero."""

    names: tuple[str, ...]
    value: Array
    error: Array
    degrees: Array

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """(3,) lower and (3,) upper confidence limits."""
        reach = np.asarray(stats.t.ppf(0.5 + level / 2, self.degrees)) * self.error
        return self.value - reach, self.value + reach

    def p_value(self) -> Array:
        """(3,) two-sided p values against zero."""
        return np.asarray(2 * stats.t.sf(np.abs(self.value) / self.error, self.degrees))


def within_and_between(y: ArrayLike, arm: ArrayLike, site: Labels, x: ModelMatrix | None = None) -> Split:
    """What the arm does within sites, what a site's share of the first arm goes along with, and their difference.

    y: (n,). arm: (n,) zeros and ones. site: (n,) labels. x: (n, p) covariates that are no sites. Raises
    EstimationError as the module says.
    """
    first = indicator(arm, "arm").astype(float)
    outcome = column(y, "y", first.size)
    names, at = labelled(site, "site", first.size)
    people = np.bincount(at)
    share = np.bincount(at, first) / people
    if len(names) == 1:
        raise EstimationError(ONE_SITE)
    if len(names) < FEWEST_SITES:
        raise EstimationError(FEW_SITES)
    if not ((share > 0) & (share < 1)).any():
        raise EstimationError(NO_BOTH)
    if np.ptp(share) < FLAT:
        raise EstimationError(SAME_MIX)
    mix = share[at]
    apart = _fitted(np.column_stack([first - mix, mix]), (WITHIN, BETWEEN), outcome, at, len(names), x)
    # at a fixed arm of the person what is left of the mix is how far the two differ
    gap = _fitted(np.column_stack([first, mix]), (ARM, MIX), outcome, at, len(names), x)
    value, error, degrees = (np.append(one, other[1]) for one, other in zip(apart, gap, strict=True))
    return Split((WITHIN, BETWEEN, APART), value, error, degrees)


def _fitted(
    of_arm: Array, names: tuple[str, str], y: Array, site: Whole, sites: int, x: ModelMatrix | None
) -> tuple[Array, Array, Array]:
    """(2,) coefficients of the first two columns, their standard errors and degrees of freedom."""
    if x is None:
        covariates = model_matrix(of_arm, names)
    else:
        covariates = ModelMatrix(np.hstack([of_arm, x.numeric]), (*names, *x.names), x.codes, x.levels)
    if sites < ENOUGH and len(y) <= MOST_TOGETHER:
        few = cr2(covariates.dense(), y, covariates.names, site).take(*names)
        return few.value, few.standard_error(), few.degrees
    found = fit("linear", covariates, y, ()).take(*names).clustered(site)
    return found.value, found.standard_error(), np.full(2, found.degrees)
