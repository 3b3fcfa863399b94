"""Means had everyone had a history of weekly hours, from a frame of person-weeks: a marginal structural model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Labels, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.marginal_structural import (
    MarginalStructuralModel,
    Structural,
    Weights,
    chain,
    stabilised_weights,
    weeks_in_categories,
)
from iop_outcomes.estimators.causal.weights import Quantiles
from iop_outcomes.library import person_weeks, tidy
from iop_outcomes.library.frames import Frame
from iop_outcomes.library.person_weeks import answers, fixed, places

if TYPE_CHECKING:
    import pandas as pd

# hours a week at which a category begins, after weeks with none; those at which definitions of levels of care differ
CUTS = (3.0, 6.0, 9.0, 20.0)
FEWEST = 50
MEANS, TRUNCATED = "means", "truncations"
# weeks, from 0, at which the chance of a category may turn
BENDS = (4, 12)
Weekly = tuple[float, int]


def histories_of_hours(
    weeks: pd.DataFrame,
    person: str,
    week: str,
    hours: str,
    outcome: str,
    covariates: Sequence[str],
    changing: Sequence[str],
    histories: Mapping[str, Weekly],
    cuts: Sequence[float] = CUTS,
    open: str | None = None,
    truncated: Quantiles | None = None,
    difference: tuple[str, str] | None = None,
    told: str = MEANS,
    fewest: int = FEWEST,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Shares with an outcome had everyone had so many hours a week for so many weeks, by a marginal structural model.

    weeks: a row for each person and week, counted from 1, all persons with the same weeks. hours: attended, read as a
    category: none, then from each of `cuts` on. outcome: 0 or 1, the same in all rows of a person, missing where
    nobody knows. covariates: known at the start, the same in all rows of a person. changing: what was known in a week
    before its hours were, such as use and craving. histories: by name hours a week and the number of weeks from the
    start, with none after them. open: a column of 0 and 1, weeks in which the hours could have been others; None:
    all. truncated: two quantiles to which weights are brought in. told: "truncations" gives the means with weights as
    they are and brought in to quantiles from the outermost on (`lower`, `upper`). difference: two histories. fewest:
    people who had as many weeks in the category of a history; with fewer it has no numbers, as they would be the
    model's alone. cluster: a column of sites.

    What the outcome depends on is the number of weeks in each category, and the covariates (on log odds).

    Returns a row for each history, then the difference and the ratio: `of`, `estimate`, `std_error`, `conf_low`,
    `conf_high`, `near`, and of the weights `mean_weight`, `largest_weight`, `effective`. Raises EstimationError.
    """
    import pandas as pd

    if told not in (MEANS, TRUNCATED):
        raise EstimationError(f"`told` is '{MEANS}' or '{TRUNCATED}'; it is {told!r}.")
    asked = _Asked.of(Frame(weeks), (person, week, hours, outcome), covariates, changing, cuts, open, cluster)
    summaries = {name: asked.summary(name, *said) for name, said in histories.items()}
    near = np.array([asked.near(summary) for summary in summaries.values()])
    regimes = {name: summary[asked.had] for name, summary in summaries.items()}
    # nobody's weeks tell of a category that nobody had
    fewest = max(fewest, 1)
    if told == TRUNCATED:
        found = asked.model.truncations(regimes, asked.weights)
        tables = [_rows(one, near, fewest, asked.site, level).assign(lower=p, upper=q) for (p, q), one in found.items()]
        return tidy.ordered(pd.concat(tables), ("of", "lower", "upper", *tidy.NUMBERS))
    weights = asked.weights if truncated is None else asked.weights.brought_in(truncated)
    structural = asked.model.means(regimes, weights)
    rows = _rows(structural, near, fewest, asked.site, level)
    if difference is not None:
        both = tidy.compared(_grouped(structural, asked.site), difference, level, "history")
        known = bool((near >= fewest)[[name in difference for name in histories]].all())
        rows = pd.concat([rows, both if known else both.assign(**dict.fromkeys((*tidy.NUMBERS, "p_value"), np.nan))])
    return tidy.ordered(rows, ("of", *tidy.NUMBERS))


def _grouped(found: Structural, site: Labels | None) -> Estimate:
    return found.estimate if site is None else found.estimate.clustered(site)


def _rows(found: Structural, near: Whole, fewest: int, site: Labels | None, level: float) -> pd.DataFrame:
    """A row for each history, without numbers where too few people were near it."""
    import pandas as pd

    of_weights = {
        "mean_weight": found.weights.mean, "largest_weight": found.weights.largest, "effective": found.weights.effective
    }  # fmt: skip
    rows = tidy.rows(_grouped(found, site), level).assign(of=found.estimate.names, near=near, **of_weights)
    rows[list(tidy.NUMBERS)] = rows[list(tidy.NUMBERS)].where(pd.Series(near >= fewest))
    return rows


@dataclass(frozen=True)
class _Asked:
    """history: (n, r) weeks in each category with hours. had: (r,) those that someone had. cuts: where they begin.
    model: of the outcome. weights: of the weeks. site: (n,).
    """

    history: Array
    had: Mask
    cuts: Array
    model: MarginalStructuralModel
    weights: Weights
    site: Labels | None

    @classmethod
    def of(
        cls, frame: Frame, named: tuple[str, str, str, str], covariates: Sequence[str], changing: Sequence[str],
        cuts: Sequence[float], open: str | None, cluster: str | None,
    ) -> _Asked:  # fmt: skip
        """Read from a frame."""
        person, week, hours, outcome = named
        edges = np.asarray(cuts, dtype=float)
        if edges.ndim != 1 or not edges.size or (np.diff(edges) <= 0).any() or edges[0] <= 0:
            raise EstimationError("`cuts` are hours a week above 0 that rise, such as (3, 6, 9, 20).")
        ids, first, at = np.unique(frame.labels(person, "person").astype(str), return_index=True, return_inverse=True)
        place, last = places(at, frame.numbers(week, "week"), len(ids))
        order = np.argsort(place)
        shape = (len(ids), last)
        taken = [*named, *(n for n in (open, cluster) if n)]
        names, baseline = fixed(frame, covariates, [*taken, *changing], first, at)
        states = frame.covariates(changing, without=taken).dense()[order]
        given = frame.numbers(hours, "hours")[order].reshape(shape)
        if (given < 0).any():
            raise EstimationError(f"`hours`: '{hours}' is below 0 in some rows.")
        category = np.where(given > 0, 1 + np.searchsorted(edges, given, side="right"), 0)
        y = answers(person_weeks.told(frame, outcome, "outcome"), first, at, "outcome")
        stood = None if open is None else frame.happened(open, "open")[order]
        who, when = np.repeat(np.arange(len(ids)), last), np.tile(np.arange(last), len(ids))
        stable = np.column_stack([_before(category, len(edges) + 2), *_bent(when), baseline[who]])
        weights = stabilised_weights(chain(category.ravel(), stood), who, stable, states, len(ids))
        history = weeks_in_categories(category, len(edges) + 2)
        had = np.ptp(history[~np.isnan(y)], axis=0) > 0
        labels = [f"weeks of {label}" for label, kept in zip(_labels(edges), had, strict=True) if kept]
        model = MarginalStructuralModel(
            "logistic", y, history[:, had], baseline, observed=~np.isnan(y), names=(*labels, *names)
        )
        site = None if cluster is None else frame.labels(cluster, "cluster")[first]
        return cls(history, had, edges, model, weights, site)

    def summary(self, name: str, hours: float, weeks: int) -> Array:
        """(r,) the weeks in each category of a history."""
        if weeks < 1 or hours <= 0:
            raise EstimationError(
                f"`histories`: '{name}' is {hours:g} hours a week for {weeks} weeks; both are above 0."
            )
        found = np.zeros(len(self.had))
        found[np.searchsorted(self.cuts, hours, side="right")] = weeks
        return found

    def near(self, summary: Array) -> int:
        """People who had as many weeks in the category of a history."""
        return int((self.history >= summary).all(axis=1).sum())


def _labels(cuts: Array) -> list[str]:
    """Of the categories with hours."""
    between = [f"{low:g} to under {high:g} hours" for low, high in pairwise(cuts)]
    return [f"under {cuts[0]:g} hours", *between, f"{cuts[-1]:g} hours and more"]


def _before(category: Whole, categories: int) -> Array:
    """(m, p) the category of the week before, in the first week none."""
    before = np.hstack([np.full((len(category), 1), -1), category[:, :-1]]).ravel()
    return np.column_stack([before == one for one in range(categories)]).astype(float)


def _bent(week: Whole) -> list[Array]:
    """Weeks from 0 as a line that may bend."""
    return [np.maximum(week - at, 0).astype(float) for at in (0, *BENDS)]
