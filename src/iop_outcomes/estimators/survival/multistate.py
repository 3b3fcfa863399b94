"""Where people are over time: state occupancy, moves between states and time in each (Aalen-Johansen), weighted, with
exact influence.

What happens, in order: the hazard of every move at each time of one is the weight that makes it over the weight at risk
in its state (`courses` has the rows); from these follow the shares of people in each state, forwards in time, and what
every quantity still has to come from each state on, backwards; a person's influence is their start, their own moves,
and what was expected of them while at risk, which is looked up in running sums. O(rows + times x states^2) for one
quantity. Refused: horizons beyond the last person under observation; nobody observed on day 0; no moves at all.

With p(0) the shares of people by state on day 0, dA(u) the moves at u over those at risk, rows from and columns to
(Aalen & Johansen 1978, Scandinavian Journal of Statistics 5:141),

    p(t) = p(0) product over u <= t of (I + dA(u)).

Censoring independent of the states is all that shares need: they hold whether or not the past tells more of the next
move than the present state does (Datta & Satten 2001, Statistics and Probability Letters 55:403). Any quantity asked
for is what one state is worth at the horizon, a move brings, and a day in a state brings; V_j(u), what is still to
come from state j after u, obeys V(u-) = (I + dA(u)) V(u) + what moves at u bring, and the derivative by the weight of
person i is, with Y_j(u) the weight at risk in state j and r_jk what a move brings,

    (V_start(0) - p(0) V(0)) / Y(0)
      + sum over u, j of p_j(u-) / Y_j(u) sum over k of (dN_ijk(u) - Y_ij(u) dA_jk(u)) (r_jk + V_k(u) - V_j(u)).

The covariance is the infinitesimal jackknife of people, as in R's `survfit` of several states with `id`. A state in
which nobody is under observation any more keeps its share, as in R: where that is many people, look at how many are at
risk in each state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, label, rows
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.survival.courses import Course, number_of_people
from iop_outcomes.estimators.survival.risksets import RiskSets, asked_times, risk_sets

BLOCK = 4_000_000  # numbers at a time
NOTHING = 1e-12  # a difference this small beside what there is to come is rounding


def occupancy(
    course: Course, times: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Estimate:
    """Share of people in each state on each of `times` (k,), named 'state:time'; they add up to 1 on every day.

    weight, frequency: (n,) of the people, numbered as in the course. Influence is (n, ...). Raises EstimationError as
    the module says.
    """
    horizons = asked_times(times)
    size = len(course.states)
    names = [f"{state}:{label(t)}" for t in horizons for state in course.states]
    asked = _Asked(np.repeat(horizons, size), np.tile(np.eye(size), len(horizons)))
    return _estimate(course, names, asked, weight, frequency)


def days_in_states(
    course: Course, times: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Estimate:
    """Mean time in each state up to each of `times` (k,), named 'state:time'; over states they add up to the time.

    The area under `occupancy`; for the rest see there.
    """
    horizons = asked_times(times)
    size = len(course.states)
    names = [f"{state}:{label(t)}" for t in horizons for state in course.states]
    nothing = np.zeros((size, size * len(horizons)))
    asked = _Asked(np.repeat(horizons, size), nothing, per_day=np.tile(np.eye(size), len(horizons)))
    return _estimate(course, names, asked, weight, frequency)


def moves(
    course: Course,
    between: Sequence[tuple[str, str]],
    times: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """Mean number of direct moves per person by each of `times` (k,), for pairs of states, named 'from>to:time'.

    Where a move can happen once it is the share of people who make it, others competing: the cumulative incidence.
    """
    horizons = asked_times(times)
    pairs = [(course.code(one), course.code(other)) for one, other in between]
    made = np.zeros((len(course.states), len(course.states), len(horizons) * len(pairs)))
    for at, (one, other) in enumerate(pairs * len(horizons)):
        made[one, other, at] = 1.0
    names = [f"{one}>{other}:{label(t)}" for t in horizons for one, other in between]
    nothing = np.zeros((len(course.states), made.shape[2]))
    asked = _Asked(np.repeat(horizons, len(pairs)), nothing, per_move=made)
    return _estimate(course, names, asked, weight, frequency)


@dataclass(frozen=True)
class _Asked:
    """Quantities (q,): what a state is worth at the horizon, and what a day in it, and a move, bring by then.

    horizon: (q,). at_end: (states, q). per_day: (states, q). per_move: (states, states, q). None brings nothing.
    """

    horizon: Array
    at_end: Array
    per_day: Array | None = None
    per_move: Array | None = None

    def some(self, at: slice) -> _Asked:
        """Some of the quantities."""
        per_day = None if self.per_day is None else self.per_day[:, at]
        per_move = None if self.per_move is None else self.per_move[:, :, at]
        return _Asked(self.horizon[at], self.at_end[:, at], per_day, per_move)


@dataclass(frozen=True)
class _Flow:
    """How people moved. kept: (m,) rows of people who count; sets: of those, by state. grid: (T,) times of moves.

    of: (P,) state, when: (P,) place in the grid, at_risk: (P,) weight at risk, moved: (P, states) hazard of each move,
    of every pair of a state and a time at which somebody leaves it. step: (T, states, states) I + dA. share: (T + 1,
    states) p before the first and after every time. start: (n,) of everyone, who is there on day 0.
    """

    course: Course
    everyone: Rows
    kept: Whole
    sets: RiskSets
    grid: Array
    of: Whole
    when: Whole
    at_risk: Array
    moved: Array
    step: Array
    share: Array
    start: Mask
    start_state: Whole


def _estimate(
    course: Course, names: Sequence[str], asked: _Asked, weight: ArrayLike | None, frequency: ArrayLike | None
) -> Estimate:
    flow = _flow(course, weight, frequency)
    last = course.exit[flow.kept].max()
    horizon = placed(asked.horizon, np.unique(np.append(flow.grid, last)))
    ends = np.isin(np.arange(len(course.states)), course.state[flow.kept], invert=True)  # nobody is ever at risk there
    if horizon.max() > last and (flow.share[-1][~ends] > 0).any():
        raise EstimationError(
            f"No one is followed to {label(horizon.max())}, so where people are then is not known. Choose a horizon "
            "within follow-up."
        )
    asked = _Asked(horizon, asked.at_end, asked.per_day, asked.per_move)
    n, q = len(flow.start), len(horizon)
    value, gradient, part = np.zeros(q), np.zeros((n, q)), np.zeros((n, q), dtype=bool)
    block = max(1, BLOCK // max(len(flow.kept), len(flow.grid) * len(course.states), 1))
    for begin in range(0, q, block):
        at = slice(begin, min(begin + block, q))
        value[at], gradient[:, at], part[:, at] = _quantities(flow, asked.some(at))
    return flow.everyone.estimate(names, value, gradient, part)


def _flow(course: Course, weight: ArrayLike | None, frequency: ArrayLike | None) -> _Flow:
    n = number_of_people(course, weight if weight is not None else frequency)
    everyone = rows(n, weight, frequency)
    kept = np.flatnonzero(everyone.used[course.person])
    state, to, size = course.state[kept], course.to[kept], len(course.states)
    total, people = everyone.total[course.person[kept]], everyone.frequency[course.person[kept]]
    begins = kept[course.first[kept] & (course.entry[kept] == 0)]
    if not begins.size:
        raise EstimationError("No one is under observation on day 0, so that nothing says where people begin.")
    start, start_state = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
    start[course.person[begins]], start_state[course.person[begins]] = True, course.state[begins]
    first = np.bincount(start_state[start], everyone.total[start], size) / everyone.total[start].sum()
    if not (to >= 0).any():
        raise EstimationError("No one moves from one state to another. Look at how the states were made.")
    sets = risk_sets(course.exit[kept], to >= 0, course.entry[kept], state)
    leave = np.zeros((len(sets.times), size))
    np.add.at(leave, (sets.position, to[sets.dead]), total[sets.dead])
    # counted in people, not in weight, so that a state that all leave is left empty, and not but for rounding
    all_leave = sets.at_risk(people) == sets.among_dead(people[sets.dead])
    stay = np.where(all_leave, 0.0, sets.staying.at_risk(total))
    at_risk = leave.sum(axis=1) + stay
    of = np.zeros(len(sets.times), dtype=np.int64)
    of[sets.position] = state[sets.dead]
    grid, when = np.unique(sets.times, return_inverse=True)
    step = np.tile(np.eye(size), (len(grid), 1, 1))
    step[when, of] = leave / at_risk[:, None]
    step[when, of, of] = stay / at_risk
    share = np.empty((len(grid) + 1, size))
    share[0] = first
    for at, matrix in enumerate(step):
        share[at + 1] = share[at] @ matrix
    return _Flow(
        course, everyone, kept, sets, grid, of, when, at_risk, leave / at_risk[:, None], step, share, start, start_state
    )


def _quantities(flow: _Flow, asked: _Asked) -> tuple[Array, Array, Mask]:
    """(q,) values, (n, q) derivatives by the weight of each person, and (n, q) whose states could have moved them.

    These are at risk where a move makes a difference, or there on day 0, where not all begin in one state.
    """
    course, sets = flow.course, flow.sets
    ahead = _ahead(flow, asked)
    value = flow.share[0] @ ahead[0]
    gradient = np.zeros((len(flow.start), len(value)))
    weight = flow.everyone.total[flow.start].sum()
    gradient[flow.start] = (ahead[0][flow.start_state[flow.start]] - value) / weight
    # what a move is worth, of each state and time that somebody leaves (P, states, q); nothing beyond the horizon
    worth = ahead[flow.when + 1] - ahead[flow.when + 1, flow.of][:, None]
    if asked.per_move is not None:
        worth = worth + asked.per_move[flow.of]
    worth *= (flow.grid[flow.when][:, None] <= asked.horizon)[:, None]
    pace = flow.share[flow.when, flow.of] / flow.at_risk
    counts = (np.abs(worth).max(axis=1) > NOTHING * np.abs(ahead).max(axis=(0, 1))) & (pace > 0)[:, None]
    worth *= pace[:, None, None]
    own = -sets.while_at_risk(np.einsum("pk,pkq->pq", flow.moved, worth))
    own[sets.dead] += worth[sets.position, course.to[flow.kept][sets.dead]]
    able = sets.while_at_risk(counts.astype(float)) > 0
    person = course.person[flow.kept]
    borders = np.flatnonzero(np.diff(person, prepend=-1))
    gradient[person[borders]] += np.add.reduceat(own, borders, axis=0)
    part = np.repeat((flow.start & (flow.share[0] < 1).all())[:, None], len(value), axis=1)
    part[person[borders]] |= np.logical_or.reduceat(able, borders, axis=0)
    return value, gradient, part


def _ahead(flow: _Flow, asked: _Asked) -> Array:
    """(T + 1, states, q) what is still to come on day 0 and right after each time of a move."""
    times = np.concatenate([[0.0], flow.grid])
    beyond = np.searchsorted(flow.grid, asked.horizon, side="right")
    out = np.empty((len(times), *asked.at_end.shape))
    for at in range(len(times) - 1, -1, -1):
        days = np.clip(asked.horizon - times[at], 0.0, None)
        if at < len(flow.grid):
            days = np.minimum(days, flow.grid[at] - times[at])
            later = flow.step[at] @ out[at + 1]
            if asked.per_move is not None:
                later += np.einsum("jk,jkq->jq", flow.step[at], asked.per_move)
            out[at] = np.where(beyond <= at, asked.at_end, later)
        else:
            out[at] = asked.at_end
        if asked.per_day is not None:
            out[at] += asked.per_day * days
    return out
