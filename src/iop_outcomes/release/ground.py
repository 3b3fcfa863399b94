"""Everything that a release counts, as it is: cells, and the lines along which they add up.

In order: rows of counts, without those of outcomes that have a life table; what life tables say at the horizons that
estimates ask for, in the columns of counts; the lines of both (`counts`, `nesting`). Counts of companions stand beside
them: nothing of these is told. With the cells of curves, which depend on the base, `iop_outcomes.release.telling` makes
one system of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from iop_outcomes.protocol import InCare
from iop_outcomes.release import at_horizons, days, gates, life_tables, modifiers, nesting, windows
from iop_outcomes.release import counts as tables
from iop_outcomes.release.held import Told
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import Leaving, Question
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.pools import called
from iop_outcomes.release.support import horizon
from iop_outcomes.release.windows import Window
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.causes import EVENT_FREE
from iop_outcomes.vocabulary.methods import CRUDE
from iop_outcomes.vocabulary.readings import Reading

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True)
class Apart:
    """What is known of how cells lie within each other, and which are not released.

    contrasts, outcomes: those whose counts are kept back. cumulative: outcomes of which what is counted only grows.
    in_care: contrasts that divide people by who is in care on a day (`nesting.lines`). first: the first arm of each
    contrast. events: fewest that the gate of the study asks for in each arm. modifiers: by which people are grouped.
    """

    contrasts: Collection[str]
    outcomes: Collection[str]
    cumulative: Collection[str]
    in_care: Mapping[str, InCare]
    first: Mapping[str, str]
    events: int
    modifiers: Sequence[str] = ()

    def holds(self, contrast: object, outcome: object) -> bool:
        """Counts of the contrast or of the outcome are kept back."""
        return contrast in self.contrasts or outcome in self.outcomes


class OfGroup(NamedTuple):
    """A row of counts: its group, arm and level, its people, and its place among the rows, None of a companion."""

    group: tuple[str, ...]
    arm: str
    level: str
    people: int
    place: int | None


@dataclass(frozen=True)
class Keys:
    """What rows are looked up by. groups: of counts. horizons: arm, day and level of life tables' rows, in order."""

    groups: tuple[OfGroup, ...]
    horizons: tuple[tuple[life_tables.Key, int, str], ...]


@dataclass(frozen=True)
class Ground:
    """Everything that is counted, as it is.

    kept, apart: rows of counts that may be told, and those of companions. horizons: rows of what life tables say at
    horizons, and the cells that they tell. arms: life tables by key. told: those that may be told. lines: of kept and
    horizons together. asked: days by question. told_apart: sets of causes that a question tells from all others. keys:
    of the rows of counts that estimates are read from, and of the rows of horizons. gates: sums of rows of which a gate
    tells whether they are few. dear: rows of counts that crude estimates are read from. before: what earlier releases
    told. windows: rows of who is not in care on a day. of_care: outcomes of leaving care at any level. modifiers: by
    which people are grouped. withheld: rows of their groups that are not told.
    """

    levels: Mapping[str, Reading]
    kept: pd.DataFrame
    apart: pd.DataFrame
    horizons: pd.DataFrame
    cells: tuple[days.Cell, ...]
    arms: Mapping[life_tables.Key, Leaving]
    told: Mapping[life_tables.Key, Leaving]
    lines: tuple[Line, ...]
    asked: Mapping[Question, Collection[int]]
    told_apart: Mapping[Question, Collection[Collection[str]]]
    keys: Keys
    gates: tuple[gates.Sum, ...] = ()
    dear: frozenset[int] = frozenset()
    before: tuple[Told, ...] = ()
    windows: tuple[Window, ...] = ()
    of_care: frozenset[str] = frozenset()
    modifiers: tuple[str, ...] = ()
    withheld: frozenset[int] = frozenset()


def gather(
    counts: pd.DataFrame,
    of_life: pd.DataFrame,
    estimates: pd.DataFrame,
    policy: Policy,
    levels: Mapping[str, Reading],
    known: Apart,
    before: Sequence[Told] = (),
) -> Ground:
    """All that is counted. Counts of an outcome that has a life table are left to it, except of groups of people."""
    arms = life_tables.leavings(of_life)
    questions = {life_tables.question(key) for key in arms}
    asked = at_horizons.asked(estimates)
    told_apart = {q: _told_apart(q[2], levels) for q in questions}
    rows = list(zip(counts["analysis"], counts["contrast"], counts["outcome"], counts["group_by"], strict=True))
    replaced = [row[:3] in questions and row[3] == ALL for row in rows]
    companion = [known.holds(row[1], row[2]) for row in rows]
    own = [i for i, (r, c) in enumerate(zip(replaced, companion, strict=True)) if not (r or c)]
    kept = counts.iloc[own].reset_index(drop=True)
    apart = counts.iloc[[i for i, (r, c) in enumerate(zip(replaced, companion, strict=True)) if c and not r]]
    followed = {key: leaving for key, leaving in arms.items() if _may_be_told(key, leaving, known, policy)}
    made = life_tables.tables(followed, policy, asked, told_apart)
    horizons, cells = at_horizons.cells(made, estimates)
    frame = stacked(kept, horizons)
    of_care = frozenset(q[2] for q in questions if reading(q[2], levels).kind == "staying")
    pools = {called(pool): pool for table in made.values() for pool in table.leaving.pools}
    rounded = tables.overlapping(frame, known.modifiers)
    nested = nesting.lines(
        frame, range(len(kept), len(frame)), rounded, known.cumulative, known.in_care,
        [q[2] for q in questions if reading(q[2], levels).staying != EVENT_FREE], pools, policy,
    )  # fmt: skip
    # those of life tables are made with the cells of their curves
    same = first_rows(cells, len(kept))
    lines = (*tables.lines(kept), *_once(nested, same))
    keys = Keys(tuple(_of_groups(kept, apart)), tuple(_of_arms(horizons)))
    few: set[gates.Sum] = set()
    if not policy.exact and known.events <= policy.minimum_count:
        looked_at, pooled = gates.asked(estimates), {key: table.leaving for key, table in made.items()}
        few = gates.of_counts(keys.groups, looked_at, levels, known.first, known.events, policy)
        few |= gates.of_life_tables(
            keys.horizons, tuple(same.values()), pooled, looked_at, levels, known.events, policy
        )
    return Ground(
        levels, kept, apart, horizons, tuple(cells), arms, followed, lines, asked, told_apart, keys,
        tuple(sorted(few)), _dear(keys.groups, estimates), tuple(before),
        () if policy.exact else windows.windows(kept, known.in_care), of_care,
        tuple(known.modifiers), modifiers.kept_back(kept, known.modifiers, policy),
    )  # fmt: skip


def _dear(groups: Iterable[OfGroup], estimates: pd.DataFrame) -> frozenset[int]:
    """The rows of counts that crude estimates are read from."""
    read = {*gates.questions(estimates[estimates["method"] == CRUDE])}
    return frozenset(row.place for row in groups if row.place is not None and row.group in read)


def _may_be_told(key: life_tables.Key, leaving: Leaving, known: Apart, policy: Policy) -> bool:
    """Something of an arm is told: it is of no companion, and neither few are at risk nor few are not."""
    few = policy.small(leaving.people) or (leaving.apart > 0 and policy.small(leaving.apart))
    return not few and not known.holds(key[2], key[4])


def _of_groups(kept: pd.DataFrame, apart: pd.DataFrame) -> Iterator[OfGroup]:
    """The rows of outcomes of estimates."""
    for frame, told in ((kept, True), (apart, False)):
        for place, row in enumerate(counted(frame)):
            if row["variable"] == ALL:
                question = row["analysis"], row["contrast"], row["outcome"], str(horizon(row))
                group = (*question, row["group_by"], row["group"])
                yield OfGroup(group, row["arm"], row["level"], int(row["count"] or 0), place if told else None)


def _of_arms(horizons: pd.DataFrame) -> Iterator[tuple[life_tables.Key, int, str]]:
    for row in counted(horizons):
        key = (row["analysis"], row["cohort"], row["contrast"], row["arm"], row["outcome"])
        yield key, int(row["horizon_days"] or 0), row["level"]


def first_rows(cells: Iterable[days.Cell], start: int) -> dict[int, int]:
    """Of each row of a life table the first that tells the same cell; questions on the same people share cells."""
    first: dict[days.Cell, int] = {}
    return {position: first.setdefault(cell, position) for position, cell in enumerate(cells, start=start)}


def _once(lines: Iterable[Line], first: Mapping[int, int]) -> list[Line]:
    """The lines between the first rows of cells, each once."""
    found: dict[Line, None] = {}
    for line in lines:
        parts = tuple(sorted({first.get(i, i) for i in line.parts}))
        totals = [first.get(i, i) for i in line.totals]
        if len(parts) == len(line.parts) and len(set(totals)) == len(totals) and not set(parts) & set(totals):
            found[Line(parts, totals[0] if totals else None, line.rest, tuple(sorted(totals[1:])))] = None
    return list(found)


def _told_apart(outcome: str, levels: Mapping[str, Reading]) -> list[tuple[str, ...]]:
    """The sets of causes that an outcome tells from all others."""
    read = reading(outcome, levels)
    return [causes for causes in (read.events, read.lost) if causes]


def stacked(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The rows of both frames, numbered anew."""
    import pandas as pd

    return pd.concat([first, second], ignore_index=True) if len(second) else first.reset_index(drop=True)
