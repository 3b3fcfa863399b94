"""Realistic mess in clean records, at random and independent of everything.

What happens, in order: each row of `MESS` spoils a binomial number of rows of its table, chosen at random
among those that it can happen to and that no other error has touched; then every table is shuffled. Types
stay those of the loosened tables: a spoilt value is a wrong value, not a wrong type. Nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.simulate.cohort.population import Flags, Wholes
from iop_outcomes.simulate.cohort.program_records import LAST_DAY, stay_ids
from iop_outcomes.vocabulary.causes import TRANSFERRED

if TYPE_CHECKING:
    import pandas as pd

Tables = dict[str, "pd.DataFrame"]
Rows = NDArray[np.int64]

SHORTEST_SPLIT = 8  # days of the shortest stay that is recorded in two halves
FEWEST_DAILY_HOURS = 9  # scheduled a week, where a week has several sessions
SHORTEST_COPIED = 4  # days of the shortest stay that is recorded twice with different ends
AFTER_DISCHARGE = (8, 30)  # days from the last true session to one outside any stay


@dataclass(frozen=True)
class Mess:
    """One kind of error. `rate`: share of the table's rows; or `rows`, when the number is fixed.

    possible: which rows it can happen to. spoil: the table with the chosen rows (positions) spoilt; rows
    may be added at the end but none removed.
    """

    table: str
    name: str
    possible: Callable[[Tables], Flags]
    spoil: Callable[[pd.DataFrame, Rows, np.random.Generator], pd.DataFrame]
    rate: float = 0.0
    rows: int = 0


def _any(table: str) -> Callable[[Tables], Flags]:
    return lambda tables: np.ones(len(tables[table]), dtype=bool)


def _known(table: str, column: str) -> Callable[[Tables], Flags]:
    return lambda tables: tables[table][column].notna().to_numpy()


def _scheduled_daily(tables: Tables) -> Flags:
    """Stays of several sessions a week: their minutes, read as hours, are more than a week has."""
    return (tables["stays"]["scheduled_hours_per_week"] >= FEWEST_DAILY_HOURS).to_numpy()


def _lasting(days: int) -> Callable[[Tables], Flags]:
    """Closed stays of at least so many days."""

    def possible(tables: Tables) -> Flags:
        stays = tables["stays"]
        lasted = stays["end_day"] - stays["start_day"] + 1
        return (lasted >= days).fillna(False).to_numpy(dtype=bool)

    return possible


def _last_before_discharge(tables: Tables) -> Flags:
    """The last session of people whose stays all ended, held in the last days of the last stay."""
    stays, sessions = tables["stays"], tables["sessions"]
    ends = stays["end_day"].fillna(LAST_DAY).groupby(stays["person_id"]).max()
    observed_to = tables["persons"].set_index("person_id")["observed_to_day"]
    end = sessions["person_id"].map(ends)
    room = sessions["person_id"].map(observed_to) - end >= max(AFTER_DISCHARGE)
    late = end - sessions["day"] < min(AFTER_DISCHARGE) - 3
    return (~sessions["person_id"].duplicated(keep="last") & room & late).to_numpy(dtype=bool)


def _copy(frame: pd.DataFrame, at: Rows) -> pd.DataFrame:
    return frame.iloc[at].reset_index(drop=True)


def _append(frame: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([frame, more], ignore_index=True)


def _set(column: str, value: str | int) -> Callable[[pd.DataFrame, Rows, np.random.Generator], pd.DataFrame]:
    """Every chosen row gets the same value."""

    def spoil(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
        frame.loc[at, column] = value
        return frame

    return spoil


def _repeat(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    return _append(frame, _copy(frame, at))


def _near_repeat(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    """The same stay under another number, its end off by one or two days."""
    more = _copy(frame, at)
    more["stay_id"] = _new_ids(frame, len(at), rng)
    more["end_day"] = more["end_day"] + rng.choice([-2, -1, 1, 2], len(at))
    return _append(frame, more)


def _split(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    """The stay is recorded in two halves at the same level that overlap by one to three days."""
    second = _copy(frame, at)
    start, end = second["start_day"], second["end_day"]
    middle = start + (end - start) // 2
    second["stay_id"] = _new_ids(frame, len(at), rng)
    second["start_day"] = middle
    frame.loc[at, "end_day"] = (middle + rng.integers(0, 3, len(at))).array
    frame.loc[at, "discharge_reason"] = TRANSFERRED
    return _append(frame, second)


def _end_before_start(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    end = frame["start_day"].iloc[at] - rng.integers(1, 11, len(at))
    frame.loc[at, "end_day"] = end.array
    return frame


def _minutes_as_hours(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    frame.loc[at, "scheduled_hours_per_week"] *= 60
    return frame


def _impossible_minutes(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    """Below zero, or more than a day has."""
    minutes = frame["minutes"].to_numpy()[at]
    frame.loc[at, "minutes"] = np.where(rng.random(len(at)) < 0.5, -minutes, minutes + 1440.0)
    return frame


def _session_after_discharge(frame: pd.DataFrame, at: Rows, rng: np.random.Generator) -> pd.DataFrame:
    """A further session, after the last day of the last stay."""
    more = _copy(frame, at)
    more["day"] = more["day"] + rng.integers(AFTER_DISCHARGE[0], AFTER_DISCHARGE[1] + 1, len(at))
    return _append(frame, more)


def _new_ids(frame: pd.DataFrame, n: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Record numbers that are not in use."""
    ids = stay_ids(2 * n + 10, rng)
    return ids[~np.isin(ids, frame["stay_id"].to_numpy())][:n]


MESS = (
    # first, while stays are as they were
    Mess("sessions", "outside_stays", _last_before_discharge, _session_after_discharge, 0.0005),
    Mess("stays", "end_before_start", _known("stays", "end_day"), _end_before_start, 0.002),
    Mess("stays", "unknown_level", _any("stays"), _set("level_of_care", "IOP?"), 0.0015),
    Mess("stays", "unknown_reason", _known("stays", "end_day"), _set("discharge_reason", "99"), 0.0015),
    Mess("stays", "minutes_as_hours", _scheduled_daily, _minutes_as_hours, 0.001),
    Mess("stays", "split_overlapping", _lasting(SHORTEST_SPLIT), _split, 0.002),
    Mess("stays", "near_duplicate", _lasting(SHORTEST_COPIED), _near_repeat, 0.003),
    Mess("stays", "exact_duplicate", _any("stays"), _repeat, 0.005),
    Mess("sessions", "impossible_minutes", _any("sessions"), _impossible_minutes, 0.0005),
    Mess("screens", "unknown_result", _any("screens"), _set("result", "POS?"), 0.001),
    Mess("screens", "exact_duplicate", _any("screens"), _repeat, 0.002),
    Mess("persons", "impossible_age", _any("persons"), _set("age", 190), rows=2),
)


def add_errors(tables: Tables, rng: np.random.Generator, mess: tuple[Mess, ...] = MESS) -> Tables:
    """Spoil and shuffle; the tables that are given stay as they are."""
    tables = {name: frame.copy() for name, frame in tables.items()}
    untouched = {name: np.ones(len(frame), dtype=bool) for name, frame in tables.items()}
    sizes = {name: len(frame) for name, frame in tables.items()}
    for kind in mess:
        size, free = sizes[kind.table], untouched[kind.table]
        candidates = np.flatnonzero(kind.possible(tables)[:size] & free)
        wanted = kind.rows or int(rng.binomial(size, kind.rate))
        at = np.sort(rng.choice(candidates, min(wanted, len(candidates)), replace=False))
        free[at] = False
        tables[kind.table] = kind.spoil(tables[kind.table], at, rng)
    return {name: _shuffled(frame, rng.permutation(len(frame))) for name, frame in tables.items()}


def _shuffled(frame: pd.DataFrame, order: Wholes) -> pd.DataFrame:
    return frame.iloc[order].reset_index(drop=True)
