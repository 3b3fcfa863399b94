"""Incidence, staying and mean days from a life table that is told on some days, and how far from the truth they may be.

In order: the numbers gone by each day that is told become people at risk, events and censored of the stretches between;
censored people count for half of their stretch (the actuarial life table: Cutler & Ederer 1958, Journal of Chronic
Diseases 8:699); with e_k events of kind k, c censored and n at risk at the beginning of a stretch,

    q_k = e_k / (n - c / 2),    S = product of (1 - sum of q_k),    F_k = sum of S(before) q_k,

so that without censoring F_k is events by people exactly. Between the days curves are straight, and the mean of days is
the area under them. Standard errors are of the delta method: within a stretch the q are those of a
multinomial of n - c / 2 people, and stretches are uncorrelated (Greenwood 1926; of incidences Aalen 1978, Annals of
Statistics 6:534; without censoring they are binomial).

What rounding and the unknown days may have changed (`bounds`): staying is still there / people x I and an incidence is
the sum of I over its events / people, where I, which only grows, is the product of m / (m - 1) over everyone censored
so far, m being at risk then. The least and the greatest number at risk, the earliest and the latest days on which each
was censored, and each left, bound I, and so both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.release.told import AsTold, Way
from iop_outcomes.vocabulary.causes import CENSORED

# below this a probability is none
NOTHING = 1e-12


@dataclass(frozen=True)
class Stretches:
    """J stretches between J + 1 days, of one kind of event (own) and all others.

    days: (J + 1,). still: (J + 1,) people at risk after each day. own, other, censored: (J,) people.
    """

    days: Array
    still: Array
    own: Array
    other: Array
    censored: Array

    @property
    def at_risk(self) -> Array:
        """(J,) people at risk in each stretch, half of the censored aside."""
        return np.maximum(self.still[:-1] - self.censored / 2, NOTHING)

    @property
    def share(self) -> Array:
        """(J,) of those at risk that leave in any way."""
        return np.minimum((self.own + self.other) / self.at_risk, 1.0)

    @property
    def staying(self) -> Array:
        """(J + 1,) probability of not having left."""
        return np.concatenate([[1.0], np.cumprod(1 - self.share)])

    @property
    def incidence(self) -> Array:
        """(J + 1,) probability of having left in the one way."""
        return np.concatenate([[0.0], np.cumsum(self.staying[:-1] * self.own / self.at_risk)])


def stretches(told: AsTold, causes: Collection[str], day: int | None = None) -> Stretches | None:
    """The stretches of what is told, up to a day where one is given. causes: of the one kind, () for any.

    None where the table is not told up to the day, or the causes are not by themselves.
    """
    ways = told.among(causes)
    end = told.last_day if day is None else day
    if ways is None or end > told.last_day:
        return None
    days = [*(d for d in told.days if d < end), end] if end > 0 else [0]
    gone = {way.name: np.array([way.at(d)[0] for d in days]) for way in told.ways}
    nothing, own = np.zeros(len(days)), {way.name for way in ways}
    counted = sum((n for name, n in gone.items() if name in own), nothing)
    other = sum((n for name, n in gone.items() if name not in own and name != CENSORED), nothing)
    censored = gone.get(CENSORED, nothing)
    still = float(told.people.number) - counted - other - censored
    return Stretches(np.array(days, dtype=float), still, np.diff(counted), np.diff(other), np.diff(censored))


def errors(table: Stretches, staying: bool) -> Array:
    """(J + 1,) standard errors of staying, or of the incidence of the one kind."""
    s, share = table.staying, table.share
    if staying:
        table = Stretches(table.days, table.still, table.own + table.other, 0 * table.other, table.censored)
    f, q, size = table.incidence, table.own / table.at_risk, table.at_risk
    left = np.where(1 - share > NOTHING, 1 - share, np.inf)
    after = np.where(np.arange(len(f))[:, None] > np.arange(len(q)), (f[:, None] - f[None, 1:]) / left, 0.0)
    known = np.arange(len(f))[:, None] > np.arange(len(q))
    own, other = np.where(known, s[:-1] - after, 0.0), np.where(known, -after, 0.0)
    mean = own * q + other * (share - q)
    spread = own**2 * q + other**2 * np.maximum(share - q, 0.0) - mean**2
    return np.sqrt(np.maximum(spread, 0.0) @ (1 / size))


def mean_days(table: Stretches) -> tuple[float, float]:
    """Mean days up to the last day, and its standard error.

    Those who leave in a stretch are taken to do so on each of its days alike, and are there on the day on which they
    leave: the mean is the area under the straight lines, and half a day for everyone who leaves.
    """
    s, q = table.staying, table.share
    width = np.diff(table.days)
    areas = width * (s[:-1] + s[1:]) / 2
    beyond = areas.sum() - np.cumsum(areas) - s[-1] / 2
    left = np.where(1 - q > NOTHING, 1 - q, np.inf)
    slope = width * s[:-1] / 2 + beyond / left
    error = np.sqrt(np.sum(slope**2 * q * (1 - q) / table.at_risk))
    return float(areas.sum() + (1 - s[-1]) / 2), float(error)


@dataclass(frozen=True)
class Bounds:
    """(J + 1,) each: the least and the greatest that the true staying and the true incidence can be."""

    staying: tuple[Array, Array]
    incidence: tuple[Array, Array]


def bounds(told: AsTold, causes: Collection[str], day: int | None = None) -> Bounds | None:
    """What the truth can be, from the ranges that are told, on the days of `stretches`; None as there."""
    ways, table = told.among(causes), stretches(told, causes, day)
    if ways is None or table is None:
        return None
    days = [int(d) for d in table.days]
    events = [way for way in told.ways if way.name != CENSORED]
    own, every = _range(days, ways), _range(days, events)
    censored = _range(days, [way for way in told.ways if way.name == CENSORED])
    least = np.maximum(told.people.low - every[1] - censored[1], 0)
    most = np.maximum(told.people.high - every[0] - censored[0], 0)
    inflated = np.array([_inflation(least, most, *censored, j) for j in range(len(days))])
    people = max(told.people.low, 1), max(told.people.high, 1)
    incidence = _sums(*own, inflated, people)
    lost = _sums(*every, inflated, people)
    low = np.maximum(least / people[1] * inflated[:, 0], 1 - lost[1])
    # where no one is there any more, the last may have been censored: the product says nothing then
    known = np.where((most > 0) | (censored[1] == 0), most / people[0] * np.minimum(inflated[:, 1], people[1]), 1.0)
    high = np.minimum(np.minimum(known, 1.0), 1 - lost[0])
    return Bounds((np.maximum.accumulate(low[::-1])[::-1], np.minimum.accumulate(high)), incidence)


@dataclass(frozen=True)
class Heights:
    """A curve on some days: (J + 1,) days, heights, standard errors, the least and greatest of the true ones."""

    days: Array
    value: Array
    error: Array
    low: Array
    high: Array


def heights(told: AsTold, causes: Collection[str], staying: bool, day: int | None = None) -> Heights | None:
    """The curve of having left by some causes, or of not having (staying; () is by any), up to a day where one is
    given; None as in `stretches`.
    """
    table, limits = stretches(told, causes, day), bounds(told, causes, day)
    if table is None or limits is None:
        return None
    error = errors(table, staying and not causes)
    if not staying:
        return Heights(table.days, table.incidence, error, *limits.incidence)
    if not causes:
        return Heights(table.days, table.staying, error, *limits.staying)
    low, high = limits.incidence
    return Heights(table.days, 1 - table.incidence, error, 1 - high, 1 - low)


def _range(days: Sequence[int], ways: Sequence[Way]) -> tuple[Array, Array]:
    """(J + 1,) least and greatest number gone by each day in some ways; it only rises."""
    low, high = np.zeros(len(days)), np.zeros(len(days))
    for way in ways:
        told = np.array([way.at(day)[1:] for day in days], dtype=float)
        low += np.maximum.accumulate(told[:, 0])
        high += np.minimum.accumulate(told[::-1, 1])[::-1]
    return low, high


def _inflation(least: Array, most: Array, low: Array, high: Array, last: int) -> tuple[float, float]:
    """Bounds of I by the day at `last`. least, most: (J + 1,) at risk after each day. low, high: (J + 1,) censored."""
    late = np.diff(np.append(low[:last], high[last])) if last else np.zeros(0)
    greatest, left = 1.0, 0.0
    for j in range(last, 0, -1):
        left = max(least[j], left)
        if late[j - 1] > 0:
            greatest *= (left + late[j - 1]) / left if left > 0 else np.inf
        left += late[j - 1]
    early = np.diff(np.minimum(high[: last + 1], low[last]))
    smallest, there = 1.0, most[0]
    for j in range(last):
        there = min(there, most[j])
        if 0 < early[j] < there:
            smallest *= there / (there - early[j])
        there -= early[j]
    return smallest, float(greatest)


def _sums(low: Array, high: Array, inflated: Array, people: tuple[int, int]) -> tuple[Array, Array]:
    """Bounds of an incidence: its events as early as they can be, or as late, each counted I / people."""
    least, most = np.zeros(len(low)), np.zeros(len(low))
    top = np.where(np.isfinite(inflated[:, 1]), inflated[:, 1], float(people[1]))
    for last in range(1, len(low)):
        early = np.diff(np.minimum(high[: last + 1], low[last]))
        late = np.diff(np.append(low[:last], high[last]))
        least[last] = early @ inflated[:last, 0] / people[1]
        most[last] = np.minimum(late @ top[1 : last + 1] / people[0], 1.0)
    return np.maximum.accumulate(least), np.maximum.accumulate(most)
