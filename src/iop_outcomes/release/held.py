"""A release held against the earlier ones of its cohort: to what each cell must be rounded so that no change is told.

In order: if no number of people differs by a few from what an earlier release told, nothing is changed, and the same
again is no difference. Otherwise every cell that both releases tell is rounded, whether it changed or not, as the
choice itself would tell which did. To what, follows from the earlier numbers alone: to the finest base with which,
whatever the number is now, either enough values of the change remain possible, or it is surely none or surely many.
Then both releases are looked at together, along all lines (`iop_outcomes.release.changes`): where they give a change
away, the cells around it are rounded further, and withheld beyond the coarsest base.

Not seen: what an earlier release told of people whom this one counts in no cell of the same key. Where cells of an
earlier release are no longer asked for, those that are new are therefore rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from iop_outcomes.release.changes import Change, Range, given_away
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.system import System

# to which a cell may be rounded for what an earlier release told of it; WITHHELD beyond
BASES = (5, 10, 20, 50, 100)
WITHHELD = 0
# of cells of which no earlier release tells
OF_NEW = 10

# what an earlier release told: by the hash of a cell's key the fewest and the most people that there can be
Told = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Held:
    """The least base of each cell, 1 for none, and the cells that must not be shown. moved: numbers have changed."""

    bases: tuple[int, ...]
    withheld: frozenset[int] = frozenset()
    moved: bool = False

    def over(self, system: System) -> System:
        """The system with these bases at least, and these cells withheld."""
        bases = tuple(map(max, system.bases, self.bases))
        return replace(system, bases=bases, withheld=system.withheld | self.withheld)


def held_against(
    keys: Sequence[str], people: Sequence[int], lines: Sequence[Line], before: Sequence[Told], policy: Policy
) -> Held:
    """To what each cell is rounded at least, and which are withheld, so that no change of a few people is told.

    keys: of each cell the hash of its key (`ledger.hashed`); people: its number; lines: how cells add up; before: what
    each earlier release of the cohort told. Without an earlier one, or under a policy that protects nothing, all 1.
    """
    nothing = Held((1,) * len(keys))
    if policy.exact or not any(before):
        return nothing
    moved = any(_moved(keys, people, lines, told, policy) for told in before)
    gone = any(set(told) - set(keys) for told in before)
    if not moved:
        known = set().union(*before)
        return Held(tuple(OF_NEW if gone and key not in known else 1 for key in keys))
    bases = [_of_all([told[key] for told in before if key in told], policy) for key in keys]
    return _looked_at(bases, keys, people, lines, before, policy)


def _moved(keys: Sequence[str], people: Sequence[int], lines: Sequence[Line], told: Told, policy: Policy) -> bool:
    """Some number may have changed by a few people: of a cell, or of what the lines leave over."""
    few = policy.minimum_count - 1
    ranges = [told.get(key) for key in keys]
    if all(r is None or r[0] <= n <= r[1] for r, n in zip(ranges, people, strict=True)):
        return False
    for r, n in zip(ranges, people, strict=True):
        if r is not None and not r[0] <= n <= r[1] and min(abs(n - r[0]), abs(n - r[1])) <= few:
            return True
    for line in lines:
        spans = [[ranges[i] for i in cells] for cells in (line.parts, line.totals)]
        if None in spans[0] or None in spans[1]:
            continue
        parts, totals = ((sum(r[0] for r in s if r), sum(r[1] for r in s if r)) for s in spans)
        # of a line without a total its sum, of one with a total what the parts leave of it
        low, high = (totals[0] - parts[1], totals[1] - parts[0]) if line.totals else parts
        now = line.rest if line.totals else sum(people[i] for i in line.parts) + line.rest
        if (low, high) != (now, now) and low - few <= now <= high + few:
            return True
    return False


def _of_all(ranges: Sequence[tuple[int, int]], policy: Policy) -> int:
    """The base of a cell of which earlier releases told these ranges."""
    return max((_least(low, high, policy) for low, high in ranges), default=OF_NEW, key=lambda b: b or max(BASES) + 1)


@lru_cache(maxsize=100_000)
def _least(low: int, high: int, policy: Policy) -> int:
    """The finest base that protects every change by a few from a number between these; WITHHELD where none does."""
    few = policy.minimum_count - 1
    reach = range(max(policy.minimum_count, low - few), high + few + 1)
    for base in BASES:
        after = {policy.alike(n, base) for n in reach}
        if base >= policy.rounding_base and all(_open((low, high), told, policy) for told in after):
            return base
    return WITHHELD


def _open(before: tuple[int, int], after: tuple[int, int], policy: Policy) -> bool:
    """Whoever supposes that people were only added, or only taken out, is left with enough values of the change."""
    for first, second in ((before, after), (after, before)):
        least, most = max(0, second[0] - first[1]), second[1] - first[0]
        few = most > 0 and least < policy.minimum_count
        if few and most - least + 1 < policy.protection:
            return False
    return True


def _looked_at(
    bases: list[int], keys: Sequence[str], people: Sequence[int], lines: Sequence[Line], before: Sequence[Told],
    policy: Policy,
) -> Held:  # fmt: skip
    """The bases, made coarser until both releases together give no change away."""
    around = _around(lines, len(keys))
    earlier: list[list[Range | None]] = [[told.get(key) for key in keys] for told in before]
    while True:
        after = [_told(n, base, policy) for n, base in zip(people, bases, strict=True)]
        found: set[Change] = set().union(*(given_away(lines, told, after, policy) for told in earlier))
        more = {i for change in found for i in _near(change, lines, around)} if found else set()
        coarser = {i: _next(bases[i]) for i in more if bases[i] != WITHHELD}
        for i, base in coarser.items():
            bases[i] = base
        if not coarser:
            return Held(tuple(b or 1 for b in bases), frozenset(i for i, b in enumerate(bases) if b == WITHHELD), True)


def _next(base: int) -> int:
    return next((b for b in BASES if b > base), WITHHELD)


def _around(lines: Sequence[Line], size: int) -> list[list[int]]:
    """Of each cell the lines that it stands in."""
    found: list[list[int]] = [[] for _ in range(size)]
    for at, line in enumerate(lines):
        for i in (*line.parts, *line.totals):
            found[i].append(at)
    return found


def _near(change: Change, lines: Sequence[Line], around: Sequence[Sequence[int]]) -> set[int]:
    """The cells that a change that was found out follows from: those of its lines."""
    named = around[change.cell] if change.cell is not None else [change.line or 0]
    own = set() if change.cell is None else {change.cell}
    return own.union(*({*lines[at].parts, *lines[at].totals} for at in named))


def _told(count: int, base: int, policy: Policy) -> Range | None:
    """What is told of a cell that is rounded to the base: a range; of a small one that it is small, or nothing."""
    if base == WITHHELD:
        return None
    if policy.small(count):
        return (1, policy.minimum_count - 1) if policy.zeros_allowed else (0, policy.minimum_count - 1)
    return policy.alike(count, base)
