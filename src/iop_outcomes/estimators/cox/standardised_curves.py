"""Standardised curves from cause-specific Cox models: what if everyone had been in this arm?

What happens, in order: for every person with the arm set, hazards of all causes are predicted, and from them survival,
cumulative incidence or time lost; these are averaged over people; the influence adds the person's own part in that
average, the coefficients of all models, and all baseline hazards. Equal covariates are predicted once, and people go
by in blocks, so that memory stays bounded. Refused: horizons beyond follow-up, and causes without events by them.

With dL_k(u | x) = dH_k(u) exp(x b_k), their sum dL, and S(u- | x) the product of 1 - dL before u, the quantities are

    F(x) = sum over u <= tau of h(u) S(u- | x) dL_k(u | x),    h as in `cuminc`, for incidence and time lost,
    G(x) = S(tau | x), and the sum of S(u | x) times the time from u to the next event, for survival and its mean.

With a single category of covariates and Breslow's ties they are the estimates of `cuminc`. With q = 1 - dL(u | x),
r_l = exp(x b_l), and F, G after u what is added to them after u, the derivatives by the baseline hazard of cause l at u
are

    1{l = k} h(u) S(u- | x) r_k - r_l (F after u) / q    and    - r_l (G from u on) / q.

Where few are left at risk, the predicted hazards of a person may add to 1 or more at one time: the person's survival
ends there, and the causes share it in proportion. Form 'exponential' puts exp(-L) for the product and 1 for q; where
many people have events at one time, its incidences add up to more than 1 less survival. (Standardisation of survival:
Makuch 1982, Journal of Chronic Diseases 35:437; of competing risks with influence: Ozenne et al. 2020, Biometrical
Journal 62:751.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import column, columns, indicator, label
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.cox.cause_models import CauseModels
from iop_outcomes.estimators.survival.cuminc import KERNELS

# An arm by its name: the models of its hazards, and the covariates (n, p) of everyone with the arm set.
Settings = Mapping[str, tuple[CauseModels, ArrayLike]]

BLOCK_CELLS = 100_000
FORMS = ("product-limit", "exponential")


def _at(times: Array, tau: float) -> Array:
    """What survival after each of times, and before them in front, counts for survival at tau."""
    return np.asarray(np.arange(len(times) + 1) == np.searchsorted(times, tau, side="right"), dtype=float)


def _until_next(times: Array, tau: float) -> Array:
    """The same for the mean up to tau."""
    return np.diff(np.concatenate([[0.0], np.minimum(times, tau), [tau]]))


STATES: dict[str, Callable[[Array, float], Array]] = {"survival": _at, "restricted_mean": _until_next}


def standardised_incidence(
    settings: Settings, which: int, times: ArrayLike, over: ArrayLike | None = None, form: str = "product-limit"
) -> Estimate:
    """Mean cumulative incidence of cause `which` by each of times (k,), with everyone in each setting.

    settings: for example {"iop": (models, x1), "residential": (models, x0)}, with one model for both and the arm among
    the columns, or with each arm's own. over: (n,) the people averaged over, default all. With the same covariates for
    all, the prediction for such a person. Returns 'setting:time' for every setting.
    """
    return _standardised(settings, "incidence", which, times, over, form)


def standardised_time_lost(
    settings: Settings, which: int, tau: ArrayLike, over: ArrayLike | None = None, form: str = "product-limit"
) -> Estimate:
    """Mean time lost to cause `which` before tau; the rest as in `standardised_incidence`."""
    return _standardised(settings, "time_lost", which, tau, over, form)


def standardised_survival(
    settings: Settings, times: ArrayLike, over: ArrayLike | None = None, form: str = "product-limit"
) -> Estimate:
    """Mean probability of no event of any cause by each of times; the rest as in `standardised_incidence`."""
    return _standardised(settings, "survival", None, times, over, form)


def standardised_restricted_mean(
    settings: Settings, tau: ArrayLike, over: ArrayLike | None = None, form: str = "product-limit"
) -> Estimate:
    """Mean time before tau without event of any cause; the rest as in `standardised_incidence`."""
    return _standardised(settings, "restricted_mean", None, tau, over, form)


def _standardised(
    settings: Settings, quantity: str, which: int | None, times: ArrayLike, over: ArrayLike | None, form: str
) -> Estimate:
    horizons = column(np.atleast_1d(np.asarray(times, dtype=float)), "times")
    asked = [label(t) for t in horizons]
    if form not in FORMS:
        raise EstimationError(f"Survival can be of the form {' or '.join(FORMS)}, not '{form}'.")
    everyone = next(iter(settings.values()))[0].rows
    n = everyone.weight.size
    share = everyone.total * (1.0 if over is None else indicator(over, "over", n))
    if share.sum() == 0:
        raise EstimationError("There is no one with weight among the people to average predictions over.")
    names, values, gradients, parts = [], [], [], []
    for setting, (models, x) in settings.items():
        if not np.array_equal(models.rows.total, everyone.total):
            raise EstimationError("The models of the settings were not fitted with the same rows and weights.")
        known = np.concatenate([m.times for m in models.models.values()])
        reached = placed(horizons, np.unique(np.append(known, models.end)))
        _check(models, which, reached)
        covariates = columns(x, models.names, n)
        value, gradient = _Average(models, quantity, which, reached, form).over(covariates, share)
        names += [f"{setting}:{t}" for t in asked]
        values.append(value)
        gradients.append(gradient)
        part = np.logical_or.reduce([m.takes_part for m in models.models.values()])
        parts.append(np.repeat(part[:, None], len(asked), axis=1))
    return everyone.estimate(names, np.concatenate(values), np.hstack(gradients), np.hstack(parts))


def _check(models: CauseModels, which: int | None, horizons: Array) -> None:
    if horizons.min() < 0 or horizons.max() > models.end:
        raise EstimationError(
            f"No one is followed to {label(horizons.max())}: follow-up ends at {label(models.end)}. Choose horizons "
            "from 0 to there."
        )
    known = models.models if which is None else {k: m for k, m in models.models.items() if k == which}
    first = min((m.times.min() for m in known.values()), default=np.inf)
    if not first <= horizons.min():
        raise EstimationError(
            f"No events of {'any cause' if which is None else f'cause {which}'} by {label(horizons.min())} among those "
            "whom the hazards are estimated from. Choose later horizons, or another cause."
        )


@dataclass(frozen=True)
class _Average:
    models: CauseModels
    quantity: str
    which: int | None
    horizons: Array
    form: str

    def over(self, x: Array, share: Array) -> tuple[Array, Array]:
        """(k,) mean predictions at x (n, p), and (n, k) their gradient."""
        counted = np.flatnonzero(share > 0)
        patterns, pattern = np.unique(x[counted], axis=0, return_inverse=True)
        pattern = pattern.ravel()
        weight = np.bincount(pattern, share[counted]) / share.sum()
        causes = self.models.models
        grid = np.unique(np.concatenate([m.times for m in causes.values()]))
        grid = grid[grid <= self.horizons.max()]
        at = {k: np.searchsorted(grid, m.times[m.times <= grid[-1]]) for k, m in causes.items()}
        hazards = {k: np.zeros(len(grid)) for k in causes}
        for k, m in causes.items():
            hazards[k][at[k]] = m.hazard[: len(at[k])]
        predicted = np.zeros((len(patterns), len(self.horizons)))
        by_hazard = {k: np.zeros((len(grid), len(self.horizons))) for k in causes}
        by_coefficient = {k: np.zeros((x.shape[1], len(self.horizons))) for k in causes}
        step = max(BLOCK_CELLS // len(grid), 1)
        for begin in range(0, len(patterns), step):
            block = slice(begin, begin + step)
            self._add(patterns[block], weight[block], grid, hazards, predicted[block], by_hazard, by_coefficient)
        value = weight @ predicted
        gradient = np.zeros((len(x), len(self.horizons)))
        gradient[counted] = (predicted[pattern] - value) / share.sum()
        for k, m in causes.items():
            multiplier = np.zeros((len(m.times), len(self.horizons)))
            multiplier[: len(at[k])] = by_hazard[k][at[k]]
            gradient += m.gradient(multiplier, by_coefficient[k])
        return value, gradient

    def _add(
        self,
        x: Array,
        weight: Array,
        grid: Array,
        hazards: dict[int, Array],
        predicted: Array,
        by_hazard: dict[int, Array],
        by_coefficient: dict[int, Array],
    ) -> None:
        """Predict for a block of patterns x (b, p), and add their weighted derivatives to those of all."""
        relative = {k: self.models.models[k].relative_hazard(x) for k in hazards}
        total = sum(relative[k][0][:, None] * hazards[k] for k in hazards)
        before, after, ends, lost = self._survival(np.asarray(total))
        # where hazards add to more than 1, their shares of it count
        shared = before if self.which is None else before * np.where(ends, lost, 1.0)
        for h, tau in enumerate(self.horizons):
            to = int(np.searchsorted(grid, tau, side="right"))
            if self.which is None:
                counts = STATES[self.quantity](grid[:to], float(tau))
                adds = counts[1:] * after[:, :to]
                predicted[:, h] = counts[0] + adds.sum(axis=1)
                ahead = np.cumsum(adds[:, ::-1], axis=1)[:, ::-1]
            else:
                r, away = relative[self.which]
                pace = KERNELS[self.quantity](grid[:to], float(tau)) * shared[:, :to] * r[:, None]
                adds = pace * hazards[self.which][:to]
                reached = np.cumsum(adds, axis=1)
                predicted[:, h] = reached[:, -1]
                ahead = np.where(ends[:, :to], adds, reached[:, -1:] - reached)
                by_hazard[self.which][:to, h] += weight @ pace
                by_coefficient[self.which][:, h] += (weight * reached[:, -1]) @ away
            ahead = ahead * lost[:, :to]
            for k, (r, away) in relative.items():
                by_hazard[k][:to, h] -= (weight * r) @ ahead
                by_coefficient[k][:, h] -= (weight * r * (ahead @ hazards[k][:to])) @ away

    def _survival(self, hazard: Array) -> tuple[Array, Array, Mask, Array]:
        """(b, T) survival before and after each time, where it ends, and 1 / q, from hazards of all causes (b, T).

        Where it ends, 1 / hazard in place of 1 / q.
        """
        if self.form == "exponential":
            after, ends, lost = np.exp(-np.cumsum(hazard, axis=1)), np.zeros(hazard.shape, dtype=bool), np.ones((1, 1))
        else:
            ends = hazard >= 1
            left = np.where(ends, 0.0, 1 - hazard)
            after, lost = np.cumprod(left, axis=1), 1 / np.where(ends, hazard, left)
        return np.hstack([np.ones((len(after), 1)), after[:, :-1]]), after, ends, lost
