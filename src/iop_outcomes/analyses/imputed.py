"""A weighted estimate with missing covariates imputed: the outcome helps, the score is fitted again each time.

In order: covariates that were not recorded (the category 'unknown', numbers that were set to the median) are taken as
missing; chained equations impute them from the other covariates, the arm, the sites and what is known of the outcome,
one value for whoever counts more than once; in each completed data set the covariates are coded, the score fitted,
weights made and the arms estimated as without imputation; estimates and variances are pooled by Rubin's rules. It
belongs with the analyses, as the design sees no outcome. Where nothing is missing, that is said in place of a number;
where a completed data set allows no score, the estimate is gated with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.analyses import power
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort import covariates as coded
from iop_outcomes.design import propensity
from iop_outcomes.errors import EstimationError, StudyError
from iop_outcomes.estimators.estimate import Estimate, difference, join, log_ratio
from iop_outcomes.estimators.imputation import Incomplete, impute
from iop_outcomes.estimators.pooling import Pooled, pool
from iop_outcomes.vocabulary.levels import UNKNOWN
from iop_outcomes.vocabulary.measures import RISK
from iop_outcomes.vocabulary.methods import METHODS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Ask = Mapping[str, Any]
NOTHING = "nothing is missing: no covariate of these people was left unrecorded"
KINDS = ("continuous", "categorical")
# a site with fewer people helps to predict as one of the others
SMALLEST_SITE = 20


@dataclass(frozen=True)
class Records:
    """What imputation needs beside the scores: tables people and covariates, and how to adjust and impute.

    settings: adjustment, imputations, passes, seed.
    """

    people: pd.DataFrame
    covariates: pd.DataFrame
    settings: Mapping[str, Any]

    def of(self, scores: pd.DataFrame) -> list[Incomplete]:
        """The covariates of a contrast's people; one that is known of nobody is left out."""
        people = self.people.set_index("person_id").loc[scores["person_id"]]
        numbers = self.covariates.set_index("person_id").loc[scores["person_id"]]
        found = []
        for name in self.settings["adjustment"]["continuous"]:
            values = numbers[name].to_numpy(dtype=float).copy()
            if f"{name}=missing" in numbers:
                values[numbers[f"{name}=missing"].to_numpy() == 1] = np.nan
            found.append(Incomplete(name, values))
        for name in self.settings["adjustment"]["categorical"]:
            words = people[name].to_numpy()
            levels, codes = np.unique(words[words != UNKNOWN].astype(str), return_inverse=True)
            values = np.full(len(words), np.nan)
            values[words != UNKNOWN] = codes
            found.append(Incomplete(name, values, max(len(levels), 1)))
        return [v for v in found if not v.missing.all()]

    def words(self, name: str, scores: pd.DataFrame) -> NDArray[np.object_]:
        """The categories of a covariate, in the order of its codes."""
        known = self.people.set_index("person_id").loc[scores["person_id"], name]
        return np.unique(known[known != UNKNOWN].astype(str)).astype(object)


def records(
    people: pd.DataFrame | None, covariates: pd.DataFrame | None, settings: Mapping[str, Any] | None
) -> Records | None:
    """The records, or None where no analysis asks for them."""
    if people is None or covariates is None or settings is None:
        return None
    return Records(people, covariates, settings)


def answer(
    ask: Ask,
    sample: Sample,
    records: Records | None,
    outcome: NDArray[np.float64],
    estimate: Callable[[Sample], Estimate],
    gate: Ask,
    told: list[results.Row],
    used: NDArray[np.bool_] | None = None,
) -> list[results.Row]:
    """All rows of one estimand.

    outcome: (n, q) what is known of it. estimate: finished means of the two arms. told: takes the difference in risk
    that can be shown. used: (n,) people in the denominator, default all. Raises StudyError where the step was not given
    the people and their covariates.
    """
    if records is None:
        raise StudyError(f"The method '{ask['method']}' needs people, covariates and how to impute. This is a defect.")
    variables = records.of(sample.scores)
    if not any(v.missing.any() for v in variables):
        return results.without(ask, sample.names, "not_possible", NOTHING)
    settings = records.settings
    done = impute(
        variables, _predictors(sample, outcome), settings["imputations"], settings["seed"], settings["passes"]
    )
    each, grounds, degrees = [], [], np.inf
    for values in (_same_within_records(d, variables, sample) for d in done):
        fitted = _fitted(sample, records, values, METHODS[ask["method"]].weights)
        if fitted.problem:
            return results.without(ask, sample.names, "gated", f"with covariates imputed: {fitted.problem}")
        again = Sample(fitted.scores, sample.contrast, sample.inference)
        try:
            one = estimate(again)
            first, second = one.names
            whole = join([one, difference(one, first, second), log_ratio(one, first, second)])
        except EstimationError as wrong:
            return results.without(ask, sample.names, "gated", f"with covariates imputed: {wrong}")
        each.append(whole)
        grounds.append(power.ground(ask, again, one, used))
        degrees = min(degrees, one.degrees if one.clusters else float(one.takes_part.sum()) - 1)
    try:
        pooled = pool(
            [e.value for e in each], [e.covariance() for e in each], degrees, results.rows_of(ask, sample.names)
        )
    except EstimationError as wrong:
        return results.without(ask, sample.names, "gated", f"with covariates imputed: {wrong}")
    level = sample.inference["confidence_level"]
    if ask["measure"] == RISK and (few := power.judge(ask, level, grounds, gate, told)):
        return results.without(ask, sample.names, "gated", few)
    return _rows(ask, sample, pooled, {"n_effective": float(np.mean([g.first + g.second for g in grounds]))})


def _predictors(sample: Sample, outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, q) arm, sites and outcome."""
    sites = sample.scores["site_id"].to_numpy()
    names, counts = np.unique(sites, return_counts=True)
    large = [sites == name for name in names[counts >= SMALLEST_SITE][1:]]
    return np.column_stack([sample.arm, outcome, *large]).astype(float)


def _same_within_records(
    done: Mapping[str, NDArray[np.float64]], variables: Sequence[Incomplete], sample: Sample
) -> dict[str, NDArray[np.float64]]:
    """Imputed values where whoever counts more than once has one value: that of their first row."""
    record = sample.scores["record_id"].to_numpy()
    _, first, at = np.unique(record, return_index=True, return_inverse=True)
    return {v.name: np.where(v.missing, done[v.name][first[at]], done[v.name]) for v in variables}


def _fitted(sample: Sample, records: Records, values: Mapping[str, NDArray[np.float64]], weights: str) -> Any:
    """The score of a completed data set."""
    adjustment = records.settings["adjustment"]
    members = sample.scores[["person_id", "record_id", "site_id", "arm"]].assign(stratum="all")
    known = {n: v for n, v in values.items() if n in adjustment["continuous"]}
    known |= {
        n: records.words(n, sample.scores)[v.astype(int)] for n, v in values.items() if n in adjustment["categorical"]
    }
    complete = members.assign(**known)
    asked = {**adjustment, **{kind: [n for n in adjustment[kind] if n in known] for kind in KINDS}}
    covariates = coded.matrix(coded.table(complete, complete, asked))
    return propensity.fit(members, covariates, sample.contrast, asked, [weights])


def _rows(ask: Ask, sample: Sample, pooled: Pooled, more: Mapping[str, Any]) -> list[results.Row]:
    """Each arm, their difference and their ratio."""
    limits = pooled.interval(sample.inference["confidence_level"])
    errors, p = pooled.standard_error(), pooled.p_value()
    found = []
    for at, of in enumerate(results.rows_of(ask, sample.names)):
        shown = np.array([pooled.value[at], *limits[at]])
        low, mid, high = (np.exp(shown) if at == 3 else shown)[[1, 0, 2]]
        numbers = {
            "estimate": float(mid), "std_error": float(errors[at]), "conf_low": float(low), "conf_high": float(high),
            "p_value": float(p[at]) if at > 1 else np.nan,
        }  # fmt: skip
        found.append(results.row(ask, of) | numbers | dict(more))
    return found
