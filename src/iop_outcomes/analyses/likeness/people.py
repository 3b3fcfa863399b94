"""People of a contrast as they are described in coarse numbers, none of which is of a few of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from iop_outcomes.cohort import covariates as coded
from iop_outcomes.design.terms import FEWEST_COMPARED
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.regression import weak_prior
from iop_outcomes.simulate.alike import copula
from iop_outcomes.simulate.alike.numbers import DECILES, PER_DEVIATION, Covariate, Logit, Numbers, Question
from iop_outcomes.tables.lookup import positions

if TYPE_CHECKING:
    import pandas as pd

# of log odds and correlations; of shares at least; of the spread of numbers
TENTH, HUNDREDTH = 0.1, 0.01


@dataclass(frozen=True)
class People:
    """People of two arms. first, site: (n,). columns: by covariate, (n,) standardised numbers or places among levels;
    whole: how many there are of everyone.
    """

    first: Mask
    site: Whole
    covariates: tuple[Covariate, ...]
    columns: Mapping[str, Array | Whole]
    dependence: Array
    whole: int
    fewest: int

    @property
    def step(self) -> float:
        """To which shares are rounded."""
        return share_step(self.whole, self.fewest)

    def numbers(self, questions: list[Question]) -> Numbers:
        """All of it, rounded."""
        sizes = np.bincount(self.site)
        sizes = sizes[sizes > 0]
        return Numbers(
            people=int(coarse(self.whole, 10)),
            sites=len(sizes),
            uneven=coarse(float(sizes.std() / sizes.mean()), TENTH),
            covariates=list(self.covariates),
            dependence=self.dependence.tolist(),
            placement=self.logit(self.first, np.ones(len(self.first), dtype=bool)),
            first_share=coarse(float(self.first.mean()), self.step),
            questions=questions,
        )

    def logit(self, outcome: Mask, among: Mask, beside: Array | None = None) -> Logit:
        """Log odds of an outcome (n,) among some (n,), rounded. beside: (n, q) columns whose own are not told."""
        table, names = self._table([among & outcome, among & ~outcome], among)
        extra = np.empty((len(outcome), 0)) if beside is None else beside
        x = np.hstack([np.ones((len(outcome), 1)), extra, table])[among]
        y, site = outcome[among].astype(float), self.site[among]
        found = weak_prior.mode(x, y)
        chance = expit(x @ found)
        told: dict[str, dict[str, float]] = {}
        for (name, level), value in zip(names, found[1 + extra.shape[1] :], strict=True):
            told.setdefault(name, {})[level] = coarse(float(value), TENTH)
        return Logit(coefficient=told, spread=coarse(spread(y - chance, chance * (1 - chance), site), TENTH))

    def take(self, rows: Whole) -> People:
        """The same of some rows (m,), each as often as it is named."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, first=self.first[rows], site=self.site[rows], columns=columns)

    def _table(self, groups: Sequence[Mask], among: Mask) -> tuple[Array, list[tuple[str, str]]]:
        """Columns that may have a number of their own, with covariate and level. groups: in each of which so many
        people must be, besides in each arm.
        """
        columns, names = [], []
        groups = [*groups, among & self.first, among & ~self.first]
        for one in self.covariates:
            own = self.columns[one.name]
            if one.deciles:
                columns.append(np.asarray(own, dtype=float))
                names.append((one.name, PER_DEVIATION))
                continue
            enough = told_levels(own.astype(int), len(one.levels), groups, self.fewest)
            columns += [(own == place).astype(float) for place in enough]
            names += [(one.name, one.levels[place]) for place in enough]
        table = np.column_stack(columns) if columns else np.empty((len(self.first), 0))
        return table, names


def coarse(value: float, step: float) -> float:
    """A number to the nearest multiple of a step."""
    return round(round(value / step) * step, 10) + 0.0


def share_step(people: int, fewest: int) -> float:
    """To which shares of so many people are rounded: no finer than `fewest` of them."""
    return max(HUNDREDTH, float(np.ceil(100 * fewest / max(people, 1))) / 100)


def told_levels(codes: Whole, levels: int, groups: Sequence[Mask], fewest: int) -> list[int]:
    """Levels but the first that may have a number of their own: with `fewest` people in each group (n,) of some, where
    the others, with the reference, have so many as well.
    """
    people = np.array([np.bincount(codes[group], minlength=levels) for group in groups])
    told = [place for place in range(1, levels) if people[:, place].min() >= fewest]
    rest = people.sum(axis=1) - people[:, told].sum(axis=1)
    return told if rest.min() >= fewest else []


def spread(residual: Array, variance: Array, site: Whole) -> float:
    """Standard deviation of what sites add to log odds: of sums of residuals within sites beyond what people explain.

    With r and v summed within sites, the mean of r^2 is v + tau^2 v^2 to first order, which is solved for tau.
    """
    r, v = np.bincount(site, residual), np.bincount(site, variance)
    return float(np.sqrt(max(0.0, float((r**2 - v).sum()) / max(float((v**2).sum()), 1e-12))))


def of(covariates: pd.DataFrame, members: pd.DataFrame, fewest: int, every: int) -> People:
    """The people of a contrast, in the order of its scores: every so many-th of them for log odds, all for margins."""
    import pandas as pd

    first = (members["arm"] == 1).to_numpy()
    own = covariates.take(positions(members["person_id"], covariates["person_id"]))
    flags = {
        c: base for c, (base, level) in coded.of_columns(covariates).items() if level == coded.MISSING and c in own
    }
    told: list[Covariate] = []
    columns: dict[str, Array | Whole] = {}
    scored: list[Array] = []
    hermite: list[Array] = []
    for name in own.columns.drop("person_id"):
        if isinstance(own[name].dtype, pd.CategoricalDtype) or name in flags:
            given = np.asarray(own[name] if name in flags else own[name].cat.codes).astype(int)
            words = ["known", "unknown"] if name in flags else [str(c) for c in own[name].cat.categories]
            one, codes = _category(str(name), given, words, first, fewest, flags.get(name, ""))
            ranks = np.array([one.order.index(level) for level in one.levels])
            scored.append(copula.scores(one.shares)[ranks][codes])
            hermite.append(copula.coefficients(one.shares))
            columns[str(name)] = codes
        else:
            values = own[name].to_numpy(dtype=float)
            one = Covariate(name=str(name), deciles=_deciles(values))
            place = (pd.Series(values).rank().to_numpy() - 0.5) / len(values)
            scored.append(np.asarray(stats.norm.ppf(place)))
            hermite.append(copula.coefficients(None))
            columns[str(name)] = (values - one.centre) / one.deviation
        told.append(one)
    site = np.asarray(pd.factorize(members["site_id"], sort=True)[0])
    taken = {name: values[::every] for name, values in columns.items()}
    return People(first[::every], site[::every], tuple(told), taken, _dependence(scored, hermite), len(first), fewest)


def _category(
    name: str, codes: Whole, words: Sequence[str], first: Mask, fewest: int, flags: str
) -> tuple[Covariate, Whole]:
    """A categorical covariate, and (n,) places of people among its levels; those of few people are the reference."""
    people = np.bincount(codes, minlength=len(words))
    kept = [0, *(at for at in range(1, len(words)) if people[at] >= max(fewest, FEWEST_COMPARED))]
    place = np.zeros(len(words), dtype=int)
    place[kept] = np.arange(len(kept))
    codes = place[codes]
    levels, people = [words[at] for at in kept], np.bincount(codes, minlength=len(kept))
    in_first = np.bincount(codes[first], minlength=len(kept)) / np.maximum(people, 1)
    order = np.argsort(in_first, kind="stable")
    step = share_step(len(codes), fewest)
    shares = [max(coarse(float(people[at]) / len(codes), step), step) for at in order]
    one = Covariate(name=name, levels=levels, order=[levels[at] for at in order], shares=shares, flags=flags)
    return one, codes


def _deciles(values: Array) -> list[float]:
    spread_of = float(np.quantile(values, 0.8) - np.quantile(values, 0.2)) / 2 or float(values.std()) or 1.0
    size = 10 ** float(np.floor(np.log10(spread_of)))
    step = TENTH * coarse(spread_of, size)  # of a spread of one digit, so that nobody's number moves the step
    return [coarse(float(v), step) for v in np.quantile(values, DECILES)]


def _dependence(scored: Sequence[Array], hermite: Sequence[Array]) -> Array:
    size = len(scored)
    found = np.eye(size)
    for i in range(size):
        for j in range(i):
            a, b = scored[i], scored[j]
            both = a.std() * b.std()
            seen = float(((a - a.mean()) * (b - b.mean())).mean() / both) if both > 0 else 0.0
            found[i, j] = found[j, i] = coarse(copula.latent(seen, hermite[i], hermite[j]), TENTH)
    return found
