"""Life tables that may be seen: people count as gone in batches, once enough have left for the same reason.

In order, in each arm: the people are counted (an arm below the minimum is withheld); those who leave by one
cause are taken in the order of days into batches, each closed as soon as it holds the minimum; a batch moves
the number gone by its size (a multiple of the rounding base) on its mean day; who is in no full batch stays
at risk. A horizon that estimates ask for closes the batch before it, so that the number gone by then is exact
if the minimum left since the horizon before; tables that are the same share their horizons, or one would give
away what the other holds back. If at the end a few people would remain, between 1 and the minimum, the last
move is taken back; so it is if a reader could tell how many wait to be counted by each cause.

The result is always a valid life table: the numbers gone rise by at least the minimum at a time, their sum is
at most the people, and the number at risk only falls, so it is enough or zero on every day.

Who is not at risk (the cause NOT_AT_RISK, of a return to care or a first overdose) is in none of this: the people of
such an arm are those at risk, who with the arm's size give the others. An arm in which those are a few is withheld.
Elsewhere the people at risk are rounded to the nearest five, under any policy that withholds anything: they are as many
as have left care alive, and beside the life table of leaving care would tell how many wait there. Batches of
neighbours replaced by their mean are micro-aggregation (Domingo-Ferrer & Mateo-Sanz 2002, IEEE Transactions
on Knowledge and Data Engineering 14:189). Dating a batch to its last day instead, as the Kaplan-Meier output
of ACRO does (AI-SDC, SACRO project, 2023), makes every curve late, and mean days in care too long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.tables.private import NOT_AT_RISK

if TYPE_CHECKING:
    import pandas as pd

Question = tuple[str, str, str]  # analysis, contrast, outcome
ARM = ["analysis", "cohort", "contrast", "arm", "outcome"]
STILL_AT_RISK = "still_at_risk"
CENSORED = "censored"


@dataclass(frozen=True, order=True)
class Move:
    """People counted as gone on a day by a cause."""

    day: int
    cause: str
    count: int


@dataclass(frozen=True)
class Leaving:
    """The people of one arm and how they leave the risk set, in the order of days. Whoever does not leave
    stays. apart: people of the arm who are not at risk, and not among `people`; not known of a held table.
    """

    people: int
    moves: tuple[Move, ...]
    apart: int = 0

    @property
    def base(self) -> int:
        """To which its people are rounded at least."""
        return OVERLAP_BASE if self.apart else 1

    @property
    def last_day(self) -> int:
        """The day of the last move, 0 without one."""
        return max((m.day for m in self.moves), default=0)

    @property
    def causes(self) -> tuple[str, ...]:
        """Causes by which anyone is counted as gone, sorted; censoring among them."""
        return tuple(sorted({m.cause for m in self.moves}))

    def gone(self, day: int | None, causes: Collection[str] | None = None) -> int:
        """People gone up to and including a day (None: ever) by some causes (None: by any, censoring
        included).
        """
        return sum(
            m.count for m in self.moves if (day is None or m.day <= day) and (causes is None or m.cause in causes)
        )

    def at_risk(self, day: int) -> int:
        """People at risk just before a day."""
        return self.people - self.gone(day - 1)


def hold(
    life_table: pd.DataFrame, policy: Policy, horizons: Mapping[Question, Collection[int]] | None = None
) -> pd.DataFrame:
    """The life tables as they may be seen, in the same columns.

    horizons: days that estimates ask for, by analysis, contrast and outcome. Beside each cause's people on
    the days on which they are counted, every arm has one row of cause 'still_at_risk' on the day of its last
    move, so that its counts add up to its people. Arms with too few people, at risk or not, are left out.
    """
    import pandas as pd

    arms = leavings(life_table)
    asked: dict[Leaving, set[int]] = {}
    for (analysis, _, contrast, _, outcome), leaving in arms.items():
        asked.setdefault(leaving, set()).update((horizons or {}).get((analysis, contrast, outcome), ()))
    rows = []
    for key, leaving in arms.items():
        held = _held(leaving, policy, sorted(asked[leaving]))
        if held is not None:
            staying = Move(held.last_day, STILL_AT_RISK, held.people - held.gone(None))
            rows += [(*key, move.day, move.cause, move.count) for move in (*held.moves, staying)]
    columns = [*ARM, "day", "cause", "count"]
    return pd.DataFrame(rows, columns=columns).astype({"day": "int64", "count": "int64"})


def leavings(life_table: pd.DataFrame) -> Mapping[tuple[str, ...], Leaving]:
    """The arms of life tables, private or held, by analysis, cohort, contrast, arm and outcome."""
    return {tuple(map(str, key)): _leaving(arm) for key, arm in life_table.groupby(ARM, sort=True)}


def _leaving(arm: pd.DataFrame) -> Leaving:
    cells = [Move(int(d), str(c), int(n)) for d, c, n in zip(arm["day"], arm["cause"], arm["count"], strict=True)]
    apart = sum(m.count for m in cells if m.cause == NOT_AT_RISK)
    moves = tuple(sorted(m for m in cells if m.count > 0 and m.cause not in (STILL_AT_RISK, NOT_AT_RISK)))
    return Leaving(sum(m.count for m in cells) - apart, moves, apart)


def _held(leaving: Leaving, policy: Policy, horizons: Sequence[int]) -> Leaving | None:
    """One arm as it may be seen, or None when it has too few people, at risk or not."""
    if policy.small(leaving.people) or policy.small(leaving.apart):
        return None
    people = policy.blurred(leaving.people, leaving.base)
    moves = sorted(m for cause in leaving.causes for m in _moves(leaving, cause, policy, horizons))
    taken_back = False
    while moves and not _enough_remain(leaving, people, moves, policy, taken_back):
        moves.pop()
        taken_back = True
    return Leaving(people, tuple(moves))


@dataclass
class _Batch:
    """People and the sum of their days."""

    people: int = 0
    days: float = 0.0

    def join(self, people: int, days: float) -> None:
        """Take people in."""
        self.people, self.days = self.people + people, self.days + days

    def part(self, people: int) -> _Batch:
        """Take people out, each with the mean day of all."""
        days = self.days * people / self.people
        self.join(-people, -days)
        return _Batch(people, days)


def _moves(leaving: Leaving, cause: str, policy: Policy, horizons: Sequence[int]) -> list[Move]:
    """The moves of one cause: every batch on its mean day, after the horizon before it."""
    own = [m for m in leaving.moves if m.cause == cause]
    moves: Counter[int] = Counter()
    waiting, start = _Batch(), -1
    for end in (*horizons, None):
        stretch = [m for m in own if start < m.day and (end is None or m.day <= end)]
        for batch in _closed(stretch, waiting, policy, at_horizon=end is not None):
            moves[max(round(batch.days / batch.people), start + 1)] += batch.people
        start = start if end is None else end
    return [Move(day, cause, people) for day, people in moves.items()]


def _closed(moves: Sequence[Move], waiting: _Batch, policy: Policy, at_horizon: bool) -> list[_Batch]:
    """The batches closed within a stretch of days. At a horizon, who still waits joins the last of them."""
    closed: list[_Batch] = []
    for move in moves:
        waiting.join(move.count, float(move.count * move.day))
        full = policy.released_step(waiting.people)
        if full:
            closed.append(waiting.part(full))
    if at_horizon and closed and waiting.people:
        last = closed.pop()
        waiting.join(last.people, last.days)
        closed.append(waiting.part(policy.released_step(waiting.people)))
    return closed


def _enough_remain(leaving: Leaving, people: int, moves: Collection[Move], policy: Policy, taken_back: bool) -> bool:
    """No one remains at the end, or enough people do, and it cannot be told who among them waits.

    Of people who are rounded and yet all gone, the moves would give the number that rounding hides.
    Once a move of at least the minimum was taken back, one person more than the minimum would be that one
    waiting.
    """
    remaining = people - sum(m.count for m in moves)
    if policy.exact or (remaining == 0 and leaving.base == 1):
        return True
    waiting = {leaving.gone(None, (c,)) - sum(m.count for m in moves if m.cause == c) for c in leaving.causes}
    pinned = policy.rounding_base == 1 and waiting <= {0, policy.minimum_count - 1}
    return remaining >= policy.minimum_count + 2 * taken_back and not pinned
