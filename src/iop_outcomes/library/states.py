"""Where people are over time, from a frame of person-time in states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.estimators.survival import courses, multistate
from iop_outcomes.estimators.survival.risksets import asked_times
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame, in_order

if TYPE_CHECKING:
    import pandas as pd

# what can be told of states: shares of people on a day, and up to it mean days in each and mean numbers of moves
SHARE, DAYS, MOVES = "share", "days", "moves"
SCALE = {SHARE: "logit", DAYS: "plain", MOVES: "plain"}  # of limits


def states_over_time(
    stays: pd.DataFrame,
    person: str,
    entry: str,
    exit: str,
    state: str,
    next_state: str,
    times: Sequence[float],
    told: str = SHARE,
    by: str | None = None,
    difference: tuple[Any, Any] | None = None,
    weight: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Shares of people in each state at given times, or mean time in each up to them (Aalen-Johansen of many states).

    stays: a row for each stretch of time of a person in a state, from `entry` (0 for the first) to `exit`, on which
    the person is in `next_state`; that is missing where observation ends. A person's rows follow each other without a
    gap; days without care are a state, too. told: 'share', 'days', or 'moves': the mean number of direct moves from
    each state to each other (column `next_state`). by: a column of groups, the same in all rows of a person.
    difference: two of its labels. weight, cluster: columns of weights and sites, of people as well.
    Returns a row for each group, state and time: `group`, `state`, `time`, `of`, `estimate`, `std_error`, `conf_low`,
    `conf_high`, and `people`, who are in the state and under observation then. Over the states shares add up to 1, and
    days to the time. Raises EstimationError.
    """
    import pandas as pd

    if told not in SCALE:
        raise EstimationError(f"`told` is one of {', '.join(map(repr, SCALE))}; it is {told!r}.")
    frame = Frame(stays)
    asked = asked_times(np.asarray(times, dtype=float))
    _, first, at = np.unique(frame.labels(person, "person").astype(str), return_index=True, return_inverse=True)
    names, now, then = _states(frame, state, next_state)
    group = None if by is None else _of_people(frame.labels(by, "by"), first, at, by, "by")
    weights = None if weight is None else _of_people(frame.numbers(weight, "weight"), first, at, weight, "weight")
    columns = (frame.numbers(entry, "entry"), frame.numbers(exit, "exit"), now, then)
    groups = frame.groups(by)
    if difference is not None:
        if by is None:
            raise EstimationError("`difference` compares two groups: say by which column (`by`).")
        for label in difference:
            frame.one_of(label, by, "difference")
    asking = _Asking(names, _pairs(now, then) if told == MOVES else (), asked, told)
    estimates, parts = [], []
    for label in groups:
        there = np.ones(len(first), dtype=bool) if by is None else np.asarray(group == label)
        estimate, people = _of_group(there, at, columns, asking, weights)
        estimates.append(estimate if cluster is None else estimate.clustered(frame.labels(cluster, "cluster")[first]))
        rows = tidy.rows(estimates[-1], level, SCALE[told])
        parts.append(rows.assign(of=told, group=label, **asking.columns(), people=people))
    if difference is not None:
        which = [groups.index(label) for label in difference]
        rows = _gap([estimates[one] for one in which], level)
        parts.append(rows.assign(of="difference", group=f"{difference[0]} against {difference[1]}", **asking.columns()))
    keys = ["group", *asking.columns(), "of", *tidy.NUMBERS]
    return tidy.ordered(pd.concat(parts, ignore_index=True), keys)


@dataclass(frozen=True)
class _Asking:
    """What is asked of every group: states, or pairs of them for moves, at times (k,)."""

    states: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    times: Array
    told: str

    def estimate(self, made: courses.Course, weights: Any) -> Estimate:
        """The quantities of one group, time by time."""
        if self.told == MOVES:
            named = [(self.states[one], self.states[other]) for one, other in self.pairs]
            return multistate.moves(made, named, self.times, weights)
        return (multistate.occupancy if self.told == SHARE else multistate.days_in_states)(made, self.times, weights)

    def columns(self) -> dict[str, Any]:
        """State, next state where moves are asked for, and time of each quantity."""
        now = [one for one, _ in self.pairs] if self.pairs else range(len(self.states))
        found: dict[str, Any] = {"state": [self.states[one] for one in now] * len(self.times)}
        if self.pairs:
            found["next_state"] = [self.states[other] for _, other in self.pairs] * len(self.times)
        return found | {"time": np.repeat(self.times, len(now))}

    def people(self, made: courses.Course) -> Array:
        """How many are in the state of each quantity and under observation."""
        now = [one for one, _ in self.pairs] if self.pairs else list(range(len(self.states)))
        return courses.at_risk(made, self.times)[:, now].ravel()


def _pairs(now: Array, then: Array) -> tuple[tuple[int, int], ...]:
    """Moves that are made by anybody, in the order of the states."""
    made = {(int(one), int(other)) for one, other in zip(now, then, strict=True) if other != courses.CENSORED}
    return tuple(sorted(made))


def _states(frame: Frame, state: str, next_state: str) -> tuple[tuple[str, ...], Array, Array]:
    """Names of all states in order, and (r,) codes of the state now and then; CENSORED where that is missing."""
    now = frame.labels(state, "state").astype(str)
    if next_state not in frame.data:
        frame.column(next_state, "next_state")
    later = frame.data[next_state]
    moved = later.notna().to_numpy()
    then = later.astype(object).to_numpy()
    names = tuple(in_order({*now.tolist(), *(str(one) for one in then[moved])}))
    codes = {name: at for at, name in enumerate(names)}
    to = np.full(len(now), courses.CENSORED)
    to[moved] = [codes[str(one)] for one in then[moved]]
    return names, np.array([codes[one] for one in now.tolist()]), to


def _of_people(values: Any, first: Any, at: Any, name: str, argument: str) -> Any:
    """(n,) values of people from those of their rows."""
    own = values[first]
    if (own[at] != values).any():
        raise EstimationError(
            f"`{argument}`: '{name}' is not the same in all rows of a person. It is one value a person."
        )
    return own


def _of_group(
    there: Mask, at: Any, columns: tuple[Array, ...], asking: _Asking, weights: Any
) -> tuple[Estimate, Array]:
    """What is asked of the people there (n,), as an estimate on everyone, and how many are at risk."""
    own = there[at]
    number = np.cumsum(there) - 1
    made = courses.course(asking.states, number[at[own]], *(column[own] for column in columns))
    found = asking.estimate(made, None if weights is None else weights[there])
    return found.among(there), asking.people(made)


def _gap(pair: list[Estimate], level: float) -> pd.DataFrame:
    """Differences of two groups in every quantity, the first less the second."""
    size = len(pair[0].names)
    jacobian = np.hstack([np.eye(size), -np.eye(size)])
    gap = join(pair).transform(pair[0].names, lambda v: jacobian @ v, jacobian)
    return tidy.rows(gap, level)
