"""What stands behind an estimate: the cells of its arms, as they are and as they are told.

For an estimate, the life table of its analysis, contrast and outcome is looked up, or else its group of counts; people
and events are summed from what is told. The people of an arm are the sum of its cells, or what its size, which a
reader may know, leaves beside those who are left out. What is unknown as soon as one cell that it needs is hidden, is
told by no other way. Refused: a group with a level that its reading does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.release import counts as tables
from iop_outcomes.release.arm import Arm, of_life_table
from iop_outcomes.release.days import Told
from iop_outcomes.release.gates import sides_of
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import Key, Leaving, Question
from iop_outcomes.release.numbers import NOTHING, Number, exactly, nearer, together
from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.release.told import LifeTables
from iop_outcomes.tables.results import ALL, BY_PLACE_ON_DAY, COVARIATE, WEEK
from iop_outcomes.tables.rows import Asked, Timed
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK
from iop_outcomes.vocabulary.readings import Reading, in_place

if TYPE_CHECKING:
    import pandas as pd

# level: people, and as they are told
Cells = Mapping[str, tuple[int, Number]]
Levels = Mapping[str, Number]


@dataclass(frozen=True)
class ArmCells:
    """One arm of an estimate.

    people, events: as told; people of a life table are those at risk. true_people, true_events: as they are; they
    decide what is withheld and never leave this room. arm: what crude estimates are computed from. followed: the life
    table as it is, where there is one. true_parts: people who are counted apart by other questions, such as those who
    completed beside those still there, or the arm beside those at risk; the difference would give a few of them back.
    besides: everything else that is told of an arm whose own numbers are not, such as the horizons beside a few days of
    follow-up. sides: the people of each level with the event, without it, and of neither, as they are.
    """

    people: Number
    events: Number
    true_people: int
    true_events: int
    arm: Arm
    followed: Leaving | None = None
    true_parts: tuple[int, ...] = ()
    besides: tuple[Number, ...] = ()
    sides: tuple[tuple[int, ...], ...] = ()

    @property
    def base(self) -> int:
        """To which people and events are rounded: 1 exact, 0 where one of them is not told."""
        return together(self.besides or (self.people, self.events)).base

    def small(self, policy: Policy) -> bool:
        """People, events, a part of them or people without the event are too few to be shown."""
        whole = (self.true_people, self.true_events, self.true_people - self.true_events)
        return any(map(policy.small, (*whole, *self.true_parts)))


@dataclass(frozen=True)
class Evidence:
    """Everything that is counted: counts as they are and as released, life tables as they are and as told.

    groups: cells of counts by analysis, contrast, outcome, horizon, grouping and group, by arm. followed: life tables
    as they are, by question. life: the same as they are told, without those of companions. keys: of arms by question.
    at_risk: people of life tables. at_horizons: what they say at horizons, in the columns of counts. shown: the same by
    arm and day, by level. modifiers: names by which people are grouped.
    """

    policy: Policy
    levels: Mapping[str, Reading]
    counts: pd.DataFrame
    released: pd.DataFrame
    groups: Mapping[tuple[str, ...], Mapping[str, Cells]]
    followed: Mapping[Question, Mapping[str, Leaving]]
    life: LifeTables
    keys: Mapping[Question, Mapping[str, Key]]
    at_risk: Mapping[Key, Number]
    at_horizons: pd.DataFrame
    shown: Mapping[tuple[Key, int], Levels]
    modifiers: tuple[str, ...] = ()

    def arms(self, row: Asked, order: Sequence[str] = ()) -> dict[str, ArmCells]:
        """The arms of an estimate, by name; empty when nothing is counted for it. order: names of the first and the
        second arm, where a missing answer may be counted in each another way. Raises StudyError.
        """
        question = (row["analysis"], row["contrast"], row["outcome"])
        read = reading(row["outcome"], self.levels)
        if whole(row) and question in self.followed:
            return {
                arm: self._from_life_table(self.keys[question][arm], leaving, read, horizon(row))
                for arm, leaving in self.followed[question].items()
            }
        if question in self.followed and of_period(row):
            if read.kind != "cause":
                return {}
            days = int(row["from_day"] or 0), int(row["to_day"] or 0)
            return {
                arm: _of_period(leaving, read, *days, self._all(self.keys[question][arm]))
                for arm, leaving in self.followed[question].items()
            }
        by = (ALL, ALL) if of_everyone_at_a_dose(row) else (row["group_by"], row["group"])
        group = self.groups.get((*question, str(horizon(row)), *by), {})
        if row["group_by"] == BY_PLACE_ON_DAY:
            # of all people of the day those in the place have the event
            group = self.groups.get((*question, str(horizon(row)), BY_PLACE_ON_DAY, ALL), {})
            read = in_place(row["group"])
        compared = {arm: cells for arm, cells in group.items() if arm != "all"} or group
        first = order[0] if order else ""
        least = OVERLAP_BASE if row["group_by"] in self.modifiers else 1
        found = {
            arm: _from_counts(cells, read, row, self.policy, arm == first, least) for arm, cells in compared.items()
        }
        weeks = {arm: self._weeks.get((*question, arm), ()) for arm in found}
        return {arm: replace(own, besides=_beside(own, weeks[arm])) for arm, own in found.items()}

    @cached_property
    def _weeks(self) -> Mapping[tuple[str, ...], tuple[Number, ...]]:
        """What is told week by week of an arm, by question and arm: a number of all weeks is as fine as each of them,
        as it would give back the one that is withheld.
        """
        own = self.released[(self.released["variable"] == WEEK) & (self.released["group_by"] == ALL)]
        keys = zip(own["analysis"], own["contrast"], own["outcome"], own["arm"], strict=True)
        found: dict[tuple[str, ...], list[Number]] = {}
        for key, number in zip(keys, tables.numbers(own), strict=True):
            found.setdefault(key, []).append(number)
        return {key: tuple(numbers) for key, numbers in found.items()}

    def terms(self, contrast: str) -> int:
        """How many numbers a model of a contrast estimates at least: both arms, and categories beside the first."""
        own = self.counts[(self.counts["outcome"] == COVARIATE) & (self.counts["contrast"] == contrast)]
        levels = own.groupby("variable")["level"].nunique()
        return 2 + int((levels - 1).sum())

    def _all(self, key: Key) -> tuple[Number, ...]:
        """All that is told of an arm at horizons."""
        found = [told for (k, _), levels in self.shown.items() if k == key for told in levels.values()]
        return tuple(found) or (NOTHING,)

    def _from_life_table(self, key: Key, followed: Leaving, read: Reading, day: int | None) -> ArmCells:
        table, shown = self.life.tables.get(key), self.shown.get((key, day or 0), {})
        true_events = _events(followed, read, day)
        there = followed.people - followed.gone(day)
        # who is censored was not seen without the event
        without = followed.people - true_events - followed.gone(day, (CENSORED,)) if read.kind == "cause" else 0
        parts: tuple[int, ...] = (followed.apart, without)
        parts += (there, true_events - there) if read.lost else ()
        told, arm = NOTHING, Arm(None, None)
        if table is not None:
            told = _told_events(table.leaving, read, shown) if shown else NOTHING
            arm = of_life_table(table, self.life.told, self.life.seen.get(key), read, day, self.policy)
        people, events = self.at_risk.get(key, NOTHING), _unless_zero(told, self.policy)
        sides = () if table is None else sides_of(table.leaving, read, day)
        return ArmCells(people, events, followed.people, true_events, arm, followed, parts, sides=sides)


def horizon(row: Timed) -> int | None:
    """The day that a row speaks of, or None."""
    import pandas as pd

    return None if pd.isna(row["horizon_days"]) else int(row["horizon_days"])


def whole(row: Asked) -> bool:
    """The row is of everyone, and of all days up to its horizon."""
    return bool(row["group_by"] == ALL) and not of_period(row)


def of_everyone_at_a_dose(row: Asked) -> bool:
    """The row tells what would have come of everyone at doses, whichever level of care its group names."""
    import pandas as pd

    return not pd.isna(row["weeks_of_care"])


def _beside(own: ArmCells, weeks: tuple[Number, ...]) -> tuple[Number, ...]:
    """Everything that is told of an arm, where it is counted week by week; else nothing beside its own numbers.

    A week of which no one is told is known, and hides nothing.
    """
    return (own.people, own.events, *weeks) if weeks else own.besides


def of_period(row: Asked) -> bool:
    """The row is a hazard ratio of some days of follow-up."""
    import pandas as pd

    return not pd.isna(row["from_day"])


def _from_counts(cells: Cells, read: Reading, row: Asked, policy: Policy, first: bool, least: int = 1) -> ArmCells:
    unknown = sorted(set(cells) - {*read.events, *read.others})
    if unknown:
        raise StudyError(
            f"The counts of outcome '{row['outcome']}' in analysis '{row['analysis']}', contrast "
            f"'{row['contrast']}', have levels that no estimate can be read from: {', '.join(unknown)}. Expected "
            f"{', '.join((*read.events, *read.others))}. Add them to its reading in "
            "iop_outcomes/vocabulary/readings.py."
        )
    without = read.left_out.get(row["missing_rule"], read.left_out.get("none", ()))
    used = {level: cell for level, cell in cells.items() if level not in without}
    people = together(told for _, told in used.values())
    left_out = together(told for level, (_, told) in cells.items() if level in without)
    people = nearer(people, size(sum(true for true, _ in cells.values()), policy, least).less(left_out))
    happened = read.event(row["missing_rule"], first)
    events = _unless_zero(together(told for level, (_, told) in used.items() if level in happened), policy)
    apart = read.apart.get(row["missing_rule"], ())
    return ArmCells(
        people,
        events,
        sum(true for true, _ in used.values()),
        sum(true for level, (true, _) in used.items() if level in happened),
        Arm(_as_told(people), _as_told(events)),
        # of answers that are weighted or drawn, how many of each there are
        true_parts=tuple(sum(true for level, (true, _) in used.items() if level in part) for part in apart),
        sides=(
            tuple(true for level, (true, _) in used.items() if level in happened),
            tuple(true for level, (true, _) in used.items() if level not in happened),
            tuple(true for level, (true, _) in cells.items() if level in without),
        ),
    )


def _as_told(number: Number) -> Told | None:
    return None if number.count is None else Told(number.count, number.low or 0, number.high or 0)


def size(people: int, policy: Policy, least: int = 1) -> Number:
    """The size of a group, which a reader may know: as it is, or rounded as all counts of the release. least: to which
    it is rounded at least, as of the groups of a modifier, whose sizes would tell who is in none of them.
    """
    if policy.held or policy.small(people):
        return NOTHING
    if policy.exact or policy.coarser(least) == 1 or people == 0:
        return exactly(people)
    return Number(policy.blurred(people, least), *policy.alike(people, least), policy.coarser(least))


def _unless_zero(told: Number, policy: Policy) -> Number:
    """The number, or nothing where it is a zero that may not be shown."""
    return told if told.count or policy.zeros_allowed else NOTHING


def _told_events(pooled: Leaving, read: Reading, shown: Levels) -> Number:
    """The events of an outcome as the levels at a horizon tell them."""
    if read.kind == "cause":
        return together(shown[level] for level in sorted(pooled.named(read.events) & shown.keys()))
    if not read.lost:
        return shown.get(STILL_AT_RISK, NOTHING)
    # whoever was censored is not known to be there
    gone = pooled.named((*read.lost, CENSORED))
    return together(told for level, told in shown.items() if level not in gone)


def _of_period(followed: Leaving, read: Reading, first: int, last: int, besides: tuple[Number, ...]) -> ArmCells:
    """People at risk on the first day of a period and their events in it; neither is shown, and both decide."""
    there = followed.people - followed.gone(first - 1)
    events = followed.gone(last, read.events) - followed.gone(first - 1, read.events)
    return ArmCells(NOTHING, NOTHING, there, events, Arm(None, None), besides=besides)


def _events(leaving: Leaving, read: Reading, day: int | None) -> int:
    if read.kind == "cause":
        return leaving.gone(day, read.events)
    # whoever was censored is not known to be there
    return leaving.people - leaving.gone(day, (*read.lost, CENSORED) if read.lost else None)
