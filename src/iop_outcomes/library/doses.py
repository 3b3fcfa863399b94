"""Shares free of use, or with another answer, had everyone had so many hours a week at a level of care, from a frame of
person-weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.causal.doses import OUT, Course, Dose
from iop_outcomes.estimators.causal.g_formula import DRAWS, dose_means
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame
from iop_outcomes.library.person_weeks import answers, fixed, places, told

if TYPE_CHECKING:
    import pandas as pd

FEWEST_NEAR = 50


def at_a_dose(
    weeks: pd.DataFrame,
    person: str,
    week: str,
    used: str,
    level_of_care: str,
    hours: str,
    covariates: Sequence[str],
    doses: Mapping[str, tuple[str, int, float]],
    free: tuple[int, int] | None = None,
    craving: str | None = None,
    after: str | None = None,
    difference: tuple[str, str] | None = None,
    fewest: int = FEWEST_NEAR,
    draws: int = DRAWS,
    seed: int = 0,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Shares free of use in some weeks, or with an answer afterwards, had everyone had a dose, by the parametric
    g-formula.

    weeks: a row for each person and week, counted from 1, all persons with the same weeks. used: 0 or 1, missing where
    nobody knows. level_of_care: a label, missing out of care. hours: attended. covariates: known at the start, the same
    in all rows of a person. doses: by name the level, weeks and hours a week. free: first and last week in which nobody
    is to use. craving: a column of numbers. after: in place of `free` a column of 0 or 1, missing where nobody knows,
    the same in all rows of a person, such as the answer at an interview; use then counts in weeks of care alone.
    difference: two doses. fewest: people who had nearly such hours at the level; with fewer a dose has no numbers, as
    they would be the model's alone (0: always). draws: how often each person is followed anew. cluster: a column of
    sites. Returns a row for each dose, then the difference and the ratio:
    `of`, `estimate`, `std_error`, `conf_low`, `conf_high`, `near`. Raises EstimationError.
    """
    import pandas as pd

    frame = Frame(weeks)
    ids, first, at = np.unique(frame.labels(person, "person").astype(str), return_index=True, return_inverse=True)
    place, last = places(at, frame.numbers(week, "week"), len(ids))
    order = np.argsort(place)
    shape = (len(ids), last)

    def table(values: Any) -> Array:
        return np.asarray(values, dtype=float)[order].reshape(shape)

    levels = _levels(frame, level_of_care)
    names = [person, week, used, level_of_care, hours, *(n for n in (craving, after, cluster) if n)]
    start = fixed(frame, covariates, names, first, at)[1]
    course = Course.of(
        table(told(frame, used, "used")), table(levels.codes + 1).astype(np.int64),
        table(frame.numbers(hours, "hours")), start,
        None if craving is None else table(told(frame, craving, "craving")),
    )  # fmt: skip
    asked = {name: _dose(name, given, list(levels.categories)) for name, given in doses.items()}
    later = None if after is None else answers(told(frame, after, "after"), first, at, "after")
    weeks_free = None if free is None else range(free[0] - 1, free[1])
    found = dose_means(course, asked, weeks_free, draws=draws, seed=seed, after=later)
    estimate = found.estimate
    if cluster is not None:
        estimate = estimate.clustered(frame.labels(cluster, "cluster")[first])
    rows = tidy.rows(estimate, level).assign(of=list(doses), near=found.near)
    shown = pd.Series(found.near >= fewest)
    rows[list(tidy.NUMBERS)] = rows[list(tidy.NUMBERS)].where(shown)
    if difference is not None:
        both = tidy.compared(estimate, difference, level, "dose")
        known = bool(shown[[name in difference for name in doses]].all())
        rows = pd.concat([rows, both if known else both.assign(**dict.fromkeys((*tidy.NUMBERS, "p_value"), np.nan))])
    return tidy.ordered(rows, ("of", *tidy.NUMBERS))


def _levels(frame: Frame, name: str) -> pd.Categorical:
    """The levels of care as codes from 0, -1 out of care."""
    import pandas as pd

    if name not in frame.data:
        frame.column(name, "level_of_care")
    return pd.Categorical(frame.data[name].astype(object).map(lambda v: v if pd.isna(v) else str(v)))


def _dose(name: str, given: tuple[str, int, float], levels: Sequence[str]) -> Dose:
    level, weeks, hours = given
    if str(level) not in levels:
        raise EstimationError(f"`doses`: '{name}' is at '{level}', and levels are {', '.join(levels)}.")
    if weeks < 1 or hours < 0:
        raise EstimationError(
            f"`doses`: '{name}' is of {weeks} weeks at {hours:g} hours; at least 1 and 0 are possible."
        )
    return Dose.of(OUT + 1 + list(levels).index(str(level)), weeks, hours)
