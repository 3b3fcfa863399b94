"""What an intruder knows without being told: sizes, and how the tables hang together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import of_weeks
import pandas as pd
import truth as true_of
from puzzle import INFINITE, Sum, plus
from world import BANDS, CLOCKS, FATES, LEVELS, STAY, STILL, WINDOW, Cell, World, alone, clock_of

Clock = tuple[str, str, str]
ALONE = ("c", "without_counterpart")


def all_of_them(world: World, tables: Mapping[str, pd.DataFrame]) -> None:
    """Everything that is known of a cohort beside its release, and the small differences that it may tell."""
    sizes(world, tables)
    for clock in world.days:
        steps(world, clock)
    answers(world)
    of_groups(world)
    of_strategies(world)
    of_bands(world)
    deaths(world)
    shared_arms(world)
    sites(world)


def sizes(world: World, tables: Mapping[str, pd.DataFrame]) -> None:
    """The people of every group are known."""
    if not world.public_sizes:
        return
    groups: dict[tuple[Hashable, ...], list[Cell]] = {}
    for key, cell in world.cells.items():
        groups.setdefault(key[:-2], []).append(cell)
    for key, own in groups.items():
        if own[0].row.outcome != "readmitted":
            size = sum(c.truth for c in own)
            world.say(plus(*((1.0, c.of) for c in own)), size, size, size, f"size: {key}")
    for contrast, arm, what in world.days:
        if what == "readmitted":  # with those who are not at risk they are the arm's people
            table = next(t for (_, c, o, a), t in world.life.items() if (c, o, a) == (contrast, what, arm))
            size = sum(n for *_, n in table)
            apart = sum(n for _, c, n in table if c == true_of.NOT_AT_RISK)
            out = world.puzzle.all([("not at risk", contrast, arm)])
            at_risk = world.there((contrast, arm, what), 0)
            world.say(plus((1.0, out), (1.0, at_risk)), size, size, size, f"size: {contrast} {arm}")
            world.aim("difference", f"not at risk, {contrast} {arm}", out, apart)


def _table(world: World, clock: Clock, outcome: str = "") -> list[tuple[int, str, int]]:
    contrast, arm, what = clock
    named = ((o, t) for (_, c, o, a), t in world.life.items() if (c, a) == (contrast, arm) and CLOCKS.get(o) == what)
    return next(t for o, t in named if outcome in ("", o))


def steps(world: World, clock: Clock) -> None:
    """Between two days that are told few may have left by a cause; by one day few in all by one of several causes."""
    table = _table(world, clock)
    asked = sorted({true_of.day(c.row.horizon_days) for c in world.cells.values() if _is(c, clock)})
    levels = sorted({str(c.row.level) for c in world.cells.values() if _is(c, clock)} - {STILL})
    single = [c for c in world.causes[clock] if c != "stays"]
    for level in sorted({*levels, *single}):
        causes = level.split(" or ")
        for before, day in zip([0, *asked], asked, strict=False):
            truth = true_of.gone(table, level, day) - (true_of.gone(table, level, before) if before else 0)
            if not before and level in levels:
                continue  # a cell by itself
            kind = "difference" if level in levels else "part"
            world.aim(kind, f"{clock} {level} {before}-{day}", world.left(clock, causes, day, before), truth)
    for day in asked:
        if clock[2] == "care" and (index := (clock[0], clock[1], "index")) in world.days:
            own, other = true_of.gone(table, STILL, day), true_of.gone(_table(world, index), STILL, day)
            if day in world.days[index]:
                stepped = plus((1.0, world.there(clock, day)), (-1.0, world.there(index, day)))
                world.say(stepped, 0, INFINITE, own - other, f"steps down: {clock} {day}")
                world.aim("difference", f"{clock} stepped down by {day}", stepped, own - other)


def _is(cell: Cell, clock: Clock) -> bool:
    return clock_of(cell.row) == clock


def answers(world: World) -> None:
    """Who answered is in care on day 28 or not, stayed 90 days or not."""
    arms = sorted({c.key[2] for c in world.cells.values() if c.row.contrast == "c" and c.row.outcome == "people"})
    by = {(c.row.contrast, c.row.arm, c.row.level): c for c in everyone(world)}
    rare = {str(c.row.arm): c for c in world.cells.values() if (c.row.contrast, c.row.level) == ALONE}
    for arm in map(str, arms):
        clock = ("c", arm, "care")
        apart = plus(*((1.0, world.answers([alone(arm)], level)) for level in LEVELS))
        of_cell = ((-1.0, rare[arm].of),) if arm in rare else ()
        world.puzzle.say(plus((1.0, apart), *of_cell), 0, 0)
        if clock in world.days and {"stay_90", "hours", of_weeks.LONG} & {c.row.contrast for c in world.cells.values()}:
            for day, fates, there in ((STAY, ("stayed",), ""), (WINDOW, FATES, "in")):
                # of the contrast's people, by life table and by answers
                own = [world.answers([arm], level, fates, there) for level in LEVELS]
                world.puzzle.say(plus(*((1.0, o) for o in own), (-1.0, world.there(clock, day))), 0, 0)
        if clock in world.days and arm == of_weeks.ARM:
            _weeks(world, clock)
        for level in LEVELS:
            own, there = by.get(("c", arm, level)), by.get(("hours", arm, level))
            if own and there and (arm not in rare or not rare[arm].truth):
                out = plus((1.0, own.of), (-1.0, there.of))
                world.aim("difference", f"{arm} {level} out of care by {WINDOW}", out, own.truth - there.truth)


def everyone(world: World) -> list[Cell]:
    """Cells of answers, of no group of a modifier."""
    by = world.study.get("modifiers", ())
    return [c for c in world.cells.values() if c.row.outcome == "abstinent" and c.row.group_by not in by]


def of_groups(world: World) -> None:
    """The groups of a modifier, and those who are in none of them, are the people of each arm and answer."""
    parts: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in world.cells.values():
        if cell.row.group_by in world.study.get("modifiers", ()):
            parts.setdefault((str(cell.row.group_by), str(cell.row.arm), str(cell.row.level)), []).append(cell)
    for (by, arm, level), own in parts.items():
        out = world.puzzle.all([("no group", by, arm, level)])
        whole = world.answers([arm], level)
        world.puzzle.say(plus((1.0, whole), (-1.0, out), *((-1.0, c.of) for c in own)), 0, 0)


def _weeks(world: World, clock: Clock) -> None:
    """Who is there by the life table on the days that part strategies has not left by them."""
    gone = (of_weeks.EARLY, of_weeks.LOST_EARLY)
    every = {part for parts in of_weeks.PARTS.values() for part in parts}
    for day, parts in (
        (of_weeks.LEFT_FROM, every - {*gone}),
        (of_weeks.STAYED_WEEKS, of_weeks.FOLLOWED[of_weeks.STAY]),
    ):
        own = [world.answers([of_weeks.ARM], level, parts=parts) for level in LEVELS]
        world.puzzle.say(plus(*((1.0, o) for o in own), (-1.0, world.there(clock, day))), 0, 0)


def of_strategies(world: World) -> None:
    """Cells of people who left in some weeks, or went on, beside those that hold them."""
    by: dict[str, dict[tuple[str, str], Cell]] = {}
    for cell in world.cells.values():
        if cell.row.outcome == "abstinent" and cell.row.group_by == "all":
            by.setdefault(str(cell.row.level), {})[str(cell.row.contrast), str(cell.row.arm)] = cell
    rare = any((c.row.contrast, c.row.level) == ALONE and c.truth for c in world.cells.values())
    for level, cells in by.items():
        for name, more, less in of_weeks.held(cells):
            if rare and more.row.contrast == "c":
                continue  # some of those who are asked by weeks are in no comparison of the arms
            apart = plus((1.0, more.of), *((-1.0, one.of) for one in less))
            world.aim("difference", f"{level}: {name}", apart, more.truth - sum(one.truth for one in less))


def of_bands(world: World) -> None:
    """People in care at the window's end, beside those of the categories of hours that are told: few are in no such."""
    by = {(c.row.arm, c.row.level): c for c in world.cells.values() if c.row.contrast == "hours"}
    for (arm, level), whole in by.items():
        own = [
            c for c in world.cells.values()
            if (c.row.contrast, c.row.group, c.row.level) == (BANDS, arm, level)
        ]  # fmt: skip
        if own and str(level) in LEVELS:
            rest = plus((1.0, whole.of), *((-1.0, c.of) for c in own))
            world.aim("difference", f"{arm} {level}: other hours", rest, whole.truth - sum(c.truth for c in own))


def deaths(world: World) -> None:
    """Who died in care by the day of the answer is among those who had died by then."""
    for cell in [c for c in everyone(world) if (c.row.contrast, c.row.level) == ("c", "died")]:
        by = true_of.day(cell.row.horizon_days)
        for clock in ((cell.row.contrast, str(cell.row.arm), what) for what in ("index", "care")):
            if "died" in world.causes.get(clock, ()):
                told = max((d for d in world.days[clock] if d <= by), default=0)
                inside = true_of.gone(_table(world, clock), "died", told)
                later = plus((1.0, cell.of), (-1.0, world.left(clock, ["died"], told)))
                world.say(later, 0, INFINITE, cell.truth - inside, f"deaths: {clock}")
                world.aim("difference", f"{clock} died later than {told} or out of care", later, cell.truth - inside)


def shared_arms(world: World) -> None:
    """An arm of two contrasts holds the same people but for those of sites that lack the other arm."""
    alone: dict[tuple[str, str], int] = {}
    for cell in world.cells.values():
        if cell.row.outcome == "people" and cell.row.level == "without_counterpart":
            alone[str(cell.row.contrast), str(cell.row.arm)] = cell.truth
    first = [c for c in world.cells.values() if c.row.contrast == "c" and c.row.arm == "residential"]
    second = {c.key: c for c in world.cells.values() if c.row.contrast == "second" and c.row.arm == "residential"}
    for cell in first:
        other = second.get((cell.key[0], "second", *cell.key[2:]))
        if other is None or cell.row.outcome in ("people", "propensity"):
            continue
        out_1, out_2 = alone.get(("c", "residential"), 0), alone.get(("second", "residential"), 0)
        apart = plus((1.0, cell.of), (-1.0, other.of))
        gap = cell.truth - other.truth
        world.say(apart, -out_1, out_2, gap, f"shared: {cell.key}")
        if gap and min(out_1, out_2) == 0:
            more = apart if gap > 0 else plus((-1.0, apart))
            world.aim("difference", f"shared arm {cell.key}", more, abs(gap))


def sites(world: World) -> None:
    """The people of all sites, and those of all periods, are everyone."""
    parts: dict[tuple[str, str, str, str], list[Cell]] = {}
    for c in world.cells.values():
        if c.row.analysis == "records" and c.row.outcome == "completeness":
            parts.setdefault((str(c.row.variable), str(c.row.level), str(c.row.group_by), ""), []).append(c)
    for (variable, level, by, _), own in parts.items():
        whole = parts.get((variable, level, "all", ""), [])
        if by == "all" or not whole or sum(c.truth for c in own) != whole[0].truth:
            continue
        together: Sum = plus(*((1.0, c.of) for c in own), (-1.0, whole[0].of))
        world.puzzle.say(together, 0, 0)


def who_left_in_all(world: World) -> None:
    """Of all who have left by a day it is known whether they are few, as of each cell: curves are told or not by it."""
    least, k = world.rules.least, world.rules.k
    for clock in world.days:
        causes = [c for c in world.causes[clock] if c not in ("stays", "censored")]
        for day in sorted({true_of.day(c.row.horizon_days) for c in world.cells.values() if _is(c, clock)}):
            true = true_of.gone(_table(world, clock), " or ".join(causes), day)
            low, high = (least, k - 1) if world.rules.small(true) else (k if true else 0, INFINITE)
            world.say(world.left(clock, causes, day), low, high, true, f"in all: {clock} {day}")
