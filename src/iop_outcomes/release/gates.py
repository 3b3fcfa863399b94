"""Sums of cells of which a gate tells whether they are few: the events of an arm, and the people without one.

An adjusted row is shown where an arm has as many events, and people without one, as the gate asks for, and gated where
it has not. Of a cell whoever reads a release knows anyway whether it is few. Of a sum of cells that no row counts, such
as all who left or all who are not abstinent, the gate tells it: such a sum is protected as a cell that is hidden.

Only for gates that ask for as many people as the smallest cell that is shown; beside those that ask for more, rows are
withheld (`iop_outcomes.release.gated`), and so are those of arms that are so small that the gate would tell who is
left out (`bound`). Rows without a gate of their own, crude ones and hazard ratios of a period,
tell none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.release.levels import reading
from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.methods import CRUDE
from iop_outcomes.vocabulary.readings import Reading
from iop_outcomes.vocabulary.statuses import GATED, OK

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.release.ground import OfGroup
    from iop_outcomes.release.life_tables import Key, Leaving

Sum = tuple[int, ...]
# analysis, contrast, outcome, day, grouping and group
Question = tuple[str, ...]


def asked(estimates: pd.DataFrame) -> dict[Question, set[str]]:
    """The questions of adjusted rows that passed a gate or did not, with the rules on missing answers they stand on."""
    looked_at = (
        (estimates["method"] != CRUDE)
        & ~estimates["measure"].isin([name for name, m in MEASURES.items() if m.without_events])
        & estimates["status"].isin([OK, GATED])
        & estimates["from_day"].isna()
    )
    own = estimates[looked_at]
    found: dict[Question, set[str]] = {}
    for key, rule in zip(questions(own), own["missing_rule"].astype(str), strict=True):
        found.setdefault(key, set()).add(rule)
    return found


def questions(estimates: pd.DataFrame) -> Iterator[Question]:
    """The question of each row, as rows of counts name it."""
    columns = ("analysis", "contrast", "outcome", "horizon_days", "group_by", "group")
    for key in zip(*(estimates[c].astype(str) for c in columns), strict=True):
        yield tuple("None" if k == "<NA>" else k for k in key)


def of_counts(
    rows: Iterable[OfGroup],
    looked_at: Mapping[Question, Iterable[str]],
    levels: Mapping[str, Reading],
    first: Mapping[str, str],
    least: int,
    policy: Policy,
) -> set[Sum]:
    """Of counts: by arm and rule those with the event, and those without it. rows: with their places. first: the first
    arm of each contrast. least: fewest of each that the gate asks for.
    """
    groups: dict[Question, dict[str, dict[str, OfGroup]]] = {}
    for row in rows:
        if row.place is not None and row.group in looked_at:
            groups.setdefault(row.group, {}).setdefault(row.arm, {})[row.level] = row
    found: set[Sum] = set()
    for group, arms in groups.items():
        read = reading(group[2], levels)
        for rule in looked_at[group]:
            sides = [_sides(own, read, rule, arm == first.get(group[1])) for arm, own in arms.items()]
            if not any(bound([[row.people for row in some] for some in of], least, policy) for of in sides):
                places = (
                    tuple(sorted(row.place or 0 for row in some))
                    for with_, without, _ in sides
                    for some in (with_, without)
                )
                found |= {some for some in places if len(some) > 1}
    return found


def _sides(own: Mapping[str, OfGroup], read: Reading, rule: str, first: bool) -> tuple[list[OfGroup], ...]:
    """The rows with the event, without it, and in no denominator."""
    out, events = read.left_out.get(rule, read.left_out.get("none", ())), read.event(rule, first)
    used = {level: row for level, row in own.items() if level not in out}
    with_event = [row for level, row in used.items() if level in events]
    without = [row for level, row in used.items() if level not in events]
    return with_event, without, [row for level, row in own.items() if level in out]


def bound(sides: Sequence[Sequence[int]], least: int, policy: Policy, steps: bool = False) -> bool:
    """That an arm has as many events, and as many people without one, would leave too few values to a small number, as
    the size of the arm is known, and cells that are not small may be told as they are. Whether it has is told nowhere
    then. sides: people by level with the event, without it, and of neither. steps: they are those of a day, and few may
    have come since an earlier one, so that even the sum of cells that are not small may not be left too few values.
    """
    one = int(policy.zeros_allowed)
    size = sum(map(sum, sides))
    for side in (0, 1):
        rest = [n for other in range(3) if other != side for n in sides[other]]
        if len(sides[side]) < 2 or any(n >= policy.minimum_count for n in sides[side]):
            continue
        known = sum(n if n >= policy.minimum_count else one * (n > 0) for n in rest)
        if any(policy.small(n) for n in rest) and size - least - known + 1 < policy.protection:
            return True
        fewest = sum(policy.minimum_count if n >= policy.minimum_count else one * (n > 0) for n in rest)
        if steps and size - least - fewest + 1 < policy.protection:
            return True
    return False


def sides_of(leaving: Leaving, read: Reading, day: int | None) -> tuple[tuple[int, ...], ...]:
    """Of a life table the people of each level with the event of the gate by a day, without it, and of neither."""
    levels = {cause: leaving.gone(day, (cause,)) for cause in leaving.causes}
    levels[STILL_AT_RISK] = leaving.people - sum(levels.values())
    some = set(leaving.named(read.events or read.lost or _left(levels)))
    return *(tuple(n for name, n in levels.items() if (name in some) is of) for of in (True, False)), ()


def of_life_tables(
    rows: Sequence[tuple[Key, int, str]],
    at: Sequence[int],
    leavings: Mapping[Key, Leaving],
    looked_at: Mapping[Question, object],
    levels: Mapping[str, Reading],
    least: int,
    policy: Policy,
) -> set[Sum]:
    """Of life tables: by arm and day those with the event, and those without it. rows: with their places `at`. least:
    fewest of each that the gate asks for.
    """
    arms: dict[tuple[Key, int], dict[str, int]] = {}
    for (key, day, level), place in zip(rows, at, strict=True):
        arms.setdefault((key, day), {})[level] = place
    told_nowhere = {
        (key[0], key[2], key[4], day)
        for key, day in arms
        if bound(sides_of(leavings[key], reading(key[4], levels), day), least, policy, steps=True)
    }
    found: set[Sum] = set()
    for (key, day), own in arms.items():
        _, _, contrast, _, outcome = key
        asked_about = (key[0], contrast, outcome, str(day), ALL, ALL) in looked_at
        if asked_about and (key[0], contrast, outcome, day) not in told_nowhere:
            read = reading(outcome, levels)
            found |= _both(own, leavings[key].named(read.events or read.lost or _left(own)))
    return found


def _left(own: Mapping[str, int]) -> list[str]:
    """The ways of leaving, where any ends what an outcome speaks of."""
    return [level for level in own if level not in (STILL_AT_RISK, CENSORED)]


def _both(own: Mapping[str, int], events: Iterable[str]) -> set[Sum]:
    """The cells of the event and the others, where they are several: of one cell it is known whether it is few."""
    some = set(events)
    sides = ([at for level, at in own.items() if (level in some) is of] for of in (True, False))
    return {tuple(sorted({*side})) for side in sides if len({*side}) > 1}
