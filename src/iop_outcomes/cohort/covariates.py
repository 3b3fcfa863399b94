"""The covariates of a cohort: numbers, and categories that stay categories.

In order: a missing number is set to the median and flagged in 'name=missing'; a category of fewer than ten people joins
the most frequent one, which is the reference; each categorical covariate is one column whose categories are the
reference and then the others by name. A model takes them as codes: `matrix` makes no indicator, so that a national year
takes a byte per person and covariate. Refused by `check`: covariates that the records do not hold, or hold as another
kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Adjustment
from iop_outcomes.tables.canonical import NOT_COVARIATES
from iop_outcomes.tables.lookup import positions
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.testing import SCHEDULED_BEFORE

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix

# a category, or missing numbers, of fewer people than this are not told apart
SMALLEST_CATEGORY = 10
NUMBERS = ("whole", "number")
MISSING = "missing"


def check(persons: pd.DataFrame, adjustment: Adjustment) -> None:
    """Raise StudyError where a covariate is not a baseline column of persons, or of the other kind."""
    from iop_outcomes.tables import TABLES

    declared = TABLES["persons"].columns
    known = [n for n in persons.columns if n not in NOT_COVARIATES]
    asked = [(n, True) for n in adjustment.continuous] + [(n, False) for n in adjustment.categorical]
    asked = [(n, continuous) for n, continuous in asked if n not in SCHEDULED_BEFORE or not continuous]
    unknown = [n for n, _ in asked if n not in (*known, *SCHEDULED_BEFORE)]
    if unknown:
        raise StudyError(
            f"The adjustment set names {', '.join(map(repr, unknown))}, which is no baseline column of the table "
            "persons. Take it out of `adjustment` in the cohort's file, or supply the column. Columns there: "
            f"{', '.join(sorted(known))}."
        )
    for name, continuous in asked:
        numeric = name in SCHEDULED_BEFORE or declared[name].kind in NUMBERS
        if numeric != continuous:
            kind, place = ("a number", "continuous") if numeric else ("text", "categorical")
            raise StudyError(f"The covariate '{name}' is {kind}: name it under `adjustment.{place}` instead.")
        if continuous and persons[name].isna().all():
            raise StudyError(
                f"The covariate '{name}' is missing for everyone. Take it out of `adjustment.continuous` in the "
                "cohort's file, or supply the column."
            )


def table(people: pd.DataFrame, eligible: pd.DataFrame, adjustment: Adjustment) -> pd.DataFrame:
    """The table covariates: numbers of `eligible` as they are, words of `people` as categories, the reference first.

    people and eligible have the same rows. The reference is the most frequent category, of several the first by name.
    """
    import pandas as pd

    columns = {"person_id": people["person_id"]}
    for name in adjustment.continuous:
        values = eligible[name].astype("float64")
        columns[name] = values.fillna(values.median())
        if values.isna().sum() >= SMALLEST_CATEGORY:
            columns[_column(name, MISSING)] = values.isna().astype("float64")
    for name in adjustment.categorical:
        columns[name] = pd.Series(_categories(people[name]), index=people.index)
    return pd.DataFrame(columns)


def of_columns(covariates: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """The covariate and the category that each column of `matrix` stands for; 'all' of a number, 'missing' of its flag.

    covariates: the table covariates, of as many people as one likes.
    """
    import pandas as pd

    found: dict[str, tuple[str, str]] = {}
    for name in covariates.columns.drop("person_id"):
        if isinstance(covariates[name].dtype, pd.CategoricalDtype):
            found |= {_column(name, value): (name, str(value)) for value in covariates[name].cat.categories}
        else:
            found[name] = (name, ALL)
    flags = {_column(name, MISSING): (name, MISSING) for name in list(found) if _column(name, MISSING) in found}
    return found | flags


def missing_flag(name: str) -> str:
    """The column that flags whose number is missing."""
    return _column(name, MISSING)


def _column(name: str, value: str) -> str:
    return f"{name}={value}"


def _categories(words: pd.Series) -> pd.Categorical:
    """The categories, rare ones joined to the reference, which comes first."""
    import pandas as pd

    codes, found = pd.factorize(words.to_numpy(dtype=object), sort=True)
    people = np.bincount(codes, minlength=len(found))
    reference = int(people.argmax())
    frequent = np.flatnonzero(people >= SMALLEST_CATEGORY)
    order = np.concatenate([[reference], frequent[frequent != reference]])
    place = np.zeros(len(found), dtype=np.int64)
    place[order] = np.arange(len(order))
    dtype = pd.CategoricalDtype(pd.Index(found[order], dtype=object))
    return pd.Categorical.from_codes(place[codes], dtype=dtype)  # type: ignore[arg-type]


def matrix(covariates: pd.DataFrame, people: Iterable[str] | None = None) -> ModelMatrix:
    """Columns of a model from the table covariates: numbers first, then a column for each category but references.

    people: identifiers of those wanted, in their order; None for all as they stand. A covariate of which only the
    reference is left has no column. Columns are named 'name' and 'name=value'.
    """
    import pandas as pd

    from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix

    own = covariates.drop(columns="person_id")
    if people is not None:
        rows = positions(pd.Series(people, dtype=object), covariates["person_id"])
        if (rows < 0).any():
            raise StudyError(f"{(rows < 0).sum()} people have no row in the table covariates. This is a defect.")
        own = own.take(rows)
    categorical = [str(name) for name in own if isinstance(own[name].dtype, pd.CategoricalDtype)]
    numeric = [str(name) for name in own if name not in categorical]
    names, codes, levels = list(numeric), [], []
    for name in categorical:
        values = own[name].cat
        if len(values.categories) > 1:
            codes.append(values.codes.to_numpy())
            levels.append(len(values.categories) - 1)
            names += [_column(name, value) for value in values.categories[1:]]
    numbers = np.empty((len(own), len(numeric)))
    for at, name in enumerate(numeric):
        numbers[:, at] = own[name]
    return ModelMatrix(numbers, tuple(names), tuple(codes), tuple(levels))
