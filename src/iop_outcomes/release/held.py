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

from iop_outcomes.release.changes import Change, Range, given_away, gives_away
from iop_outcomes.release.lines import Line, connected
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.system import Shown, System

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
    keys: Sequence[str],
    people: Sequence[int],
    lines: Sequence[Line],
    before: Sequence[Told],
    policy: Policy,
    own: Sequence[int] = (),
) -> Held:
    """To what each cell is rounded at least, and which are withheld, so that no change of a few people is told.

    keys: of each cell the hash of its key (`ledger.hashed`); people: its number; lines: how cells add up; before: what
    each earlier release of the cohort told; own: to what each cell is rounded anyway, 1 without. Without an earlier
    release, or under a policy that protects nothing, all are 1.
    """
    nothing = Held((1,) * len(keys))
    if policy.exact or not any(before):
        return nothing
    moved = any(_moved(keys, people, lines, told, policy) for told in before)
    gone = any(set(told) - set(keys) for told in before)
    if not moved:
        known = set().union(*before)
        return Held(tuple(OF_NEW if gone and key not in known else 1 for key in keys))
    told_of = [[told[key] for told in before if key in told] for key in keys]
    bases = [_of_all(ranges, policy, base) for ranges, base in zip(told_of, own or [1] * len(keys), strict=True)]
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
        now = line.others if line.totals else sum(people[i] for i in line.parts) + line.others
        if (low, high) != (now, now) and low - few <= now <= high + few:
            return True
    return False


def _of_all(ranges: Sequence[tuple[int, int]], policy: Policy, own: int) -> int:
    """The base of a cell of which earlier releases told these ranges. own: to which it is rounded anyway."""
    fit = [base for base in BASES if base >= own and all(base in _fit(low, high, policy) for low, high in ranges)]
    return next((base for base in fit if ranges or base >= OF_NEW), WITHHELD)


@lru_cache(maxsize=100_000)
def _fit(low: int, high: int, policy: Policy) -> frozenset[int]:
    """The bases that protect every change by a few from a number between these, whatever it is now."""
    few = policy.minimum_count - 1
    reach = range(max(policy.minimum_count, low - few), high + few + 1)

    def fits(base: int) -> bool:
        after = {policy.alike(n, base) for n in reach}
        return base >= policy.rounding_base and all(_open((low, high), told, policy) for told in after)

    return frozenset(filter(fits, BASES))


def _open(before: Range, after: Range, policy: Policy) -> bool:
    """Whoever supposes that people were only added, or only taken out, is left with enough values of the change."""
    for first, second in ((before, after), (after, before)):
        if first[1] is None or second[1] is None:
            continue
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
    while True:
        after = [_told(n, base, policy) for n, base in zip(people, bases, strict=True)]
        found = _coarser(bases, keys, people, lines, before, after, policy)
        if found == bases:
            return Held(tuple(b or 1 for b in bases), frozenset(i for i, b in enumerate(bases) if b == WITHHELD), True)
        bases = found


def once_more(
    held: Held, keys: Sequence[str], system: System, before: Sequence[Told], shown: Shown, policy: Policy
) -> Held:
    """The same with coarser bases where what is told in the end gives a change away: rounded for the sake of others, a
    cell may be told by a range that its own base would not have given. shown: of each cell what is told.
    """
    told, lines = zip(shown.low, shown.high, strict=True), system.lines
    after = [None if low is None or high is None else (low, high) for low, high in told]
    bases = [WITHHELD if i in held.withheld else max(b, shown.base[i]) for i, b in enumerate(held.bases)]
    found = _coarser(bases, keys, system.people, lines, before, after, policy)
    if found == bases:
        return held
    return Held(tuple(b or 1 for b in found), frozenset(i for i, b in enumerate(found) if b == WITHHELD), True)


def _coarser(
    bases: list[int],
    keys: Sequence[str],
    people: Sequence[int],
    lines: Sequence[Line],
    before: Sequence[Told],
    after: Sequence[Range | None],
    policy: Policy,
) -> list[int]:
    """The bases, coarser around each change that is given away: of the cell where its own ranges are narrow, else of
    the cells of its lines.
    """
    around, more = _around(lines, len(keys)), set[int]()
    for told in before:
        earlier: list[Range | None] = [told.get(key) for key in keys]
        changes = given_away(lines, earlier, after, policy)
        # looked at when nothing else is given away any more, as it takes longer
        for change in changes or _of_grown(lines, earlier, after, people, policy):
            i = change.cell
            first, second = (None, None) if i is None else (earlier[i], after[i])
            narrow = first is not None and second is not None and not _open(first, second, policy)
            more |= {i} if narrow and i is not None else _near(change, lines, around)
    told_of = [[told[key] for told in before if key in told] for key in keys]
    return [
        _of_all(told_of[i], policy, base + 1) if i in more and base != WITHHELD else base
        for i, base in enumerate(bases)
    ]


def _of_grown(
    lines: Sequence[Line],
    before: Sequence[Range | None],
    after: Sequence[Range | None],
    people: Sequence[int],
    policy: Policy,
) -> set[Change]:
    """The changes of cells that may have grown beyond a small one, each supposed to have been small: where a policy
    tells nothing of those, a ledger does not say which were, but it is known.
    """
    few = policy.minimum_count - 1
    grown = [i for i, old in enumerate(before) if old is None and few < people[i] <= 2 * few]
    if policy.zeros_allowed or not grown:
        return set()
    block, found = connected(lines, len(before)), set[Change]()
    for i in grown:
        own = [line for line in lines if block[line.parts[0]] == block[i]]
        there = sorted({cell for line in own for cell in (*line.parts, *line.totals)} | {i})
        place = {cell: at for at, cell in enumerate(there)}
        now = [after[cell] for cell in there]
        then = [(0, few) if cell == i else before[cell] for cell in there]
        now[place[i]] = after[i] or (policy.minimum_count, None)
        if gives_away(place[i], [line.at(place) for line in own], then, now, policy):
            found.add(Change(cell=i))
    return found


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
