"""Crude estimates and curves, computed from what is released and from nothing else.

Counts give Wilson intervals of risks, Newcombe intervals of their difference and a ratio on the log scale.
Held life tables give Aalen-Johansen cumulative incidence, the probability of still being there and the
restricted mean, with robust standard errors; risks and curves have complementary log-log intervals,
differences normal ones, ratios on the log scale. Arms are independent. A number that would need a hidden cell
is not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.two_by_two.proportions import risk_contrast, wilson
from iop_outcomes.release.life_tables import Leaving
from iop_outcomes.release.support import ArmCells
from iop_outcomes.vocabulary.causes import CENSORED
from iop_outcomes.vocabulary.measures import DIFFERENCE, MEAN_DAYS, RATIO, RISK
from iop_outcomes.vocabulary.readings import Reading

Numbers = dict[str, float]
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")


@dataclass(frozen=True)
class Ask:
    """What one crude row asks for. measure: risk or mean_days. of: an arm, 'difference' or 'ratio'. day: horizon."""

    measure: str
    of: str
    day: int | None
    read: Reading
    level: float


def estimate(ask: Ask, arms: Sequence[ArmCells]) -> Numbers:
    """The numbers of a row from one arm, or from two in the order of the comparison.

    All cells must be known. Raises EstimationError where the estimate does not exist.
    """
    if all(arm.held is not None for arm in arms):
        return _from_life_tables(ask, arms)
    if ask.measure != RISK:
        raise EstimationError("mean days need a life table")
    return _from_counts(ask, arms)


def _from_counts(ask: Ask, arms: Sequence[ArmCells]) -> Numbers:
    table = [(int(arm.events or 0), int(arm.people or 0)) for arm in arms]
    if any(people == 0 for _, people in table):
        raise EstimationError("no people in an arm")
    shares = [events / people for events, people in table]
    errors = [float(np.sqrt(p * (1 - p) / n)) for p, (_, n) in zip(shares, table, strict=True)]
    if ask.of not in (DIFFERENCE, RATIO):
        found = wilson(*table[0], ask.level)
        return _numbers(found.estimate, errors[0], found.low, found.high)
    both = risk_contrast(*table[0], *table[1], ask.level)
    if ask.of == DIFFERENCE:
        found = both.difference
        return _numbers(found.estimate, float(np.hypot(errors[0], errors[1])), found.low, found.high, _pooled_p(table))
    if both.ratio is None or both.log_ratio_std_error is None:
        raise EstimationError("no events in an arm")
    p_value = _p(float(np.log(both.ratio.estimate)), both.log_ratio_std_error)
    return _numbers(both.ratio.estimate, both.log_ratio_std_error, both.ratio.low, both.ratio.high, p_value)


def _pooled_p(table: Sequence[tuple[int, int]]) -> float:
    """Two-sided p value of equal risks, by the score test (Pearson 1900, Philosophical Magazine 50:157)."""
    (e1, n1), (e0, n0) = table
    pooled = (e1 + e0) / (n1 + n0)
    return _p(e1 / n1 - e0 / n0, float(np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))))


def _from_life_tables(ask: Ask, arms: Sequence[ArmCells]) -> Numbers:
    found = []
    for arm in arms:
        _refuse_beyond(arm, ask.day)
        if arm.held is not None and ask.day is not None:
            found.append(of_arm(arm.held, ask.measure, ask.read, ask.day))
    (value, error), reach = found[0], _reach(ask.level)
    if ask.of not in (DIFFERENCE, RATIO):
        if ask.measure == RISK:
            return _numbers(value, error, *log_log_limits(value, error, ask.level, ask.read.kind == "staying"))
        return _numbers(value, error, value - reach * error, value + reach * error)
    other, other_error = found[1]
    if ask.of == DIFFERENCE:
        gap, both = value - other, float(np.hypot(error, other_error))
        return _numbers(gap, both, gap - reach * both, gap + reach * both, _p(gap, both))
    if min(value, other) <= 0:
        raise EstimationError("no events in an arm")
    log_ratio, both = float(np.log(value / other)), float(np.hypot(error / value, other_error / other))
    limits = (float(np.exp(log_ratio - reach * both)), float(np.exp(log_ratio + reach * both)))
    return _numbers(value / other, both, *limits, _p(log_ratio, both))


def _refuse_beyond(arm: ArmCells, day: int | None) -> None:
    """Refuse a horizon that no one was followed to, unless everyone had left before."""
    true = arm.followed
    if day is None or true is None:
        raise EstimationError("no horizon is given")
    if true.people == 0:
        raise EstimationError("no one is at risk")
    if day > true.last_day and true.gone(None, [c for c in true.causes if c != CENSORED]) < true.people:
        raise EstimationError("no one is followed to the horizon")


@lru_cache(maxsize=256)
def of_arm(leaving: Leaving, measure: str, read: Reading, day: int) -> tuple[float, float]:
    """Risk or mean days of one arm by a day, and its standard error (missing while no one has left)."""
    causes = [c for c in leaving.causes if c != CENSORED]
    counted = (read.events or read.lost or causes) if measure == RISK else causes
    if leaving.gone(day, counted) == 0:
        return float(day) if measure == MEAN_DAYS else float(read.kind == "staying"), float("nan")
    time, codes, frequency = _cells(leaving, tuple(causes), counted, day)
    if measure == MEAN_DAYS:
        found = cuminc.restricted_mean(time, codes > 0, day, frequency=frequency)
    elif read.kind == "staying" and not read.lost:
        found = cuminc.survival(time, codes > 0, day, frequency=frequency)
    else:
        found = cuminc.cumulative_incidence(time, codes, 1, day, frequency=frequency)
    value = float(found.value[0])
    return 1 - value if measure == RISK and read.lost else value, float(found.standard_error()[0])


def curve(leaving: Leaving, lost: Sequence[str], staying: bool, level: float) -> Mapping[str, Array]:
    """The curve of having left by some causes, or of not having (staying), at day 0 and at every day on which anyone
    is counted. lost: the causes; of staying, () is any.

    Returns x, estimate, std_error, conf_low, conf_high and n_risk (people at risk just before x), each (k,).
    """
    causes = tuple(c for c in leaving.causes if c != CENSORED)
    days = sorted({0, *(m.day for m in leaving.moves)})
    time, codes, frequency = _cells(leaving, causes, lost or causes, days[-1])
    if lost:
        found = cuminc.cumulative_incidence(time, codes, 1, days, frequency=frequency)
    else:
        found = cuminc.survival(time, codes > 0, days, frequency=frequency)
    values = 1 - found.value if staying and lost else found.value
    errors = found.standard_error()
    limits = [log_log_limits(float(v), float(e), level, staying) for v, e in zip(values, errors, strict=True)]
    return {
        "x": np.array(days, dtype=float),
        "estimate": values,
        "std_error": errors,
        "conf_low": np.array([low for low, _ in limits]),
        "conf_high": np.array([high for _, high in limits]),
        "n_risk": leaving.people - _gone_before(leaving, days),
        "rounding_error": np.zeros(len(days)),
    }


def _gone_before(leaving: Leaving, days: Sequence[int]) -> Array:
    """(k,) people gone before each day, by any cause."""
    running = np.cumsum([0, *(m.count for m in leaving.moves)])
    return np.asarray(running[np.searchsorted([m.day for m in leaving.moves], days, side="left")], dtype=float)


def _cells(leaving: Leaving, causes: tuple[str, ...], counted: Sequence[str], day: int) -> tuple[Array, Array, Array]:
    """Times, codes (0 censored, 1 counted, 2 other causes) and people of the cells; who stays is censored at
    the end.
    """
    among = leaving.named(counted)
    code = {c: 1 if c in among else 2 for c in causes}
    cells = [(m.day, code.get(m.cause, 0), m.count) for m in leaving.moves]
    staying = leaving.people - leaving.gone(None)
    if staying:
        cells.append((max(day, leaving.last_day), 0, staying))
    time, codes, frequency = np.array(cells, dtype=float).T
    return time, codes, frequency


def log_log_limits(value: float, error: float, level: float, survives: bool) -> tuple[float, float]:
    """Limits of a probability on the scale log(-log(S)), which keeps them within 0 and 1; missing at 0 and 1.

    survives: the value is S itself; otherwise it is 1 - S. Kalbfleisch & Prentice 2002, The Statistical
    Analysis of Failure Time Data, section 1.4.
    """
    if not (0 < value < 1 and error > 0):
        return float("nan"), float("nan")
    s = value if survives else 1 - value
    reach = _reach(level) * error / (s * abs(np.log(s)))
    low, high = float(s ** np.exp(reach)), float(s ** np.exp(-reach))
    return (low, high) if survives else (1 - high, 1 - low)


def _numbers(value: float, error: float, low: float, high: float, p_value: float = float("nan")) -> Numbers:
    return dict(zip(NUMBERS, (value, error, low, high, p_value), strict=True))


def _reach(level: float) -> float:
    return float(stats.norm.ppf(0.5 + level / 2))


def _p(value: float, error: float) -> float:
    return float(2 * stats.norm.sf(abs(value) / error)) if error > 0 else float("nan")
