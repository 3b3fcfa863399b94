"""Cells of which one holds people of the other by a known rule, so that two of them tell those who are in one only.

Abstinent people of an arm, and those of them who were still in care on day 28; an arm in two contrasts; an event by day
60 and by day 90; those who stayed, of everyone and of each arm. RULES says by columns which cells, or sums of cells,
may be so: what they share, what is added up, what differs. Two of them that differ by fewer people than the minimum
are a line, of which `cells.hide` leaves not both.

Two life tables of an arm count its people in other ways: causes that one counts together are apart in the other.

Whoever is in care on a day is counted by several tables. `in_care` says by contrast on which day and in what, so
that sums over different levels can be held against each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, permutations, product
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.analyses.describe import ELIGIBLE
from iop_outcomes.protocol import InCare
from iop_outcomes.release import onward_sides, staying_sides
from iop_outcomes.release.counts import people_of
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import ALL, ATTRITION, PEOPLE, REPORT_BY_TEST, WEEK
from iop_outcomes.tables.rows import Counted, counted
from iop_outcomes.vocabulary.answers import ABSTINENT, OUT_OF_CARE, USING
from iop_outcomes.vocabulary.arms import STAYED
from iop_outcomes.vocabulary.causes import CENSORED, DIED, STILL_AT_RISK
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK

if TYPE_CHECKING:
    import pandas as pd

Sum = tuple[int, ...]


class Cell(NamedTuple):
    """A cell of counts. key: what it is of, by column."""

    key: dict[str, str]
    people: int


@dataclass(frozen=True)
class Rule:
    """Which sums of cells may hold each other's people.

    shared: columns in which they agree. summed: columns over which each is a sum. cumulative: of days on which what is
    counted only grows. table: 'life' for cells of life tables, 'counts' for others, '' for all. levels: of these levels
    only.
    """

    shared: tuple[str, ...]
    summed: tuple[str, ...] = ()
    cumulative: bool = False
    table: str = ""
    levels: tuple[str, ...] = ()


QUESTION, GROUP, LEVEL = ("outcome", "variable", "horizon_days"), ("group_by", "group"), ("level", "detail")
RULES = (
    # the same people, or some of them, in another analysis or contrast, or as a group of its own
    Rule(("cohort", "arm", *QUESTION, *GROUP, *LEVEL)),
    # the arms of one contrast together, against those of another
    Rule(("cohort", *QUESTION, *GROUP, *LEVEL), ("arm",)),
    # everyone in an arm, against those of it who are asked about elsewhere
    Rule(("cohort", "arm", *QUESTION, *GROUP), LEVEL),
    # one way of leaving, of the episode and of the index level
    Rule(("cohort", "contrast", "arm", "horizon_days", *GROUP, *LEVEL), table="life"),
    # by one day and by a later one
    Rule(("analysis", "cohort", "contrast", "arm", "outcome", "variable", *GROUP, *LEVEL), cumulative=True),
    # who died is counted beside every outcome, by one day and by a later one
    Rule(("cohort", "contrast", "arm", *GROUP, *LEVEL), levels=(DIED,)),
)
KEY = ("analysis", "cohort", "contrast", "arm", *QUESTION, *GROUP, *LEVEL)


def lines(
    frame: pd.DataFrame,
    of_life_tables: Collection[int],
    left_out: Collection[int],
    cumulative: Collection[str],
    in_care: Mapping[str, InCare],
    staying: Collection[str],
    pools: Mapping[str, Collection[str]],
    policy: Policy,
) -> list[Line]:
    """The lines of cells and sums of cells that differ by fewer than the minimum.

    frame: of counts, as they are. of_life_tables: positions of cells of life tables at horizons. left_out: positions of
    rows that are not released, or rounded for it. cumulative: outcomes of which what is counted only grows. in_care: by
    contrast how it divides people. staying: outcomes of which those who have not left are in care.
    pools: causes that are counted together, by the name under which they are.
    """
    if policy.exact:
        return []
    cells = [_cell(row) for row in counted(frame)]
    life, out = set(of_life_tables), set(left_out)
    used = [i for i in range(len(cells)) if i not in out]
    found: dict[tuple[Sum, Sum], Line] = {}
    wholes = _wholes(cells, used)
    for rule in RULES:
        own = [i for i in used if not rule.table or (i in life) == (rule.table == "life")]
        if rule.levels:
            own = [i for i in own if cells[i].key["level"] in rule.levels]
        if rule.cumulative:
            own = [i for i in own if i not in life and cells[i].key["outcome"] in cumulative]
        for one, other in _pairs(cells, own, rule):
            found.update(_line(cells, one, other, policy, None if rule.cumulative or rule.table else wholes))
    rows = [i for i in used if i not in life]
    further = (
        _of_those_in_care(cells, used, life, in_care, staying), staying_sides.pairs(cells, rows, in_care),
        onward_sides.pairs(cells, rows), _of_two_sources(cells, rows), _of_the_same_week(cells, rows),
    )  # fmt: skip
    for one, other in chain.from_iterable(further):
        found.update(_line(cells, one, other, policy))
    ways = _of_ways_of_leaving(cells, [i for i in used if i in life], pools, policy)
    return [*found.values(), *ways, *_of_those_eligible(cells, used, policy)]


def _cell(row: Counted) -> Cell:
    group_by, group = people_of(row)
    named = {**row, "group_by": group_by, "group": group}
    return Cell({name: str(named[name]) for name in KEY}, int(row["count"] or 0))


def _pairs(cells: Sequence[Cell], own: Sequence[int], rule: Rule) -> Iterator[tuple[Sum, Sum]]:
    """Sums that agree in what the rule says they share."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for i in own:
        if "arm" in rule.summed and cells[i].key["arm"] == ALL:
            continue
        sums.setdefault(tuple(cells[i].key[c] for c in KEY if c not in rule.summed), []).append(i)
    alike: dict[tuple[str, ...], list[Sum]] = {}
    for positions in sums.values():
        alike.setdefault(tuple(cells[positions[0]].key[c] for c in rule.shared), []).append(tuple(positions))
    for group in alike.values():
        yield from combinations(group, 2)


def _line(
    cells: Sequence[Cell], one: Sum, other: Sum, policy: Policy, wholes: Mapping[tuple[str, ...], int] | None = None
) -> dict[tuple[Sum, Sum], Line]:
    """The line of two sums that differ by less than the minimum; of sums of the same people, a line each way.

    wholes: people of each group, where equal groups are the same people, as everyone knows who sees their sizes. Other
    sums are equal by chance: the later of two days, or the larger group, might hold more.
    """
    if set(one) & set(other):
        return {}

    def order(of: Sum) -> tuple[int, int, int]:
        day = cells[of[0]].key["horizon_days"]
        return sum(cells[i].people for i in of), _whole(cells, of, wholes or {}), int(day) if day.isdigit() else 0

    less, more = sorted((one, other), key=order)
    gap = order(more)[0] - order(less)[0]
    if gap >= policy.minimum_count:
        return {}
    same = gap == 0 and wholes is not None and order(less)[1] == order(more)[1]
    both = [(less, more), (more, less)] if same else [(less, more)]
    rest = None if same else gap
    return {(parts, total): Line(parts, total[0], rest, beside=total[1:]) for parts, total in both}


def _group(cell: Cell) -> tuple[str, ...]:
    """What a cell is a part of: the same question of the same people."""
    return tuple(cell.key[c] for c in KEY if c not in LEVEL)


def _wholes(cells: Sequence[Cell], used: Sequence[int]) -> dict[tuple[str, ...], int]:
    """The people of each group."""
    found: dict[tuple[str, ...], int] = {}
    for i in used:
        found[_group(cells[i])] = found.get(_group(cells[i]), 0) + cells[i].people
    return found


def _whole(cells: Sequence[Cell], of: Sum, wholes: Mapping[tuple[str, ...], int]) -> int:
    """The people of the groups of some cells."""
    return sum(wholes.get(group, 0) for group in {_group(cells[i]) for i in of})


def _of_those_in_care(
    cells: Sequence[Cell],
    used: Sequence[int],
    life: Collection[int],
    in_care: Mapping[str, InCare],
    staying: Collection[str],
) -> Iterator[tuple[Sum, Sum]]:
    """Sums of people in care on some day: of life tables by horizon, and of contrasts that divide people by it."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for i in used:
        cell = cells[i]
        key = (cell.key["analysis"], cell.key["contrast"], cell.key["outcome"], cell.key["horizon_days"])
        if i in life and cell.key["outcome"] in staying and cell.key["level"] == STILL_AT_RISK:
            sums.setdefault(("arm", cell.key["contrast"], cell.key["arm"], *key), []).append(i)
            sums.setdefault(("everyone", "", "", *key), []).append(i)
        elif cell.key["contrast"] in in_care and cell.key["group_by"] == ALL:
            asked = in_care[cell.key["contrast"]]
            of = asked.of
            if of and asked.arm:
                if cell.key["arm"] == asked.staying:
                    sums.setdefault(("arm", of, asked.arm, *key), []).append(i)
            elif of and cell.key["level"] != OUT_OF_CARE:
                sums.setdefault(("arm", of, cell.key["arm"], *key), []).append(i)
                sums.setdefault(("everyone", "", "", *key), []).append(i)
            elif not of and cell.key["arm"] == STAYED:
                sums.setdefault(("everyone", "", "", *key), []).append(i)
    alike: dict[tuple[str, ...], list[Sum]] = {}
    for (who, contrast, arm, *_), positions in sums.items():
        alike.setdefault((who, contrast, arm), []).append(tuple(positions))
    for group in alike.values():
        yield from combinations(group, 2)


def _of_two_sources(cells: Sequence[Cell], used: Sequence[int]) -> Iterator[tuple[Sum, Sum]]:
    """Who reports no use and is tested free of it, and all who count as abstinent; who does either, and all who use."""
    sums: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for i in used:
        key = cells[i].key
        if key["variable"] == REPORT_BY_TEST:
            level = ABSTINENT if key["level"] == key["group"] == ABSTINENT else USING
        elif key["variable"] == ALL and key["group_by"] == ALL and key["level"] in (ABSTINENT, USING):
            level = key["level"]
        else:
            continue
        place = (*(key[c] for c in ("analysis", "cohort", "contrast", "arm", "outcome", "horizon_days")), level)
        sums.setdefault(place, ([], []))[key["variable"] == ALL].append(i)
    for some, every in sums.values():
        if some and every:
            yield tuple(some), tuple(every)


def _of_the_same_week(cells: Sequence[Cell], used: Sequence[int]) -> Iterator[tuple[Sum, Sum]]:
    """What a week says of an arm's people, and the same level of an outcome on a day of that week or the next."""
    by_arm: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for i in used:
        key = cells[i].key
        if key["horizon_days"].isdigit() and key["variable"] in (WEEK, ALL):
            place = tuple(key[c] for c in ("cohort", "contrast", "arm", *GROUP, *LEVEL))
            by_arm.setdefault(place, ([], []))[key["variable"] == ALL].append(i)
    for weeks, days in by_arm.values():
        for week, day in product(weeks, days):
            if 0 <= int(cells[day].key["horizon_days"]) - int(cells[week].key["horizon_days"]) < DAYS_PER_WEEK:
                yield (week,), (day,)


def _of_ways_of_leaving(
    cells: Sequence[Cell], life: Sequence[int], pools: Mapping[str, Collection[str]], policy: Policy
) -> Iterator[Line]:
    """Lines between the life tables of one arm by one day: a pool of the one and its causes in the other, all of them
    and those that are large; everyone less who is still there by the one, and who has left by the other.

    The tables may differ by a few people: who left on the day itself, or the index level before the episode.
    """
    arms: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = {}
    for i in life:
        arm = tuple(cells[i].key[c] for c in ("cohort", "contrast", "arm", "horizon_days"))
        arms.setdefault(arm, {}).setdefault((cells[i].key["analysis"], cells[i].key["outcome"]), []).append(i)
    for one, other in (pair for tables in arms.values() for pair in permutations(tables.values(), 2)):
        causes = [i for i in other if cells[i].key["level"] != STILL_AT_RISK]
        yield from _neither(cells, one, causes, policy)
        for total in (i for i in one if cells[i].key["level"] != STILL_AT_RISK):
            pool = _causes(cells[total], pools)
            every = tuple(i for i in causes if _causes(cells[i], pools) < pool)
            for parts in dict.fromkeys((every, _large(cells, every, policy))) if len(pool) > 1 else ():
                rest = cells[total].people - sum(cells[i].people for i in parts)
                if parts and rest >= 0:
                    yield Line(parts, total, rest)
                elif parts and rest > -policy.minimum_count:
                    yield Line((total,), parts[0], -rest, beside=parts[1:])


def _neither(cells: Sequence[Cell], one: Sequence[int], causes: Sequence[int], policy: Policy) -> Iterator[Line]:
    """Few people of an arm who are neither still there by one table nor gone by a large cause of another."""
    still = tuple(i for i in one if cells[i].key["level"] == STILL_AT_RISK)
    whole = sum(cells[i].people for i in one)
    for seen in (causes, [i for i in causes if cells[i].key["level"] != CENSORED]):
        parts = _large(cells, seen, policy)
        rest = whole - sum(cells[i].people for i in (*still, *parts))
        if still and parts and 0 < rest < policy.minimum_count:
            yield Line((*still, *parts), None, rest)


def _large(cells: Sequence[Cell], some: Sequence[int], policy: Policy) -> Sum:
    """The cells that are told where nothing else speaks against it."""
    return tuple(i for i in some if cells[i].people and not policy.small(cells[i].people))


def _of_those_eligible(cells: Sequence[Cell], used: Sequence[int], policy: Policy) -> Iterator[Line]:
    """Lines from the arms of a contrast to everyone who is eligible, of whom few are in none."""
    whole = {
        cells[i].key["cohort"]: i
        for i in used
        if cells[i].key["outcome"] == ATTRITION and cells[i].key["level"] == ELIGIBLE
    }
    arms: dict[tuple[str, str], list[int]] = {}
    for i in used:
        if cells[i].key["outcome"] == PEOPLE and cells[i].key["group_by"] == ALL and cells[i].key["cohort"] in whole:
            arms.setdefault((cells[i].key["cohort"], cells[i].key["contrast"]), []).append(i)
    for (cohort, _), parts in arms.items():
        rest = cells[whole[cohort]].people - sum(cells[i].people for i in parts)
        if 0 <= rest < policy.minimum_count:
            yield Line(tuple(parts), whole[cohort], rest)


def _causes(cell: Cell, pools: Mapping[str, Collection[str]]) -> set[str]:
    """The causes that the people of a cell left by."""
    return set(pools.get(cell.key["level"], (cell.key["level"],)))
