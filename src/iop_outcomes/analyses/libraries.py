"""The headline quantities by the code of two libraries, lifelines and statsmodels: point estimates, and nothing else.

This is the second opinion on the project's own estimators (`twice`), so it shares none of their code: arrays in, a
number out. Where a library's convention differs from the definition (weights read as counts in its variance, an option
that it does not take), the function says so, and `twice` leaves the number out by name.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.doubly_robust import LINEAR, LOGISTIC

if TYPE_CHECKING:
    from lifelines import KaplanMeierFitter
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Whole = NDArray[np.int64]
    Labels = NDArray[np.object_]

# steps of the libraries' own maximisers end when a further one moves less than this
PRECISION = 1e-10
# Newton steps on the information in place of a singular value decomposition of all rows in each step
EXACT: dict[str, object] = {"method": "newton", "tol": 1e-9, "maxiter": 100, "max_start_irls": 0, "disp": 0}


def staying(days: Array, left: Mask, weight: Array, horizon: float) -> float:
    """Kaplan-Meier share not having left by a day, by lifelines. Its weights count only in its variance as people."""
    return float(_kaplan_meier(days, left, weight).predict(horizon))


def mean_days(days: Array, left: Mask, weight: Array, horizon: float) -> float:
    """Area under the same curve up to a day, by lifelines."""
    from lifelines.utils import restricted_mean_survival_time

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(restricted_mean_survival_time(_kaplan_meier(days, left, weight), t=horizon))


def _kaplan_meier(days: Array, left: Mask, weight: Array) -> KaplanMeierFitter:
    from lifelines import KaplanMeierFitter

    some = weight > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KaplanMeierFitter().fit(days[some], np.asarray(left)[some], weights=weight[some])


def incidence(days: Array, cause: Whole, which: int, weight: Array, horizon: float) -> float:
    """Cumulative incidence of one cause by a day among those that compete, by statsmodels. cause: 0 censored."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    some = weight > 0
    codes = np.asarray(cause)[some].astype(int)
    # causes are counted from 1 without a gap there
    present = [c for c in np.unique(codes) if c]
    if which not in present:
        return 0.0
    dense = np.select([codes == c for c in present], range(1, len(present) + 1), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = CumIncidenceRight(days[some], dense, freq_weights=weight[some])
    at = int(np.searchsorted(found.times, horizon, side="right"))
    return float(found.cinc[present.index(which)][at - 1]) if at else 0.0


def hazard_ratio(arm: Whole, days: Array, event: Mask, weight: Array, strata: Labels | None) -> float:
    """Log hazard ratio of the arm alone, ties after Efron, by lifelines."""
    import pandas as pd
    from lifelines import CoxPHFitter

    some = weight > 0
    frame = pd.DataFrame({"arm": np.asarray(arm, dtype=float), "days": days, "event": np.asarray(event, dtype=int)})
    frame["weight"] = weight
    if strata is not None:
        frame["stratum"] = pd.factorize(strata)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = CoxPHFitter().fit(
            frame[some], "days", "event", weights_col="weight", strata=None if strata is None else ["stratum"],
            fit_options={"precision": PRECISION, "r_precision": PRECISION},
        )  # fmt: skip
    return float(fit.params_["arm"])


def hazard_ratio_again(arm: Whole, days: Array, event: Mask, strata: Labels | None) -> float:
    """The same by statsmodels, which passes over weights without a word: for unweighted comparisons only."""
    from statsmodels.duration.hazard_regression import PHReg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = PHReg(
            days, np.asarray(arm, dtype=float)[:, None], status=np.asarray(event, dtype=int), ties="efron",
            strata=strata,
        )  # fmt: skip
        return float(model.fit(disp=0).params[0])


def score(matrix: Array, arm: Whole) -> Array:
    """(n,) probabilities of the arm by statsmodels' logistic regression on matrix (n, q), which has an intercept."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    # splines of large numbers beside flags: its least squares are at home on columns of like size
    scaled = matrix / np.where((size := np.abs(matrix).max(axis=0)) > 0, size, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = GLM(np.asarray(arm, dtype=float), scaled, family=Binomial()).fit(**EXACT)
    return np.asarray(fit.fittedvalues, dtype=float)


def mean(outcome: Array, weight: Array) -> float:
    """Weighted mean of an outcome, as the intercept of statsmodels' weighted least squares."""
    from statsmodels.regression.linear_model import WLS

    some = weight > 0
    return float(WLS(outcome[some], np.ones(int(some.sum())), weights=weight[some]).fit().params[0])


def held(outcome: Array, arm: Whole, before: Array, weight: Array) -> tuple[float, float]:
    """Means of the first (arm 1) and the second arm at the weighted mean of what was before, by statsmodels' weighted
    least squares of the outcome on the arm and on that.
    """
    from statsmodels.regression.linear_model import WLS

    some = weight > 0
    columns = np.column_stack([np.ones(int(some.sum())), np.asarray(arm, dtype=float)[some], before[some]])
    fit = WLS(outcome[some], columns, weights=weight[some]).fit()
    center = float(np.average(before[some], weights=weight[some]))
    one, other = (float(fit.params @ np.array([1.0, value, center])) for value in (1.0, 0.0))
    return one, other


def weekly_ratio(family: str, yes: Array, arm: Whole, week: Array, weight: Array) -> float:
    """Coefficient of the arm beside the week: of statsmodels' regression, 'logistic' or 'poisson', of rows of weeks."""
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    some = weight > 0
    columns = np.column_stack([np.ones(len(yes)), np.asarray(arm, dtype=float), week])
    kept = [0, 1, 2] if np.ptp(week[some]) > 0 else [0, 1]
    link = families.Binomial() if family == "logistic" else families.Poisson()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = GLM(yes[some], columns[some][:, kept], family=link, freq_weights=weight[some]).fit(**EXACT)
    return float(fit.params[1])


def doubly_robust(
    outcome: Array, seen: Mask, arm: Whole, terms: Array, fitted: Array, families: tuple[str, str]
) -> tuple[float, float]:
    """Means of the first (arm 1) and the second arm among those who would be seen: statsmodels' regression, on arm and
    terms, of the outcome with being seen, over that of being seen, each corrected by its residuals over the `fitted`
    (n,) score. families: of the two regressions, logistic or linear.
    """
    known = np.asarray(seen, dtype=bool)
    one, other = _doubly_robust(np.where(known, outcome, 0.0), arm, terms, fitted, families[0])
    if known.all():
        return one, other
    first, second = _doubly_robust(known.astype(float), arm, terms, fitted, families[1])
    return one / first, other / second


def _doubly_robust(outcome: Array, arm: Whole, terms: Array, fitted: Array, family: str) -> tuple[float, float]:
    """The same of an outcome that is known of everyone."""
    from statsmodels.genmod.families import Binomial, Gaussian
    from statsmodels.genmod.generalized_linear_model import GLM

    here = np.asarray(arm) == 1
    varying = np.ptp(terms, axis=0) > 0
    columns = np.column_stack([np.ones(len(arm)), here.astype(float), terms[:, varying]])
    columns = columns / np.abs(columns).max(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = GLM(outcome, columns, family={LOGISTIC: Binomial, LINEAR: Gaussian}[family]()).fit(**EXACT)
    found = []
    for own, chance, value in ((here, fitted, 1.0), (~here, 1 - fitted, 0.0)):
        as_if = columns.copy()
        as_if[:, 1] = value
        predicted = np.asarray(fit.predict(as_if))
        residual = np.where(own, outcome - predicted, 0.0) / chance
        found.append(float((predicted + residual).mean()))
    return found[0], found[1]
