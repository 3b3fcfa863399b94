"""What stands behind an estimate: the cells of its arms, as they are and as they are released.

In order: life tables are held back and counts suppressed; for an estimate, the life table of its analysis,
contrast and outcome is looked up, or else its group of counts; people and events are summed from what is
released, and are unknown as soon as one cell that they need is hidden. Refused: a group with a level that
`EVENT_LEVELS` does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.release import counts as suppression
from iop_outcomes.release.levels import Reading, reading
from iop_outcomes.release.life_tables import CENSORED, STILL_AT_RISK, Leaving, Question, hold, leavings
from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import days_of

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
Cells = dict[str, tuple[int, int | None]]  # level: people, people as released


@dataclass(frozen=True)
class ArmCells:
    """One arm of an estimate.

    people, events: as released, None when they cannot be told; people of a life table are those at risk.
    true_people, true_events: as they are; they decide what is withheld and never leave this room. held, followed: the
    life table as released and as it is, where there is one. true_parts: people who are counted apart by other
    questions, such as those who completed beside those still there, or the arm beside those at risk; the difference
    would give a few of them back.
    """

    people: int | None
    events: int | None
    true_people: int
    true_events: int
    held: Leaving | None = None
    followed: Leaving | None = None
    true_parts: tuple[int, ...] = ()

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
    """Everything that is counted: counts as they are and as released, life tables as they are and as held."""

    policy: Policy
    levels: Mapping[str, Reading]
    counts: pd.DataFrame
    released: pd.DataFrame
    groups: Mapping[tuple[str, ...], Mapping[str, Cells]]
    followed: Mapping[Question, Mapping[str, Leaving]]
    held: Mapping[Question, Mapping[str, Leaving]]

    def arms(self, row: Row) -> dict[str, ArmCells]:
        """The arms of an estimate, by name; empty when nothing is counted for it. Raises StudyError."""
        question = (row["analysis"], row["contrast"], row["outcome"])
        read = reading(row["outcome"], self.levels)
        if row["subgroup"] == "all" and question in self.followed:
            held = self.held.get(question, {})
            return {
                arm: _from_life_table(leaving, held.get(arm), read, horizon(row), self.policy)
                for arm, leaving in self.followed[question].items()
            }
        if question in self.followed and (days := days_of(row["subgroup"])):
            if read.kind != "cause":
                return {}
            return {arm: _of_period(leaving, read, *days) for arm, leaving in self.followed[question].items()}
        group = self.groups.get((*question, str(horizon(row)), row["subgroup"]), {})
        compared = {arm: cells for arm, cells in group.items() if arm != "all"} or group
        return {arm: _from_counts(cells, read, row) for arm, cells in compared.items()}


def gather(
    counts: pd.DataFrame,
    life_tables: pd.DataFrame,
    estimates: pd.DataFrame,
    policy: Policy,
    levels: Mapping[str, Reading],
) -> Evidence:
    """All evidence. Counts of an outcome that has a life table are left to it, except in subgroups."""
    asked: dict[Question, set[int]] = {}
    for row in estimates.itertuples():
        day = str(row.horizon_days)
        if day.isdigit():
            asked.setdefault((str(row.analysis), str(row.contrast), str(row.outcome)), set()).add(int(day))
    followed = _by_question(leavings(life_tables))
    held = _by_question(leavings(hold(life_tables, policy, asked)))
    questions = list(zip(counts["analysis"], counts["contrast"], counts["outcome"], strict=True))
    replaced = [q in followed and s == "all" for q, s in zip(questions, counts["subgroup"], strict=True)]
    kept = counts.iloc[[i for i, gone in enumerate(replaced) if not gone]].reset_index(drop=True)
    released = suppression.suppress(kept, policy)
    return Evidence(policy, levels, kept, released, _groups(kept, released), followed, held)


def horizons(evidence: Evidence, estimates: pd.DataFrame) -> pd.DataFrame:
    """Held life tables as cumulative counts at the horizons that estimates ask for, in the columns of counts.

    A cause by which no one is counted as gone yet is suppressed: some may have gone. Its people are among
    those still at risk, so that the cells with a count add up to the arm's people.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    columns = list(TABLES["counts"].columns)
    asked = estimates.loc[estimates["subgroup"] == "all", ["analysis", "cohort", "contrast", "outcome", "horizon_days"]]
    rows = []
    for ask in asked.drop_duplicates().dropna().itertuples(index=False):
        question, day = (str(ask.analysis), str(ask.contrast), str(ask.outcome)), int(str(ask.horizon_days))
        for arm, leaving in evidence.held.get(question, {}).items():
            known = {c for of_arm in evidence.followed[question].values() for c in of_arm.causes}
            gone = {cause: leaving.gone(day, (cause,)) for cause in sorted(known)}
            cells = [(c, n, n > 0 or evidence.policy.exact) for c, n in gone.items()]
            cells.append((STILL_AT_RISK, leaving.people - sum(gone.values()), True))
            key = (ask.analysis, ask.cohort, ask.contrast, arm, ask.outcome, day, "all")
            rows += [(*key, c, n if shown else pd.NA, "ok" if shown else "suppressed") for c, n, shown in cells]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: column.dtype for name, column in TABLES["counts"].columns.items()})


def horizon(row: Row) -> int | None:
    """The day that a row speaks of, or None."""
    import pandas as pd

    return None if pd.isna(row["horizon_days"]) else int(row["horizon_days"])


def _by_question(tables: Mapping[tuple[str, ...], Leaving]) -> dict[Question, dict[str, Leaving]]:
    found: dict[Question, dict[str, Leaving]] = {}
    for (analysis, _, contrast, arm, outcome), leaving in tables.items():
        found.setdefault((analysis, contrast, outcome), {})[arm] = leaving
    return found


def _groups(counts: pd.DataFrame, released: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Cells]]:
    import pandas as pd

    found: dict[tuple[str, ...], dict[str, Cells]] = {}
    records: list[dict[str, Any]] = counts.to_dict("records")  # type: ignore[assignment]
    for row, shown in zip(records, released["count"], strict=True):
        key = (row["analysis"], row["contrast"], row["outcome"], str(horizon(row)), row["subgroup"])
        cells = found.setdefault(key, {}).setdefault(row["arm"], {})
        cells[row["level"]] = (int(row["count"]), None if pd.isna(shown) else int(shown))
    return found


def _from_counts(cells: Cells, read: Reading, row: Row) -> ArmCells:
    unknown = sorted(set(cells) - {*read.events, *read.others})
    if unknown:
        raise StudyError(
            f"The counts of outcome '{row['outcome']}' in analysis '{row['analysis']}', contrast "
            f"'{row['contrast']}', have levels that no estimate can be read from: {', '.join(unknown)}. Expected "
            f"{', '.join((*read.events, *read.others))}. Add them to EVENT_LEVELS in "
            "iop_outcomes/release/levels.py."
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
    followed: Leaving, held: Leaving | None, read: Reading, day: int | None, policy: Policy
) -> ArmCells:
    true_events = _events(followed, read, day)
    there = followed.people - followed.gone(day)
    # who is censored was not seen without the event
    seen_without = followed.people - true_events - followed.gone(day, (CENSORED,)) if read.kind == "cause" else 0
    parts: tuple[int, ...] = (followed.apart, seen_without)
    parts += (there, true_events - there) if read.lost else ()
    if held is None:
        return ArmCells(None, None, followed.people, true_events, None, followed, parts)
    return ArmCells(
        people=held.people,
        events=None if _too_early(held, read, day, policy) else _events(held, read, day),
        true_people=followed.people,
        true_events=true_events,
        held=held,
        followed=followed,
        true_parts=parts,
    )


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
