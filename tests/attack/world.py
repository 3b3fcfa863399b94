"""The released tables as an intruder reads them: classes of people whose numbers he does not know, and what is said of
their sums.

He knows the study: which endpoints count what of the same stays, so that causes and days nest; that whoever is in care
on day 28 or stayed 90 days is counted by several tables; which arms two contrasts share. He knows every size, and which
cells are small. Nothing here is code of the release.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import of_weeks
import pandas as pd
import truth as true_of
from puzzle import INFINITE, Puzzle, Sum, Target, plus
from rules import Rules

CLOCKS = {
    "unplanned_discharge": "index", "completed": "index", "transferred": "index", "retained": "care",
    "time_in_care": "care", "retained_or_completed": "care", "retained_gap_7": "care_gap_7", "readmitted": "readmitted",
}  # fmt: skip
STILL = true_of.STILL
STAY, WINDOW, LAST = 90, 28, 10**6
# days on which who is in care is counted by other tables
OF_CARE = (STAY, WINDOW, of_weeks.STAYED_WEEKS, of_weeks.LEFT_FROM)
LEVELS = ("abstinent", "using", "died", "missing", "not_yet_observed")
FATES = ("stayed", "left_earlier", "untold")
OUTSIDE = "outside"
BANDS, REST, ONE = "bands", "the rest", ("",)


@dataclass
class Cell:
    """A released row of counts. of: the sum of unknowns that it counts."""

    key: tuple[Hashable, ...]
    row: Any
    of: Sum
    truth: int
    low: float
    high: float
    exact: bool


@dataclass
class World:
    """A puzzle of one release. false: statements that the truth contradicts, which the intruder is spared."""

    rules: Rules
    study: Mapping[str, Any]
    life: true_of.Life
    puzzle: Puzzle = field(default_factory=Puzzle)
    cells: dict[tuple[Hashable, ...], Cell] = field(default_factory=dict)
    days: dict[tuple[str, str, str], set[int]] = field(default_factory=dict)
    causes: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    false: list[str] = field(default_factory=list)
    # by arm the categories of hours that are told, and the rest, of those in care at the window's end
    bands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    public_sizes: bool = True

    def say(self, of: Sum, low: float, high: float, truth: float, what: str) -> bool:
        """What is said of a sum; if it is not true it is kept apart."""
        if not low - 1e-6 <= truth <= high + 1e-6:
            self.false.append(what)
            return False
        self.puzzle.say(of, low, high)
        return True

    def aim(self, kind: str, name: str, of: Sum, truth: int) -> None:
        """A number that is small, and should not be had. A difference of nobody is no cell, whatever the policy."""
        if of and self.rules.small(truth) and (truth or kind == "cell"):
            self.puzzle.targets.append(Target(kind, name, of, truth))

    # -- classes of people -------------------------------------------------------------------------------------------

    def left(self, clock: tuple[str, str, str], causes: Iterable[str], by: int, after: int = 0) -> Sum:
        """Who left by some causes up to a day."""
        days = sorted(d for d in self.days[clock] if after < d <= by)
        return self.puzzle.all(("life", clock, c, d) for c in causes for d in days if c in self.causes[clock])

    def there(self, clock: tuple[str, str, str], on: int) -> Sum:
        """Who is still there after a day."""
        days = [*sorted(d for d in self.days[clock] if d > on), LAST]
        return self.puzzle.all(("life", clock, c, d) for c in self.causes[clock] for d in days)

    def answers(
        self,
        arms: Iterable[str],
        level: str,
        fates: Iterable[str] = FATES,
        there: str = "",
        parts: Iterable[str] | None = None,
        band: str | None = None,
    ) -> Sum:
        """Who answered so, of arms of the first contrast, by who stayed and who was in care at the window's end.

        parts: those alone who left in some weeks, or went on (`of_weeks.parts`). band: of one category of hours.
        """
        told = [(f, w) for f in fates for w in ("in", "out") if (f, w) != ("stayed", "out") and there in ("", w)]
        return self.puzzle.all(
            ("answer", a, level, f, w, part, own)
            for a in arms
            for f, w in told
            for part in of_weeks.parts(a, f, w)
            if parts is None or part in parts
            for own in self.bands.get(a.removeprefix(f"{OUTSIDE} ") if w == "in" else "", ONE)
            if band in (None, own)
        )


def told(row: Any, truth: int, rules: Rules) -> tuple[float, float, bool]:
    """Between what numbers a released row says that its people lie, and whether it says how many they are."""
    if row.status == "ok" and not pd.isna(row.count):
        return float(row.count), float(row.count), True
    if row.status in ("rounded", "between"):
        return float(row.count_low), float(row.count_high), row.count_low == row.count_high
    if rules.small(truth):
        return rules.least, rules.k - 1, False
    return (rules.k if truth else 0), INFINITE, False


def read(
    all_released: Sequence[Mapping[str, pd.DataFrame]], tables: Mapping[str, pd.DataFrame],
    study: Mapping[str, Any], rules: Rules, public_sizes: bool = True,
) -> World:  # fmt: skip
    """The world of the first release; of the others, their days are told apart as well.

    tables: private; only the truth is taken from them, to choose targets and to judge.
    """
    counts = all_released[0]["counts"]
    world = World(rules, study, true_of.lives(tables["life_tables"]), public_sizes=public_sizes)
    true = true_of.cells(tables["counts"], tables["life_tables"], counts)
    rows = list(zip(counts.itertuples(), true, strict=True))
    for released in all_released:
        _clocks(world, list(released["counts"].itertuples()), released["curves"])
    arms = sorted({str(r.arm) for r, _ in rows if r.contrast == "c" and r.outcome == "people"})
    for arm in arms:
        shown = sorted({str(r.arm) for r, _ in rows if r.contrast == BANDS and r.group == arm})
        if shown:
            world.bands[arm] = (*shown, REST)
    for row, truth in rows:
        key = tuple(true_of.day(row.horizon_days) if c == "horizon_days" else str(getattr(row, c)) for c in KEY)
        low, high, exact = told(row, truth, rules)
        cell = Cell(key, row, _sum(world, row, key, arms), truth, low, high, exact)
        world.cells[key] = cell
        world.say(cell.of, low, high, truth, f"counts: {key}")
        world.aim("cell", " ".join(map(str, key)), cell.of, truth)
    return world


KEY = [*true_of.GROUP, "level", "detail"]


def _clocks(world: World, rows: list[Any], curves: pd.DataFrame) -> None:
    """The days at which stays are cut, and the ways of leaving, for each arm and thing that is followed."""
    for row in rows:
        clock = clock_of(row)
        if clock is None:
            continue
        days = world.days.setdefault(clock, {*OF_CARE} if clock[2] == "care" else set())
        days.add(true_of.day(row.horizon_days))
        own = world.causes.setdefault(clock, [])
        own += [c for c in str(row.level).split(" or ") if c not in (*own, STILL)]
    for (contrast, outcome, arm), clock in _names(world).items():
        drawn = curves[(curves["contrast"] == contrast) & (curves["arm"] == arm) & (curves["method"] == "crude")]
        own = drawn[drawn["outcome"].isin(curves_of(outcome))]
        world.days[clock] |= {int(x) for x in own["x"] if x > 0} | {int(x) - 1 for x in own["x"] if x > 1}
    for clock, own in world.causes.items():
        # who is still there at the end has not left at all, which is a way as any other
        world.causes[clock] = sorted({*own, "stays"})


def _names(world: World) -> dict[tuple[str, str, str], tuple[str, str, str]]:
    return {(c, o, a): (c, a, CLOCKS[o]) for c, a, k in world.days for o in CLOCKS if CLOCKS[o] == k}


def curves_of(outcome: str) -> tuple[str, ...]:
    """Names of the crude curves of an outcome."""
    if CLOCKS[outcome] == "index":
        return ("unplanned", "completed", "transferred", "died", "other", "in_care")
    return (outcome, "in_care", "in_care_or_completed", "readmitted", "event_free")


def clock_of(row: Any) -> tuple[str, str, str] | None:
    """What a row follows: contrast, arm and thing that is followed; None for other rows."""
    if row.outcome in CLOCKS and row.group_by == "all":
        return str(row.contrast), str(row.arm), CLOCKS[row.outcome]
    return None


def in_group(row: Any) -> Hashable:
    """People of an arm who are in a group of a modifier, by their answer."""
    return "group", str(row.group_by), str(row.group), str(row.arm), str(row.level)


def alone(arm: object) -> str:
    """People of an arm at sites that lack the other: in no comparison of the two, but in what is asked of the arm."""
    return f"{OUTSIDE} {arm}"


def _sum(world: World, row: Any, key: tuple[Hashable, ...], arms: list[str]) -> Sum:
    """The classes of people that a row counts."""
    clock = clock_of(row)
    if clock is not None:
        on = true_of.day(row.horizon_days)
        return world.there(clock, on) if row.level == STILL else world.left(clock, str(row.level).split(" or "), on)
    if row.group_by in world.study.get("modifiers", ()):
        return world.puzzle.all([in_group(row)])
    if row.outcome == "abstinent" and row.analysis == "abstinence" and row.contrast == "c":
        return world.answers([str(row.arm)], str(row.level))
    if row.contrast == "stay_90":
        return world.answers([*arms, *map(alone, arms), OUTSIDE], str(row.level), [str(row.arm)])
    if row.contrast == "hours":
        of = [str(row.arm), alone(row.arm)]
        if row.level == "out_of_care":
            return plus(*((1.0, world.answers(of, level, there="out")) for level in LEVELS))
        return world.answers(of, str(row.level), there="in")
    if row.contrast == BANDS:
        of = [str(row.group), alone(row.group)]
        return world.answers(of, str(row.level), there="in", band=str(row.arm))
    if row.outcome == "abstinent" and row.contrast in of_weeks.BY_WEEKS:
        arm, parts = of_weeks.counted(str(row.contrast), str(row.arm))
        return world.answers([arm, alone(arm)], str(row.level), parts=parts)
    return world.puzzle.all([("cell", key)])
