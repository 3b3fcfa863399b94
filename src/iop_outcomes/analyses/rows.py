"""Rows of the results tables from estimates, and rows that say why there is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.estimate import Estimate, difference, log_ratio
from iop_outcomes.tables.results import ALL, OF_THE_WHOLE
from iop_outcomes.tables.rows import exact
from iop_outcomes.vocabulary.measures import MEASURES, RATIO

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iop_outcomes.estimators.cox.cox import CoxFit
    from iop_outcomes.protocol import Analysis

    # one word per person
    Words = NDArray[np.object_] | NDArray[np.str_]

Row = dict[str, object]
KEY = ("analysis", "cohort", "contrast", "outcome", "horizon_days", "estimand", "measure", "method", "missing_rule")
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n_effective")


@dataclass(frozen=True)
class Some:
    """Of whom, and of which days of follow-up, a row is: everyone and all days, unless it says so. delta_first,
    delta_second: of tipping points, by how much missing answers are moved in each arm. hours_per_week, weeks_of_care:
    of doses.
    """

    group_by: str = ALL
    group: str = ALL
    from_day: int | None = None
    to_day: int | None = None
    delta_first: float | None = None
    delta_second: float | None = None
    hours_per_week: float | None = None
    weeks_of_care: int | None = None


EVERYONE = Some()


def rows_of(ask: Analysis, names: tuple[str, str]) -> tuple[str, ...]:
    """What the rows of one estimand are of: each side, their difference, their ratio; names: of the two arms."""
    return MEASURES[ask.measure].rows(*names)


def without(ask: Analysis, names: tuple[str, str], status: str, reason: str, some: Some = EVERYONE) -> list[Row]:
    """Rows without a number: gated or not possible with their reason, or 'ok' for crude rows that release fills."""
    return [row(ask, of, some) | {"status": status, "reason": reason} for of in rows_of(ask, names)]


def from_estimate(
    ask: Analysis,
    of: str,
    estimate: Estimate,
    level: float,
    more: Mapping[str, float] | None = None,
    logarithmic: bool = False,
    tested: bool = True,
    some: Some = EVERYONE,
) -> Row:
    """One row from an estimate of one quantity; logarithmic ones are shown as ratios, with the log's standard error."""
    value, error = float(estimate.value[0]), float(estimate.standard_error()[0])
    reach = estimate.critical(level) * error
    shown = np.exp([value, value - reach, value + reach]) if logarithmic else (value, value - reach, value + reach)
    return row(ask, of, some) | {
        "estimate": float(shown[0]),
        "std_error": error,
        "conf_low": float(shown[1]),
        "conf_high": float(shown[2]),
        "p_value": float(estimate.p_value()[0]) if tested else np.nan,
        **(more or {}),
    }


def from_cox(
    ask: Analysis,
    fit: CoxFit,
    estimate: Estimate,
    level: float,
    more: Mapping[str, float],
    weighted: bool = False,
    some: Some = EVERYONE,
) -> Row:
    """The hazard ratio of the first covariate; estimate is the fit's, stacked and clustered as the analysis asks.

    Independent people of equal weight have the partial likelihood's own standard error, all others the robust one.
    """
    made = from_estimate(ask, RATIO, estimate, level, more, logarithmic=True, some=some)
    if estimate.clusters or weighted:
        return made
    value = float(estimate.value[0])
    error = float(np.sqrt(np.linalg.inv(fit.information)[0, 0]))
    low, high = np.exp(value + np.array([-1, 1]) * estimate.critical(level) * error)
    p = 2 * stats.norm.sf(abs(value) / error)
    return made | {"std_error": error, "conf_low": float(low), "conf_high": float(high), "p_value": float(p)}


def two_arms(
    ask: Analysis,
    estimate: Estimate,
    names: tuple[str, str],
    level: float,
    more: Mapping[str, float] | None = None,
    some: Some = EVERYONE,
) -> list[Row]:
    """Each arm, their difference and, where it has one, their ratio, from an estimate of the two arms' means in that
    order.
    """
    first, second = estimate.names
    shown = rows_of(ask, names)
    made = [
        from_estimate(ask, shown[0], estimate.take(first), level, more, tested=False, some=some),
        from_estimate(ask, shown[1], estimate.take(second), level, more, tested=False, some=some),
        from_estimate(ask, shown[2], difference(estimate, first, second), level, more, some=some),
    ]
    if RATIO in shown:
        ratio = log_ratio(estimate, first, second)
        made.append(from_estimate(ask, shown[3], ratio, level, more, logarithmic=True, some=some))
    return made


def row(ask: Analysis, of: str, some: Some = EVERYONE) -> Row:
    """A row of estimates without numbers, of one arm or one comparison."""
    return {
        **{k: getattr(ask, k) for k in KEY},
        "of": of,
        "group_by": some.group_by,
        "group": some.group,
        "from_day": some.from_day,
        "to_day": some.to_day,
        "delta_first": some.delta_first,
        "delta_second": some.delta_second,
        "hours_per_week": some.hours_per_week,
        "weeks_of_care": some.weeks_of_care,
        **dict.fromkeys(NUMBERS, np.nan),
        "n": None,
        "events": None,
        "status": "ok",
        "reason": "",
        "rounding_error": 0.0,
    }


def diagnostic(ask: Analysis, quantity: str, value: float, threshold: float, status: str) -> Row:
    """A row of diagnostics that belongs to a question: one outcome on one day, by one method under one rule."""
    keys = ("analysis", "cohort", "contrast", "outcome", "horizon_days", "method", "missing_rule")
    told = {"quantity": quantity, "value": value, "threshold": threshold, "status": status}
    return {**OF_THE_WHOLE, **{k: getattr(ask, k) for k in keys}, **told}


def table(name: str, rows: Sequence[Row]) -> pd.DataFrame:
    """A declared table from its rows."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES[name]
    if not rows:
        return declared.empty()
    return declared.cast(pd.DataFrame(list(rows), columns=list(declared.columns)))


def cell(keys: Mapping[str, object], level: str, count: int, **more: object) -> Row:
    """A row of counts, without what it need not say: everyone, no variable, no detail. more: what it says of these."""
    plain = {"arm": ALL, "variable": ALL, "horizon_days": None, "group_by": ALL, "group": ALL}
    told = {"level": level, **exact(int(count))}
    return {**plain, "detail": "", "position": None, **keys, **more, **told}


def count_rows(ask: Analysis, arms: Words, levels: Words, some: Some = EVERYONE) -> list[Row]:
    """People by arm and level of one outcome at one horizon; arms and levels have a value for each person."""
    import pandas as pd

    people = pd.crosstab(pd.Series(arms, name="arm"), pd.Series(levels, name="level"))
    keys = {k: getattr(ask, k) for k in ("analysis", "cohort", "contrast", "outcome", "horizon_days")}
    group = {"group_by": some.group_by, "group": some.group}
    return [
        cell(keys, level, people.loc[arm, level], arm=arm, **group) for arm in people.index for level in people.columns
    ]


def curve_point(
    ask: Analysis, arm: str, outcome: str, axis: str, x: float, value: float, error: float, reach: float
) -> Row:
    """One point of a curve of probabilities, with limits `reach` standard errors away, within 0 and 1."""
    return {
        **{k: getattr(ask, k) for k in ("analysis", "cohort", "contrast", "method", "missing_rule")},
        "arm": arm,
        "outcome": outcome,
        # of days, the axis tells them
        "horizon_days": None if axis == "days" else ask.horizon_days,
        "axis": axis,
        "x": x,
        "estimate": float(value),
        "std_error": float(error),
        "conf_low": float(np.clip(value - reach * error, 0, 1)),
        "conf_high": float(np.clip(value + reach * error, 0, 1)),
        "n_risk": None,
        "n_effective": np.nan,
        "rounding_error": 0.0,
    }
