"""Rows of the results tables from estimates, and rows that say why there is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.estimators import distributions as stats
from iop_outcomes.estimators.estimate import Estimate, difference, log_ratio

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.estimators.cox import CoxFit

Row = dict[str, Any]
KEY = ("analysis", "cohort", "contrast", "outcome", "horizon_days", "estimand", "method", "missing_rule")


def measures(measure: str, names: tuple[str, str]) -> list[str]:
    """The rows that one estimand of a measure fills: each arm, their difference, their ratio."""
    first, second = names
    if measure == "hazard_ratio":
        return ["hazard_ratio"]
    return [f"{measure}_{first}", f"{measure}_{second}", f"{measure}_difference", f"{measure}_ratio"]


def without(ask: Mapping[str, Any], names: Sequence[str], status: str, reason: str, subgroup: str = "all") -> list[Row]:
    """Rows without a number: gated or not possible with their reason, or 'ok' for crude rows that release fills."""
    return [_row(ask, name, subgroup) | {"status": status, "reason": reason} for name in names]


def from_estimate(
    ask: Mapping[str, Any],
    measure: str,
    estimate: Estimate,
    level: float,
    more: Mapping[str, Any] | None = None,
    logarithmic: bool = False,
    tested: bool = True,
    subgroup: str = "all",
) -> Row:
    """One row from an estimate of one quantity; logarithmic ones are shown as ratios, with the log's standard error."""
    value, error = float(estimate.value[0]), float(estimate.standard_error()[0])
    reach = estimate.critical(level) * error
    shown = np.exp([value, value - reach, value + reach]) if logarithmic else (value, value - reach, value + reach)
    return _row(ask, measure, subgroup) | {
        "estimate": float(shown[0]),
        "std_error": error,
        "conf_low": float(shown[1]),
        "conf_high": float(shown[2]),
        "p_value": float(estimate.p_value()[0]) if tested else np.nan,
        **(more or {}),
    }


def from_cox(
    ask: Mapping[str, Any],
    fit: CoxFit,
    estimate: Estimate,
    level: float,
    more: Mapping[str, Any],
    weighted: bool = False,
    subgroup: str = "all",
) -> Row:
    """The hazard ratio of the first covariate; estimate is the fit's, stacked and clustered as the analysis asks.

    Independent people of equal weight have the partial likelihood's own standard error, all others the robust one.
    """
    row = from_estimate(ask, "hazard_ratio", estimate, level, more, logarithmic=True, subgroup=subgroup)
    if estimate.clusters or weighted:
        return row
    value = float(estimate.value[0])
    error = float(np.sqrt(np.linalg.inv(fit.information)[0, 0]))
    low, high = np.exp(value + np.array([-1, 1]) * estimate.critical(level) * error)
    p = 2 * stats.norm.sf(abs(value) / error)
    return row | {"std_error": error, "conf_low": float(low), "conf_high": float(high), "p_value": float(p)}


def two_arms(
    ask: Mapping[str, Any],
    estimate: Estimate,
    names: tuple[str, str],
    level: float,
    more: Mapping[str, Any] | None = None,
) -> list[Row]:
    """Each arm, their difference and their ratio, from an estimate of the two arms' means in that order."""
    first, second = estimate.names
    shown = measures(ask["measure"], names)
    return [
        from_estimate(ask, shown[0], estimate.take(first), level, more, tested=False),
        from_estimate(ask, shown[1], estimate.take(second), level, more, tested=False),
        from_estimate(ask, shown[2], difference(estimate, first, second), level, more),
        from_estimate(ask, shown[3], log_ratio(estimate, first, second), level, more, logarithmic=True),
    ]


def _row(ask: Mapping[str, Any], measure: str, subgroup: str) -> Row:
    numbers = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n_effective")
    return {
        **{k: ask[k] for k in KEY},
        "measure": measure,
        "subgroup": subgroup,
        **dict.fromkeys(numbers, np.nan),
        "n": None,
        "events": None,
        "status": "ok",
        "reason": "",
    }


def estimates_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The table estimates."""
    return _table("estimates", rows)


def counts_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The table counts."""
    return _table("counts", rows)


def curves_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The table curves."""
    return _table("curves", rows)


def _table(name: str, rows: Sequence[Row]) -> pd.DataFrame:
    import pandas as pd

    from iop_outcomes.tables import TABLES

    table = TABLES[name]
    if not rows:
        return table.empty()
    frame = pd.DataFrame(list(rows), columns=list(table.columns))
    return frame.astype({n: c.dtype for n, c in table.columns.items()})


def count_rows(ask: Mapping[str, Any], arms: Any, levels: Any, subgroup: str = "all") -> list[Row]:
    """People by arm and level of one outcome at one horizon; arms and levels have a value for each person."""
    import pandas as pd

    table = pd.crosstab(pd.Series(arms, name="arm"), pd.Series(levels, name="level"))
    return [
        {
            **{k: ask[k] for k in ("analysis", "cohort", "contrast", "outcome", "horizon_days")},
            "arm": arm,
            "subgroup": subgroup,
            "level": level,
            "count": int(table.loc[arm, level]),
            "status": "ok",
        }
        for arm in table.index
        for level in table.columns
    ]


def curve_point(
    ask: Mapping[str, Any], arm: str, outcome: str, axis: str, x: float, value: float, error: float, reach: float
) -> Row:
    """One point of a curve of probabilities, with limits `reach` standard errors away, within 0 and 1."""
    return {
        **{k: ask[k] for k in ("analysis", "cohort", "contrast", "method")},
        "arm": arm,
        "outcome": outcome,
        "axis": axis,
        "x": x,
        "estimate": float(value),
        "std_error": float(error),
        "conf_low": float(np.clip(value - reach * error, 0, 1)),
        "conf_high": float(np.clip(value + reach * error, 0, 1)),
        "n_risk": None,
        "n_effective": np.nan,
    }


def beyond(arm: Any, reach: Any, waiting: Any, names: tuple[str, str], day: float) -> str:
    """Why an estimate to a day goes beyond what can be known of an arm, or ''.

    arm: (n,) 1 in the first. reach: (n,) the last day to which each person can be followed. waiting: (n,) who was last
    seen before the day, without an event: where there is no one, all is known however short the follow-up. The last day
    of an arm is one person's, and is told to the month of 30 days.
    """
    for value, name in ((1, names[0]), (0, names[1])):
        own = np.asarray(arm) == value
        last = float(np.max(np.asarray(reach)[own], initial=0))
        if own.any() and last < day and np.asarray(waiting)[own].any():
            months = round(last / 30)
            where = f"about day {30 * months}" if months else "less than a month"
            return f"people of the arm '{name}' can be followed to {where} at most, and it speaks of day {day:.0f}"
    return ""


def too_few(arm: Any, event: Any, names: tuple[str, str], minimum: int) -> str:
    """Why an estimate has too little to stand on after outcomes are read: events or non-events in an arm, or ''."""
    for value, name in ((1, names[0]), (0, names[1])):
        own = np.asarray(event)[np.asarray(arm) == value]
        events, others = int(own.sum()), int(len(own) - own.sum())
        if min(events, others) < minimum:
            kind = "events" if events < others else "people without the event"
            return f"fewer than {minimum} {kind} in the arm '{name}'"
    return ""
