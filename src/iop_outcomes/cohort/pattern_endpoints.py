"""Endpoints that are defined on use patterns: published ones by name, and those that a study writes itself.

Endpoints are rows of the endpoint library of kinds of patterns, whose cell `pattern` says which. A yes or no is of the
intervals that end by each horizon asked about; a time to an event is dated to the last day of its interval, and people
without it are followed to the last interval in which it could begin and still be known, nobody beyond a death unless
the definition reads it. How missed and mixed tests are read is part of the definition: an answer is missing only of
people without a pattern, and where it is not defined. An amount whose definition leaves it open how missed tests are
read is told three times, with them read as use, left out, and read as negative; excused tests and intervals without one
are left out unless it says otherwise. Who was due no test is not asked, and who had died by the horizon is dead,
whatever was tested in the interval of the death. Intervals and days are counted from where the clock of the endpoint
starts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort import amounts, clocks, use
from iop_outcomes.cohort.units import reaches
from iop_outcomes.cohort.use.asked import APART, USUAL_GAP_DAYS
from iop_outcomes.patterns import ranges
from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.evaluate import Found, evaluate
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import DIED, MISSED, NEGATIVE, NOT_DUE, POSITIVE, STATES, TESTED
from iop_outcomes.patterns.weeks import DAYS
from iop_outcomes.patterns.words import COUNT, FIRST_COUNTING, INDEX, INTEGER, LEFT_OUT, PROPORTION, TEST
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.vocabulary.answers import COUNTED_AGAINST
from iop_outcomes.vocabulary.endpoints import OF_PATTERNS, PATTERN_AMOUNTS, PATTERN_TIMES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# tables of answers, of times to an event and of amounts
ANSWERS, TIMES, AMOUNTS = "abstinence", "first_use", "amounts"
# columns of the table amounts, with the state as which missed tests are read
READ_AS = {"as_use": POSITIVE.name, "known": LEFT_OUT, "as_free": NEGATIVE.name}


def run(
    people: pd.DataFrame,
    use_patterns: pd.DataFrame,
    rules: Use,
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
    stays: pd.DataFrame | None = None,
    gap_days: int = USUAL_GAP_DAYS,
) -> dict[str, pd.DataFrame]:
    """Rows of the tables abstinence, first_use and amounts.

    people: with `death_day` from time zero. use_patterns: as `cohort.use` writes it by these rules. stays: needed where
    a clock starts with the return to the community; gap_days: as they are linked to episodes. Raises StudyError for a
    substance without patterns, and where nobody is followed to the end of a window. Without a test of anyone nothing is
    known of anyone.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    found = {name: [TABLES[name].empty()] for name in (ANSWERS, TIMES, AMOUNTS)}
    for endpoint in endpoints:
        if endpoint.kind not in OF_PATTERNS:
            continue
        own = clocks.of_everyone(endpoint.clock, people, stays, rules, gap_days)
        patterns = use.matrix(use_patterns, list(own["person_id"]), endpoint.tests, rules)
        if endpoint.kind in PATTERN_TIMES:
            found[TIMES].append(_times(own, _alive(own, patterns, endpoint, rules), endpoint))
            continue
        table, told = (AMOUNTS, _amounts) if endpoint.kind in PATTERN_AMOUNTS else (ANSWERS, _answers)
        for horizon in horizons[endpoint.outcome]:
            dead = _dead(own, patterns, horizon, rules)
            found[table].append(told(own, patterns, endpoint, horizon, dead))
    return {name: pd.concat(rows[1:] or rows, ignore_index=True) for name, rows in found.items()}


def looked_at(people: pd.DataFrame, use_patterns: pd.DataFrame, rules: Use, endpoint: Endpoint) -> NDArray[np.int64]:
    """(n,) how many intervals of each unit a time to an event looks at: a run of more can be had by nobody.

    people: with days, and `death_day`, from where its clock starts. use_patterns: as for `run`. Raises StudyError.
    """
    patterns = use.matrix(use_patterns, list(people["person_id"]), endpoint.tests, rules)
    if not patterns.lengths.any():
        return np.zeros(patterns.n, dtype=np.int64)
    every = {state.code: 1.0 for state in STATES.values() if state != NOT_DUE}
    rows = [
        replace(row, value=INTEGER, statistic=COUNT, counts=every, at_least=None, within=0, dated=FIRST_COUNTING)
        for row in endpoint.defined()
    ]
    counted = evaluate(_alive(people, patterns, endpoint, rules), {endpoint.outcome: rows})[endpoint.outcome]
    return counted.values.astype(np.int64)


def _found(patterns: Patterns, endpoint: Endpoint) -> Found:
    return evaluate(patterns, {endpoint.outcome: endpoint.defined()})[endpoint.outcome]


def _up_to(patterns: Patterns, horizon: int) -> Patterns:
    """The intervals that end by a horizon."""
    return patterns.window(1, (horizon - patterns.begins + 1) // patterns.interval_days)


def _answers(
    people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint, horizon: int, dead: NDArray[np.bool_]
) -> pd.DataFrame:
    """One row per unit, of the intervals that end by the horizon."""
    import pandas as pd

    own = _up_to(patterns, horizon)
    values = _found(own, endpoint).values if patterns.lengths.any() else np.full(patterns.n, np.nan)
    mature = (reaches(people, horizon).to_numpy() & _asked(own)) | dead
    known = ~np.isnan(values) & (own.lengths > 0) & mature & ~dead
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "outcome": endpoint.outcome,
            "horizon_days": horizon,
            "abstinent": pd.Series(values == 1, index=people.index, dtype="boolean").mask(~known),
            "mature": mature,
            "dead": dead,
        }
    )


def _amounts(
    people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint, horizon: int, dead: NDArray[np.bool_]
) -> pd.DataFrame:
    """One row per unit, of the intervals that end by the horizon; who had none with a test due is not asked.

    A definition that says how missed tests are read is told once: its value stands for every reading.
    """
    own, rows = _up_to(patterns, horizon), endpoint.defined()
    if not patterns.lengths.any():
        nothing = np.full(patterns.n, np.nan)
        return amounts.tabled(
            people, endpoint.outcome, horizon, amounts.Held(nothing, nothing, nothing, 1.0), dead, dead
        )
    scale = rows[0].scale if rows[0].statistic == INDEX else 1.0
    variants = {name: [_read(row, endpoint, missed) for row in rows] for name, missed in READ_AS.items()}
    taken = {state.code: 1.0 for state in TESTED}
    told = [
        replace(r, statistic=COUNT, counts=taken, fill="", penalty=(), retained=0, otherwise=None, empty=None)
        for r in variants["known"]
    ]
    found = {name: one.values / scale for name, one in evaluate(own, {**variants, "told": told}).items()}
    due = _asked(own) | (own.codes == DIED.code).any(axis=1)
    if not endpoint.reads_missed:
        due &= ~np.isnan(found["as_use"])
    seen = {"as_use": due, "known": due & ((found["told"] > 0) | endpoint.reads_missed), "as_free": due}
    values = {name: np.where(there, found[name], np.nan) for name, there in seen.items()}
    mature = (reaches(people, horizon).to_numpy() & due) | dead
    held = amounts.Held(**values, largest=_largest(rows[0], own))
    return amounts.tabled(people, endpoint.outcome, horizon, held, mature, dead)


def _asked(own: Patterns) -> NDArray[np.bool_]:
    """(n,) who was due a test that was not excused: a site that does not test asks nothing, and no one else's tests
    tell of a substance that is on no record of theirs.
    """
    return np.asarray(np.isin(own.codes, [state.code for state in (*TESTED, MISSED)]).any(axis=1))


def _dead(people: pd.DataFrame, patterns: Patterns, horizon: int, rules: Use) -> NDArray[np.bool_]:
    """(n,) who had died by the horizon, whatever was tested in the interval of the death, of those whose observation
    reaches it. Nobody where the study reads deaths as missed tests, and where nobody has a test.
    """
    if rules.deaths != APART or not patterns.lengths.any():
        return np.zeros(patterns.n, dtype=bool)
    died = (people["death_day"] <= horizon).fillna(False).to_numpy(dtype=bool)
    return died & reaches(people, horizon).to_numpy()


def _largest(row: Definition, own: Patterns) -> float:
    """The largest amount that there could be, of single tests with one in each interval."""
    if row.value == PROPORTION:
        return 1.0
    weeks = math.ceil(own.codes.shape[1] * own.interval_days / DAYS)
    often = replace(row, tests_per_week=DAYS / own.interval_days) if row.unit == TEST else row
    return float(ranges.largest(often, weeks))


def _read(row: Definition, endpoint: Endpoint, missed: str) -> Definition:
    """A row that says how missed tests and deaths are read, where it leaves that to the question and the endpoint."""
    died = POSITIVE.name if endpoint.deaths == COUNTED_AGAINST else MISSED.name
    return replace(row, missed=row.missed if endpoint.reads_missed else missed, died=row.died or died)


def _alive(people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint, rules: Use) -> Patterns:
    """Patterns that end with a death: from the first interval without a test that it reaches, nobody is at risk.

    They go on where the endpoint says how deaths are read, and where the study reads them as missed tests, which are
    the event or a part of it.
    """
    rows = endpoint.defined()
    missed = rules.deaths != APART
    if any(row.died or DIED.code in row.counts or (missed and _counts_missed(row)) for row in rows):
        return patterns
    day = people["death_day"].astype("Float64").fillna(np.inf).to_numpy(dtype=float)
    tested = np.isin(patterns.codes, [state.code for state in TESTED])
    gone = (patterns.last_days >= day[:, None]) & ~tested
    lengths = np.minimum((~np.logical_or.accumulate(gone, axis=1)).sum(axis=1), patterns.lengths)
    own = np.arange(patterns.codes.shape[1]) < lengths[:, None]
    codes = np.where(own, patterns.codes, np.uint8(NOT_DUE.code))
    return replace(patterns, codes=codes, lengths=lengths.astype(np.int64))


def _counts_missed(row: Definition) -> bool:
    """A missed test is the event, or a part of it."""
    read = STATES.get(row.missed, MISSED)
    return read.code in row.counts


def _times(people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint) -> pd.DataFrame:
    """One row per unit; who could never be known to have the event has no days."""
    import pandas as pd

    nothing = Found(np.full(patterns.n, np.nan), None, np.zeros(1, dtype=np.int64))
    found = _found(patterns, endpoint) if patterns.lengths.any() else nothing
    at = np.nan_to_num(found.values).astype(np.int64)
    days = np.where(at > 0, found.last_days[at], 0)
    event = np.zeros(len(at), dtype=bool) if found.event is None else found.event
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "outcome": endpoint.outcome,
            "days": days,
            "event": event,
            "after_days": pd.array([None] * len(people), dtype="Int64"),
        }
    )
