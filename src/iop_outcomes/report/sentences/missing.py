"""What readings of a missing answer say together: whether they agree, between which bounds they lie, what tips them.

Nothing is said of a direction that no interval settles, 'bounds' stands only where the worst and the best case are both
shown, and a tipping point only where one of the deltas that were tried turns the answer over.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from math import isclose

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, method, within
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.answers import BEST_CASE, BOUNDS, WORST_CASE


def side(row: Estimated) -> int:
    """On which side of no difference the whole interval lies: 1 or -1; 0 where it holds both, or may."""
    return 0 if effects.open_direction(row) else effects.direction(row)


def agreement(rows: Sequence[Estimated]) -> tuple[str, bool]:
    """Whether readings of missing outcomes agree, and whether that is to be read with care. rows: their differences."""
    told = [r for r in rows if r["missing_rule"] not in BOUNDS]
    sides = {side(r) for r in told}
    name = "The two readings" if len(told) == 2 else f"The {numbers.word(len(told))} readings"
    if {1, -1} <= sides:
        return (
            f"{name} contradict each other: what is concluded hangs on what became of people without an answer.",
            True,
        )
    if sides == {0}:
        none = "Neither of the two readings" if len(told) == 2 else f"None of the {numbers.word(len(told))} readings"
        return f"{none} settles the direction.", False
    if 0 not in sides:
        return f"{'Both' if len(told) == 2 else f'All {numbers.word(len(told))}'} readings point the same way.", False
    settled, all_of = sum(side(r) != 0 for r in told), numbers.word(len(told))
    if settled == 1:
        rest = "the other leaves it open" if len(told) == 2 else "the others leave it open"
        return f"One of the {all_of} readings settles the direction, and {rest}.", True
    rest = "one leaves it open" if len(told) - settled == 1 else "the others leave it open"
    some = capital(numbers.word(settled))
    return f"{some} of the {all_of} readings settle the direction, the same way, and {rest}.", True


def bounds(rows: Sequence[Estimated], labels: Labels) -> str:
    """Between which differences every other one lies, whatever the missing answers; '' without both cases."""
    by = {r["missing_rule"]: r for r in rows if numbers.known(r["estimate"])}
    if not set(BOUNDS) <= set(by):
        return ""
    low, high = by[WORST_CASE], by[BEST_CASE]
    ways = {effects.direction(low), effects.direction(high)}
    turn = "so that the answers alone could turn the difference round" if len(ways) > 1 else "on one side of none"
    _, size, unit = effects.told_in(low, labels)
    told = [effects.amount(r, unit, size) for r in (low, high)]
    return f"Whatever the missing answers would have been, the difference lies between {told[0]} and {told[1]}, {turn}."


def tipping(rows: Sequence[Estimated], labels: Labels) -> list[str]:
    """For each question and method, what delta of the missing answers it takes for another answer. rows: of tipping
    points.
    """
    groups: dict[tuple[object, ...], list[Estimated]] = {}
    for row in rows:
        if numbers.known(row["estimate"]):
            key = (row["contrast"], row["outcome"], row["horizon_days"], row["method"])
            groups.setdefault(key, []).append(row)
    return [_tipping(own, labels) for own in groups.values()]


def _tipping(own: Sequence[Estimated], labels: Labels) -> str:
    start = next((r for r in own if r["delta_first"] == r["delta_second"] == 0), None)
    first = own[0]
    what = f"{labels.endpoint(first['outcome'])}, day {first['horizon_days']:.0f}, {within(method(first['method']))}"
    if start is None:
        return f"{what}: deltas of 0 in both arms were not among those tried, so that nothing tips from there."
    turned = [r for r in own if side(r) != side(start)]
    tried = sorted(chain.from_iterable((r["delta_first"], r["delta_second"]) for r in own))
    here = WORDS[side(start)]
    if not turned:
        return f"{what}: {here} at every delta that was tried, from {tried[0]:g} to {tried[-1]:g} in each arm."
    least = min(map(_shift, turned))
    near = sorted((r for r in turned if isclose(_shift(r), least)), key=lambda r: (side(r), r["delta_first"]))
    names = [within(arm) for arm in labels.arms(str(first["contrast"]))]
    tipped = [
        f"{WORDS[towards]} {'are' if len(own := list(rows)) > 1 else 'is'} "
        + ", or ".join(
            f"{r['delta_first']:g} in the arm \u2018{names[0]}\u2019 and {r['delta_second']:g} in the arm "
            f"\u2018{names[1]}\u2019"
            for r in own
        )
        for towards, rows in groupby(near, key=side)
    ]
    return (
        f"{what}: {here} where missing answers are missing at random, and the nearest of the deltas tried at which "
        f"{'; those at which '.join(tipped)}."
    )


def _shift(row: Estimated) -> float:
    """How far the deltas of both arms lie from missing at random."""
    return float(abs(row["delta_first"]) + abs(row["delta_second"]))


WORDS = {
    1: "the interval lies above no difference",
    -1: "the interval lies below no difference",
    0: "the interval leaves the direction open",
}
