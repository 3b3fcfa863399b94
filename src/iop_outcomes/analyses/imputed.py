"""Means of two sides with missing covariates imputed: the outcome helps, the score is fitted again each time.

In order: covariates that were not recorded (the category 'unknown', numbers that were set to the median) are taken as
missing; chained equations impute them from the other covariates, the arm, the sites and what is known of the outcome,
one value for whoever counts more than once; in each completed data set the covariates are coded, the score fitted,
weights made and the arms estimated as without imputation; estimates and variances are pooled by Rubin's rules. It
belongs with the analyses, as the design sees no outcome. Refused: where nothing is missing there is no answer of this
kind; where a completed data set allows no score there is no estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import pooled
from iop_outcomes.analyses.outcomes import Outcome
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.pooled import Imputed
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort import covariates as coded
from iop_outcomes.design import propensity
from iop_outcomes.errors import EstimationError, NotPossible, StudyError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.regression.imputation import Incomplete, impute
from iop_outcomes.protocol import Adjustment, Analysis, Contrast, Imputation
from iop_outcomes.vocabulary.levels import UNKNOWN
from iop_outcomes.vocabulary.methods import METHODS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

NOTHING = "nothing is missing: no covariate of these people was left unrecorded"
# a site with fewer people helps to predict as one of the others
SMALLEST_SITE = 20


@dataclass(frozen=True)
class Records:
    """What imputation needs beside the scores: tables people and covariates, and how to adjust and impute."""

    people: pd.DataFrame
    covariates: pd.DataFrame
    contrast: Contrast
    adjustment: Adjustment
    imputation: Imputation

    def of(self, scores: pd.DataFrame) -> list[Incomplete]:
        """The covariates of a contrast's people; one that is known of nobody is left out."""
        people = self.people.set_index("person_id").loc[scores["person_id"]]
        numbers = self.covariates.set_index("person_id").loc[scores["person_id"]]
        found = []
        for name in self.adjustment.continuous:
            values = numbers[name].to_numpy(dtype=float).copy()
            if f"{name}=missing" in numbers:
                values[numbers[f"{name}=missing"].to_numpy() == 1] = np.nan
            found.append(Incomplete(name, values))
        for name in self.adjustment.categorical:
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
    people: pd.DataFrame | None,
    covariates: pd.DataFrame | None,
    contrast: Contrast,
    adjustment: Adjustment | None,
    imputation: Imputation | None,
) -> Records | None:
    """The records, or None where no analysis asks for them."""
    if people is None or covariates is None or adjustment is None or imputation is None:
        return None
    return Records(people, covariates, contrast, adjustment, imputation)


def estimated(ask: Analysis, sample: Sample, outcome: Outcome, records: Records | None) -> Imputed:
    """The estimate of one row of the sheet. Raises NotPossible where nothing is missing, EstimationError where a
    completed data set has no estimate, and StudyError where the step was not given people and covariates.
    """
    if records is None:
        raise StudyError(f"The method '{ask.method}' needs people, covariates and how to impute. This is a defect.")
    variables = records.of(sample.scores)
    if not any(v.missing.any() for v in variables):
        raise NotPossible(NOTHING)
    how, used = records.imputation, outcome.used(ask)
    done = impute(variables, _predictors(sample, outcome.known(ask)), how.imputations, how.seed, how.passes)

    def completed() -> Iterator[tuple[Sample, Estimate, Mask]]:
        for number, values in enumerate(_same_within_records(d, variables, sample) for d in done):
            again = _completed(sample, records, values, METHODS[ask.method].weights)
            # missing answers, where the rule draws them, come of the completed covariates
            reading = outcome.once(ask, again, number) if isinstance(outcome, AtADay) else outcome
            yield again, reading.means(ask, again), used

    return pooled.two_sides(ask, sample.names, completed(), "with covariates imputed: ")


def _predictors(sample: Sample, outcome: Array) -> Array:
    """(n, q) arm, sites and outcome."""
    sites = sample.scores["site_id"].to_numpy()
    names, counts = np.unique(sites, return_counts=True)
    large = [sites == name for name in names[counts >= SMALLEST_SITE][1:]]
    return np.column_stack([sample.arm, outcome, *large]).astype(float)


def _same_within_records(
    done: Mapping[str, Array], variables: Sequence[Incomplete], sample: Sample
) -> dict[str, Array]:
    """Imputed values where whoever counts more than once has one value: that of their first row."""
    record = sample.scores["record_id"].to_numpy()
    _, first, at = np.unique(record, return_index=True, return_inverse=True)
    return {v.name: np.where(v.missing, done[v.name][first[at]], done[v.name]) for v in variables}


def _completed(sample: Sample, records: Records, values: Mapping[str, Array], weights: str) -> Sample:
    """The sample with the score of a completed data set. Raises EstimationError where there is none."""
    asked = records.adjustment
    members = sample.scores[["person_id", "record_id", "site_id", "arm"]].assign(stratum="all")
    known = {n: v for n, v in values.items() if n in asked.continuous}
    words = {n: records.words(n, sample.scores)[v.astype(int)] for n, v in values.items() if n in asked.categorical}
    complete = members.assign(**known, **words)
    kept = asked.model_copy(
        update={
            "continuous": [n for n in asked.continuous if n in known],
            "categorical": [n for n in asked.categorical if n in words],
        }
    )
    covariates = coded.matrix(coded.table(complete, complete, kept))
    fitted = propensity.fit(members, covariates, records.contrast, kept, [weights])
    if fitted.problem:
        raise EstimationError(fitted.problem)
    return replace(sample, everyone=fitted.scores)
