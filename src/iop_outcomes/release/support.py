"""What stands behind an estimate: the cells of its arms, as they are and as they are released.

In order: life tables are held back; what they say at horizons that estimates ask for stands beside the counts, without
the numbers that are not true as people are held back; all cells are suppressed together; for an estimate, the life
table of its analysis, contrast and outcome is looked up, or else its group of counts; people and events are summed from
what is released, and are unknown as soon as one cell that they need is hidden. Refused: a group with a level that
its reading does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import InCare
from iop_outcomes.release import at_horizons, nesting
from iop_outcomes.release import counts as suppression
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import Leaving, Question, held_back, leavings
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.pools import called
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Asked, Timed, counted
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK
from iop_outcomes.vocabulary.readings import Reading

if TYPE_CHECKING:
    import pandas as pd

Cells = dict[str, tuple[int, int | None]]  # level: people, people as released


@dataclass(frozen=True)
class ArmCells:
    """One arm of an estimate.

    people, events: as released, None when they cannot be told; people of a life table are those at risk.
    true_people, true_events: as they are; they decide what is withheld and never leave this room. held, followed: the
    life table as released and as it is, where there is one. true_parts: people who are counted apart by other
    questions, such as those who completed beside those still there, or the arm beside those at risk; the difference
    would give a few of them back. whole: of a life table, that no one who has left by the horizon is held back.
    """

    people: int | None
    events: int | None
    true_people: int
    true_events: int
    held: Leaving | None = None
    followed: Leaving | None = None
    true_parts: tuple[int, ...] = ()
    whole: bool = True

    @property
    def base(self) -> int:
        """To which people are rounded at least."""
        return 1 if self.followed is None else self.followed.base

    def small(self, policy: Policy) -> bool:
        """People, events, a part of them or people without the event are too few to be shown."""
        whole = (self.true_people, self.true_events, self.true_people - self.true_events)
        return any(map(policy.small, (*whole, *self.true_parts)))


@dataclass(frozen=True)
class Evidence:
    """Everything that is counted: counts as they are and as released, life tables as they are and as held.

    at_horizons: what life tables say at horizons, in the columns of counts. shown: the same by question, arm and day,
    by level, None where it is withheld.
    """

    policy: Policy
    levels: Mapping[str, Reading]
    counts: pd.DataFrame
    released: pd.DataFrame
    groups: Mapping[tuple[str, ...], Mapping[str, Cells]]
    followed: Mapping[Question, Mapping[str, Leaving]]
    held: Mapping[Question, Mapping[str, Leaving]]
    at_horizons: pd.DataFrame
    shown: Mapping[tuple[Question, str, int], Mapping[str, int | None]]

    def arms(self, row: Asked) -> dict[str, ArmCells]:
        """The arms of an estimate, by name; empty when nothing is counted for it. Raises StudyError."""
        question = (row["analysis"], row["contrast"], row["outcome"])
        read = reading(row["outcome"], self.levels)
        if whole(row) and question in self.followed:
            held = self.held.get(question, {})
            day = horizon(row)
            return {
                arm: _from_life_table(leaving, held.get(arm), read, day, self._shown(question, arm, day), self.policy)
                for arm, leaving in self.followed[question].items()
            }
        if question in self.followed and of_period(row):
            if read.kind != "cause":
                return {}
            days = int(row["from_day"] or 0), int(row["to_day"] or 0)
            return {arm: _of_period(leaving, read, *days) for arm, leaving in self.followed[question].items()}
        group = self.groups.get((*question, str(horizon(row)), row["group_by"], row["group"]), {})
        compared = {arm: cells for arm, cells in group.items() if arm != "all"} or group
        return {arm: _from_counts(cells, read, row) for arm, cells in compared.items()}

    def _shown(self, question: Question, arm: str, day: int | None) -> Mapping[str, int | None]:
        return self.shown.get((question, arm, day), {}) if day is not None else {}


@dataclass(frozen=True)
class Apart:
    """What is known of how cells lie within each other, and which are not released.

    contrasts, outcomes: those whose counts are kept back. cumulative: outcomes of which what is counted only grows.
    in_care: contrasts that divide people by who is in care on a day (`nesting.lines`).
    """

    contrasts: Collection[str]
    outcomes: Collection[str]
    cumulative: Collection[str]
    in_care: Mapping[str, InCare]


def gather(
    counts: pd.DataFrame,
    life_tables: pd.DataFrame,
    estimates: pd.DataFrame,
    policy: Policy,
    levels: Mapping[str, Reading],
    known: Apart,
) -> Evidence:
    """All evidence. Counts of an outcome that has a life table are left to it, except of groups of people."""
    import pandas as pd

    asked = at_horizons.asked(estimates)
    arms = leavings(life_tables)
    followed = _by_question(arms)
    told = {q: _told(q[2], levels) for q in followed}
    held = _by_question(held_back(arms, policy, asked, told))
    questions = list(zip(counts["analysis"], counts["contrast"], counts["outcome"], strict=True))
    replaced = [q in followed and by == ALL for q, by in zip(questions, counts["group_by"], strict=True)]
    kept = counts.iloc[[i for i, gone in enumerate(replaced) if not gone]].reset_index(drop=True)
    cells, shown = at_horizons.cells(followed, held, estimates, policy)
    frame = pd.concat([kept, cells], ignore_index=True) if len(cells) else kept
    first = len(kept)
    nested = nesting.lines(
        frame, range(first, len(frame)), _left_out(frame, known), known.cumulative, known.in_care,
        [q[2] for q in followed if reading(q[2], levels).kind == "staying"],
        {called(pool): pool for arms in held.values() for leaving in arms.values() for pool in leaving.pools}, policy,
    )  # fmt: skip
    released = suppression.suppress(
        frame,
        policy,
        [first + i for i, number in enumerate(shown) if number is None],
        range(first, len(frame)),
        nested,
    )
    own, at = released.iloc[:first].reset_index(drop=True), released.iloc[first:].reset_index(drop=True)
    numbers = [n if status == "ok" else pd.NA for n, status in zip(shown, at["status"], strict=True)]
    at = at.assign(count=pd.array(numbers, dtype="Int64"))
    cells_of_arms = at_horizons.by_arm(at)
    at = at_horizons.without_zeros(at, policy)
    return Evidence(policy, levels, kept, own, _groups(kept, own), followed, held, at, cells_of_arms)


def _told(outcome: str, levels: Mapping[str, Reading]) -> list[tuple[str, ...]]:
    """The sets of causes that an outcome tells from all others."""
    read = reading(outcome, levels)
    return [causes for causes in (read.events, read.lost) if causes]


def _left_out(frame: pd.DataFrame, known: Apart) -> set[int]:
    """Positions of rows that are not released, or are rounded as their tables overlap."""
    out = frame["contrast"].isin(list(known.contrasts)) | frame["outcome"].isin(list(known.outcomes))
    out |= frame["analysis"].isin(list(suppression.OVERLAPPING))
    return {i for i, gone in enumerate(out) if gone}


def horizon(row: Timed) -> int | None:
    """The day that a row speaks of, or None."""
    import pandas as pd

    return None if pd.isna(row["horizon_days"]) else int(row["horizon_days"])


def whole(row: Asked) -> bool:
    """The row is of everyone, and of all days up to its horizon."""
    return bool(row["group_by"] == ALL) and not of_period(row)


def of_period(row: Asked) -> bool:
    """The row is a hazard ratio of some days of follow-up."""
    import pandas as pd

    return not pd.isna(row["from_day"])


def _by_question(tables: Mapping[tuple[str, ...], Leaving]) -> dict[Question, dict[str, Leaving]]:
    found: dict[Question, dict[str, Leaving]] = {}
    for (analysis, _, contrast, arm, outcome), leaving in tables.items():
        found.setdefault((analysis, contrast, outcome), {})[arm] = leaving
    return found


def _groups(counts: pd.DataFrame, released: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Cells]]:
    import pandas as pd

    found: dict[tuple[str, ...], dict[str, Cells]] = {}
    for row, shown in zip(counted(counts), released["count"], strict=True):
        if row["variable"] != ALL:  # no outcome of an estimate
            continue
        key = (
            row["analysis"], row["contrast"], row["outcome"], str(horizon(row)), row["group_by"], row["group"],
        )  # fmt: skip
        cells = found.setdefault(key, {}).setdefault(row["arm"], {})
        cells[row["level"]] = (int(row["count"] or 0), None if pd.isna(shown) else int(shown))
    return found


def _from_counts(cells: Cells, read: Reading, row: Asked) -> ArmCells:
    unknown = sorted(set(cells) - {*read.events, *read.others})
    if unknown:
        raise StudyError(
            f"The counts of outcome '{row['outcome']}' in analysis '{row['analysis']}', contrast "
            f"'{row['contrast']}', have levels that no estimate can be read from: {', '.join(unknown)}. Expected "
            f"{', '.join((*read.events, *read.others))}. Add them to its reading in "
            "iop_outcomes/vocabulary/readings.py."
        )
    left_out = read.left_out.get(row["missing_rule"], read.left_out.get("none", ()))
    used = {level: cell for level, cell in cells.items() if level not in left_out}
    events = {level: cell for level, cell in used.items() if level in read.events}
    return ArmCells(
        people=_sum([shown for _, shown in used.values()]),
        events=_sum([shown for _, shown in events.values()]),
        true_people=sum(people for people, _ in used.values()),
        true_events=sum(people for people, _ in events.values()),
    )


def _sum(shown: list[int | None]) -> int | None:
    return None if None in shown else sum(n for n in shown if n is not None)


def _from_life_table(
    followed: Leaving,
    held: Leaving | None,
    read: Reading,
    day: int | None,
    shown: Mapping[str, int | None],
    policy: Policy,
) -> ArmCells:
    true_events = _events(followed, read, day)
    there = followed.people - followed.gone(day)
    # who is censored was not seen without the event
    seen_without = followed.people - true_events - followed.gone(day, (CENSORED,)) if read.kind == "cause" else 0
    parts: tuple[int, ...] = (followed.apart, seen_without)
    parts += (there, true_events - there) if read.lost else ()
    if held is None:
        return ArmCells(None, None, followed.people, true_events, None, followed, parts, whole=False)
    needed = _needed(held, read, shown)
    hidden = any(shown[level] is None for level in needed) or _too_early(held, read, day, policy)
    return ArmCells(
        people=held.people,
        events=None if hidden else _events(held, read, day),
        true_people=followed.people,
        true_events=true_events,
        held=held,
        followed=followed,
        true_parts=parts,
        whole=None not in shown.values(),
    )


def _needed(held: Leaving, read: Reading, shown: Mapping[str, int | None]) -> set[str]:
    """The levels at a horizon from which the events of an outcome are counted."""
    if read.kind == "cause":
        return held.named(read.events) & shown.keys()
    lost = held.named(read.lost)
    return {level for level in shown if level not in lost} if read.lost else {STILL_AT_RISK} & shown.keys()


def _of_period(followed: Leaving, read: Reading, first: int, last: int) -> ArmCells:
    """People at risk on the first day of a period and their events in it; neither is shown, and both decide."""
    there = followed.people - followed.gone(first - 1)
    events = followed.gone(last, read.events) - followed.gone(first - 1, read.events)
    return ArmCells(None, None, there, events)


def _events(leaving: Leaving, read: Reading, day: int | None) -> int:
    if read.kind == "cause":
        return leaving.gone(day, read.events)
    # whoever was censored is not known to be there
    return leaving.people - leaving.gone(day, (*read.lost, CENSORED) if read.lost else None)


def _too_early(held: Leaving, read: Reading, day: int | None, policy: Policy) -> bool:
    """No one is counted as gone yet, so that 'none' and 'a few' cannot be told apart."""
    causes = read.events or read.lost or [c for c in held.causes if c != CENSORED]
    return not policy.exact and held.gone(day, causes) == 0
