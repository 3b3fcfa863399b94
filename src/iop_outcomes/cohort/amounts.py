"""How much of something each unit has: days without use, the longest run of them, and how their share has changed.

Endpoints are rows of the endpoint library, each of a kind that is a function here; those of use patterns are answered
by `cohort.pattern_endpoints`. The days that count are those before the horizon, from `from_day` on, or the last
`window_days` of them. Each amount is told three times: as if there had been use on days of which nothing is known, of
known days alone, and as if there had been none; which of them an analysis takes is its choice. Who is observed to the
horizon has missed nothing else; who died on a day before it, and would have been observed to it, is told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from iop_outcomes.cohort import day_by_day
from iop_outcomes.cohort.day_by_day import FREE
from iop_outcomes.cohort.kinds import Functions
from iop_outcomes.cohort.units import reaches
from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.reading import OUT
from iop_outcomes.patterns.statistics import longest_run
from iop_outcomes.patterns.symbols import NEGATIVE, POSITIVE
from iop_outcomes.patterns.words import INTEGER, LONGEST_RUN
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.endpoints import AMOUNTS, PATTERN_AMOUNTS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Tables = Mapping[str, "pd.DataFrame"]
RUN_OF_DAYS = Definition("run", "days", INTEGER, LONGEST_RUN, {NEGATIVE.code: 1.0})


class Held(NamedTuple):
    """Amounts of n people, by how what is not known is read. known: nan where nothing is known. before: of changes."""

    as_use: Numbers
    known: Numbers
    as_free: Numbers
    largest: float
    before: Numbers | None = None


Amount = Callable[["pd.DataFrame", Tables, Endpoint, int], Held]
HELD: Functions[Amount] = Functions(set(AMOUNTS) - set(PATTERN_AMOUNTS))


def rows(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """The rows of the table amounts of one endpoint and horizon. people: with days from where its clock starts."""
    mature = reaches(people, horizon).to_numpy(dtype=bool)
    dead = (people["death_day"] < horizon).fillna(False).to_numpy(dtype=bool) & mature
    return tabled(
        people, endpoint.outcome, horizon, HELD[endpoint.kind](people, tables, endpoint, horizon), mature, dead
    )


def tabled(
    people: pd.DataFrame, outcome: str, horizon: int, held: Held, mature: NDArray[np.bool_], dead: NDArray[np.bool_]
) -> pd.DataFrame:
    """Amounts as rows of the table."""
    import pandas as pd

    none = np.full(len(people), np.nan)
    return pd.DataFrame(
        {
            "person_id": people["person_id"].to_numpy(dtype=object),
            "outcome": outcome,
            "horizon_days": horizon,
            "as_use": held.as_use,
            "known": held.known,
            "as_free": held.as_free,
            "largest": held.largest,
            "before": none if held.before is None else held.before,
            "mature": mature,
            "dead": dead,
        }
    )


def _window(endpoint: Endpoint, horizon: int) -> tuple[int, int]:
    """The first and the last day that count."""
    start = endpoint.from_day
    return (max(start, horizon - endpoint.window_days) if endpoint.window_days else start), horizon - 1


def _shares(days: NDArray[np.float64]) -> Held:
    """Shares of days (n, k) that are free of use; of a day with some use the rest."""
    known = days >= FREE
    free, many = np.where(known, 1.0 - days, 0.0).sum(axis=1), known.sum(axis=1)
    all_days = days.shape[1]
    of_known = np.where(many > 0, free / np.maximum(many, 1), np.nan)
    return Held(free / all_days, of_known, (free + all_days - many) / all_days, 1.0)


@HELD.answers
def days_abstinent(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> Held:
    """The share of days without use."""
    return _shares(day_by_day.told(people, tables, endpoint, *_window(endpoint, horizon)))


@HELD.answers
def longest_abstinence(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> Held:
    """The most days in a row without use. Of known days alone, days of which nothing is known neither count nor break
    a run; a look-back in which some days held use, it is not known which, breaks it.
    """
    days = day_by_day.told(people, tables, endpoint, *_window(endpoint, horizon)).T
    known = days >= FREE
    codes = np.where(days == FREE, NEGATIVE.code, POSITIVE.code).astype(np.uint8)
    found = [longest_run(np.where(known, codes, np.uint8(as_if)), RUN_OF_DAYS)
             for as_if in (POSITIVE.code, OUT, NEGATIVE.code)]  # fmt: skip
    some = known.any(axis=0)
    return Held(found[0], np.where(some, found[1], np.nan), found[2], float(len(days)))


@HELD.answers
def change_in_use(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> Held:
    """The share of the `window_days` before the horizon without use, less that of as many days before time zero.

    Of the days before, those that are known are taken; who told of none has no change.
    """
    before = _shares(day_by_day.told(people, tables, endpoint, -endpoint.window_days, -1)).known
    after = _shares(day_by_day.told(people, tables, endpoint, horizon - endpoint.window_days, horizon - 1))
    return Held(after.as_use - before, after.known - before, after.as_free - before, 1.0, before)
