"""The attacks on one release, or on two of a cohort that has grown: what is found of numbers that are too small."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import laws
import pandas as pd
import statements
import whole_numbers
import world as worlds
from puzzle import INFINITE, Puzzle, Sum, Target, plus
from rules import Rules
from world import Cell, World

Tables = Mapping[str, pd.DataFrame]
KINDS = ("cell", "difference", "part", "adjusted risk", "balance", "two releases")


@dataclass
class Found:
    """What became of every target, and what a release says that is not true."""

    targets: list[Target]
    rules: Rules
    false: list[str] = field(default_factory=list)

    def hidden(self, kind: str) -> list[Target]:
        """The targets of a kind."""
        return [t for t in self.targets if t.kind == kind]

    def recovered(self, kind: str) -> list[Target]:
        """Those of which fewer values remain than must, the truth among them, unless they did without the release."""
        few = [t for t in self.hidden(kind) if t.left < self.rules.protection and not t.known_before]
        return [t for t in few if t.low <= t.truth <= t.high]


def one_release(released: Tables, tables: Tables, study: Mapping[str, Any], rules: Rules, known: pd.DataFrame) -> Found:
    """All attacks on one release. tables: private, for the truth. known: the people, where the score is of sex alone;
    else empty.
    """
    world = worlds.read([released], tables, study, rules)
    laws.all_of_them(world, tables)
    statements.read(world, released)
    world.puzzle.solve(rules.protection)
    _before(world, released, tables, study, rules)
    targets = [*world.puzzle.targets, *whole_numbers.balance(world, released)]
    targets += whole_numbers.adjusted_risks(world, released, known) if len(known) else []
    return Found(targets, rules, world.false)


def _before(world: World, released: Tables, tables: Tables, study: Mapping[str, Any], rules: Rules) -> None:
    """Marks targets of which sizes, and which cells are small, leave as few values without any release."""
    few = [t for t in world.puzzle.targets if t.left < rules.protection]
    if not few:
        return
    names = _names(world)
    counts = released["counts"]
    some = ~((counts["status"] == "ok") & (counts["count"] == 0).fillna(False))  # an empty cell is known, as small ones
    hidden = {c: counts[c].mask(some) for c in ("count", "count_low", "count_high")}
    nothing = counts.assign(status=counts["status"].mask(some, "suppressed"), **hidden)
    silent = worlds.read([{**released, "counts": nothing}], tables, study, rules)
    laws.all_of_them(silent, tables)
    laws.who_left_in_all(silent)
    silent.puzzle.targets = [
        Target(t.kind, t.name, {silent.puzzle.unknown(names[i]): c for i, c in t.sum.items()}, t.truth) for t in few
    ]
    silent.puzzle.solve(rules.protection)
    for target, before in zip(few, silent.puzzle.targets, strict=True):
        target.known_before = before.left < rules.protection


def two_releases(
    before: tuple[Tables, Tables], after: tuple[Tables, Tables], study: Mapping[str, Any], rules: Rules
) -> Found:
    """How many people came to each cell between two releases, each with its private tables. He knows no size but those
    that are told, and that nobody left; but where that is not so of a cell, as of people whose site gets its first of
    the other arm, he has to think of people who went from any.
    """
    both = [before[0], after[0]]
    first, second = (
        worlds.read(both[at:] + both[:at], tables, study, rules, public_sizes=False)
        for at, (_, tables) in enumerate((before, after))
    )
    for world, (released, tables) in ((first, before), (second, after)):
        laws.all_of_them(world, tables)
        statements.read(world, released)
    together = Puzzle()
    names = {"first": _names(first), "second": _names(second)}

    def then(of: Sum) -> Sum:
        return {together.unknown(("before", names["first"][i])): c for i, c in of.items()}

    went = any(_went(cell, second.cells.get(key)) for key, cell in first.cells.items())
    change = (("before", 1.0), ("since", 1.0), *([("gone", -1.0)] if went else []))

    def now(of: Sum) -> Sum:
        own = {names["second"][i]: c for i, c in of.items()}
        return plus(*((c * sign, together.all([(when, n)])) for n, c in own.items() for when, sign in change))

    for i in names["second"] if went else ():
        together.say(now({i: 1.0}), 0, INFINITE)
    for sums, there in ((first.puzzle.sums, then), (second.puzzle.sums, now)):
        for of, low, high in sums:
            together.say(there(of), low, high)
    for key, cell in second.cells.items():
        old = first.cells.get(key)
        if old is not None and 0 < cell.truth - old.truth < rules.k:
            came = plus((1.0, now(cell.of)), (-1.0, then(old.of)))
            together.targets.append(Target("two releases", " ".join(map(str, key)), came, cell.truth - old.truth))
    together.solve(rules.protection)
    return Found(together.targets, rules, [*first.false, *second.false])


def _went(before: Cell, after: Cell | None) -> bool:
    """Somebody left a cell. One that is told no more may be told with others, but people of an arm are gone then."""
    if after is None:
        return bool(before.row.outcome == "people" and before.truth)
    return after.truth < before.truth


def _names(world: World) -> dict[int, Hashable]:
    return {at: name for name, at in world.puzzle.at.items()}
