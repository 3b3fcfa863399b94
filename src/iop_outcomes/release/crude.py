"""Crude estimates and curves, computed from what is released and from nothing else.

Counts give Wilson intervals of risks, Newcombe intervals of their difference and a ratio on the log scale. Life tables
give the share of people where no one is censored, and else cumulative incidence and staying from the days that are told
(`iop_outcomes.release.actuarial`), and the restricted mean; risks and curves have complementary log-log intervals,
differences normal ones, ratios on the log scale. Where everything may be shown they are Aalen-Johansen's, day by day,
with robust standard errors. Arms are independent. A number that would need a hidden cell is not given.

Beside each number stands what protection may have changed it by, either way: computed from the ranges of the cells that
are told, and where the days matter, from all days on which people may have left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.two_by_two.proportions import risk_contrast, wilson
from iop_outcomes.release import actuarial
from iop_outcomes.release.arm import Arm
from iop_outcomes.release.days import Told
from iop_outcomes.release.life_tables import Leaving
from iop_outcomes.release.told import NOBODY, AsTold
from iop_outcomes.vocabulary.causes import CENSORED
from iop_outcomes.vocabulary.measures import DIFFERENCE, MEAN_DAYS, RATIO, RISK
from iop_outcomes.vocabulary.readings import Reading

Numbers = dict[str, float]
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
ROUNDING_ERROR = "rounding_error"
# of a limit on the scale of logarithms, beyond which it is 0 or 1
FURTHEST = 700.0


@dataclass(frozen=True)
class Ask:
    """What one crude row asks for. measure: risk or mean_days. of: an arm, 'difference' or 'ratio'. day: horizon."""

    measure: str
    of: str
    day: int | None
    read: Reading
    level: float


def estimate(ask: Ask, arms: Sequence[Arm]) -> Numbers | None:
    """The numbers of a row, and its rounding error, from one arm, or from two in the order of the comparison.

    None where something that it needs is not told. Raises EstimationError where the estimate does not exist.
    """
    if all(arm.table is not None for arm in arms):
        return _from_life_tables(ask, arms)
    if ask.measure != RISK:
        raise EstimationError("mean days need a life table")
    if any(arm.people is None or arm.events is None for arm in arms):
        return None
    return _compared_error(ask, _from_counts(ask, arms), [_share(arm) for arm in arms])


@dataclass(frozen=True)
class _Known:
    """A number of an arm, its standard error, and the least and the greatest that the true one can be."""

    value: float
    error: float
    low: float
    high: float

    @property
    def changed(self) -> float:
        """What protection may have changed it by."""
        changed = max(self.high - self.value, self.value - self.low)
        return changed if changed > NOBODY else 0.0


def _share(arm: Arm) -> _Known:
    """Events by people, as told. Raises EstimationError without people."""
    people, events = arm.people, arm.events
    if people is None or events is None or not people.count:
        raise EstimationError("no people in an arm")
    p = min(events.number / people.count, 1.0)
    error = float(np.sqrt(p * (1 - p) / people.count))
    low, high = events.low / max(people.high, 1), events.high / max(people.low, 1)
    exact = events.low == events.high and people.low == people.high
    return _Known(p, error, *((p, p) if exact else (low, min(high, 1.0))))


def _compared_error(ask: Ask, numbers: Numbers, known: Sequence[_Known]) -> Numbers | None:
    """The numbers with their rounding error; None for a ratio that has no bound."""
    changed = known[0].changed
    if ask.of == DIFFERENCE:
        changed = known[0].changed + known[1].changed
    elif ask.of == RATIO:
        one, other = known
        if other.low <= 0:
            return None
        ratio = one.value / other.value
        changed = max(one.high / other.low - ratio, ratio - one.low / other.high, 0.0)
        changed = changed if one.changed or other.changed else 0.0
    return {**numbers, ROUNDING_ERROR: changed}


def _from_counts(ask: Ask, arms: Sequence[Arm]) -> Numbers:
    table = [(_count(arm.events), _count(arm.people)) for arm in arms]
    if any(people == 0 for _, people in table):
        raise EstimationError("no people in an arm")
    # both are rounded by themselves: there may be told more events than people
    table = [(min(events, people), people) for events, people in table]
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


def _count(told: Told | None) -> int:
    return 0 if told is None or told.count is None else told.count


def _from_life_tables(ask: Ask, arms: Sequence[Arm]) -> Numbers | None:
    found = []
    for arm in arms:
        known = _of_life_table(ask, arm)
        if known is None:
            return None
        found.append(known)
    numbers = _compared(ask, [(known.value, known.error) for known in found])
    return _compared_error(ask, numbers, found)


def _of_life_table(ask: Ask, arm: Arm) -> _Known | None:
    """The number of one arm at the horizon; None where it is not told."""
    if ask.day is None:
        raise EstimationError("no horizon is given")
    if arm.people is None or arm.table is None:
        return None
    if arm.people.count == 0:
        raise EstimationError("no one is at risk")
    if not arm.reached:
        raise EstimationError("no one is followed to the horizon")
    if arm.table.exact is not None:
        value, error = of_arm(arm.table.exact, ask.measure, ask.read, ask.day)
        return _Known(value, error, value, value)
    if ask.measure == MEAN_DAYS:
        return _mean_days(arm.table, ask.day)
    if arm.events is None:
        return None
    if not arm.censored:
        found = _share(arm)
        seen = 0 < found.value < 1
        return found if seen else _Known(found.value, float("nan"), found.low, found.high)
    return _risk(arm.table, ask.read, ask.day)


def _mean_days(told: AsTold, day: int) -> _Known | None:
    """The mean. At the least all who leave between two days do so on the first day after, at the most on the last."""
    table, limits = actuarial.stretches(told, (), day), actuarial.bounds(told, (), day)
    if table is None or limits is None:
        return None
    value, error = actuarial.mean_days(table)
    low, high = limits.staying
    width = np.diff(table.days)
    least = float((width - 1) @ low[1:] + low[:-1].sum())
    return _Known(value, error if error > 0 else float("nan"), least, float(width @ high[:-1]))


def _risk(told: AsTold, read: Reading, day: int) -> _Known | None:
    """The incidence, or staying, at the last of the days."""
    drawn = actuarial.heights(told, read.events or read.lost, read.kind == "staying", day)
    if drawn is None:
        return None
    value, error, low, high = (float(column[-1]) for column in (drawn.value, drawn.error, drawn.low, drawn.high))
    return _Known(value, error if error > 0 else float("nan"), low, high)


def _compared(ask: Ask, arms: Sequence[tuple[float, float]]) -> Numbers:
    """Limits and p value from the numbers of the arms and their standard errors."""
    (value, error), reach = arms[0], _reach(ask.level)
    if ask.of not in (DIFFERENCE, RATIO):
        if ask.measure == RISK:
            return _numbers(value, error, *log_log_limits(value, error, ask.level, ask.read.kind == "staying"))
        return _numbers(value, error, value - reach * error, value + reach * error)
    other, other_error = arms[1]
    if ask.of == DIFFERENCE:
        gap, both = value - other, float(np.hypot(error, other_error))
        return _numbers(gap, both, gap - reach * both, gap + reach * both, _p(gap, both))
    if min(value, other) <= 0:
        raise EstimationError("no events in an arm")
    log_ratio, both = float(np.log(value / other)), float(np.hypot(error / value, other_error / other))
    limits = (float(np.exp(log_ratio - reach * both)), float(np.exp(log_ratio + reach * both)))
    return _numbers(value / other, both, *limits, _p(log_ratio, both))


@lru_cache(maxsize=256)
def of_arm(leaving: Leaving, measure: str, read: Reading, day: int) -> tuple[float, float]:
    """Risk or mean days of one arm by a day, and its standard error (missing while no one has left)."""
    causes = [c for c in leaving.causes if c != CENSORED]
    counted = (read.events or read.lost or causes) if measure == RISK else causes
    if leaving.gone(day, counted) == 0:
        return float(day) if measure == MEAN_DAYS else float(read.kind == "staying"), float("nan")
    time, codes, frequency = rows_of(leaving, tuple(causes), counted, day)
    if measure == MEAN_DAYS:
        found = cuminc.restricted_mean(time, codes > 0, day, frequency=frequency)
    elif read.kind == "staying" and not read.lost:
        found = cuminc.survival(time, codes > 0, day, frequency=frequency)
    else:
        found = cuminc.cumulative_incidence(time, codes, 1, day, frequency=frequency)
    value = float(found.value[0])
    return 1 - value if measure == RISK and read.lost else value, float(found.standard_error()[0])


def rows_of(leaving: Leaving, causes: tuple[str, ...], counted: Sequence[str], day: int) -> tuple[Array, Array, Array]:
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
    reach = min(_reach(level) * error / (s * abs(np.log(s))), FURTHEST)
    low, high = float(s ** np.exp(reach)), float(s ** np.exp(-reach))
    return (low, high) if survives else (1 - high, 1 - low)


def _numbers(value: float, error: float, low: float, high: float, p_value: float = float("nan")) -> Numbers:
    return dict(zip(NUMBERS, (value, error, low, high, p_value), strict=True))


def _reach(level: float) -> float:
    return float(stats.norm.ppf(0.5 + level / 2))


def _p(value: float, error: float) -> float:
    return float(2 * stats.norm.sf(abs(value) / error)) if error > 0 else float("nan")
