"""What may be told of each cell of a system, so that nothing small can be worked out: `protect`.

In order: small cells and those that are withheld are hidden; all others are rounded to the base of the release, or to
their own where that is coarser. Then `iop_outcomes.release.audit` looks for possible values of each small number, and
where it finds too few, `iop_outcomes.release.cheapest` says which cells have to be rounded further or hidden so that
there are enough at the least loss; until enough are found for all, or nothing is gained. What is exposed then (the
audit settles each number by itself) has the next cells along its lines loosened: the smallest above zero that are
still shown, then zeros. At last `iop_outcomes.release.finer` tells cells more finely that need not be so coarse.

A small cell is told to hold 1 up to the minimum less one, as whoever knows the rule knows that already. A zero that is
hidden, and the small cells beside it, are told to hold 0 up to that. Where no zero may be shown, and of cells that are
hidden for another's sake or withheld, nothing is told.

Out of reach: numbers that are exposed even when all cells around them are hidden, since the size of a group that is no
cell is taken as known: a group of 7 with one cell; two small cells of which a reader knows that they are 4 people
together. Such sizes have to be cells themselves. Of those numbers as many values remain possible as are when all is
hidden, and `audit.exposed` still names them; whoever does not know which hidden cells are small learns no more of them
than of others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from iop_outcomes.release.audit import Audit
from iop_outcomes.release.bounds import propagated
from iop_outcomes.release.finer import finer
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.repair import State
from iop_outcomes.release.system import Shown, System

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def protect(system: System, policy: Policy, base: int) -> Shown:
    """What may be told of each cell, with counts rounded to at least `base`."""
    import numpy as np

    system = system.under(policy)
    state, audit = State.first(system, policy, base), Audit.of(system, policy)
    _move(state, audit)
    if _checked(audit.exposed, state):
        audit.need = np.minimum(audit.need, _possible(system, policy))
        _move(state, audit)
    for check in (audit.pinned, audit.exposed):
        while found := _checked(check, state):
            if not state.loosen(found):
                break
    finer(state, audit)
    _known_anyway(state, audit)
    return state.shown()


def _known_anyway(state: State, audit: Audit) -> None:
    """Protect numbers that are exposed even when all is hidden, too: against whoever knows less.

    Two cells are 13 people together, and whoever knows the one to be no small cell knows the other to be 2 at most. For
    all others, to whom a hidden cell may hold anybody, the release must not tell it either; nor for those who know the
    size of each group and which cells are small, but not how groups hold each other's people.
    """
    import numpy as np

    system, policy = state.system, state.policy
    hard = audit.sensitive & (audit.need < policy.protection - 1)
    if not hard.any():
        return
    hidden = State.first(system, policy, 1)
    hidden.hide_all()
    own = tuple(line for line in system.lines if line.total is None)
    for lines, aware in ((system.lines, False), (own, True)):
        view = replace(system, lines=lines, gates=())
        # behind the cells stand the rests of lines, which only all lines have in the same places
        shared = len(view.equations.truth) if lines is system.lines else len(view.people)
        weak = Audit.of(view, policy)
        weak.sensitive[shared:] = False
        weak.sensitive[:shared] &= hard[:shared]
        weak.need = np.minimum(weak.need, _reach(weak, *_seen(hidden, view, aware)))
        weak.forget(range(len(weak.need)))
        while found := {int(i) for i in weak.exposed(*_seen(state, view, aware))}:
            if not state.loosen(found):
                break


def _seen(state: State, view: System, aware: bool) -> tuple[Numbers, Numbers]:
    """Least and greatest value of each number of a view of the cells. aware: of which hidden cells are small."""
    import numpy as np

    cells = len(view.people)
    low, high = np.zeros(len(view.equations.truth)), np.full(len(view.equations.truth), float(state.system.far))
    low[:cells], high[:cells] = state.low[:cells], state.high[:cells]
    for i, ways in enumerate(state.ladders):
        if not aware and ways[state.at[i]].high is None:
            low[i] = 0.0
    return low, high


def _checked(check: Callable[[Numbers, Numbers], NDArray[np.int64]], state: State) -> set[int]:
    return {int(i) for i in check(state.low, state.high)}


def _move(state: State, audit: Audit) -> None:
    """Loosen the cells that cost least, until enough values are found for all numbers, or nothing is gained."""
    while audit.pushed(state.low, state.high).any() and state.move(audit):
        pass


def _possible(system: System, policy: Policy) -> Numbers:
    """How far apart the values of each number lie that remain possible when whatever can be hidden is: at least as far
    as is asked, except of numbers that are exposed even then.
    """
    state, audit = State.first(system, policy, 1), Audit.of(system, policy)
    state.hide_all()
    return _reach(audit, state.low, state.high)


def _reach(audit: Audit, least: Numbers, most: Numbers) -> Numbers:
    """How far apart the values of each number lie within ranges; as far as is asked where they lie further apart."""
    import numpy as np

    low, high = propagated(audit.equations, least, most)
    reach = high - low
    audit.need = np.minimum(audit.need, reach)
    exposed = audit.exposed(least, most)
    reach[exposed] = (audit.most - audit.least)[exposed]
    return reach
