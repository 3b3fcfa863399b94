"""What is told of one arm of an estimate: its people, those with the event, and its life table where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iop_outcomes.release.days import Cell, Told
from iop_outcomes.release.life_tables import Table
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.told import AsTold
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK
from iop_outcomes.vocabulary.readings import Reading


@dataclass(frozen=True)
class Arm:
    """What is told of one arm.

    people, events: None when they cannot be told; of a life table, people at risk and those with the event by the
    horizon. table: the life table, where there is one. censored: someone may have been censored by the horizon.
    reached: someone was followed to the horizon, or everyone had left before.
    """

    people: Told | None
    events: Told | None
    table: AsTold | None = None
    censored: bool = False
    reached: bool = True


def of_life_table(
    table: Table, told: Mapping[Cell, Told | None], seen: AsTold | None, read: Reading, day: int | None, policy: Policy
) -> Arm:
    """What a life table tells of an arm by a horizon.

    told: of each cell, None or nothing where it is withheld. seen: the table as it is told by these cells.
    """
    if seen is None:
        return Arm(None, None)
    true = table.leaving
    left = true.gone(None, [c for c in true.causes if c != CENSORED])
    reached = day is None or day <= true.last_day or left == true.people
    if policy.exact:
        at = true.people - true.gone(day, (*read.lost, CENSORED) if read.lost else None)
        events = true.gone(day, read.events) if read.kind == "cause" else at
        return Arm(seen.people, Told(events, events, events), seen, true.gone(day, (CENSORED,)) > 0, reached)
    levels = _levels(table, read)
    cells = [told.get(Cell(table.key, day or 0, level)) for level in levels]
    censored = told.get(Cell(table.key, day or 0, CENSORED)) if CENSORED in true.causes else Told(0, 0, 0)
    return Arm(seen.people, together(cells), seen, censored is None or censored.high > 0, reached)


def _levels(table: Table, read: Reading) -> list[str]:
    """The levels at a horizon from which the events of an outcome are counted."""
    levels = [level for _, own in table.ways for level in own if level != CENSORED]
    if read.kind == "cause":
        return [level for level in levels if level in table.leaving.named(read.events)]
    kept = [level for level in levels if level not in table.leaving.named(read.lost)] if read.lost else []
    return [*kept, STILL_AT_RISK]


def together(cells: Sequence[Told | None]) -> Told | None:
    """What is told of several cells together; None where one is not told as a number."""
    if any(cell is None or cell.count is None for cell in cells):
        return None
    known = [cell for cell in cells if cell is not None]
    return Told(sum(c.number for c in known), sum(c.low for c in known), sum(c.high for c in known))
