"""The terms of a propensity score: sites, splines of numbers, and categories, which stay codes.

In order: covariates that cannot be told apart among the people of a contrast are joined (`distinct`); sites and splines
are added (`of_score`); columns that say nothing new are left out, a category among them going to its reference. Terms
stand in the table scores as they are held (`written`), and are read from there (`read`): a column of numbers each, and
a column of codes for each categorical covariate. Nothing is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.protocol import Adjustment

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FEWEST_COMPARED = 20  # people of a contrast in a category of its own
# What is left of a column's variance beside the columns before it: less than this is nothing. It is a difference of
# sums of squares, known to 1e-16 of the variance at best and to less where earlier columns were much alike. One person
# who alone tells two halves of ten million people apart leaves 4e-7.
NOTHING_NEW = 1e-9
# of a number's spread over its size: less than this is rounding
FLAT = 1e-10
# A category that is a combination of the columns before it but for a handful of people, as when two answers are unknown
# for the same people but one, adds nothing: the handful, if all are in one arm, would decide whether there is a score.
# It is left out where both its sum of squares beside those columns is below this number (of people, at most one each)
# and its share of variance is below the other: a rare category that stands by itself has a large share.
FEW_APART, SMALL_SHARE = 10, 0.05
NUMBER, CODE = "t_", "c_"
OF_SITE = re.compile(rf"{CODE}\d+ site=")


def distinct(covariates: ModelMatrix) -> ModelMatrix:
    """The covariates that can be told apart among these people.

    A category 'name=value' of fewer than twenty of them joins the reference, and a flag of fewer goes; where the
    reference does not occur among them, the most frequent category takes its place.
    """
    people = covariates.crossproduct(np.ones(covariates.shape[0]))
    indicator = np.array(["=" in name for name in covariates.names], dtype=bool)
    kept = ~indicator | (people >= FEWEST_COMPARED)
    for span in covariates.spans:
        own = people[span] * kept[span]
        if own.sum() == covariates.shape[0]:
            kept[span.start + int(own.argmax())] = False
    return covariates.keep(kept)


def of_score(members: pd.DataFrame, covariates: ModelMatrix, adjustment: Adjustment) -> ModelMatrix:
    """Terms (n, p) of the score beside its intercept: splines and flags, then sites and categories as codes.

    A column that says nothing new (constant, or a combination of those before it, as when two answers are unknown for
    the same people) is left out: the score is the same without it. So is a category that but a few people tell from
    such a combination, though balance is judged on it. Sites come before covariates.
    """
    import pandas as pd

    numbers: dict[str, Array] = {}
    for name, values in zip(covariates.names, covariates.numeric.T, strict=False):
        if name not in adjustment.continuous:
            numbers[name] = values
            continue
        for i, column in enumerate(_spline(values, adjustment.spline_knots).T):
            numbers[name if i == 0 else f"{name} (spline {i})"] = column
    table = np.column_stack([np.empty((len(members), 0)), *numbers.values()])
    names, codes, levels = list(numbers), list(covariates.codes), list(covariates.levels)
    if adjustment.site_effects:
        site, sites = pd.factorize(members["site_id"], sort=True)
        names += [f"site {name}" for name in sites[1:]]
        codes, levels = [site.astype(np.int16), *codes], [len(sites) - 1, *levels]
    names += covariates.names[covariates.numeric.shape[1] :]
    terms = ModelMatrix(table, tuple(names), tuple(codes), tuple(levels))
    at = np.arange(terms.shape[1]) - len(numbers)
    of_site = (at >= 0) & (at < (levels[0] if adjustment.site_effects else 0))
    return terms.keep(_independent(terms, np.argsort(~of_site, kind="stable")))


def _spline(values: Array, knots: int) -> Array:
    """The spline with as many knots as its values allow; a straight line where they allow none."""
    for k in range(knots, 2, -1):
        try:
            return splines.basis(values, splines.knots(values, k))
        except EstimationError:
            continue
    return values[:, None]


def _independent(x: ModelMatrix, order: NDArray[np.intp]) -> Mask:
    """(p,) the columns that are no combination of the intercept and the columns before them in `order` (p,); of
    categories, not nearly one (FEW_APART, SMALL_SHARE).

    Cholesky's decomposition of the correlations, without pivots: what stands on the diagonal when a column's turn comes
    is the share of its variance that those before it do not explain (Golub & Van Loan 2013, Matrix Computations, 4th
    ed., section 4.2). Numbers are centred before they are squared: a year, say, is large beside its spread.
    """
    n, a = len(x.numeric), x.numeric.shape[1]
    ones = np.ones(n)
    size = np.concatenate([(x.numeric**2).sum(axis=0), x.crossproduct(ones)[a:]])
    centred = ModelMatrix(x.numeric - x.numeric.mean(axis=0), x.names, x.codes, x.levels)
    sums = centred.crossproduct(ones)
    # not divided by n, as counts of categories are then exact
    products = n * centred.gram(ones) - np.outer(sums, sums)
    spread = np.diag(products)
    # a column that does not vary is left with nothing
    scale = np.where(spread > FLAT**2 * n * size, np.sqrt(np.maximum(spread, 0.0)), np.inf)
    rest = (products / np.outer(scale, scale))[np.ix_(order, order)]
    category = np.array(["=" in name for name in x.names], dtype=bool)
    least = np.where(category, np.minimum(FEW_APART * n / np.maximum(spread, 1.0), SMALL_SHARE), NOTHING_NEW)
    found = np.zeros(len(order), dtype=bool)
    for at, column in enumerate(order):
        left = rest[at, at]
        if left >= least[column]:
            found[column] = True
            explained = rest[at, at + 1 :]
            rest[at + 1 :, at + 1 :] -= np.outer(explained, explained) / left
    return found


def written(terms: ModelMatrix) -> dict[str, Array | NDArray[np.int16]]:
    """Columns of the table scores: 't_0 intercept', 't_3 age', and codes as 'c_7 sex'.

    A column is called after its place and its covariate, without the category or site.
    """
    starts = [span.start for span in terms.spans]
    named = [re.split("[= ]", terms.names[at])[0] for at in (*range(terms.numeric.shape[1]), *starts)]
    held = [(NUMBER, column) for column in terms.numeric.T]
    held += [(CODE, codes.astype(np.int16)) for codes in terms.codes]
    return {f"{kind}{at} {name}": values for at, (name, (kind, values)) in enumerate(zip(named, held, strict=True))}


def without_sites(terms: ModelMatrix) -> ModelMatrix:
    """The terms of the table scores, as `read`, that are no sites."""
    return terms.keep(np.array([not OF_SITE.match(name) for name in terms.names], dtype=bool))


def told(refusal: str, names: Sequence[str] = ()) -> str:
    """A refusal in which sites and columns of the table scores are called by their covariate, each once.

    names: of the terms, where they are those of `of_score`. No site is told, as it may have few people.
    """
    for name in sorted((n for n in names if n.startswith("site ")), key=len, reverse=True):
        refusal = refusal.replace(name, "site")
    plain = re.sub(r"\b[tc]_\d+ (\w+)(?:=\d+)?", r"\1", refusal)
    return re.sub(r"\b([\w=]+)(?:, \1\b(?!=))+", r"\1", plain)


def read(scores: pd.DataFrame) -> ModelMatrix:
    """The terms in the table scores (n, q), the intercept first; the columns of codes are named 'c_7 sex=1', ... ."""
    columns = [str(name) for name in scores]
    numbers = [name for name in columns if name.startswith(NUMBER)]
    coded = [name for name in columns if name.startswith(CODE)]
    codes = tuple(scores[name].to_numpy() for name in coded)
    levels = tuple(int(own.max(initial=0)) for own in codes)
    names = [f"{name}={code}" for name, own in zip(coded, levels, strict=True) for code in range(1, own + 1)]
    return ModelMatrix(scores[numbers].to_numpy(dtype=float), (*numbers, *names), codes, levels)
