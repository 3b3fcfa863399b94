"""Life tables as they are told where no other table is: by rounding alone, or by a protector that is given."""

from __future__ import annotations

from collections.abc import Collection

from iop_outcomes.release.days import AT_RISK, Cell, Told, cells
from iop_outcomes.release.life_tables import Key, Leaving, Move, Table, tables
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.told import LifeTables
from iop_outcomes.vocabulary.causes import STILL_AT_RISK

ARM: Key = ("a", "demo", "c", "iop", "retained")
Row = tuple[int, str, int]


def leaving(rows: Collection[Row], staying: int = 0, apart: int = 0) -> Leaving:
    """People by day and cause of leaving; staying: who is there to the end; apart: who is not at risk."""
    moves = tuple(sorted(Move(*row) for row in rows if row[2] > 0))
    return Leaving(sum(m.count for m in moves) + staying, moves, apart)


def table(arm: Leaving, policy: Policy, horizons: Collection[int], alone: bool = False) -> Table:
    """The table of one arm of one question, which tells all causes apart. alone: no other table counts the people."""
    return tables({ARM: arm}, policy, {("a", "c", "retained"): horizons}, {}, alone)[ARM]


def rounded(number: int, policy: Policy, base: int = 1) -> Told | None:
    """What rounding alone shows of a number: a range of a small one where a zero may be shown, else nothing."""
    if policy.small(number):
        return Told(None, 1, policy.minimum_count - 1) if policy.zeros_allowed else None
    return Told(policy.blurred(number, base), *policy.alike(number, base))


def told(made: Table, policy: Policy) -> LifeTables:
    """The table as it is told by rounding alone."""
    levels = [level for _, own in made.ways for level in own]
    rows = [Cell(made.key, day, level) for day in made.horizons for level in (*levels, STILL_AT_RISK)]
    further = cells([made], {cell: (i,) for i, cell in enumerate(rows)}, len(rows), policy)
    shown = {cell: rounded(made.number(cell.day, cell.level), policy) for cell in rows}
    shown |= {c: rounded(n, policy, b) for c, n, b in zip(further.cells, further.people, further.bases, strict=True)}
    people = shown[Cell(made.key, 0, AT_RISK)]
    assert people is None or people.low <= made.leaving.people <= people.high
    return LifeTables(policy, {made.key: made}, shown)
