"""What the estimators are asked for the other packages' numbers, in one place, so that a room may move."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ledger import Both
from numpy.typing import ArrayLike, NDArray
from ours import Estimate, hazards, interval, limits
from scipy import stats

Array = NDArray[np.float64]


class Files:
    """The data that the references speak of, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._table = cache(self._read)
        self.json = cache(self._json)

    def csv(self, name: str, **how: Any) -> pd.DataFrame:
        """A table of its own for each caller; `how` as in pandas."""
        return self._table(name, **how).copy()

    def _read(self, name: str, **how: Any) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv", **how)

    def _json(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())

    def path(self, name: str) -> Path:
        return self.folder / name


def steps(times: Array, values: Array, at: ArrayLike, before: float) -> Array:
    """(k,) a step function at each of `at`, which is `before` until the first of its times."""
    return np.concatenate([[before], values])[np.searchsorted(times, np.asarray(at, dtype=float), side="right")]


def arff(path: Path) -> pd.DataFrame:
    """A table of Weka's: names are in lines '@attribute name kind', rows after '@data'."""
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("%")]
    names = [line.split()[1] for line in lines if line.lower().startswith("@attribute")]
    rows = [line.split(",") for line in lines if not line.startswith("@")]
    return pd.DataFrame(rows, columns=names)


@dataclass(frozen=True)
class Counted:
    """People at risk and with events at each event time of any cause, as the estimator's risk sets have them."""

    times: Array
    at_risk: Array
    gone: Array
    own: Array
    before: Array  # survival just before
    incidence: Array


def counted(time: ArrayLike, cause: ArrayLike, which: int = 1, entry: ArrayLike | None = None) -> Counted:
    """Of unweighted people, for variances that others have and we do not."""
    found = hazards(time, cause, None, None, entry)
    own = found.sets.among_dead((found.cause[found.sets.dead] == which).astype(float))
    incidence = np.cumsum(found.survival[:-1] * own / found.at_risk)
    return Counted(found.sets.times, found.at_risk, found.hazard * found.at_risk, own, found.survival[:-1], incidence)


def greenwood(people: Counted) -> Array:
    """(T,) standard error of survival, S sqrt(sum of d / (n (n - d))); 0 from where nobody is left."""
    n, d = people.at_risk, people.gone
    left = n > d
    inside = np.cumsum(np.where(left, d / (n * np.where(left, n - d, 1.0)), 0.0))
    return np.asarray(people.before * (1 - d / n) * np.sqrt(inside))


def aalen(people: Counted) -> Array:
    """(T,) standard error of incidence as SAS and cmprsk have it (Aalen 1978, Annals of Statistics 6:534).

    With n at risk, the sum over event times u up to t, and over the o events of the own cause and the others apart, of
    o / n^2 (n - o) / (n - 1) times the square of S(u-) (own cause only) less (F(t) - F(u)) / (1 - dL(u)).
    """
    n, f, t = people.at_risk, people.incidence, np.arange(len(people.times))
    stays = 1 - people.gone / n
    ahead = np.divide(np.maximum(f[:, None] - f, 0.0), stays, out=np.zeros((len(t), len(t))), where=stays > 0)
    own = np.where(t[:, None] >= t, people.before - ahead, 0.0)

    def spread(events: Array) -> Array:
        return events / n**2 * np.where(events > 1, (n - events) / np.maximum(n - 1, 1.0), 1.0)

    return np.sqrt(own**2 @ spread(people.own) + ahead**2 @ spread(people.gone - people.own))


def log_log(value: Array, error: Array) -> tuple[Array, Array]:
    """95 % limits of probabilities by the estimators' own scale; a value of 0 or 1 is its own limit."""
    inside, lower, upper = (value > 0) & (value < 1), value.copy(), value.copy()
    lower[inside], upper[inside] = limits(value[inside], error[inside], "log-log", float(stats.norm.ppf(0.975)))
    return lower, upper


def model_error(fit: Any) -> Array:
    """(p,) standard errors of a likelihood's information, not robust."""
    return np.sqrt(np.diag(np.linalg.inv(fit.information)))


def likelihood_ratio(fit: Any) -> float:
    """Of a Cox model against none."""
    return 2 * float(fit.log_likelihood - fit.null_log_likelihood)


def score_residuals(fit: Any) -> Array:
    """(n, p), one person's, without the weight."""
    return np.asarray(fit.estimate.gradient @ fit.information)


def clustered(estimate: Estimate, cluster: ArrayLike) -> Both:
    """(k,) clustered standard errors, with our factor J / (J - 1) and without."""
    labels = np.asarray(cluster)
    ours, size = estimate.clustered(labels).standard_error(), len(np.unique(labels))
    return Both(ours, ours * np.sqrt((size - 1) / size))


def as_if(names: list[str], value: ArrayLike, covariance: ArrayLike) -> Estimate:
    """An estimate with a covariance computed elsewhere, so that our inference can be drawn from it."""
    root = np.linalg.cholesky(np.atleast_2d(np.asarray(covariance, dtype=float))).T
    return Estimate(tuple(names), np.asarray(value, dtype=float), root, np.ones(len(root)))


def classical(x: ArrayLike, y: ArrayLike) -> Array:
    """(p + 1, p + 1) covariance of least squares if all errors are alike; the intercept first."""
    design = np.column_stack([np.ones(len(np.asarray(y))), np.asarray(x, dtype=float)])
    inverse = np.linalg.inv(design.T @ design)
    residual = np.asarray(y, dtype=float) - design @ (inverse @ (design.T @ np.asarray(y, dtype=float)))
    return np.asarray(inverse * (residual @ residual) / (len(design) - design.shape[1]))


def with_limits(estimate: Estimate) -> list[float]:
    """Value, standard error, lower and upper limit of one quantity."""
    found = interval(estimate)
    return [estimate.value[0], estimate.standard_error()[0], found.low[0], found.high[0]]
