"""Weeks in care of people who may leave: what was known of each by its end, and how those ended in which they left.

A person has the weeks from time zero to the one of leaving, as far as strategies decide them. What was recorded in a
week counts as known before leaving at its end. Where nothing was told of craving, what was told last stands, then the
middle of what others told, and the week is marked; attended hours that nobody reports are those scheduled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.causal.strategies import Way
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.causes import CENSORED, COMPLETED, DIED, UNPLANNED
from iop_outcomes.vocabulary.doses import OF_STAYS
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.testing import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from iop_outcomes.analyses.rows import Words

# ends of what is known of a person, which are no leaving
LOST = (DIED, CENSORED)
# ends by a way for each column of its model: with fewer, what is known of people would tell who left, not how likely
EVENTS_PER_COLUMN = 5


@dataclass(frozen=True)
class Weeks:
    """doses: (m,) rows of the table, sorted by person and week. person: (m,) of each, as a position among n
    people. cause:
    (m,) how it ended, '' where the person stayed. tolerance: days before its planned end from which on a stay
    counts as being at it; None: the plan tells nothing of leaving. fixed: (n, q) what was known of each person at
    the start. site: (n,).
    """

    doses: pd.DataFrame
    person: Whole
    cause: Words
    tolerance: int | None
    fixed: Array
    site: Words

    @classmethod
    def of(
        cls,
        doses: pd.DataFrame,
        people: pd.DataFrame,
        stay: pd.DataFrame,
        last: int,
        tolerance: int | None,
        fixed: Array,
    ) -> Weeks:
        """The weeks of people. stay: rows of retention in their order. last: the last week that is decided."""
        import pandas as pd

        at = pd.Index(people["person_id"]).get_indexer(pd.Index(doses["person_id"]))
        ended = week_left(stay)
        there = (at >= 0) & (doses["week"].to_numpy() <= np.minimum(ended, last)[at])
        own, person = doses[there], at[there]
        order = np.lexsort((own["week"].to_numpy(), person))
        own, person = own.iloc[order].reset_index(drop=True), person[order]
        left = own["week"].to_numpy() == ended[person]
        cause = np.where(left, stay["cause"].to_numpy(dtype=object)[person], "")
        return cls(own, person, cause, tolerance, fixed, people["site_id"].to_numpy(dtype=object))

    @property
    def week(self) -> Whole:
        """(m,) from 1."""
        return self.doses["week"].to_numpy()

    @cached_property
    def _tables(self) -> tuple[Array, ...]:
        """(m, p) columns of a model of leaving, from the most to the fewest: what was known of the week and of the
        person, and the site; without the site; the week alone, as a number.
        """
        d = self.doses
        given, scheduled = given_hours(d), d["hours_scheduled"].to_numpy(dtype=float)
        share = np.divide(given, scheduled, out=np.ones(len(d)), where=np.nan_to_num(scheduled) > 0)
        test = d["test"].to_numpy(dtype=object)
        tests = [test == POSITIVE, test == MISSING, d["test"].isna()]
        positive = self._carried(_numbers(test == POSITIVE, np.isin(test, (POSITIVE, NEGATIVE))), 0.5)
        columns = [
            *indicators(self.week), *indicators(self._place), *tests, positive, *self._craving, given,
            np.minimum(share, 2.0), d["source"] == OF_STAYS, d["days_in_care"], d["hours_so_far"],
            *self.fixed[self.person].T,
        ]  # fmt: skip
        without, week = _varying(columns), self.week[:, None].astype(float)
        return np.hstack([without, *(c[:, None] for c in indicators(self.site[self.person]))]), without, week

    @property
    def _craving(self) -> tuple[Array, Mask]:
        told = self.doses["craving"].to_numpy(dtype=float)
        if np.isnan(told).all():
            return np.zeros(len(told)), np.zeros(len(told), dtype=bool)
        return self._carried(told, float(np.nanmedian(told))), np.isnan(told)

    @property
    def _place(self) -> NDArray[np.str_]:
        """(m,) the level of care, and how many whole weeks are left to the planned end of the stay where it is near."""
        level = self.doses["level_of_care"].to_numpy(dtype=str)
        if self.tolerance is None:  # plans of a level end in weeks of their own
            return np.char.add(level, np.char.add(" ", self.week.astype(str)))
        left = self.doses["planned_days_left"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
        near = left <= self.tolerance
        weeks = np.maximum(np.where(near, left, 0) // DAYS_PER_WEEK, -1)
        plan = np.where(near, weeks.astype(str), np.where(np.isinf(left), "no plan", "far"))
        return np.char.add(level, np.char.add(" ", plan.astype(str)))

    def last(self) -> tuple[Whole, Array]:
        """(k,) people with a week, and (k, p) what was known of each by the end of the last one, without the site."""
        if not len(self.person):
            return self.person, np.empty((0, 0))
        after = np.flatnonzero(np.append(np.diff(self.person) != 0, True))
        return self.person[after], self._tables[1][after]

    def _carried(self, values: Array, first: float) -> Array:
        """(m,) values, where missing the one before of the same person; `first` where there is none."""
        import pandas as pd

        carried = pd.Series(values).groupby(self.person).ffill().fillna(first)
        return np.asarray(carried.to_numpy(dtype=float))

    def ways(self) -> list[Way]:
        """The ways in which weeks ended: being lost, leaving unplanned, completing, and all others together."""
        kinds = [(LOST, True), ((UNPLANNED,), False), ((COMPLETED,), False)]
        named = {cause for causes, _ in kinds for cause in causes}
        rest = tuple(sorted({c for c in self.cause if c} - named))
        found = [(np.isin(self.cause, causes), lost) for causes, lost in (*kinds, (rest, False))]
        return [Way(left, self._known(int(left.sum())), lost=lost) for left, lost in found if left.any()]

    def _known(self, events: int) -> Array:
        """(m, p) the most columns that so many ends can bear."""
        return next((t for t in self._tables if events >= EVENTS_PER_COLUMN * t.shape[1]), self._tables[-1])


def given_hours(doses: pd.DataFrame) -> Array:
    """(m,) hours attended; those scheduled where nobody reports them, and none where nobody knows."""
    found = doses["hours_attended"].fillna(doses["hours_scheduled"]).fillna(0.0)
    return np.asarray(found.to_numpy(dtype=float))


def week_left(stay: pd.DataFrame) -> Whole:
    """(n,) the week of the last day in care, from 1. stay: rows of the table retention."""
    return np.asarray(stay["days"].to_numpy(dtype=np.int64) // DAYS_PER_WEEK + 1)


def _numbers(values: Mask, known: Mask) -> Array:
    """(m,) as numbers, missing where not known."""
    return np.where(known, values.astype(float), np.nan)


def _varying(columns: Sequence[ArrayLike]) -> Array:
    """(m, p) those that do not stand still."""
    table = np.column_stack([np.asarray(c, dtype=float) for c in columns])
    return np.asarray(table[:, np.ptp(table, axis=0) > 0])


def indicators(values: Whole | Words | NDArray[np.str_]) -> list[Mask]:
    """Of each value but the most frequent one, where it stands."""
    found, count = np.unique(values, return_counts=True)
    return [values == value for value in np.delete(found, count.argmax())]
