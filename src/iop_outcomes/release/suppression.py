"""Which cells of additive tables to hide, so that no small one can be worked out from the others.

In order: cells below the minimum are hidden (primary suppression); then every line, a set of cells that add
up to a total, is made safe by hiding more of it (complementary suppression), until no line changes. A line is
safe when at least two of its cells are unknown, they hold at least the minimum together, and they are not all
at the least or the greatest value that a small cell can have. The smallest cells above zero go first, equal
ones together, as an order among equals would itself tell something; when no cell above zero is left, the
zeros go as well.

An intruder who knows the rule and every total then finds at least two values for each small cell of a single
line. Not covered: cells that several crossing lines of unrounded cells give only together.

Where the cells that are shown are rounded, what they leave to the hidden ones is known within limits only. Such a
line is safe as well while the limits leave enough values open: half as many as a small cell can have. One cell may
then be hidden alone. What such lines give together is looked at in `iop_outcomes.release.bounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.release.audit import Audit
from iop_outcomes.release.bounds import pinned
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.repair import State
from iop_outcomes.release.system import Shown, System

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def protect(system: System, policy: Policy, base: int) -> Shown:
    """What may be told of each cell, with counts rounded to at least `base`."""
    state = State.first(system, policy, base)
    audit, hopeless = Audit.of(system, policy), _Hopeless(system, policy)
    while audit.pushed(state.low, state.high).any() and state.move(audit):
        pass
    for check in (audit.pinned, audit.exposed):
        while found := hopeless.spared(_checked(check, state)):
            if not state.loosen(found):
                break
    return state.shown()


def _checked(check: Callable[[Numbers, Numbers], NDArray[np.int64]], state: State) -> set[int]:
    return {int(i) for i in check(state.low, state.high)}


@dataclass
class _Hopeless:
    """Numbers that stay exposed whatever is hidden; looked for once, when something is exposed at all."""

    system: System
    policy: Policy
    found: set[int] | None = None

    def spared(self, exposed: Collection[int]) -> set[int]:
        """Those of the exposed that may be helped."""
        if exposed and self.found is None:
            state = State.first(self.system, self.policy, 1)
            state.hide_all()
            self.found = _checked(Audit.of(self.system, self.policy).exposed, state)
        return set(exposed) - (self.found or set())


def hide(
    counts: Sequence[int],
    lines: Sequence[Line],
    policy: Policy,
    withheld: Collection[int] = (),
    drawn: Collection[int] = (),
) -> set[int]:
    """Positions of the cells that may not be shown.

    withheld: cells that are not shown anyway. drawn: cells that are told elsewhere too, so that hiding them hides
    little; of a total and its parts the others are hidden first.
    """
    hidden = {i for i, count in enumerate(counts) if policy.small(count)} | set(withheld)
    while True:
        more = set().union(*(_more(counts, line, hidden, policy, drawn) for line in lines)) - hidden
        more = more or _looser(counts, lines, hidden, policy)
        if not more:
            return hidden
        hidden |= more


def _looser(counts: Sequence[int], lines: Sequence[Line], hidden: Collection[int], policy: Policy) -> set[int]:
    """Cells to hide beside those that crossing rounded lines give away: the next one of each such cell's group."""
    caught = pinned(counts, lines, hidden, policy)
    own = [line for line in lines if caught & set(line.parts)]
    for among in ([line for line in own if line.total is None], own):
        more: set[int] = set().union(*(_next(counts, line, hidden) for line in among)) - set(hidden)
        if more:
            return more
    return set()


def _more(
    counts: Sequence[int], line: Line, hidden: Collection[int], policy: Policy, drawn: Collection[int] = ()
) -> set[int]:
    """Cells of one line that must be hidden beside those that already are."""
    mine = {i for i in line.parts if i in hidden}
    unknown = [i for i in line.totals if i in hidden]
    if unknown:
        # the total is unknown as long as one of its parts is, and each of its cells as long as two of them are
        if mine or len(unknown) > 1 or (line.rest and not _bounded(counts, line, unknown[0], policy)):
            return set()
        return _next(counts, line, mine)
    if line.totals and drawn and (mine or policy.small(line.rest)) and set(line.parts) <= set(drawn):
        spare = set(line.totals) - set(drawn)
        unsafe = not _safe([counts[i] for i in mine] + ([line.rest] if line.rest else []), policy)
        if spare and unsafe:
            return {min(spare, key=lambda i: (counts[i] == 0, counts[i], i))}
    if not mine and not policy.small(line.rest):
        return set()
    rest = [line.rest] if line.rest else []
    while not _safe([counts[i] for i in mine] + rest, policy) and not _open(counts, line, mine, policy):
        following = _next(counts, line, mine)
        if not following:
            break
        mine |= following
    if line.total is None and not any(counts[i] for i in line.parts if i not in mine):
        mine = set(line.parts)
    return mine


def _bounded(counts: Sequence[int], line: Line, unknown: int, policy: Policy) -> bool:
    """A small cell of a total must be one of few values, as it holds what the parts leave to it, and more."""
    least = counts[unknown] - line.rest
    return policy.small(counts[unknown]) and 2 * least >= policy.minimum_count


def _safe(unknown: Sequence[int], policy: Policy) -> bool:
    extremes = ({1}, {policy.minimum_count - 1})
    return len(unknown) >= 2 and sum(unknown) >= policy.minimum_count and set(unknown) not in extremes


def _open(counts: Sequence[int], line: Line, taken: Collection[int], policy: Policy) -> bool:
    """Rounding leaves enough values open for the sum of what is unknown.

    The sum is what the total leaves to it. A total that a reader may know, is exact; one that is a cell is rounded.
    """
    if line.base == 1:
        return False
    shown = [policy.alike(counts[i], line.base) for i in line.parts if i not in taken]
    whole = sum(counts[i] for i in line.parts) + line.rest
    least, most = (whole, whole) if line.total is None else policy.alike(counts[line.total], line.base)
    unknown = [counts[i] for i in taken] + ([line.rest] if line.rest else [])
    greatest = policy.minimum_count - 1
    if all(map(policy.small, unknown)):
        most = min(most - sum(low for low, _ in shown), greatest * len(unknown))
    else:
        most -= sum(low for low, _ in shown)
    least = max(least - sum(high for _, high in shown), len(unknown))
    return most - least + 1 >= -(-greatest // 2)


def _next(counts: Sequence[int], line: Line, taken: Collection[int]) -> set[int]:
    """The smallest cells above zero that are not taken, or the zeros when there are no others."""
    left = [i for i in line.parts if i not in taken]
    least = min((counts[i] for i in left if counts[i] > 0), default=0)
    return {i for i in left if counts[i] == least}
