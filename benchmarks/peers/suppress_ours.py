"""Suppression of the counts of a cohort of 500,000: `suppress_ours.py BASE` protects them under `cms`, rounded to BASE.

Three arms and two outcomes of five levels, one of them rare, on four days, in everyone and by nine variables of five
levels: 7,360 cells. Lines: the levels of each group; the arms of all; the levels of each variable in all arms; and a
day within the next. CPU seconds and the peak of the process; and how many cells are shown exactly,
rounded, and not at all.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np

from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import System
from iop_outcomes.steps import runner

PEOPLE, SEED = 500_000, 12
ARMS, OUTCOMES, DAYS, VARIABLES, LEVELS = 3, 2, 4, 9, 5
SHARES, CAUSES = (0.6, 0.3, 0.09, 0.0095, 0.0005), (0.6, 0.3, 0.099, 0.001)
Key = tuple[int, int, int, int, int]


def cohort() -> tuple[dict[Key, int], list[int], list[Line]]:
    """Positions of cells by outcome, day, group, arm and level, their people, and lines. Group 0, arm 0: everyone."""
    rng = np.random.default_rng(SEED)
    arm = 1 + rng.choice(ARMS, PEOPLE, p=(0.5, 0.3, 0.2))
    groups = np.zeros((PEOPLE, 1), dtype=int)
    levels = [1 + LEVELS * v + rng.choice(LEVELS, PEOPLE, p=SHARES) for v in range(VARIABLES)]
    groups = np.column_stack([groups, *levels])
    cells: dict[Key, int] = {}
    people: list[int] = []
    lines: list[Line] = []
    for outcome in range(OUTCOMES):
        left, cause = rng.integers(0, 2 * DAYS, PEOPLE), rng.choice(LEVELS - 1, PEOPLE, p=CAUSES)
        for day in range(DAYS):
            state = np.where(left <= day, cause, LEVELS - 1)
            table = np.zeros((1 + LEVELS * VARIABLES, ARMS + 1, LEVELS), dtype=int)
            for column in groups.T:
                np.add.at(table, (column, arm, state), 1)
                np.add.at(table, (column, np.zeros_like(arm), state), 1)
            for (group, a), counts in ((place, table[place]) for place in np.ndindex(table.shape[:2])):
                first = len(people)
                cells |= {(outcome, day, group, a, level): first + level for level in range(LEVELS)}
                people += counts.tolist()
                lines.append(Line(tuple(range(first, first + LEVELS))))
            lines += margins(cells, outcome, day)
            lines += nested(cells, people, outcome, day) if day else []
    return cells, people, lines


def margins(cells: dict[Key, int], outcome: int, day: int) -> Iterator[Line]:
    """The arms of all, and the levels of each variable among all arms."""
    for level in range(LEVELS):
        total = cells[outcome, day, 0, 0, level]
        yield Line(tuple(cells[outcome, day, 0, 1 + a, level] for a in range(ARMS)), total)
        for first in range(1, 1 + LEVELS * VARIABLES, LEVELS):
            yield Line(tuple(cells[outcome, day, first + k, 0, level] for k in range(LEVELS)), total)


def nested(cells: dict[Key, int], people: list[int], outcome: int, day: int) -> Iterator[Line]:
    """Who had left by the day before is among those who have left by this day."""
    for a in range(ARMS + 1):
        for cause in range(LEVELS - 1):
            early, late = cells[outcome, day - 1, 0, a, cause], cells[outcome, day, 0, a, cause]
            yield Line((early,), late, people[late] - people[early])


def main() -> None:
    """Run and measure."""
    _, people, lines = cohort()
    system = System(tuple(people), tuple(lines), (1,) * len(people))
    begun = time.process_time()
    shown = protect(system, POLICIES["cms"], int(sys.argv[1]))
    seconds, told = time.process_time() - begun, Counter(min(base, 2) for base in shown.base)
    print(
        json.dumps(
            {
                "seconds": seconds, "mb": runner.peak_mb(), "cells": len(people), "lines": len(lines),
                "exact": told[1], "rounded": told[2], "hidden": told[0],
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
