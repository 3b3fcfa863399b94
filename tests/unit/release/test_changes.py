"""What two releases give away together, where a cell between two that are told is not."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.optimize import linprog

from iop_outcomes.release.changes import Change, Range, given_away
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES

ACRO = POLICIES["acro"]
Ends = tuple[Change, tuple[float, float] | None]


def test_sums_that_happen_to_be_equal_now_need_not_have_been() -> None:
    """Two of the arm were in no part before; now nobody is. The part tells no change, and neither does the arm."""
    before, after = [(40, 44), (45, 49)], [(46, 46), (46, 46)]
    assert Change(line=0) in given_away([Line((0,), 1, 0)], before, [(45, 45), (49, 49)], ACRO)
    # where it cannot be otherwise, what is told before and now does not agree, and each is looked at by itself
    assert Change(line=0) not in given_away([Line((0,), 1)], before, after, ACRO)


def test_growth_by_a_day_is_part_of_the_growth_by_a_later_one_whatever_is_told_between() -> None:
    """By day 60 1 to 5 more, by day 180 none to 4 more: so by day 60 1 to 4, which is a value too few."""
    before, after = [(47, 47), None, (60, 60)], [(48, 52), None, (55, 64)]
    apart = [Line((0,), 1, 8), Line((1,), 2, 5)]
    assert Change(cell=0) in given_away(apart, before, after, ACRO)


def test_without_the_line_between_them_either_has_values_enough() -> None:
    before, after = [(47, 47), None, (60, 60)], [(48, 52), None, (55, 64)]
    assert not given_away([Line((0,), 1, 8)], before, after, ACRO)


def ends(lines: list[Line], before: list[Range | None], after: list[Range | None], sign: int) -> Iterator[Ends]:
    """Of each told cell and each rest the least and greatest change, one linear program for each of the two."""
    size, rests = len(before), [i for i, line in enumerate(lines) if line.rest is not None]
    width = size + len(rests)  # of a release: its cells, and the rests of its lines
    named = [Change(cell=i) for i in range(size)] + [Change(line=i) for i in rests]
    told = [*before, *[None] * len(rests), *after, *[None] * len(rests)]
    equal = np.zeros((2 * len(lines), 2 * width))
    for at, line in enumerate(lines):
        for release in (0, 1):
            own = equal[2 * at + release, release * width :]
            own[[*line.parts, *([size + rests.index(at)] if line.rest is not None else [])]] = 1
            own[[*line.totals]] = -1
    change = np.hstack([-np.eye(width), np.eye(width)]) * sign
    known = [i for i in range(width) if i >= size or before[i] is not None]
    more = {"A_ub": -change[known], "b_ub": np.zeros(len(known)), "A_eq": equal, "b_eq": np.zeros(len(equal))}
    bounds = [one or (0, 1000) for one in told]
    for i in known:
        low, high = (linprog(side * change[i], bounds=bounds, **more) for side in (1, -1))
        yield named[i], (low.fun, -high.fun) if low.status == 0 else None


@pytest.mark.parametrize("seed", range(12))
def test_changes_that_are_looked_at_together_are_those_that_are_found_out_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = rng.integers(5, 60, 6)
    rest = int(rng.integers(0, 2) * rng.integers(1, 9))
    people = [*parts, parts[:3].sum(), parts[2:].sum() + rest]
    lines = [Line((0, 1, 2), 6), Line((2, 3, 4, 5), 7, rest), Line((0, 3))]
    grown = np.array(people)
    for part, totals in ((0, [6]), (2, [6, 7]), (4, [7])):
        grown[[part, *totals]] += rng.integers(0, 4)
    bases = rng.choice([1, 5, 10], 8)
    before, after = ([ACRO.alike(int(n), int(b)) for n, b in zip(of, bases, strict=True)] for of in (people, grown))
    found = given_away(lines, before, after, ACRO)
    wanted = set()
    for sign in (1, -1):
        for change, limits in ends(lines[:2], before, after, sign):
            if limits is not None:
                low, high = round(limits[0], 6), round(limits[1], 6)
                few = math.floor(high) - math.ceil(low) + 1 < ACRO.protection
                if few and high >= 1 and low <= ACRO.minimum_count - 1:
                    wanted.add(change)
    assert wanted <= found
    possible = [sign for sign in (1, -1) if any(limits for _, limits in ends(lines[:2], before, after, sign))]
    assert found == wanted or len(possible) < 2
